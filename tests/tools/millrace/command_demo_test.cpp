// `millrace demo` with few orders: what it prints, what it leaves, and that it feeds nothing twice.
#include <algorithm>
#include <cstdio>
#include <set>

#include "engine/core/file.hpp"
#include "engine/log/segment.hpp"
#include "engine/table/record.hpp"
#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

// One run, of which every test looks at something else.
class Demo : public CommandLine {
protected:
    static constexpr std::uint64_t count = 300;

    static void SetUpTestSuite() {
        home_ = new temporary_directory();
        first_ = new exit_result(demo());
    }
    static void TearDownTestSuite() {
        kill_venue(directory());
        delete first_;
        delete home_;
    }
    [[nodiscard]] static std::filesystem::path directory() { return home_->path() / "demo"; }
    [[nodiscard]] static exit_result demo() {
        return run_millrace({"demo", "--count", std::to_string(count), "--rate", "1000", "--dir",
                             directory().native(), "--json"},
                            home_->path());
    }
    [[nodiscard]] static nlohmann::json object_of(const exit_result& result) {
        EXPECT_EQ(result.code, code_ok) << result.err;
        EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1)
            << "stdout is one object";
        return nlohmann::json::parse(result.out);
    }
    [[nodiscard]] std::vector<nlohmann::json> rows(const std::string& log,
                                                   const std::string& where) const {
        const exit_result result = run(
            {"log", "dump", (directory() / log).native(), "--format", "json", "--where", where});
        EXPECT_EQ(result.code, code_ok) << result.err;
        return parse_lines(result.out);
    }

    using key_set = std::set<std::string>;
    [[nodiscard]] static key_set keys_of(const nlohmann::json& object) {
        key_set keys;
        for (const auto& member : object.items()) {
            keys.insert(member.key());
        }
        return keys;
    }
    // The first columns of the two tables in that section of the manual: the object's keys, and a
    // latency's.
    [[nodiscard]] static std::pair<key_set, key_set> documented_keys() {
        std::istringstream manual(
            read_text(std::filesystem::path(MILLRACE_SOURCE_ROOT) / "docs/operations.md"));
        std::vector<key_set> tables;
        bool is_section = false;
        for (std::string line; std::getline(manual, line);) {
            if (line.starts_with("#")) {
                is_section = line == "### What `demo --json` prints";
            } else if (is_section && line.starts_with("| key |")) {
                tables.emplace_back();
            } else if (is_section && line.starts_with("| `") && !tables.empty()) {
                std::istringstream names(line.substr(0, line.find('|', 1)));
                std::string name;
                while (std::getline(names, name, '`') && std::getline(names, name, '`')) {
                    tables.back().insert(name);
                }
            }
        }
        EXPECT_EQ(tables.size(), 2U) << "docs/operations.md has another shape";
        tables.resize(2);
        return {tables[0], tables[1]};
    }

    static inline temporary_directory* home_ = nullptr;
    static inline exit_result* first_ = nullptr;
};

TEST_F(Demo, PrintsOneObjectWithExactlyTheDocumentedKeys) {
    const auto [keys, latency_keys] = documented_keys();
    const nlohmann::json object = object_of(*first_);
    ASSERT_TRUE(object.is_object());
    EXPECT_EQ(keys_of(object), keys);
    for (const char* key : {"orders", "acknowledged", "fills", "rejected", "lost", "duplicated",
                            "seconds", "rate", "record_to_wire_ns", "order_to_report_ns"}) {
        EXPECT_TRUE(keys.contains(key)) << "users rely on " << key;
    }
    for (const char* latency : {"record_to_wire_ns", "order_to_report_ns"}) {
        EXPECT_EQ(keys_of(object.at(latency)), latency_keys) << latency;
    }
}

