#include "bench/millrace_setup.hpp"

#include <chrono>
#include <cstdio>
#include <thread>

#include "bench/bench_run.hpp"
#include "bench/fix_wire.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "gateway/pipeline/pipeline.hpp"

namespace millrace::bench {

namespace {

constexpr std::int64_t logon_patience_ns = 60'000'000'000;

constexpr const char* orders_table = R"toml(
[[table]]
name = "ORDER_OUT"
columns = [
    { name = "CL_ORD_ID", type = "text(20)", key = true },
    { name = "ACCOUNT", type = "text(16)" },
    { name = "SYMBOL", type = "text(12)" },
    { name = "SIDE", type = "char" },
    { name = "ORD_TYPE", type = "char" },
    { name = "PRICE", type = "decimal" },
    { name = "ORDER_QTY", type = "decimal" },
    { name = "TIME_IN_FORCE", type = "char" },
    { name = "DESK", type = "u32" },
]
)toml";

constexpr const char* orders = R"toml(
[[map]]
name = "new_order"
message = "NewOrderSingle"

[map.fields]
ClOrdID = "CL_ORD_ID"
Account = "ACCOUNT"
HandlInst = { value = "1" }
Symbol = "SYMBOL"
Side = "SIDE"
TransactTime = { now = true }
OrdType = "ORD_TYPE"
Price = "PRICE"
OrderQty = "ORDER_QTY"
TimeInForce = "TIME_IN_FORCE"

[[stream]]
name = "NEW_ORDERS"
table = "ORDER_OUT"

[[client]]
name = "orders"
stream = "NEW_ORDERS"
)toml";

constexpr const char* reports = R"toml(
[[table]]
name = "EXECUTION"
columns = [
    { name = "EXEC_ID", type = "text(20)", key = true },
    { name = "CL_ORD_ID", type = "text(20)" },
    { name = "ORDER_ID", type = "text(20)" },
    { name = "EXEC_TYPE", type = "char" },
    { name = "ORD_STATUS", type = "char" },
    { name = "SYMBOL", type = "text(12)" },
    { name = "SIDE", type = "char" },
    { name = "LAST_QTY", type = "decimal" },
    { name = "LAST_PX", type = "decimal" },
    { name = "CUM_QTY", type = "decimal" },
    { name = "LEAVES_QTY", type = "decimal" },
    { name = "TRANSACT_TIME", type = "timestamp" },
]

[[client]]
name = "reports"
stream = "fix.FIX_IN"
where = "MSG_TYPE = '8'"

[[client.route]]
name = "reports-to-execution"
handler = "on_report"
table = "EXECUTION"
map = "execution"
start = "first"
on_parsing_error = "halt"

[[map]]
name = "execution"
message = "ExecutionReport"

[map.columns]
EXEC_ID = "ExecID"
CL_ORD_ID = "ClOrdID"
ORDER_ID = "OrderID"
EXEC_TYPE = "ExecType"
ORD_STATUS = "OrdStatus"
SYMBOL = "Symbol"
SIDE = "Side"
LAST_QTY = "LastQty"
LAST_PX = "LastPx"
CUM_QTY = "CumQty"
LEAVES_QTY = "LeavesQty"
TRANSACT_TIME = "TransactTime"
)toml";

// As the session's own order of CompIDs.
std::string sender_of(const millrace_setup& setup, std::size_t session) {
    return setup.sessions == 1 ? std::string("MILLRACE") : "DESK" + std::to_string(session);
}

std::string quoted(const std::filesystem::path& path) {
    return "\"" + path.native() + "\"\n";
}

std::string engine_text(const millrace_setup& setup) {
    std::string text = "[engine]\ndirectory = \".\"\nlow_space_bytes = 0\n";
    if (!run().hot_directory.empty()) {
        text += "hot_directory = " + quoted(run().hot_directory);
    }
    if (setup.hot_bytes_max != 0) {
        text += "hot_bytes_max = " + std::to_string(setup.hot_bytes_max) + "\n";
    }
    text +=
        "\n[[gateway]]\nname = \"fix\"\nsettings = \"sessions.cfg\"\nreconnect_min_ms = 50\n"
        "reconnect_max_ms = 500\n";
    if (setup.undurable_messages_max != 0) {
        text += "undurable_messages_max = " + std::to_string(setup.undurable_messages_max) + "\n";
    }
    // All stages on one thread, which never sleeps.
    text += "\n[[thread]]\nname = \"mr-hot\"\nidle = \"spin\"\n";
    if (!run().cpus.empty()) {
        text += "cpu = " + std::to_string(run().cpus.front()) + "\n";
    }
    return text + (setup.has_reports
                       ? "agents = [\"feeder\", \"streamer:ORDER_OUT\", \"client:orders\", "
                         "\"streamer:fix.FIX_IN\", \"client:reports\", \"gateway:fix\"]\n"
                       : "agents = [\"streamer:ORDER_OUT\", \"client:orders\", \"gateway:fix\"]\n");
}

