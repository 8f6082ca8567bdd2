// `millrace run`, and what the program says of itself.
#include "engine/log/hot_tier.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

using RunCommand = CommandLine;

std::size_t rows_of(const std::filesystem::path& directory, const std::filesystem::path& scratch) {
    const exit_result result = run_millrace({"log", "dump", directory.native()}, scratch);
    return result.code == code_ok
               ? static_cast<std::size_t>(std::count(result.out.begin(), result.out.end(), '\n'))
               : 0;
}

TEST_F(RunCommand, WorksUntilItIsToldToStop) {
    append_orders(1, 20);
    for (int opening = 0; opening < 2; ++opening) {
        millrace_process process({"run", config()}, path());
        wait_until("the rows are copied",
                   [&] { return rows_of(log("COPY"), path()) == (opening == 0 ? 20U : 40U); });
        if (opening == 0) {
            append_orders(21, 30);  // beside the running process, and once more
            append_orders(31, 40);
            wait_until("the new rows are copied",
                       [&] { return rows_of(log("COPY"), path()) == 40U; });
        }
        wait_until("it has started", [&] { return bool(has(process.said(), "running")); });
        EXPECT_FALSE(process.has_ended());
        process.ask_to_stop();
        const exit_result result = process.wait(20);
        EXPECT_EQ(result.code, code_ok);
        EXPECT_FALSE(result.was_killed);
        EXPECT_TRUE(has(result.err, "running"));
        EXPECT_TRUE(has(result.err, "stopping"));
    }
    const auto rows = dump("COPY");
    ASSERT_EQ(rows.size(), 40U);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i]["origin"]["sequence"], i + 1);
    }
}

TEST_F(RunCommand, StopsInOrderWhenToldSoWhileItOpens) {
    append_orders(1, 20);
    millrace_process process({"run", config()}, path());
    wait_until("it has begun to open its logs",
               [&] { return std::filesystem::exists(path() / "data/COPY"); });
    process.ask_to_stop();
    const exit_result result = process.wait(20);
    EXPECT_EQ(result.code, code_ok);
    EXPECT_TRUE(has(result.err, "stopping"));
}

void flip_bit_at(const std::filesystem::path& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    char byte = 0;
    file.read(&byte, 1);
    byte = static_cast<char>(byte ^ 1);
    file.seekp(at);
    file.write(&byte, 1);
}

// What is damaged is said where somebody reads it, and once more by the exit code.
TEST_F(RunCommand, SaysWhereItsSourceIsDamaged) {
    append_orders(1, 50);
    flip_bit_at(path() / "data/ORDER_OUT/000000000000.alog", 6000);
    millrace_process process({"run", config()}, path());
    wait_until("it says so", [&] { return bool(has(process.said(), "halted(position ")); });
    process.ask_to_stop();
    const exit_result result = process.wait(20);
    EXPECT_EQ(result.code, code_damaged);
    EXPECT_TRUE(has(result.err, "stream of client copier"));
    EXPECT_TRUE(has(result.err, "millrace: halted: stream of client copier: position "));
}

// To a reader a log ends at the damage, which is no loss of its end.
TEST_F(RunCommand, SaysWhereItsSourceIsDamagedThatARouteHadRead) {
    append_orders(1, 50);
    {
        millrace_process process({"run", config()}, path());
        wait_until("the rows are copied", [&] { return rows_of(log("COPY"), path()) == 50U; });
        process.ask_to_stop();
        EXPECT_EQ(process.wait(20).code, code_ok);
    }
    const std::filesystem::path segment = path() / "data/ORDER_OUT/000000000000.alog";
    flip_bit_at(segment, 6000);
    const exit_result result = run({"run", config()});
    EXPECT_EQ(result.code, code_damaged);
    EXPECT_TRUE(has(result.err, segment.native() + ": position "));
    EXPECT_TRUE(has(result.err, "Restore the segment"));
    EXPECT_EQ(result.err.find("its end was lost"), std::string::npos) << result.err;
}

TEST_F(RunCommand, StartsBeforeAnybodyHasWritten) {
    millrace_process process({"run", config()}, path());
    wait_until("its empty logs are there",
               [&] { return std::filesystem::exists(path() / "data/COPY"); });
    wait_until("an empty source is there to append to",
               [&] { return std::filesystem::exists(path() / "data/ORDER_OUT"); });
    append_orders(1, 5);
    wait_until("the rows are copied", [&] { return rows_of(log("COPY"), path()) == 5U; });
    process.ask_to_stop();
    EXPECT_EQ(process.wait(20).code, code_ok);
}