TEST_F(Demo, CountsEveryOrderAndMeasuresBothLatencies) {
    const nlohmann::json object = object_of(*first_);
    EXPECT_EQ(object.at("orders"), count);
    EXPECT_EQ(
        object.at("acknowledged").get<std::uint64_t>() + object.at("rejected").get<std::uint64_t>(),
        count);
    EXPECT_GT(object.at("fills").get<std::uint64_t>(), 0U);
    EXPECT_EQ(object.at("lost"), 0);
    EXPECT_EQ(object.at("duplicated"), 0);
    EXPECT_GT(object.at("seconds").get<double>(), 0.0);
    EXPECT_GT(object.at("rate").get<double>(), 0.0);
    for (const char* latency : {"record_to_wire_ns", "order_to_report_ns"}) {
        std::int64_t least = 1;
        for (const char* percentile : {"p50", "p90", "p99", "p999", "max"}) {
            const auto value = object.at(latency).at(percentile).get<std::int64_t>();
            EXPECT_GE(value, least) << latency << " " << percentile;
            least = value;
        }
    }
}

TEST_F(Demo, FeedsNothingTwice) {
    const nlohmann::json before = object_of(*first_);
    const demo_state logs_before = read_demo_state(directory());
    EXPECT_EQ(logs_before.orders, count);
    EXPECT_EQ(logs_before.numbered, count);
    EXPECT_EQ(logs_before.unanswered(), 0U);
    EXPECT_EQ(logs_before.executions, logs_before.reports);
    const nlohmann::json again = object_of(demo());
    for (const char* key : {"orders", "acknowledged", "fills", "rejected", "lost", "duplicated"}) {
        EXPECT_EQ(again.at(key), before.at(key)) << key;
    }
    const demo_state logs_after = read_demo_state(directory());
    EXPECT_EQ(logs_after.orders, count);
    EXPECT_EQ(logs_after.numbered, count);
    EXPECT_EQ(logs_after.reports, logs_before.reports);
    EXPECT_EQ(logs_after.executions, logs_before.executions);
}

TEST_F(Demo, LeavesOneOrdersWholeStoryUnderOneCorrelation) {
    const engine::log_uuid source = engine::read_segment_info(directory() / "ORDER_OUT", 0).uuid;
    const std::string uuid = to_string(source);
    const std::string log_id = uuid.substr(0, 8) + uuid.substr(9, 4) + uuid.substr(14, 4);
    const auto all = rows("ORDER_OUT", "CL_ORD_ID is not empty");
    ASSERT_EQ(all.size(), count);
    std::size_t with_fills = 0;
    for (const std::size_t index : {std::size_t{0}, count / 2, count - 1}) {
        const nlohmann::json& order = all[index];
        const std::string id = order["row"]["CL_ORD_ID"];
        SCOPED_TRACE(id);
        const nlohmann::json expected = {{"log", log_id}, {"sequence", order["sequence"]}};
        EXPECT_EQ(order["correlation"], expected) << "the order begins its chain";
        const std::string where =
            "record.correlation = '" + log_id + ":" + order["sequence"].dump() + "'";
        EXPECT_EQ(rows("ORDER_OUT", where), std::vector<nlohmann::json>{order});
        const auto out = rows("fix/FIX_OUT", where);
        ASSERT_EQ(out.size(), 1U) << "one message";
        EXPECT_EQ(out[0]["correlation"], expected);
        EXPECT_EQ(out[0]["origin"]["log"], to_string(source));
        EXPECT_EQ(out[0]["origin"]["sequence"], order["sequence"]);
        EXPECT_EQ(out[0]["row"]["MSG_TYPE"], "D");
        EXPECT_TRUE(has(out[0]["row"]["WIRE"].dump(), "11=" + id));
        const auto in = rows("fix/FIX_IN", where);
        const auto executions = rows("EXECUTION", where);
        ASSERT_GE(in.size(), 1U);
        ASSERT_EQ(executions.size(), in.size());
        for (std::size_t i = 0; i < in.size(); ++i) {
            EXPECT_EQ(in[i]["correlation"], expected);
            EXPECT_EQ(executions[i]["correlation"], expected);
            EXPECT_EQ(executions[i]["origin"]["sequence"], in[i]["sequence"]);
            with_fills += executions[i]["row"]["EXEC_TYPE"] == "F" ? 1U : 0U;
        }
    }
    EXPECT_GT(with_fills, 0U);
}

