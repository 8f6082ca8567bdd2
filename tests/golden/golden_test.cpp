// Holds today's code against logs that were written when their format version was new. What differs
// here is a change of the format, which docs/log-format.md, Versions, has rules for.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <sstream>

#include "engine/log/archive_source.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/origin_tracker.hpp"
#include "tests/golden/golden_logs.hpp"
#include "tests/golden/hex_files.hpp"
#include "tests/integration/demo_process.hpp"

namespace millrace::golden {

namespace fs = std::filesystem;
using namespace engine;

namespace {

const fs::path version_1 = fs::path(MILLRACE_SOURCE_ROOT) / "tests/golden/version1";

struct found_record {
    position at;
    sequence seq;
    timestamp time;
    friend bool operator==(const found_record&, const found_record&) = default;
};

std::vector<found_record> read_from_place(const fs::path& log, read_from from) {
    log_reader reader(log, from);
    std::vector<found_record> records;
    record_view record;
    while (reader.poll(record) == read_status::record) {
        records.push_back({record.at, record.seq, record.time});
    }
    return records;
}

std::string clock_text(const clock_payload& clock) {
    const char* const reasons[] = {"none", "step", "drift", "behind"};
    return std::string("clock ") + reasons[clock.reason] + " realtime " +
           to_string(timestamp{clock.realtime_ns}) + " monotonic " +
           std::to_string(clock.monotonic_ns) + " offset " + std::to_string(clock.old_offset_ns) +
           " to " + std::to_string(clock.new_offset_ns) + " number " +
           std::to_string(clock.number) + "\n";
}

std::string route_text(const route_progress& route) {
    char id[17];
    std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(route.route));
    return "route " + route.name + " " + id + " at " + std::to_string(route.highest.value) +
           " of " + to_string(route.source) + "\n";
}

// What the engine reads in snapshot and clock records, as the script prints it.
std::string state_of(const fs::path& log) {
    log_reader reader(log, read_from::first(), true);
    std::string text;
    record_view record;
    while (reader.poll(record) == read_status::record) {
        const std::string at = std::to_string(record.at.value) + " ";
        if (record.is_control(control_type::clock)) {
            clock_payload clock;
            std::memcpy(&clock, record.payload, sizeof clock);
            text += at + clock_text(clock);
        }
        const auto add_routes = [&](snapshot_section, std::span<const std::byte> content) {
            origin_tracker routes;
            EXPECT_TRUE(routes.read_snapshot(content));
            for (const route_progress& route : routes.routes()) {
                text += at + route_text(route);
            }
        };
        if (record.is_control(control_type::snapshot)) {
            EXPECT_TRUE(visit_snapshot(record.bytes(), add_routes));
        }
    }
    return text;
}

// In a directory of their own, since `archived` names its neighbour.
class Golden : public ::testing::TestWithParam<std::string_view> {
protected:
    void SetUp() override {
        for (const std::string_view name : golden_names) {
            unpack(version_1 / name, logs() / name);
        }
    }
    [[nodiscard]] fs::path logs() const { return directory_.path() / "logs"; }
    [[nodiscard]] fs::path log() const { return logs() / GetParam(); }
    [[nodiscard]] bool is_archive_itself() const { return GetParam() == "archive"; }