TEST_F(RunCommand, GoesOnBehindAKill) {
    append_orders(1, 20);
    for (int opening = 0; opening < 3; ++opening) {
        millrace_process process({"run", config()}, path());
        const std::size_t rows = 20 + static_cast<std::size_t>(opening) * 10;
        wait_until("the rows are copied", [&] { return rows_of(log("COPY"), path()) == rows; });
        process.kill_hard();
        append_orders(static_cast<int>(rows) + 1, static_cast<int>(rows) + 10);
    }
    millrace_process process({"run", config()}, path());
    wait_until("the rows are copied", [&] { return rows_of(log("COPY"), path()) == 50U; });
    process.ask_to_stop();
    EXPECT_EQ(process.wait(20).code, code_ok);
    const auto rows = dump("COPY");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i]["origin"]["sequence"], i + 1);
    }
}

// What is only in memory when `run` is killed is there for every command, and comes to the disk
// with the next writer, which may be a synchronous one.
TEST_F(RunCommand, LeavesAHotLogThatAppendJoinsAfterAKill) {
    write("test.toml", replaced(std::string(tables_text) + std::string(copying_text), "[engine]\n",
                                "[engine]\nsync_delay_max_us = 60000000\n"));
    append_orders(1, 20);
    {
        millrace_process process({"run", config()}, path());
        wait_until("the rows are copied", [&] { return rows_of(log("COPY"), path()) == 20U; });
        process.kill_hard();
    }
    const std::filesystem::path tier = path() / "data/COPY/hot.tier";
    EXPECT_TRUE(std::filesystem::exists(tier)) << "run writes hot logs unless told otherwise";
    EXPECT_EQ(sequences(dump("COPY")), range(1, 20));
    const exit_result looked = run({"log", "verify", log("COPY")});
    EXPECT_EQ(looked.code, code_ok) << looked.err << looked.out;
    EXPECT_TRUE(has(looked.out + looked.err, "hot tier"));
    const exit_result appended = run({"append", config(), "COPY", file("orders.csv")});
    EXPECT_EQ(appended.code, code_ok) << appended.err;
    EXPECT_TRUE(has(appended.err, "the hot tier was brought to the disk"));
    EXPECT_FALSE(std::filesystem::exists(tier));
    EXPECT_EQ(sequences(dump("COPY")), range(1, 40));
    EXPECT_EQ(run({"log", "verify", log("COPY")}).code, code_ok);
}

TEST_F(RunCommand, LeavesAHotLogThatNobodyOpensWithoutItsTierUntilThatLossIsAccepted) {
    write("test.toml", replaced(std::string(tables_text) + std::string(copying_text), "[engine]\n",
                                "[engine]\nsync_delay_max_us = 60000000\n"));
    append_orders(1, 20);
    {
        millrace_process process({"run", config()}, path());
        wait_until("the rows are copied", [&] { return rows_of(log("COPY"), path()) == 20U; });
        process.kill_hard();
    }
    const auto where = engine::detail::read_hot_location(log("COPY"));
    ASSERT_TRUE(where.has_value());
    std::filesystem::remove_all(where->directory);
    for (const exit_result& refused :
         {run({"append", config(), "COPY", file("orders.csv")}), run({"log", "seal", log("COPY")}),
          run({"log", "recover", log("COPY")})}) {
        EXPECT_EQ(refused.code, code_damaged) << refused.err;
        EXPECT_TRUE(has(refused.err, where->directory.native() + ", is gone"));
        EXPECT_TRUE(has(refused.err, "millrace log recover " + log("COPY") + " --accept-loss"));
    }
    const exit_result accepted = run({"log", "recover", log("COPY"), "--accept-loss"});
    EXPECT_EQ(accepted.code, code_ok) << accepted.err;
    EXPECT_TRUE(has(accepted.out, "the log is what was on the disk"));
    const exit_result appended = run({"append", config(), "COPY", file("orders.csv")});
    EXPECT_EQ(appended.code, code_ok) << appended.err;
    EXPECT_TRUE(has(appended.err, "the log's hot tier was accepted"));
    EXPECT_EQ(run({"log", "verify", log("COPY")}).code, code_ok);
}

TEST_F(RunCommand, NamesDirectWhereItsLogsFindNoMemory) {
    append_orders(1, 1);
    const auto text = [](const std::string& keys) {
        return replaced(std::string(tables_text) + std::string(copying_text), "[engine]\n",
                        "[engine]\n" + keys);
    };
    write("test.toml", text("hot_directory = \"/proc\"\n"));
    for (const char* verb : {"check", "run"}) {
        const exit_result result = run({verb, config()});
        EXPECT_EQ(result.code, code_configuration) << verb;
        EXPECT_TRUE(has(result.err, "does not lie in a memory file system"));
        EXPECT_TRUE(has(result.err, "\"direct\""));
    }
    write("test.toml", text("hot_directory = \"/proc\"\nstorage = \"direct\"\n"));
    millrace_process process({"run", config()}, path());
    wait_until("the row is copied", [&] { return rows_of(log("COPY"), path()) == 1U; });
    process.ask_to_stop();
    EXPECT_EQ(process.wait(20).code, code_ok);
}

