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
#include <vector>

#include "gateway/session/gate.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tools/venue/journal.hpp"
#include "tools/venue/venue.hpp"

namespace millrace::tests {

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
