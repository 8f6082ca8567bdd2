// Watches a running demo until every order had its last report, or something ended it: a signal, a
// halted stage, a venue that is gone for good, a minute without anything.
//
// Threading  the main thread, beside the running pipeline
// Progress   looks ten times a second; restarts a venue that died, once, and again only after
//            reports have come since
#pragma once

#include <cstdint>
#include <string>

#include "engine/counters/counters_reader.hpp"
#include "tools/millrace/demo_feeder.hpp"
#include "tools/millrace/demo_files.hpp"
#include "tools/millrace/demo_tracker.hpp"
#include "tools/millrace/demo_venue.hpp"

namespace millrace::tools {

enum class demo_end : std::uint8_t {
    answered,  // every order had its last report
    stopped,   // by a signal
    stalled,   // no order and no report for a minute
    venue,     // the venue died, and did not come back
    halted,    // a stream, route or session takes nothing any more
};

[[nodiscard]] const char* to_string(demo_end end) noexcept;

class demo_wait {
public:
    // REQUIRES: the pipeline is open, so that its counters file is there.
    demo_wait(const demo_directory& directory, const demo_feeder& feeder,
              const demo_tracker& tracker, demo_venue& venue, std::size_t order_count,
              bool shows_progress);

    // Why it ended is said on standard error at once.
    [[nodiscard]] demo_end wait();
    // The last line of progress, as things stand now.
    void end_progress() const;
    // As of the end of wait().
    [[nodiscard]] bool is_logged_on() const noexcept { return is_logged_on_; }

private:
    void show_progress() const;
    void say(const std::string& text) const;
    void look_at_counters();
    // What halted, and why; empty: nothing.
    [[nodiscard]] std::string find_halted();
    [[nodiscard]] bool keep_venue();
    [[nodiscard]] bool has_stalled(std::int64_t now_ns);
    [[nodiscard]] std::string engines_word_on_halt() const;

    demo_directory directory_;
    const demo_feeder* feeder_;
    const demo_tracker* tracker_;
    demo_venue* venue_;
    std::size_t order_count_;
    bool shows_progress_;
    engine::counters_reader counters_;
    std::uint64_t last_seen_ = 0;  // reports and orders
    std::int64_t last_change_ns_ = 0;
    std::int64_t session_halted_since_ns_ = 0;  // 0: it is not
    std::uint64_t reports_at_restart_ = UINT64_MAX;
    bool is_logged_on_ = false;
};

}  // namespace millrace::tools