    [[nodiscard]] tests::exit_result run(std::vector<std::string> arguments) const {
        return tests::run_millrace(std::move(arguments), directory_.path());
    }
    // A reader of one's own has no archives: the same log, decompressed.
    [[nodiscard]] fs::path plain_log() const {
        const fs::path plain = logs() / "plain";
        fs::create_directories(plain);
        for (const std::uint64_t index : list_readable_segments(log())) {
            const auto archived = detail::find_archived(log(), index);
            if (!archived || fs::exists(log() / segment_file_name(index))) {
                fs::copy(log() / segment_file_name(index), plain / segment_file_name(index));
                continue;
            }
            const mapping bytes = detail::load_archived(*archived);
            write_file(plain / segment_file_name(index),
                       {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        }
        return plain;
    }
    // The script's exit code, what it prints and what it says.
    [[nodiscard]] tests::exit_result read_by_stranger(const fs::path& log,
                                                      const std::string& option = {}) const {
        const std::string out = directory_.path() / "stranger.out";
        const std::string err = directory_.path() / "stranger.err";
        const std::string command = "python3 '" MILLRACE_SOURCE_ROOT "/tests/golden/read_log.py' " +
                                    option + " " + log.native() + " >" + out + " 2>" + err;
        const int status = std::system(command.c_str());
        tests::exit_result result;
        result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        result.out = read_file(out);
        result.err = read_file(err);
        return result;
    }

    tests::temporary_directory directory_;
};

// Every file below: names and contents. A frame may differ from one release of the compressor to
// the next, so what counts is what it holds.
std::map<std::string, std::string> files_of(const fs::path& directory) {
    std::map<std::string, std::string> files;
    for (const fs::directory_entry& one : fs::recursive_directory_iterator(directory)) {
        if (!one.is_regular_file() || one.path().extension() == ".lock") {
            continue;
        }
        std::string bytes = read_file(one.path());
        if (one.path().extension() == ".zst") {
            const mapping plain = detail::load_archived(one.path());
            bytes.assign(reinterpret_cast<const char*>(plain.data()), plain.size());
        } else if (one.path().filename() == "manifest.txt") {
            std::istringstream lines(std::exchange(bytes, {}));
            for (std::string line; std::getline(lines, line);) {
                const std::size_t facts = line.find(".zst bytes");
                bytes += facts == std::string::npos
                             ? line
                             : line.substr(0, facts) + line.substr(line.find(" segment_bytes"));
                bytes += '\n';
            }
        }
        files[fs::relative(one.path(), directory).native()] = std::move(bytes);
    }
    return files;
}

}  // namespace

TEST_P(Golden, TodaysReaderVerificationAndRecoveryGiveTheRecordedAnswers) {
    EXPECT_EQ(answers_of(log()), read_file(version_1 / (std::string(GetParam()) + ".answers")));
}

TEST_P(Golden, SeekFindsEveryRecordWithItsIndexAndWithout) {
    const std::vector<found_record> all = read_from_place(log(), read_from::first());
    ASSERT_FALSE(all.empty());
    for (const bool has_index : {true, false}) {
        if (!has_index) {
            for (const std::uint64_t index : list_readable_segments(log())) {
                fs::remove(segment_home(log(), index) / index_file_name(index));
            }
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::vector<found_record> rest(all.begin() + static_cast<std::ptrdiff_t>(i),
                                                 all.end());
            EXPECT_EQ(read_from_place(log(), read_from::at_sequence(all[i].seq)), rest);
            EXPECT_EQ(read_from_place(log(), read_from::at_time(all[i].time)), rest);
            EXPECT_EQ(read_from_place(log(), read_from::at_position(all[i].at)), rest);
        }
    }
    EXPECT_TRUE(read_from_place(log(), read_from::tail()).empty());
}

TEST_P(Golden, TheNextWriterGoesOnBehindIt) {
    if (is_archive_itself()) {
        GTEST_SKIP() << "nobody writes into an archive";
    }
    const std::vector<found_record> before = read_from_place(log(), read_from::first());
    {
        log_options options;
        options.segment_bytes = segment_bytes_min;
        log_writer writer(log(), options);
        EXPECT_EQ(writer.last_sequence(), before.back().seq);
        EXPECT_EQ(writer.try_append(1, {}).seq, before.back().seq.next());
    }
    const std::vector<found_record> after = read_from_place(log(), read_from::first());
    ASSERT_EQ(after.size(), before.size() + 1);
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
    const bool is_torn = GetParam() == "torn";  // what is there stays there, and is said
    EXPECT_EQ(verify_log(log()).result(), is_torn ? verdict::torn : verdict::clean);
}

TEST_P(Golden, TheCommandsShowAndVerifyIt) {
    const bool is_torn = GetParam() == "torn";
    const tests::exit_result verified = run({"log", "verify", log()});
    EXPECT_EQ(verified.code, is_torn ? 3 : 0) << verified.out << verified.err;
    EXPECT_NE(verified.out.find(is_torn ? "torn tail: log " : "clean: log "), std::string::npos)
        << verified.out;
    const fs::path rows = version_1 / (std::string(GetParam()) + ".rows");
    if (fs::exists(rows)) {  // it is a table's
        EXPECT_EQ(run({"log", "dump", log()}).out, read_file(rows));
    }
}

TEST_P(Golden, AReaderWrittenFromTheDocumentAgreesWithDump) {
    const tests::exit_result dumped = run({"log", "dump", log(), "--format", "hex"});
    ASSERT_EQ(dumped.code, 0) << dumped.err;
    ASSERT_NE(dumped.out, "");
    const tests::exit_result read = read_by_stranger(plain_log());
    EXPECT_EQ(read.code, 0) << read.err;
    EXPECT_EQ(read.out, dumped.out);
}

TEST_P(Golden, AReaderWrittenFromTheDocumentReadsTheRows) {
    const fs::path rows = version_1 / (std::string(GetParam()) + ".rows");
    const tests::exit_result read = read_by_stranger(plain_log(), "--rows");
    if (fs::exists(rows)) {
        EXPECT_EQ(read.code, 0) << read.err;
        EXPECT_EQ(read.out, read_file(rows));
    } else {
        EXPECT_EQ(read.code, 1) << "it is no table's";
        EXPECT_NE(read.err.find("the log is no table's"), std::string::npos) << read.err;
    }
}

TEST_P(Golden, AReaderWrittenFromTheDocumentReadsWhatControlRecordsHold) {
    const tests::exit_result read = read_by_stranger(plain_log(), "--state");
    EXPECT_EQ(read.code, 0) << read.err;
    EXPECT_EQ(read.out, state_of(log()));
}

TEST_P(Golden, AReaderWrittenFromTheDocumentFindsDamage) {
    const fs::path plain = plain_log();
    const std::uint64_t first = list_segments(plain).front();
    const std::vector<found_record> records = read_from_place(plain, read_from::first());
    const fs::path path = plain / segment_file_name(first);
    std::string bytes = read_file(path);
    bytes[records[1].at.value + 20] ^= 0x10;
    write_file(path, bytes);
    const tests::exit_result read = read_by_stranger(plain);
    EXPECT_EQ(read.code, 1) << read.out;
    EXPECT_NE(read.err.find("position " + std::to_string(records[1].at.value)), std::string::npos)
        << read.err;
}

INSTANTIATE_TEST_SUITE_P(Version1, Golden, ::testing::ValuesIn(golden_names),
                         [](const auto& param) { return std::string(param.param); });

TEST(GoldenLogs, TodaysWritersWriteTheSameBytes) {
    const tests::temporary_directory directory;
    const fs::path made = directory.path() / "made";
    make_golden_logs(made);
    for (const std::string_view name : golden_names) {
        SCOPED_TRACE(std::string(name));
        unpack(version_1 / name, directory.path() / "kept" / name);
        const auto now = files_of(made / name);
        const auto then = files_of(directory.path() / "kept" / name);
        ASSERT_FALSE(then.empty());
        for (const auto& [file, bytes] : then) {
            ASSERT_TRUE(now.contains(file)) << file << " is not written any more";
            EXPECT_EQ(to_hex(now.at(file)), to_hex(bytes)) << file;
        }
        EXPECT_EQ(now.size(), then.size()) << "there are files that were not there then";
    }
}

// A fenced block of docs/log-format.md behind `<!-- golden: FILE -->` shows lines of that file.
TEST(GoldenLogs, AreShownInTheDocumentAsTheyAre) {
    const std::string document = read_file(fs::path(MILLRACE_SOURCE_ROOT) / "docs/log-format.md");
    const std::string mark = "<!-- golden: ";
    std::size_t line_count = 0;
    for (std::size_t at = document.find(mark); at != std::string::npos;
         at = document.find(mark, at + 1)) {
        const std::size_t name = at + mark.size();
        const std::string file = document.substr(name, document.find(" -->", name) - name);
        SCOPED_TRACE(file);
        const std::string kept = read_file(version_1 / (file + ".hex"));
        const std::size_t begin = document.find("```\n", name) + 4;
        std::istringstream lines(document.substr(begin, document.find("```", begin) - begin));
        for (std::string line; std::getline(lines, line); ++line_count) {
            EXPECT_NE(kept.find("\n" + line + "\n"), std::string::npos) << line;
        }
    }
    EXPECT_GT(line_count, 15U);
}

TEST(GoldenLogs, HoldEveryTypeOfControlRecord) {
    const tests::temporary_directory directory;
    std::set<std::uint16_t> found;
    for (const std::string_view name : golden_names) {
        const fs::path log = directory.path() / name;
        unpack(version_1 / name, log);
        for (const std::uint64_t index : list_segments(log)) {
            const segment where = segment::open(log, index, access::read_only);
            segment_cursor cursor(where);
            record_view record;
            while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
                if (record.is_control()) {
                    found.insert(record.type);
                }
            }
        }
    }
    EXPECT_EQ(found, (std::set<std::uint16_t>{0xff01, 0xff02, 0xff03, 0xff04, 0xff05}));
}

TEST(GoldenLogs, HoldAClockRecordForEveryReason) {
    const tests::temporary_directory directory;
    const fs::path log = directory.path() / "clocked";
    unpack(version_1 / "clocked", log);
    log_reader reader(log, read_from::first(), true);
    std::vector<std::uint32_t> reasons;
    std::vector<std::int64_t> moved_ms;
    record_view record;
    while (reader.poll(record) == read_status::record) {
        if (record.is_control(control_type::clock)) {
            clock_payload payload;
            ASSERT_EQ(record.payload_size, sizeof payload);
            std::memcpy(&payload, record.payload, sizeof payload);
            EXPECT_EQ(payload.number, reasons.size() + 1);
            reasons.push_back(payload.reason);
            moved_ms.push_back((payload.new_offset_ns - payload.old_offset_ns) / 1'000'000);
        }
    }
    EXPECT_EQ(reasons, (std::vector<std::uint32_t>{1, 1, 2, 3}));
    // The last: an hour, less the second since, and what was left to slew.
    EXPECT_EQ(moved_ms, (std::vector<std::int64_t>{-3'600'000, 7'200'000, 10, -3'598'997}));
}

TEST(HexFiles, ComeBackAsTheyWere) {
    for (const std::size_t size : {0, 1, 15, 16, 17, 4096}) {
        std::string bytes(size, '\0');
        EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
        for (std::size_t at = 0; at < size; at += 5) {
            bytes[at] = static_cast<char>(at);
        }
        EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    }
}

}  // namespace millrace::golden
