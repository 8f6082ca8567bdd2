#include "tools/millrace/demo_files.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tools/millrace/dictionary_path.hpp"

namespace millrace::tools {

namespace {

constexpr std::string_view config_text =
    R"toml(# One table of orders, one FIX session, one table of executions.
# Written by `millrace demo`, and read by:
#   millrace check millrace.toml
#   millrace table show millrace.toml EXECUTION
[engine]
directory = "."
segment_bytes = "16MiB"

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
DataDictionary=@DICTIONARY@
VenueDirectory=@DIRECTORY@/venue
VenuePidFile=@DIRECTORY@/venue.pid
VenuePortFile=@DIRECTORY@/venue.port
VenueSeed=@SEED@
VenueIdleExitSeconds=120

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

}  // namespace

void prepare_demo_directory(const demo_directory& directory, std::uint64_t seed) {
    engine::ensure_directory(directory.path);
    write_if_missing(directory.config(), std::string(config_text));
    // Both sides must name one port: they are written together, the venue's last.
    if (!std::filesystem::exists(directory.venue_config())) {
        const std::string port = std::to_string(free_port());
        engine::write_file_atomically(directory.sessions(),
                                      replaced(sessions_text, "@PORT@", port));
        std::string venue = replaced(venue_text, "@PORT@", port);
        venue = replaced(venue, "@DICTIONARY@", (dictionary_directory() / "FIX44.xml").native());
        venue = replaced(venue, "@DIRECTORY@", directory.path.native());
        venue = replaced(venue, "@SEED@", std::to_string(seed));
        engine::write_file_atomically(directory.venue_config(), venue);
    }
}

}  // namespace millrace::tools
