#include "tools/millrace/demo_files.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "engine/core/error.hpp"

namespace millrace::tools {

namespace {

constexpr std::string_view config_text =
    R"toml(# One table of orders, one FIX session, one table of executions.
# Written by `millrace demo`, and read by:
#   millrace check millrace.toml --handler on_report
#   millrace table show millrace.toml EXECUTION
[engine]
directory = "."
segment_bytes = "4MiB"

[[table]]
name = "ORDER_OUT"
columns = [
    { name = "CL_ORD_ID", type = "text(20)", key = true },
    { name = "SYMBOL", type = "text(12)" },
    { name = "SIDE", type = "char" },
    { name = "ORD_TYPE", type = "char" },
    { name = "PRICE", type = "decimal" },
    { name = "ORDER_QTY", type = "decimal" },
    { name = "TIME_IN_FORCE", type = "char" },
    { name = "ACCOUNT", type = "text(16)" },
    { name = "CLIENT_ID", type = "text(16)" },
    { name = "FIRM_ID", type = "text(16)" },
]

[[table]]
name = "EXECUTION"
columns = [
    { name = "EXEC_ID", type = "text(40)", key = true },
    { name = "CL_ORD_ID", type = "text(20)" },
    { name = "ORDER_ID", type = "text(40)" },
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

[[gateway]]
name = "fix"
settings = "sessions.cfg"
reconnect_min_ms = 50
reconnect_max_ms = 500

[[stream]]
name = "NEW_ORDERS"
table = "ORDER_OUT"

[[client]]
name = "orders"
stream = "NEW_ORDERS"

[[client.route]]
name = "orders-to-venue"
session = "FIX.4.4:MILLRACE->VENUE"
map = "new_order"
start = "first"
on_parsing_error = "halt"

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
name = "new_order"
dictionary = "FIX44"
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

[[map.group]]
counter = "NoPartyIDs"

[[map.group.entry]]
PartyID = "CLIENT_ID"
PartyIDSource = { value = "D" }
PartyRole = { value = "3" }

[[map.group.entry]]
PartyID = "FIRM_ID"
PartyIDSource = { value = "D" }
PartyRole = { value = "1" }

[[map]]
name = "execution"
dictionary = "FIX44"
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

constexpr std::string_view sessions_text = R"cfg([DEFAULT]
ConnectionType=initiator
StartTime=00:00:00
EndTime=00:00:00
HeartBtInt=30
ReconnectInterval=1
DataDictionary=FIX44.xml
SocketConnectHost=127.0.0.1
SocketConnectPort=@PORT@

[SESSION]
BeginString=FIX.4.4
SenderCompID=MILLRACE
TargetCompID=VENUE
)cfg";

constexpr std::string_view venue_text = R"cfg([DEFAULT]
ConnectionType=acceptor
StartTime=00:00:00
EndTime=00:00:00
SocketAcceptPort=@PORT@
SocketReuseAddress=Y
SocketNodelay=Y
DataDictionary=FIX44.xml
VenueDirectory=venue
VenuePidFile=venue.pid
VenuePortFile=venue.port
VenueSeed=@SEED@
VenueIdleExitSeconds=120
VenueRequestsMax=20000000

[SESSION]
BeginString=FIX.4.4
SenderCompID=VENUE
TargetCompID=MILLRACE
)cfg";

std::string replaced(std::string_view text, std::string_view name, const std::string& value) {
    std::string result(text);
    for (std::size_t at = result.find(name); at != std::string::npos;
         at = result.find(name, at + value.size())) {
        result.replace(at, name.size(), value);
    }
    return result;
}

std::uint16_t free_port() {
    const engine::unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (!socket.is_open() || ::bind(socket.get(), generic, size) != 0 ||
        ::getsockname(socket.get(), generic, &size) != 0) {
        throw engine::io_error("find a free port", "", errno);
    }
    return ntohs(address.sin_port);
}

void write_if_missing(const std::filesystem::path& path, const std::string& text) {
    if (!std::filesystem::exists(path)) {
        engine::write_file_atomically(path, text);
    }
}

struct derived_place {
    std::string_view key;
    std::string_view value;
};
constexpr std::array<derived_place, 4> derived_places{{{"VenueDirectory", "venue"},
                                                       {"VenuePidFile", "venue.pid"},
                                                       {"VenuePortFile", "venue.port"},
                                                       {"DataDictionary", "FIX44.xml"}}};

// The line with a value that stays right when the directory moves, where it has not.
std::string put_right(const std::string& line, const demo_directory& directory) {
    for (const derived_place& place : derived_places) {
        const std::string begin = std::string(place.key) + "=/";
        if (!line.starts_with(begin)) {
            continue;
        }
        const std::filesystem::path value = line.substr(begin.size() - 1);
        const bool is_right = place.key == "DataDictionary"
                                  ? std::filesystem::exists(value)
                                  : value.lexically_normal() == directory.path / place.value;
        return is_right ? line : std::string(place.key) + "=" + std::string(place.value);
    }
    return line;
}

void put_venue_config_right(const demo_directory& directory) {
    const std::string old_text = engine::read_whole_file(directory.venue_config());
    std::istringstream lines(old_text);
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        text += put_right(line, directory) + "\n";
    }
    if (text != old_text) {
        engine::write_file_atomically(directory.venue_config(), text);
    }
}

// False while the lock's file names an earlier holder, or nobody: who has just taken the lock
// writes its name next.
bool names_living_holder(const std::string& holder) {
    std::istringstream text(holder);
    std::string word;
    pid_t pid = -1;
    return text >> word >> pid && pid > 0 && ::kill(pid, 0) == 0;
}

}  // namespace

engine::file_lock lock_demo_directory(const demo_directory& directory) {
    engine::ensure_directory(directory.path);
    const std::filesystem::path path = directory.path / "demo.lock";
    constexpr int looks_max = 100;
    for (int look = 1;; ++look) {
        try {
            return engine::file_lock(path, "millrace demo");
        } catch (const engine::locked_error&) {
            const std::string holder = engine::lock_holder(path);
            if (names_living_holder(holder) || look == looks_max) {
                throw engine::locked_error(directory.path.native() + ": in use by " + holder +
                                           "; wait until it ends, stop it, or take another --dir");
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void prepare_demo_directory(const demo_directory& directory, std::uint64_t seed) {
    write_if_missing(directory.config(), std::string(config_text));
    // Both sides must name one port: they are written together, the venue's last.
    if (!std::filesystem::exists(directory.venue_config())) {
        const std::string port = std::to_string(free_port());
        engine::write_file_atomically(directory.sessions(),
                                      replaced(sessions_text, "@PORT@", port));
        const std::string venue = replaced(venue_text, "@PORT@", port);
        engine::write_file_atomically(directory.venue_config(),
                                      replaced(venue, "@SEED@", std::to_string(seed)));
    }
    put_venue_config_right(directory);
}

}  // namespace millrace::tools