TEST_F(Demo, LeavesTablesThatShowPrints) {
    for (const char* table : {"ORDER_OUT", "EXECUTION", "fix.FIX_IN", "fix.FIX_OUT"}) {
        const exit_result result = run(
            {"table", "show", (directory() / "millrace.toml").native(), table, "--format", "csv"});
        EXPECT_EQ(result.code, code_ok) << table << ": " << result.err;
        EXPECT_GT(std::count(result.out.begin(), result.out.end(), '\n'),
                  static_cast<std::ptrdiff_t>(count));
    }
    EXPECT_EQ(
        run({"check", (directory() / "millrace.toml").native(), "--handler", "on_report"}).code,
        code_ok);
}

TEST_F(Demo, RunsWithEveryAgentOnAThreadOfItsOwn) {
    const std::string demo = file("threads");
    const auto run_demo = [&](int orders) {
        return object_of(run({"demo", "--count", std::to_string(orders), "--rate", "1000", "--dir",
                              demo, "--json"}));
    };
    EXPECT_EQ(run_demo(10).at("orders"), 10);
    std::string config = read_text(demo + "/millrace.toml");
    for (const char* agent : {"feeder", "streamer:ORDER_OUT", "client:orders", "gateway:fix",
                              "streamer:fix.FIX_IN", "client:reports"}) {
        std::string name = agent;
        std::replace_if(
            name.begin(), name.end(), [](char c) { return c == ':' || c == '.'; }, '-');
        config += "\n[[thread]]\nname = \"" + name + "\"\nagents = [\"" + agent + "\"]\n";
    }
    write("threads/millrace.toml", config);
    const nlohmann::json object = run_demo(310);
    EXPECT_EQ(object.at("orders"), 310);
    EXPECT_EQ(object.at("lost"), 0);
    EXPECT_EQ(object.at("duplicated"), 0);
    EXPECT_EQ(object.at("record_to_wire_ns").at("count"), 300);
    EXPECT_EQ(object.at("order_to_report_ns").at("count"), 300)
        << "each order's first report is measured, whichever thread handles it";
}

TEST_F(Demo, RefusesAFileThatIsNoListOfOrders) {
    write("bad.csv", "CL_ORD_ID,SYMBOL,SIDE\nX1,ABC,one\n");
    const exit_result result =
        run({"demo", "--orders", file("bad.csv"), "--dir", file("bad"), "--json"});
    EXPECT_EQ(result.code, code_data);
    EXPECT_TRUE(has(result.err, file("bad.csv") + ":2: "));
    EXPECT_EQ(result.out, "");
}

// Directories of their own, used more than once.
class DemoDirectory : public CommandLine {
protected:
    ~DemoDirectory() override {
        for (const char* name : {"demo", "moved"}) {
            kill_venue(path() / name);
        }
    }
    [[nodiscard]] std::filesystem::path demo() const { return path() / "demo"; }
    [[nodiscard]] static std::vector<std::string> generated(const std::filesystem::path& directory,
                                                            int count, const char* rate) {
        return {"demo",   "--count", std::to_string(count), "--rate", rate,
                "--json", "--dir",   directory.native()};
    }
    [[nodiscard]] exit_result from_csv(const std::vector<std::string>& ids) const {
        write_csv("orders.csv", ids);
        return run({"demo", "--orders", file("orders.csv"), "--dir", demo().native(), "--json"});
    }
    void write_csv(const std::string& name, const std::vector<std::string>& ids,
                   const std::string& side = "1") const {
        std::string csv =
            "CL_ORD_ID,SYMBOL,SIDE,ORD_TYPE,PRICE,ORDER_QTY,TIME_IN_FORCE,ACCOUNT,CLIENT_ID,"
            "FIRM_ID\n";
        for (const std::string& id : ids) {
            csv += id + ",ABC," + side + ",2,10.25,100,0,ACC0001,CLI001,NORD\n";
        }
        write(name, csv);
    }
    static nlohmann::json object_of(const exit_result& result, int code) {
        EXPECT_EQ(result.code, code) << result.out << result.err;
        return nlohmann::json::parse(result.out);
    }
    // A run that has fed some of its orders, and goes on.
    [[nodiscard]] std::unique_ptr<millrace_process> begun(int count, const char* rate) const {
        auto process = std::make_unique<millrace_process>(generated(demo(), count, rate), path());
        wait_until("orders are fed",
                   [&] { return process->has_ended() || read_demo_state(demo()).reports > 50; });
        EXPECT_FALSE(process->has_ended()) << process->said();
        return process;
    }
    [[nodiscard]] static bool has_venue(const std::filesystem::path& directory) {
        return engine::is_lock_held(directory / "venue" / "lock");
    }
};