std::string routes_text(const millrace_setup& setup) {
    std::string text;
    for (std::size_t i = 0; i < setup.sessions; ++i) {
        text += "\n[[client.route]]\nname = \"orders-" + std::to_string(i) +
                "\"\nsession = \"FIX.4.4:" + sender_of(setup, i) +
                "->VENUE\"\nmap = \"new_order\"\nstart = \"first\"\non_parsing_error = \"halt\"\n";
        if (setup.sessions > 1) {
            text += "where = \"DESK = " + std::to_string(i) + "\"\n";
        }
    }
    return text;
}

std::string sessions_text(const millrace_setup& setup) {
    std::string text =
        "[DEFAULT]\nConnectionType=initiator\nStartTime=00:00:00\nEndTime=00:00:00\n"
        "HeartBtInt=30\nReconnectInterval=1\nDataDictionary=FIX44.xml\n"
        "SocketConnectHost=127.0.0.1\nSocketConnectPort=" +
        std::to_string(setup.port) + "\nSocketNodelay=Y\nBeginString=FIX.4.4\n";
    for (std::size_t i = 0; i < setup.sessions; ++i) {
        text += "\n[SESSION]\nSenderCompID=" + sender_of(setup, i) + "\nTargetCompID=VENUE\n";
    }
    return text;
}

// Warnings and errors: a benchmark in which they come has measured something else.
void say(void*, gateway::event_level level, engine::timestamp, std::string_view text) {
    if (level != gateway::event_level::info) {
        std::fprintf(stderr, "millrace: %.*s\n", static_cast<int>(text.size()), text.data());
    }
}

}  // namespace

gateway::pipeline_config make_config(const millrace_setup& setup) {
    const std::filesystem::path file = setup.directory / "millrace.toml";
    engine::write_file_atomically(setup.directory / "sessions.cfg", sessions_text(setup));
    engine::write_file_atomically(file, engine_text(setup) + orders_table + orders +
                                            routes_text(setup) +
                                            (setup.has_reports ? reports : ""));
    return gateway::load_config(file);
}

gateway::pipeline_options options_of_pipeline() {
    gateway::pipeline_options options;
    options.dictionary_directory = data_directory() / "dictionary";
    options.log_line = &say;
    return options;
}

void wait_for_logon(const gateway::pipeline& running) {
    const std::int64_t until_ns = engine::monotonic_now_ns() + logon_patience_ns;
    for (const auto& gateway : running.gateways()) {
        for (const auto& session : gateway->sessions()) {
            while (session->counters.is_logged_on.value() == 0) {
                fail_if_not(engine::monotonic_now_ns() < until_ns,
                            session->name() + " does not log on");
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        }
    }
}

void check_outcome(const gateway::pipeline& stopped) {
    for (const auto& found :
         {stopped.halted_streams(), stopped.halted_routes(), stopped.undurable_logs()}) {
        fail_if_not(found.empty(), found.empty() ? std::string() : found.front());
    }
}

const engine::row_schema& order_schema() {
    static const engine::row_schema schema =
        gateway::parse_config("orders.toml", orders_table).find_table("ORDER_OUT")->schema;
    return schema;
}

order_row::order_row() : bytes_(order_schema().payload_size()), row_(order_schema(), bytes_) {
    const auto require = [](engine::row_status status) {
        fail_if_not(status == engine::row_status::ok, "an order's column does not fit");
    };
    require(row_.set_text(1, "ACC-1"));
    require(row_.set_text(2, "EURUSD"));
    require(row_.set_character(3, '1'));
    require(row_.set_character(4, '2'));
    require(row_.set_decimal(5, {108'215, -5, 0}));
    require(row_.set_decimal(6, {1'000'000, 0, 0}));
    require(row_.set_character(7, '0'));
}

std::span<const std::byte> order_row::of(std::uint64_t number, std::size_t sessions) {
    char id[number_digits];
    put_digits(id, number, number_digits);
    fail_if_not(row_.set_text(0, {id, number_digits}) == engine::row_status::ok &&
                    row_.set_unsigned_integer(8, number % sessions) == engine::row_status::ok,
                "an order's column does not fit");
    return row_.payload();
}

}  // namespace millrace::bench
