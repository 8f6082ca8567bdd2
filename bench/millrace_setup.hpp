// The pipeline of the benchmarks of a gateway, as its files say it: orders of one table go out on
// one session or on many, and reports come back into a table.
//
//   ORDER_OUT -> orders -> FIX.4.4:MILLRACE->VENUE -> fix.FIX_IN -> reports -> on_report, EXECUTION
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"
#include "gateway/pipeline/config.hpp"

namespace millrace::gateway {
class pipeline;
struct pipeline_options;
}  // namespace millrace::gateway

namespace millrace::bench {

struct millrace_setup {
    std::filesystem::path directory;
    std::uint16_t port = 0;
    std::size_t sessions = 1;  // beyond one, each order names the one it belongs to
    bool has_reports = true;   // else there is a way out alone, and the application has no agent
    std::size_t hot_bytes_max = 0;           // of each log; 0: the engine's own
    std::size_t undurable_messages_max = 0;  // 0: the engine's own
};

// Writes the files, and reads them as `millrace run` would.
[[nodiscard]] gateway::pipeline_config make_config(const millrace_setup& setup);
[[nodiscard]] gateway::pipeline_options options_of_pipeline();

// Returns when every session is logged on.
void wait_for_logon(const gateway::pipeline& running);
// What halted, and what is not on the disk, ends the program. REQUIRES: stopped.
void check_outcome(const gateway::pipeline& stopped);

// One row of ORDER_OUT, made once and changed for each order.
class order_row {
public:
    order_row();
    // Order `number` of its session, of `sessions`; valid until the next call.
    [[nodiscard]] std::span<const std::byte> of(std::uint64_t number, std::size_t sessions = 1);

private:
    std::vector<std::byte> bytes_;
    engine::row_builder row_;
};
[[nodiscard]] const engine::row_schema& order_schema();

}  // namespace millrace::bench
