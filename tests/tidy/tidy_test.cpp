// The style as a test: the whole tree has no offence, and each rule finds what it is for.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/tidy/rules.hpp"

namespace millrace::tidy {
namespace {

// What is let pass, each with its reason.
const std::vector<exception>& exceptions() {
    static const std::vector<exception> list = {
        {"engine/agent/idle.cpp", "word", "the pause instruction of aarch64 has no intrinsic"},
        {"engine/log/segment.cpp", "word",
         "touches each page; the write must not be optimised away"},
        {"gateway/pipeline/cold_agent.cpp", "word",
         "spdlog's loggers are shared pointers; not hot"},
        {"tests/model/explorer_test.cpp", "order", "its modelled plain variables have no orders"},
        {"engine/ring/ring_memory.cpp", "word", "touches each page; see engine/log/segment.cpp"},
    };
    return list;
}

using rule = void (*)(const source_file&, offences&);

std::vector<std::string> reasons(rule check, std::string path, std::string text) {
    offences found;
    check(source_file(std::move(path), std::move(text)), found);
    std::vector<std::string> lines;
    for (const offence& one : found) {
        lines.push_back(std::to_string(one.line) + ": " + one.reason);
    }
    return lines;
}

using strings = std::vector<std::string>;

std::string lines(std::size_t count) {
    std::string text;
    for (std::size_t at = 0; at < count; ++at) {
        text += "    x += 1;\n";
    }
    return text;
}

TEST(Tree, HasNoOffence) {
    const auto files = read_tree(MILLRACE_SOURCE_ROOT);
    ASSERT_GT(files.size(), 50U) << "the tree was not found at " MILLRACE_SOURCE_ROOT;
    std::string report;
    for (const offence& one : check_tree(files, exceptions())) {
        report += one.path + ":" + std::to_string(one.line) + ": " + std::string(one.rule) + ": " +
                  one.reason + "\n";
    }
    EXPECT_TRUE(report.empty()) << report;
}

TEST(SourceFile, SeparatesCodeFromCommentsAndLiterals) {
    const source_file file("a.cpp",
                           "int a = 1'000; // one\nf(\"// no\", '\"'); /* two\n */ g();\n");
    EXPECT_EQ(file.code, "int a = 1'000;       \nf(       ,    );       \n    g();\n");
    EXPECT_EQ(file.comments, "               // one\n                 /* two\n */     \n");
    const source_file raw("a.cpp", "auto t = R\"x(\"// )\" )x\"; // c\n");
    EXPECT_EQ(raw.code, "auto t =               ;     \n");
}

TEST(SourceFile, FindsFunctionsAndTheirLengths) {
    const source_file file("a.cpp",
                           "namespace a {\nstruct b {\npublic:\n    b() : c_{1}, d_(2) {\n    }\n"
                           "    int c_;\n};\nconst int table[] = {\n1,\n};\n"
                           "template <class T = int>\nvoid f(T x) {\n    if (x) {\n    }\n}\n}\n");
    const auto found = functions_of(file);
    std::size_t longest = 0;
    for (const function_span& one : found) {
        longest = std::max(longest, one.line_count);
    }
    EXPECT_EQ(longest, 5U);
    EXPECT_EQ(found.back().first_line, 11U);
}

TEST(Text, RefusesTabsReturnsAndBytesOutsideAscii) {
    EXPECT_EQ(reasons(check_text, "a.md", "a\tb\n"), (strings{"1: a tab"}));
    EXPECT_EQ(reasons(check_text, "a.md", "a\nb\r\n"), (strings{"2: a carriage return"}));
    EXPECT_EQ(reasons(check_text, "a.md", "\xC3\xA9\n"), (strings{"1: a byte outside ASCII"}));
    EXPECT_EQ(reasons(check_text, "a.md", "a"), (strings{"1: the last line has no end"}));
    EXPECT_EQ(reasons(check_text, "a.md", "a\n"), strings{});
    EXPECT_EQ(reasons(check_text, "a.bin", "\xFF"), strings{});
}

TEST(Text, RefusesWhatSpeaksOfOneDesk) {
    for (const char* text : {"/wo~rk/x", "/ro~ot/x", "sha~red/x", "see issue~ #4", "// TO~DO: x"}) {
        std::string joined = text;
        joined.erase(joined.find('~'), 1);
        EXPECT_EQ(reasons(check_text, "a.cpp", joined + "\n").size(), 1U) << joined;
    }
}

TEST(Shape, CountsColumnsAndLines) {
    EXPECT_EQ(reasons(check_shape, "a.cpp", std::string(101, 'x') + "\n"),
              (strings{"1: 101 columns"}));
    EXPECT_EQ(reasons(check_shape, "a.cpp", std::string(100, 'x') + "\n"), strings{});
    EXPECT_EQ(reasons(check_shape, "a.cpp", lines(451)), (strings{"451: 451 lines"}));
    EXPECT_EQ(reasons(check_shape, "a.cpp", lines(450)), strings{});
    EXPECT_EQ(reasons(check_shape, "tests/a.cpp", lines(600)), strings{});
    EXPECT_EQ(reasons(check_shape, "tests/a.cpp", lines(601)).size(), 1U);
    EXPECT_EQ(reasons(check_shape, "a.cpp", "int a;\nvoid f() {\n" + lines(69) + "}\n"),
              (strings{"2: a function of 71 lines"}));
    EXPECT_EQ(reasons(check_shape, "a.cpp", "int a;\nvoid f() {\n" + lines(68) + "}\n"), strings{});
}

TEST(Shape, AsksAHeaderForItsHead) {
    EXPECT_EQ(reasons(check_shape, "a.hpp", "// A.\n#pragma once\nint a;\n"), strings{});
    EXPECT_EQ(reasons(check_shape, "a.hpp", "#pragma once\nint a;\n").size(), 1U);
    EXPECT_EQ(reasons(check_shape, "a.hpp", "// A.\nint a;\n#pragma once\n").size(), 1U);
    EXPECT_EQ(reasons(check_shape, "a.hpp", "// A.\nint a;\n").size(), 1U);
}

TEST(Layers, KnowsWhoMayIncludeWhom) {
    const auto check = [](const char* path, const char* include) {
        return reasons(check_layers, path, std::string("#include ") + include + "\n").size();
    };
    EXPECT_EQ(check("engine/log/a.cpp", "\"engine/core/types.hpp\""), 0U);
    EXPECT_EQ(check("engine/core/a.cpp", "\"engine/log/segment.hpp\""), 1U);
    EXPECT_EQ(check("engine/log/a.cpp", "\"engine/ring/slot_ring.hpp\""), 1U);
    EXPECT_EQ(check("engine/ring/a.cpp", "\"engine/log/segment.hpp\""), 1U);
    EXPECT_EQ(check("engine/stream/a.cpp", "\"engine/ring/slot_ring.hpp\""), 0U);
    EXPECT_EQ(check("engine/stream/a.cpp", "\"gateway/session/session.hpp\""), 1U);
    EXPECT_EQ(check("engine/stream/a.cpp", "\"xlator/fix/frame.hpp\""), 1U);
    EXPECT_EQ(check("xlator/fix/a.cpp", "\"engine/core/types.hpp\""), 1U);
    EXPECT_EQ(check("xlator/fix/a.cpp", "<thread>"), 1U);
    EXPECT_EQ(check("xlator/fix/a.cpp", "<sys/socket.h>"), 1U);
    EXPECT_EQ(check("gateway/session/a.cpp", "\"xlator/fix/frame.hpp\""), 0U);
    EXPECT_EQ(check("gateway/session/a.cpp", "<quickfix/Session.h>"), 1U);
    EXPECT_EQ(check("gateway/quickfix/a.cpp", "<quickfix/Session.h>"), 0U);
    EXPECT_EQ(check("tests/gateway/quickfix/a.cpp", "<quickfix/Session.h>"), 0U);
    EXPECT_EQ(check("engine/log/a.cpp", "<someones/library.h>"), 1U);
    EXPECT_EQ(check("elsewhere/a.cpp", "<vector>"), 1U);
    EXPECT_EQ(reasons(check_layers, "xlator/fix/a.cpp", "// #include <thread>\n"), strings{});
}

TEST(LibraryWords, AreRefusedInLibrariesAlone) {
    EXPECT_EQ(reasons(check_library_words, "engine/log/a.hpp", "std::function<void()> f;\n"),
              (strings{"1: std::function in library code"}));
    EXPECT_EQ(reasons(check_library_words, "engine/log/a.hpp", "#include <iostream>\n"),
              (strings{"1: <iostream> in library code"}));
    EXPECT_EQ(reasons(check_library_words, "xlator/fix/a.hpp", "\ndouble price;\n"),
              (strings{"2: double in library code"}));
    EXPECT_EQ(reasons(check_library_words, "engine/core/a.hpp", "double p; int volatile_count;\n"),
              strings{});
    EXPECT_EQ(reasons(check_library_words, "engine/log/a.hpp", "// no std::mutex here\n"),
              strings{});
    EXPECT_EQ(reasons(check_library_words, "tools/text/a.hpp", "std::mutex m;\n"), strings{});
}

TEST(Atomics, NameTheirOrdersAndPairs) {
    const std::string head = "std::atomic<int> a;\n";
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp", head + "x = a.load();\n"),
              (strings{"2: .load() without a memory order"}));
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp", head + "a.load(std::memory_order_relaxed);\n"),
              strings{});
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp",
                      head + "a.store(1,\n    std::memory_order_release);\n"),
              (strings{"3: a release without \"pairs with <file>: <function>\" beside it"}));
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp",
                      head + "a.store(1, std::memory_order_release);  // pairs with a.hpp: get\n"),
              strings{});
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp",
                      head + "// pairs with a.hpp: get\na.store(1, std::memory_order_release);\n"),
              strings{});
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp", head + "a.load(std::memory_order_seq_cst);\n"),
              (strings{"2: seq_cst without a comment that argues it"}));
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp", head + "a.store(1);\n"),
              (strings{"2: .store() without a memory order"}));
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp", head + "config.load(path);\n"), strings{});
    EXPECT_EQ(reasons(check_atomics, "engine/a.hpp", "config.store(path);\n"), strings{});
}