TEST_F(DemoDirectory, IsFedExactlyTheOrdersItDoesNotHave) {
    EXPECT_EQ(object_of(from_csv({"A1", "A2", "A3"}), code_ok).at("fed"), 3);
    const nlohmann::json other = object_of(from_csv({"B1", "A2", "B2"}), code_ok);
    EXPECT_EQ(other.at("fed"), 2);
    EXPECT_EQ(other.at("orders"), 5) << "counts are of the whole directory";
    EXPECT_EQ(other.at("acknowledged").get<int>() + other.at("rejected").get<int>(), 5);
    EXPECT_EQ(object_of(from_csv({"A3", "B1"}), code_ok).at("fed"), 0);
    const demo_state state = read_demo_state(demo());
    EXPECT_EQ(state.orders, 5U);
    EXPECT_EQ(state.numbered, 5U);
    write_csv("twice.csv", {"A1", "A1"});
    const exit_result twice =
        run({"demo", "--orders", file("twice.csv"), "--dir", demo().native(), "--json"});
    EXPECT_EQ(twice.code, code_data);
    EXPECT_TRUE(has(twice.err, "twice.csv:3: CL_ORD_ID 'A1' comes a second time"));
}

TEST_F(DemoDirectory, KeepsTheTimeBetweenRunsOutOfLatencies) {
    object_of(from_csv({"A1"}), code_ok);
    write_csv("earlier.csv", {"B1", "B2", "B3"});
    ASSERT_EQ(
        run({"append", (demo() / "millrace.toml").native(), "ORDER_OUT", file("earlier.csv")}).code,
        code_ok);
    const nlohmann::json object = object_of(from_csv({"B1", "B2", "B3", "C1"}), code_ok);
    EXPECT_EQ(object.at("orders"), 5);
    EXPECT_EQ(object.at("fed"), 1);
    EXPECT_EQ(object.at("record_to_wire_ns").at("count"), 1);
    EXPECT_EQ(object.at("order_to_report_ns").at("count"), 1);
}

TEST_F(DemoDirectory, IsNotCompleteButHasLostNothingWhenTheRunIsStopped) {
    const auto process = begun(4000, "500");
    process->ask_to_stop();
    const nlohmann::json object = object_of(process->wait(20), 1);
    EXPECT_EQ(object.at("ended"), "stopped");
    EXPECT_EQ(object.at("complete"), false);
    EXPECT_EQ(object.at("reconciled"), false);
    EXPECT_EQ(object.at("lost"), 0);
    EXPECT_EQ(object.at("orders"), 4000);
    EXPECT_GT(object.at("unfed").get<int>(), 1000);
    EXPECT_EQ(object.at("fed").get<int>() + object.at("unfed").get<int>(), 4000);
    const nlohmann::json rest = object_of(run(generated(demo(), 4000, "max")), code_ok);
    EXPECT_EQ(rest.at("orders"), 4000);
    EXPECT_EQ(rest.at("fed"), object.at("unfed"));
    EXPECT_EQ(rest.at("ended"), "answered");
}

