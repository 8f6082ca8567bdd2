// Publishes what the threads of one log report, and says what they met.
//
// Threading  constructed at set-up, then the cold thread's
// Units      sequences as in core/types.hpp; times in nanoseconds
#pragma once

#include <string>

#include "engine/counters/counters_file.hpp"
#include "engine/log/log_writer.hpp"
#include "gateway/session/event_ring.hpp"

namespace millrace::gateway {

class log_watch {
public:
    // REQUIRES: the log has threads, and outlives this.
    log_watch(std::string name, const engine::log_writer& log, engine::counters_file& file);

    // Calls say(level, text) for what is new since the last look.
    template <class Say>
    void look(Say say);

private:
    [[nodiscard]] engine::storage_report publish();

    std::string name_;  // "log ORDER_OUT"
    const engine::log_writer* log_;
    engine::counter back_pressured_;
    engine::counter no_space_;
    engine::counter syncs_;
    engine::counter sync_ns_max_;
    engine::counter sync_failures_;
    engine::counter lost_names_;
    engine::counter sidecar_failures_;
    engine::counter is_space_low_;
    engine::counter is_durability_halted_;
    engine::counter durable_sequence_;
    engine::counter sealed_sequence_;
    std::string said_;
    std::string sidecar_said_;
    bool was_space_low_ = false;
};

template <class Say>
void log_watch::look(Say say) {
    const engine::storage_report report = publish();
    const auto say_if_new = [&](event_level level, const std::string& text, std::string& said) {
        if (text != said) {
            said = text;
            say(level, name_ + ": " + text);
        }
    };
    say_if_new(event_level::error, report.text, said_);
    say_if_new(event_level::warning, report.sidecar_text, sidecar_said_);
    if (report.is_space_low != was_space_low_) {
        was_space_low_ = report.is_space_low;
        say(was_space_low_ ? event_level::warning : event_level::info,
            name_ + (was_space_low_ ? ": its disk has less free than low_space_bytes"
                                    : ": its disk has space again"));
    }
}

}  // namespace millrace::gateway
