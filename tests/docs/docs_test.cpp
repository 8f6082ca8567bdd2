// What the documents show is what compiles and runs, and where they point there is something.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/log/crash_point.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path& root() {
    static const fs::path path = MILLRACE_SOURCE_ROOT;
    return path;
}

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << "cannot read " << path;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> documents() {
    std::vector<fs::path> found = {root() / "README.md"};
    for (const auto& entry : fs::directory_iterator(root() / "docs")) {
        if (entry.path().extension() == ".md") {
            found.push_back(entry.path());
        }
    }
    return found;
}

struct sample {
    std::string path;
    std::string text;
};

// A fenced block behind the line `<!-- sample: PATH -->` shows that file, whole.
std::vector<sample> samples_in(const std::string& document) {
    constexpr std::string_view opening = "<!-- sample: ";
    std::vector<sample> found;
    for (std::size_t at = document.find(opening); at != std::string::npos;
         at = document.find(opening, at + 1)) {
        const std::size_t name = at + opening.size();
        const std::size_t name_end = document.find(" -->", name);
        const std::size_t fence = document.find("```", name_end);
        const std::size_t text = document.find('\n', fence) + 1;
        const std::size_t text_end = document.find("```", text);
        if (name_end == std::string::npos || fence == std::string::npos ||
            text_end == std::string::npos) {
            ADD_FAILURE() << "a sample mark without a fenced block behind it";
            break;
        }
        found.push_back(
            {document.substr(name, name_end - name), document.substr(text, text_end - text)});
    }
    return found;
}

// Code, which may look like a link, taken out.
std::string prose_of(const std::string& document) {
    std::string prose;
    bool is_code = false;
    std::size_t at = 0;
    for (std::size_t fence = document.find("```"); fence != std::string::npos;
         fence = document.find("```", at)) {
        prose += is_code ? std::string() : document.substr(at, fence - at);
        is_code = !is_code;
        at = fence + 3;
    }
    return prose + document.substr(at);
}

// Targets of [text](target) that are no web addresses and no anchors.
std::vector<std::string> links_in(const std::string& document) {
    const std::string prose = prose_of(document);
    std::vector<std::string> found;
    for (std::size_t at = prose.find("]("); at != std::string::npos;
         at = prose.find("](", at + 1)) {
        std::string target = prose.substr(at + 2, prose.find(')', at) - at - 2);
        target = target.substr(0, target.find('#'));
        if (!target.empty() && target.find("://") == std::string::npos) {
            found.push_back(target);
        }
    }
    return found;
}

struct outcome {
    int status = -1;
    std::string output;
};

outcome run(const std::string& command) {
    outcome result;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) {
        return result;
    }
    std::array<char, 4096> buffer{};
    for (std::size_t count = 1; count > 0;) {
        count = std::fread(buffer.data(), 1, buffer.size(), pipe);
        result.output.append(buffer.data(), count);
    }
    result.status = ::pclose(pipe);
    return result;
}