TEST_F(DemoDirectory, GetsItsVenueBackWhenThatDies) {
    const auto process = begun(2000, "1000");
    kill_venue(demo());
    const exit_result result = process->wait(40);
    const nlohmann::json object = object_of(result, code_ok);
    EXPECT_EQ(object.at("orders"), 2000);
    EXPECT_EQ(object.at("reconciled"), true);
    EXPECT_TRUE(has(result.err, "died; restarted as pid "));
}

TEST_F(DemoDirectory, EndsAtOnceWhenItsVenueCannotComeBack) {
    const auto process = begun(4000, "500");
    std::string config = read_text(demo() / "venue.cfg");
    config.replace(config.find("SocketAcceptPort="), 17, "SocketAcceptPort=999");
    write("demo/venue.cfg", config);
    kill_venue(demo());
    const exit_result result = process->wait(30);  // without a report it would wait a minute
    const nlohmann::json object = object_of(result, 1);
    EXPECT_EQ(object.at("ended"), "venue");
    EXPECT_EQ(object.at("complete"), false);
    EXPECT_EQ(object.at("lost"), 0);
    EXPECT_TRUE(has(result.err, "did not start again"));
    EXPECT_TRUE(has(result.err, (demo() / "venue.log").native()));
    EXPECT_FALSE(has_venue(demo()));
    EXPECT_EQ(run(generated(demo(), 10, "100")).code, code_failure) << "nor can it at the start";
    EXPECT_FALSE(has_venue(demo()));
}

TEST_F(DemoDirectory, SaysAtOnceWhichRouteHaltedAndWhy) {
    write_csv("odd.csv", {"A1", "A2"}, "Z");  // no Side of FIX
    millrace_process process(
        {"demo", "--orders", file("odd.csv"), "--dir", demo().native(), "--json"}, path());
    const exit_result result = process.wait(30);
    const nlohmann::json object = object_of(result, 1);
    EXPECT_EQ(object.at("ended"), "halted");
    EXPECT_EQ(object.at("lost"), 0);
    EXPECT_EQ(object.at("waiting"), 2);
    EXPECT_TRUE(has(result.err, "orders-to-venue halted(a value cannot be translated: tag 54"));
    EXPECT_TRUE(has(result.err, (demo() / "millrace.log").native()));
    EXPECT_FALSE(has_venue(demo()));
}

TEST_F(DemoDirectory, IsRefusedToASecondDemoThatIsToldWhoHasIt) {
    const auto held = [&](const millrace_process& holder) {
        const exit_result second = run(generated(demo(), 10, "max"));
        EXPECT_EQ(second.code, code_locked);
        EXPECT_TRUE(has(second.err, "in use by pid " + std::to_string(holder.pid())));
        EXPECT_EQ(second.out, "");
    };
    {
        millrace_process first(generated(demo(), 3000, "1000"), path());
        wait_until("it has begun", [&] { return std::filesystem::exists(demo() / "demo.lock"); });
        held(first);
        EXPECT_EQ(object_of(first.wait(40), code_ok).at("orders"), 3000);
    }
    const std::string config = read_text(demo() / "venue.cfg");
    millrace_process next(generated(demo(), 6000, "1000"), path());
    wait_until("it has the lock", [&] { return engine::is_lock_held(demo() / "demo.lock"); });
    held(next);
    EXPECT_EQ(object_of(next.wait(40), code_ok).at("orders"), 6000);
    EXPECT_EQ(read_text(demo() / "venue.cfg"), config);
}

TEST_F(DemoDirectory, GoesOnWhereItWasMoved) {
    const std::filesystem::path moved = path() / "moved";
    begun(4000, "1000")->kill_hard();
    ASSERT_TRUE(has_venue(demo())) << "it outlives its engine";
    const pid_t old_venue = venue_pid(demo());
    std::filesystem::rename(demo(), moved);
    const exit_result result = run(generated(moved, 4000, "4000"));
    EXPECT_EQ(object_of(result, code_ok).at("orders"), 4000);
    EXPECT_TRUE(has(result.err, "pid " + std::to_string(old_venue)));
    EXPECT_FALSE(std::filesystem::exists(demo())) << "nothing is made where it was";
    EXPECT_FALSE(has_venue(moved));
}

