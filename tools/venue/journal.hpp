// Reads the venue's journal into what a reconciliation needs: what the venue saw and decided for
// each order.
//
// Threading  any; the venue may be writing at the same time
// Units      quantities: 1/100,000,000 of a unit, exact (decimal_scale in tools/venue/decimal.hpp)
// Errors     throws engine::io_error when the file cannot be read, engine::damage_error for a line
//            that is no journal line; a last line without its newline, or an order whose reports
//            are not all there yet, is left out
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace millrace::tools {

struct message_number {
    std::string session;
    std::uint32_t generation = 0;  // grows with every sequence reset of the session
    int msg_seq_num = 0;
    auto operator<=>(const message_number&) const = default;
};

struct journaled_report {
    std::string exec_id;
    std::uint64_t ordinal = 0;  // in the journal, from 1: the venue numbers reports in this order
};

struct journaled_order {
    char msg_type = 'D';                  // D, F or G
    std::vector<message_number> numbers;  // distinct; more than one means that the order came twice
    std::uint64_t arrivals = 0;  // how often it came, repetitions under the same number included
    std::uint64_t acknowledged = 0;  // ExecType 0
    std::uint64_t fills = 0;
    std::uint64_t rejected = 0;   // ExecType 8 for its first arrival
    std::uint64_t cancelled = 0;  // ExecType 4
    std::uint64_t replaced = 0;   // ExecType 5
    std::int64_t order_qty = 0;
    std::int64_t filled_qty = 0;
    std::vector<journaled_report> reports;  // all of them, in order
};

struct journal_view {
    std::map<std::string, journaled_order> orders;  // by ClOrdID
    std::uint64_t reports = 0;
    std::uint64_t duplicates = 0;  // arrivals of a known ClOrdID under another number
    std::uint64_t logons = 0;
    std::uint64_t resets = 0;
    std::size_t bytes_read = 0;  // up to the end of the last complete entry
};

// The journal of a venue directory.
[[nodiscard]] std::filesystem::path journal_path(const std::filesystem::path& venue_directory);
[[nodiscard]] journal_view read_journal(const std::filesystem::path& journal);

}  // namespace millrace::tools