TEST_F(RunCommand, IsRefusedWhereAnotherRuns) {
    append_orders(1, 1);
    millrace_process first({"run", config()}, path());
    wait_until("the first runs", [&] { return rows_of(log("COPY"), path()) == 1U; });
    const exit_result second = run({"run", config()});
    EXPECT_EQ(second.code, code_locked);
    EXPECT_TRUE(has(second.err, "pid " + std::to_string(first.pid())));
    const exit_result append = run({"append", config(), "COPY", file("orders.csv")});
    EXPECT_EQ(append.code, code_locked) << "the tables its routes write are its own";
    EXPECT_TRUE(has(append.err, "pid " + std::to_string(first.pid())));
    EXPECT_FALSE(first.has_ended());
}

// The example of the documentation, in the test's own directory.
void copy_example(const std::filesystem::path& directory) {
    const std::filesystem::path examples =
        std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/examples";
    for (const char* name : {"orders.toml", "sessions.cfg"}) {
        std::filesystem::copy_file(examples / name, directory / name);
    }
}

TEST_F(RunCommand, ParksRowsThatAreDumpedAsWhatTheyAre) {
    copy_example(path());
    // No such side: the map does not translate it, and the route parks what it cannot translate.
    write("x.csv", "CL_ORD_ID,SYMBOL,SIDE,QUANTITY\nA1,ABC,X,100\n");
    ASSERT_EQ(
        run({"append", file("orders.toml"), "ORDER_OUT", file("x.csv"), "--user", "kim"}).code,
        code_ok);
    millrace_process process({"run", file("orders.toml")}, path());
    wait_until("the row is parked", [&] { return rows_of(log("REJECT_orders"), path()) == 1U; });
    process.ask_to_stop();
    EXPECT_EQ(process.wait(30).code, code_ok);
    const nlohmann::json order = dump("ORDER_OUT").at(0);
    const nlohmann::json parked = dump("REJECT_orders").at(0);
    EXPECT_EQ(parked["correlation"], order["correlation"]);
    EXPECT_EQ(parked["user"], "kim");
    EXPECT_EQ(parked["row"]["PAYLOAD"]["row"], order["row"]);
    EXPECT_EQ(parked["row"]["PAYLOAD"]["event"], "append");
    const exit_result text = run({"log", "dump", log("REJECT_orders")});
    EXPECT_TRUE(has(text.out, "PAYLOAD={insert CL_ORD_ID=A1 SYMBOL=ABC SIDE=X QUANTITY=100 # "));
    EXPECT_EQ(run({"log", "verify", log("REJECT_orders")}).code, code_ok)
        << "the file with the columns is no part of the log";
}

TEST_F(RunCommand, StartsAndStopsWithoutItsVenue) {
    copy_example(path());
    millrace_process process({"run", file("orders.toml")}, path());
    // Made when the signal handlers stand.
    wait_until("it has opened",
               [&] { return std::filesystem::exists(path() / "data/venue/FIX_OUT"); });
    process.ask_to_stop();
    const exit_result result = process.wait(30);
    EXPECT_EQ(result.code, code_ok) << result.err;
    EXPECT_FALSE(result.was_killed);
}

TEST_F(RunCommand, NamesItsVersionAndWhatItWasBuiltWith) {
    const exit_result result = run({"--version"});
    EXPECT_EQ(result.code, code_ok);
    for (const char* part : {"millrace ", "commit ", "compiler ", "flags ", "quickfix "}) {
        EXPECT_TRUE(has(result.out, part));
    }
    EXPECT_EQ(result.err, "");
}

TEST_F(RunCommand, RefusesACommandLineItDoesNotUnderstand) {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"frobnicate"},
                                               {"run"},
                                               {"check"},
                                               {"append", config()},
                                               {"log"},
                                               {"table", "hide"},
                                               {"demo", "--rate", "fast"},
                                               {"demo", "--rate", "0"},
                                               {"demo", "--seed", "-1"},
                                               {"demo", "--seed", "x"},
                                               {"demo", "--count", "0"},
                                               {"demo", "--orders", file("nowhere.csv")},
                                               {"demo", "--count", "1", "--orders", config()}}) {
        const exit_result result = run(arguments);
        EXPECT_EQ(result.code, code_usage) << (arguments.empty() ? "" : arguments.back());
        EXPECT_NE(result.err, "");
        EXPECT_EQ(result.out, "");
    }
    const exit_result help = run({"--help"});
    EXPECT_EQ(help.code, code_ok);
    for (const char* verb :
         {"demo", "run", "check", "append", "table", "log", "counters", "venue"}) {
        EXPECT_TRUE(has(help.out, verb));
    }
}

}  // namespace
}  // namespace millrace::tests
