// What four logs, the venue's journal and the wire between them say once all is over, and whether
// that is what was promised.
//
// Threading  one thread; nobody writes the logs any more
// Errors     fails the running test
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stream/table_log.hpp"
#include "gateway/session/gate.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tools/venue/journal.hpp"
#include "tools/venue/venue.hpp"

namespace millrace::tests {

// ORDER_OUT and EXECUTION, and the maps of both to messages.
inline constexpr std::string_view tables_text = R"toml([[table]]
name = "ORDER_OUT"
columns = [
    {name = "CL_ORD_ID", type = "text(20)", key = true},
    {name = "SYMBOL", type = "text(12)"},
    {name = "SIDE", type = "char"},
    {name = "QUANTITY", type = "decimal"},
]

[[table]]
name = "EXECUTION"
columns = [
    {name = "EXEC_ID", type = "text(40)", key = true},
    {name = "CL_ORD_ID", type = "text(20)"},
    {name = "EXEC_TYPE", type = "char"},
]

)toml";
inline constexpr std::string_view maps_text = R"toml([[map]]
name = "new_order"
message = "NewOrderSingle"
[map.fields]
ClOrdID = "CL_ORD_ID"
Symbol = "SYMBOL"
Side = "SIDE"
TransactTime = {now = true}
OrdType = {value = "1"}
OrderQty = "QUANTITY"

[[map]]
name = "execution"
message = "ExecutionReport"
[map.columns]
EXEC_ID = "ExecID"
CL_ORD_ID = "ClOrdID"
EXEC_TYPE = "ExecType"
)toml";

// Order A`number`. Anything but ok: the log has no room at the moment.
[[nodiscard]] engine::append_status append_order(engine::table_log& orders, std::uint64_t number);

// The venue, running; its journal lies in `directory`/venue, and it fills orders in two parts.
// `name` is its CompID; ours is OURS.
[[nodiscard]] std::unique_ptr<tools::venue> start_venue(const std::filesystem::path& directory,
                                                        const std::string& name);

struct written_execution {
    std::string exec_id;
    bool is_redelivered = false;
};

struct four_books {
    std::vector<std::string> orders;  // ClOrdIDs of ORDER_OUT, by sequence
    std::vector<millrace::test::logged_row> fix_out;
    std::vector<millrace::test::logged_row> fix_in;
    std::vector<written_execution> executions;
    tools::journal_view venue;
};

// `disk` holds the logs, `venue` the venue's journal.
[[nodiscard]] four_books read_books(const std::filesystem::path& disk,
                                    const std::filesystem::path& venue);
[[nodiscard]] std::vector<std::string> read_texts(const std::filesystem::path& log);
[[nodiscard]] std::vector<written_execution> read_executions(const std::filesystem::path& log);

// ExecIDs of all the venue has reported.
[[nodiscard]] std::map<std::string, int> reports_of(const tools::journal_view& venue);

// Orders that the venue lacks, and reports that EXECUTION lacks; empty: none.
[[nodiscard]] std::string missing_from(const std::vector<std::string>& orders,
                                       const std::filesystem::path& disk,
                                       const std::filesystem::path& venue);

// What went to the venue stands in FIX_OUT, below `gateway`.
void expect_sent_is_kept(const std::vector<std::string>& to_venue,
                         const std::filesystem::path& gateway);
// Each number towards the venue rises but for what is marked as sent before, and what is sent again
// is what had that number. A session that settles before it resets may try a Logon whose number the
// venue, which has not seen the last reset, refuses as too low; then nothing but a reset follows,
// or a Logon that a further jump has carried above.
void expect_rising_numbers(const std::vector<std::string>& to_venue, bool settles);
// What stands in ORDER_OUT is at the venue, once, whatever became of it in between.
void expect_each_order_once(const four_books& books);
// Nothing that any side did is unknown to another, and nothing was done twice.
void expect_equal_books(const four_books& books);
// Each report is there; one that stands there again says so.
void expect_marked_repeats(const four_books& books);

}  // namespace millrace::tests