class temporary_directory {
public:
    temporary_directory() {
        std::string name = (fs::temp_directory_path() / "millrace-docs-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw fs::filesystem_error("mkdtemp", name,
                                       std::error_code(errno, std::generic_category()));
        }
        path_ = name;
    }
    ~temporary_directory() {
        std::error_code ignored;  // a file left in the temporary folder fails no test
        fs::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

TEST(Documents, ShowTheirSamplesAsTheyAre) {
    for (const fs::path& document : documents()) {
        for (const sample& shown : samples_in(read(document))) {
            EXPECT_EQ(shown.text, read(root() / shown.path))
                << document << " shows another text than " << shown.path;
        }
    }
}

std::vector<std::string> sorted(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<std::string> registered_crash_points() {
    const auto names = millrace::engine::crash_point_names();
    return sorted({names.begin(), names.end()});
}

// What stands between `opening` and the next `closing`, each time.
std::vector<std::string> between(const std::string& text, std::string_view opening, char closing) {
    std::vector<std::string> found;
    for (std::size_t at = text.find(opening); at != std::string::npos;) {
        const std::size_t begin = at + opening.size();
        const std::size_t end = std::min(text.find(closing, begin), text.size());
        found.push_back(text.substr(begin, end - begin));
        at = text.find(opening, end + 1);
    }
    return found;
}

TEST(Documents, NameEveryCrashPoint) {
    const std::string text = read(root() / "docs/testing.md");
    const std::size_t begin = text.find("\n| points | where |");
    ASSERT_NE(begin, std::string::npos) << "docs/testing.md has no table of crash points";
    std::istringstream rows(text.substr(begin + 1, text.find("\n\n", begin) - begin));
    std::vector<std::string> named;
    for (std::string row; std::getline(rows, row);) {
        const std::vector<std::string> cell = between(row.substr(0, row.find('|', 1)), "`", '`');
        named.insert(named.end(), cell.begin(), cell.end());
    }
    EXPECT_EQ(sorted(named), registered_crash_points());
}

// A name that is only registered would never be reached, one that is not could not be armed.
TEST(CrashPoints, OfTheRegistryAreThoseOfTheCode) {
    std::vector<std::string> placed;
    for (const auto& entry : fs::recursive_directory_iterator(root() / "engine")) {
        if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp") {
            const std::string text = read(entry.path());
            const auto found = between(text, "MILLRACE_CRASH_POINT(\"", '"');
            placed.insert(placed.end(), found.begin(), found.end());
        }
    }
    placed = sorted(placed);
    placed.erase(std::unique(placed.begin(), placed.end()), placed.end());
    EXPECT_EQ(placed, registered_crash_points());
}

TEST(Documents, PointToWhatIsThere) {
    for (const fs::path& document : documents()) {
        for (const std::string& target : links_in(read(document))) {
            EXPECT_TRUE(fs::exists(document.parent_path() / target))
                << document << " links to " << target;
        }
    }
}

TEST(Readme, ShowsTheFirstProgramInTwentyFiveLines) {
    const auto shown = samples_in(read(root() / "README.md"));
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_EQ(shown[0].path, "tests/docs/first_program.cpp");
    EXPECT_LE(std::count(shown[0].text.begin(), shown[0].text.end(), '\n'), 25);
}

TEST(Readme, BeginsWithTheTwoCommands) {
    const std::string readme = read(root() / "README.md");
    const std::string first_screen = readme.substr(0, 1200);
    for (const char* command : {"tools/demo.sh", "tools/test.sh"}) {
        EXPECT_NE(first_screen.find(command), std::string::npos) << command;
        EXPECT_TRUE(fs::exists(root() / command)) << command;
    }
}

TEST(Readme, ListsEveryDocument) {
    const auto links = links_in(read(root() / "README.md"));
    for (const fs::path& document : documents()) {
        const std::string path = fs::relative(document, root()).string();
        EXPECT_TRUE(path == "README.md" ||
                    std::find(links.begin(), links.end(), path) != links.end())
            << path << " is not linked";
    }
}

TEST(Readme, MapsEveryTopFolder) {
    const std::string readme = read(root() / "README.md");
    for (const char* folder : {"engine", "xlator", "gateway", "tools", "bench", "tests", "docs"}) {
        EXPECT_NE(readme.find(std::string("\n") + folder + "/"), std::string::npos) << folder;
        EXPECT_TRUE(fs::is_directory(root() / folder)) << folder;
    }
    for (const char* house : {"engine", "xlator", "gateway"}) {
        for (const fs::directory_entry& room : fs::directory_iterator(root() / house)) {
            const std::string line = "\n  " + room.path().filename().native() + "/ ";
            EXPECT_TRUE(!room.is_directory() || readme.find(line) != std::string::npos)
                << room.path();
        }
    }
}

// The names of the tests that ctest picks by these words.
std::vector<std::string> tests_of(const std::string& selection) {
    const outcome listed = run(std::string(MILLRACE_CTEST) + " --test-dir " + MILLRACE_BUILD_ROOT +
                               " -N " + selection);
    EXPECT_EQ(listed.status, 0) << listed.output;
    std::vector<std::string> names;
    std::istringstream lines(listed.output);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("Test ") != std::string::npos && line.find("#") != std::string::npos) {
            names.push_back(line.substr(line.find(": ") + 2));
        }
    }
    return names;
}

// The table of test programs: by label what stands in backticks in its rows. A row without a label
// goes on with the one above.
std::map<std::string, std::vector<std::string>> listed_programs(const std::string& document) {
    const std::size_t begin = document.find("\n| label | programs |\n");
    EXPECT_NE(begin, std::string::npos) << "docs/testing.md has no table of programs";
    std::istringstream rows(
        document.substr(begin + 1, document.find("\n\n", begin + 1) - begin - 1));
    std::map<std::string, std::vector<std::string>> listed;
    std::string label;
    for (std::string row; std::getline(rows, row);) {
        const std::size_t second = row.find('|', 1);
        const std::string first = row.substr(2, second - 2);
        if (const std::string word = first.substr(0, first.find(' ')); !word.empty()) {
            label = word;
        }
        for (std::string& name : between(row.substr(second), "`", '`')) {
            listed[label].push_back(std::move(name));
        }
    }
    return listed;
}

// NAME stands for any.
bool is_named_by(const std::string& entry, const std::string& test) {
    const std::size_t at = entry.find("NAME");
    if (at == std::string::npos) {
        return entry == test;
    }
    return test.size() > entry.size() - 4 && test.starts_with(entry.substr(0, at)) &&
           test.ends_with(entry.substr(at + 4));
}

TEST(TestingDocument, ListsEveryTestProgramUnderItsLabel) {
    const auto listed = listed_programs(read(root() / "docs/testing.md"));
    std::size_t count = 0;
    for (const auto& [label, names] : listed) {
        for (const std::string& test :
             tests_of("-L '^" + label + "$'" + (label == "slow" ? "" : " -LE '^slow$'"))) {
            EXPECT_TRUE(std::any_of(names.begin(), names.end(),
                                    [&](const auto& entry) { return is_named_by(entry, test); }))
                << test << " is not in the row of its label, " << label << ", in docs/testing.md";
            ++count;
        }
    }
    EXPECT_EQ(count, tests_of("").size()) << "a label has no row, or a test has two";
    EXPECT_GT(count, 50u) << "ctest was asked";
}

