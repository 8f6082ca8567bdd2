// What a demo says: progress while it runs, the summary for people, the object for programs.
#pragma once

#include <cstdint>
#include <string>

#include "engine/core/histogram.hpp"
#include "tools/millrace/demo_files.hpp"
#include "tools/millrace/demo_reconcile.hpp"
#include "tools/millrace/demo_wait.hpp"

namespace millrace::tools {

struct demo_result {
    reconciliation books;
    double seconds = 0;                // from the first order of this run to the last report
    std::uint64_t fed = 0;             // orders fed by this run
    std::uint64_t rate_asked = 0;      // 0: unpaced, so latencies are those of a queue
    engine::histogram record_to_wire;  // of orders fed by this run, and so is the next
    engine::histogram order_to_report;
    demo_end end = demo_end::stopped;

    [[nodiscard]] bool is_complete() const {
        return end == demo_end::answered && books.is_finished();
    }
};

[[nodiscard]] std::string to_json(const demo_result& result);
[[nodiscard]] std::string to_text(const demo_result& result, const demo_directory& directory);

}  // namespace millrace::tools
