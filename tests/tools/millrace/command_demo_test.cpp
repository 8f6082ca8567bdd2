// `millrace demo` with few orders: what it prints, what it leaves, and that it feeds nothing twice.
#include <algorithm>
#include <set>

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

}  // namespace
}  // namespace millrace::tests