TEST(TestingDocument, ListsNoTestProgramThatIsNotThere) {
#if !MILLRACE_HAS_ALL_TESTS
    GTEST_SKIP() << "a part of the tests was left out of this build";
#endif
    const std::vector<std::string> tests = tests_of("");
    for (const auto& [label, names] : listed_programs(read(root() / "docs/testing.md"))) {
        for (const std::string& entry : names) {
            const bool is_test = entry.find_first_of("/-") == std::string::npos;
            // The sanitizer presets leave the benchmarks out.
            EXPECT_TRUE(!is_test || label == "bench" ||
                        std::any_of(tests.begin(), tests.end(),
                                    [&](const auto& test) { return is_named_by(entry, test); }))
                << "docs/testing.md lists " << entry << " under " << label;
        }
    }
}

TEST(FirstProgram, PrintsTheSell) {
    const temporary_directory directory;
    const std::string command =
        std::string(MILLRACE_FIRST_PROGRAM) + " " + (directory.path() / "orders").string();
    const outcome first = run(command);
    EXPECT_EQ(first.status, 0) << first.output;
    EXPECT_EQ(first.output, "A2\n");
    const outcome again = run(command);  // on the log of the first run
    EXPECT_EQ(again.status, 0) << again.output;
    EXPECT_EQ(again.output, "A2\nA2\n");
}

TEST(FirstProgram, SaysHowItIsStarted) {
    const outcome result = run(MILLRACE_FIRST_PROGRAM);
    ASSERT_TRUE(WIFEXITED(result.status)) << "it must not crash";
    EXPECT_EQ(WEXITSTATUS(result.status), 2);
    EXPECT_EQ(result.output, "usage: first_program FOLDER\n");
}

// The log that two runs of the first program leave: A1 and A2, twice.
class ReadingProgram : public ::testing::Test {
protected:
    void SetUp() override {
        for (int i = 0; i < 2; ++i) {
            ASSERT_EQ(run(std::string(MILLRACE_FIRST_PROGRAM) + " " + log()).status, 0);
        }
    }
    [[nodiscard]] std::string log() const { return (directory_.path() / "orders").string(); }
    [[nodiscard]] outcome read(const std::string& start, int count) const {
        return run("timeout 30 " + std::string(MILLRACE_READING_PROGRAM) + " " + log() + " " +
                   start + " " + std::to_string(count));
    }

    temporary_directory directory_;
};

TEST_F(ReadingProgram, BeginsWhereItIsTold) {
    EXPECT_EQ(read("first", 4).output,
              "1 A1 B 100 committed\n2 A2 S 250 committed\n"
              "3 A1 B 100 committed\n4 A2 S 250 committed\n");
    EXPECT_EQ(read("sequence:4", 1).output, "4 A2 S 250 committed\n");
    EXPECT_EQ(read("time:2020-01-01T00:00:00Z", 1).output, "1 A1 B 100 committed\n");
    EXPECT_EQ(read("offset:4096", 1).output, "1 A1 B 100 committed\n");
    EXPECT_EQ(read("offset:4097", 1).status, 1 << 8) << "no record begins there";
    EXPECT_EQ(read("anywhere", 1).status, 2 << 8);
    EXPECT_EQ(read("time:soon", 1).status, 2 << 8);
}

TEST_F(ReadingProgram, GoesOnBehindWhatItsCursorHasDone) {
    EXPECT_EQ(read("cursor:risk", 3).status, 0);
    EXPECT_EQ(read("cursor:risk", 1).output, "4 A2 S 250 committed\n");
}

TEST_F(ReadingProgram, FollowsTheTail) {
    const std::string command =
        "timeout 30 " + std::string(MILLRACE_READING_PROGRAM) + " " + log() + " sequence:4 3";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    EXPECT_EQ(run(std::string(MILLRACE_FIRST_PROGRAM) + " " + log()).status, 0);
    std::array<char, 4096> buffer{};
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe);
    EXPECT_EQ(::pclose(pipe), 0);
    EXPECT_EQ(std::string(buffer.data(), count),
              "4 A2 S 250 committed\n5 A1 B 100 committed\n6 A2 S 250 committed\n");
}

TEST(Samples, AreReadFromADocument) {
    const auto found = samples_in("x\n<!-- sample: a/b.cpp -->\n```cpp\nint a;\n```\ny\n");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, "a/b.cpp");
    EXPECT_EQ(found[0].text, "int a;\n");
    EXPECT_EQ(links_in("[a](b.md#c) ```[](auto& x)``` [a](c.md)"),
              (std::vector<std::string>{"b.md", "c.md"}));
    EXPECT_EQ(links_in("[a](b.md#c) [d](https://e.org) [f](#g)"), std::vector<std::string>{"b.md"});
}

}  // namespace
