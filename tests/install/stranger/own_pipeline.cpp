// A pipeline inside somebody else's program: rows become FIX messages for a session that nobody
// has logged on to, and reach a handler of the program's own.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/pipeline/pipeline.hpp"

namespace {

using namespace millrace;

constexpr const char* pipeline_text = R"toml([engine]
directory = "data"
segment_bytes = "1MiB"

[[table]]
name = "ORDERS"
columns = [{name = "ID", type = "text(20)", key = true}, {name = "QTY", type = "decimal"}]

[[gateway]]
name = "venue"
settings = "sessions.cfg"

[[stream]]
name = "ALL"
table = "ORDERS"

[[client]]
name = "both"
stream = "ALL"

[[client.route]]
name = "out"
session = "FIX.4.4:STRANGER->VENUE"
map = "order"
start = "first"

[[client.route]]
name = "seen"
handler = "count"
start = "first"

[[map]]
name = "order"
message = "NewOrderSingle"

[map.fields]
ClOrdID = "ID"
OrderQty = "QTY"
Symbol = {value = "ABC"}
Side = {value = "1"}
OrdType = {value = "1"}
TransactTime = {now = true}
)toml";

constexpr const char* sessions_text = R"cfg([DEFAULT]
ConnectionType=acceptor
StartTime=00:00:00
EndTime=00:00:00
DataDictionary=FIX44.xml
SocketAcceptHost=127.0.0.1
SocketAcceptPort=0

[SESSION]
BeginString=FIX.4.4
SenderCompID=STRANGER
TargetCompID=VENUE
)cfg";

struct row_counter {
    gateway::answer operator()(const gateway::event&) noexcept {
        seen.fetch_add(1, std::memory_order_relaxed);
        return gateway::answer::ack;
    }
    std::atomic<int> seen{0};
};

bool append(engine::table_log& table, const std::string& id) {
    std::vector<std::byte> room(table.schema().payload_size(0));
    engine::row_builder row(table.schema(), room);
    return row.set_text(0, id) == engine::row_status::ok &&
           row.set_decimal(1, {5, 0, 0}) == engine::row_status::ok &&
           table.try_append(row.payload()).status == engine::append_status::ok;
}

}  // namespace

int main(int, char** argv) {
    constexpr int rows = 3;
    const std::string directory = argv[1];
    std::ofstream(directory + "/pipeline.toml") << pipeline_text;
    std::ofstream(directory + "/sessions.cfg") << sessions_text;
    gateway::pipeline_options options;
    options.dictionary_directory = DICTIONARIES;
    gateway::pipeline pipeline(gateway::load_config(directory + "/pipeline.toml"), options);
    row_counter counter;
    pipeline.set_handler("count", gateway::event_handler::of(counter));
    engine::table_log& table = pipeline.open_source("ORDERS");
    pipeline.open();
    for (int number = 1; number <= rows; ++number) {
        if (!append(table, "A" + std::to_string(number))) {
            return 1;
        }
    }
    pipeline.start();
    for (int waited_ms = 0;
         waited_ms < 20'000 && counter.seen.load(std::memory_order_relaxed) < rows; ++waited_ms) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    pipeline.stop();
    std::printf("%d\n", counter.seen.load(std::memory_order_relaxed));
    return 0;
}