TEST(Includes, MustExistFromTheRoot) {
    const std::vector<source_file> files = {
        {"engine/core/a.hpp", "#include \"engine/core/b.hpp\"\n#include \"b.hpp\"\n"},
        {"engine/core/b.hpp", ""},
    };
    offences found;
    check_includes_exist(files, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].line, 2U);
}

TEST(TestNames, FollowTheirSources) {
    const std::vector<source_file> files = {
        {"engine/core/a.hpp", ""},
        {"tests/engine/core/a_test.cpp", ""},
        {"tests/engine/core/a_stress_test.cpp", ""},
        {"tests/engine/core/core_model_test.cpp", ""},
        {"tests/engine/core/lost_test.cpp", ""},
        {"tests/stress/any_test.cpp", ""},
    };
    offences found;
    check_tests_have_sources(files, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, "tests/engine/core/lost_test.cpp");
}

TEST(Headers, MustBeListed) {
    const std::vector<source_file> files = {
        {"engine/core/CMakeLists.txt", "millrace_library(engine_core HEADERS a.hpp)\n"},
        {"engine/core/a.hpp", ""},
        {"engine/core/b.hpp", ""},
    };
    offences found;
    check_headers_are_listed(files, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, "engine/core/b.hpp");
}

TEST(Exceptions, LetPassAndMustBeNeeded) {
    const std::vector<source_file> files = {{"engine/core/a.cpp", std::string(101, 'x') + "\n"}};
    EXPECT_EQ(check_tree(files, {}).size(), 1U);
    EXPECT_EQ(check_tree(files, {{"engine/core", "columns", "why"}}).size(), 0U);
    EXPECT_EQ(check_tree(files, {{"engine/cor", "columns", "why"}}).size(), 2U);
    EXPECT_EQ(
        check_tree(files, {{"engine/core", "columns", "why"}, {"engine/log", "columns", "why"}})
            .size(),
        1U);
}

}  // namespace
}  // namespace millrace::tidy