TEST_F(DemoDirectory, HasPlacesPutRightThatNameAnother) {
    object_of(from_csv({"A1"}), code_ok);
    std::string config = read_text(demo() / "venue.cfg");
    const auto replace = [&](const std::string& from, const std::string& to) {
        ASSERT_NE(config.find(from), std::string::npos) << from;
        config.replace(config.find(from), from.size(), to);
    };
    const std::string old = file("old");
    replace("VenueDirectory=venue", "VenueDirectory=" + old + "/venue");
    replace("VenuePidFile=venue.pid", "VenuePidFile=" + old + "/venue.pid");
    replace("VenuePortFile=venue.port", "VenuePortFile=" + (demo() / "venue.port").native());
    replace("DataDictionary=FIX44.xml", "DataDictionary=" + old + "/FIX44.xml");
    replace("VenueSeed=1", "VenueSeed=77");
    write("demo/venue.cfg", config);
    EXPECT_EQ(object_of(from_csv({"A1", "A2"}), code_ok).at("orders"), 2);
    const std::string right = read_text(demo() / "venue.cfg");
    EXPECT_TRUE(has(right, "\nVenueDirectory=venue\n"));
    EXPECT_TRUE(has(right, "\nVenuePidFile=venue.pid\n"));
    EXPECT_TRUE(has(right, "\nDataDictionary=FIX44.xml\n"));
    EXPECT_TRUE(has(right, "\nVenueSeed=77\n"));
    EXPECT_TRUE(has(right, "\nVenuePortFile=" + (demo() / "venue.port").native() + "\n"))
        << "what is right stays";
    EXPECT_FALSE(std::filesystem::exists(old));
}

TEST_F(DemoDirectory, EndsWithAnErrorWhereTheBooksAreWrong) {
    object_of(from_csv({"A1"}), code_ok);
    write("invented.csv", "EXEC_ID,CL_ORD_ID,EXEC_TYPE\nA1.99,A1,4\n");
    ASSERT_EQ(
        run({"append", (demo() / "millrace.toml").native(), "EXECUTION", file("invented.csv")})
            .code,
        code_ok);
    const exit_result result = from_csv({"A1"});
    const nlohmann::json object = object_of(result, 1);
    EXPECT_EQ(object.at("invented"), 1);
    EXPECT_EQ(object.at("complete"), true);
    EXPECT_EQ(object.at("reconciled"), false);
    EXPECT_TRUE(has(result.err, "report A1.99 of order A1 is in EXECUTION, and the venue never"));
}

std::string output_of(const std::string& shell_command) {
    std::FILE* const pipe = ::popen((shell_command + " 2>&1").c_str(), "r");
    std::string text;
    char buffer[4096];
    while (pipe != nullptr && std::fgets(buffer, sizeof buffer, pipe) != nullptr) {
        text += buffer;
    }
    EXPECT_EQ(pipe == nullptr ? -1 : ::pclose(pipe), 0) << shell_command << "\n" << text;
    return text;
}

TEST_F(DemoDirectory, IsShownByTheCommandsThatTheSummaryPrints) {
    const std::string spaced = file("a demo");
    write_csv("orders.csv", {"A1", "A2", "A3"});
    const exit_result result = run({"demo", "--orders", file("orders.csv"), "--dir", spaced});
    EXPECT_EQ(result.code, code_ok) << result.err;
    const std::string program = (program_directory() / "millrace").native();
    std::size_t stories = 0;
    std::size_t tables = 0;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("  " + program + " log dump ")) {
            EXPECT_TRUE(has(output_of(line), "A")) << line;
            ++stories;
        } else if (line.starts_with("  " + program)) {
            EXPECT_TRUE(has(output_of(line), "A1")) << line;
            ++tables;
        }
    }
    EXPECT_EQ(stories, 4U);
    EXPECT_EQ(tables, 1U);
}

}  // namespace
}  // namespace millrace::tests
