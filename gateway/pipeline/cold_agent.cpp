#include "gateway/pipeline/cold_agent.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t tend_interval_ns = 500'000'000;
constexpr std::int64_t log_look_interval_ns = 100'000'000;
constexpr std::int64_t open_retry_ns = 1'000'000'000;

spdlog::logger& stderr_logger() {
    static const std::shared_ptr<spdlog::logger> logger = [] {
        auto made = std::make_shared<spdlog::logger>(
            "millrace", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        return made;
    }();
    return *logger;
}

spdlog::level::level_enum level_of(event_level level) {
    switch (level) {
        case event_level::info:
            return spdlog::level::info;
        case event_level::warning:
            return spdlog::level::warn;
        case event_level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

int pipeline::cold_agent::do_work() noexcept {
    // The consumer is read first: it may pass the producer's older value, not the other way round.
    for (auto& [ring, used] : slot_rings_) {
        const std::uint64_t consumed = ring->consumer_sequence_estimate();
        used.set(ring->producer_sequence_estimate() - consumed);
    }
    for (auto& [ring, used] : byte_rings_) {
        const std::uint64_t consumed = ring->consumer_position_estimate();
        used.set(ring->producer_position_estimate() - consumed);
    }
    std::size_t lines = 0;
    for (event_ring* ring : rings_) {
        lines += ring->drain([&](event_level level, engine::timestamp time, std::string_view text) {
            try_write(level, time, text);
        });
    }
    tend_rejects();
    look_at_streams();
    look_at_logs();
    tend_gateways();
    say_clock_steps();
    const std::size_t stamped = stamps != nullptr ? stamps->write() : 0;
    return static_cast<int>(lines + stamped);
}

void pipeline::cold_agent::on_close() noexcept {
    next_tend_ns_ = 0;
    next_log_look_ns_ = 0;
    static_cast<void>(do_work());
    if (stamps != nullptr) {
        stamps->close();
    }
}

void pipeline::cold_agent::tend_rejects() noexcept {
    for (tended_rejects& one : rejects_) {
        try {
            open(one);
        } catch (const std::exception&) {
            lines_failed.add(1);  // no memory to say what failed
        }
    }
}

// What keeps a log from being made may pass: its records wait, and it is tried again.
void pipeline::cold_agent::open(tended_rejects& one) {
    const std::int64_t now_ns = engine::monotonic_now_ns();
    if (one.log->is_open() || now_ns < one.next_try_ns) {
        return;
    }
    try {
        if (one.log->open_if_wanted() && !one.log->log().is_synchronous()) {
            watch(log_watch(one.name, one.log->log(), counters_));
        }
    } catch (const engine::error& failure) {
        one.next_try_ns = now_ns + open_retry_ns;
        if (one.said != failure.what()) {
            one.said = failure.what();
            try_write(
                event_level::error, engine::utc_now(),
                "log " + one.name + ": cannot be made, and records wait to be parked: " + one.said);
        }
    }
}

void pipeline::cold_agent::look_at_streams() noexcept {
    for (watched_stream& one : streams_) {
        if (!one.is_halt_said && one.stream->is_halted()) {
            say_halt(one);
        }
        const engine::sequence waiting = one.stream->undurable_sequence();
        if (waiting != one.wait_said) {
            one.wait_said = waiting;
            say_wait(one);
        }
    }
}

void pipeline::cold_agent::say_halt(watched_stream& one) noexcept {
    one.is_halt_said = true;
    char text[512];
    const int size = std::snprintf(text, sizeof text, "stream of client %s: halted(%s)",
                                   one.stream->name().c_str(), one.stream->halt_reason().c_str());
    try_write(event_level::error, engine::utc_now(),
              {text, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof text - 1)});
}

void pipeline::cold_agent::say_wait(watched_stream& one) noexcept {
    char text[512];
    const char* const client = one.stream->name().c_str();
    const int size =
        one.wait_said.value == 0
            ? std::snprintf(text, sizeof text, "stream of client %s: goes on", client)
            : std::snprintf(text, sizeof text,
                            "stream of client %s: waits for sequence %llu, which is committed and "
                            "not durable; only the log's writer makes it so: see whether that "
                            "lives, syncs, and has a disk that answers",
                            client, static_cast<unsigned long long>(one.wait_said.value));
    try_write(one.wait_said.value == 0 ? event_level::info : event_level::warning,
              engine::utc_now(),
              {text, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof text - 1)});
}

void pipeline::cold_agent::look_at_logs() noexcept {
    const std::int64_t now_ns = engine::monotonic_now_ns();
    if (now_ns < next_log_look_ns_) {
        return;
    }
    next_log_look_ns_ = now_ns + log_look_interval_ns;
    try {
        for (log_watch& one : logs_) {
            one.look([&](event_level level, const std::string& text) {
                try_write(level, engine::utc_now(), text);
            });
        }
    } catch (const std::exception&) {
        lines_failed.add(1);  // no memory for a report
    }
}

void pipeline::cold_agent::tend_gateways() noexcept {
    const std::int64_t now_ns = engine::monotonic_now_ns();
    if (now_ns < next_tend_ns_) {
        return;
    }
    next_tend_ns_ = now_ns + tend_interval_ns;
    for (auto& [gateway, said] : gateways_) {
        std::string failure = gateway->tend();
        if (failure != said && !failure.empty()) {
            try_write(event_level::error, engine::utc_now(), failure);
        }
        said = std::move(failure);
    }
}

void pipeline::cold_agent::say_clock_steps() noexcept {
    const std::string text = clock.look();
    if (!text.empty()) {
        try_write(event_level::error, engine::utc_now(), text);
    }
}

void pipeline::cold_agent::try_write(event_level level, engine::timestamp time,
                                     std::string_view text) noexcept {
    try {
        write(level, time, text);
    } catch (const std::exception&) {
        lines_failed.add(1);  // no memory for a line of text, or nobody takes it
    }
}

void pipeline::cold_agent::write(event_level level, engine::timestamp time, std::string_view text) {
    if (options_.log_line != nullptr) {
        options_.log_line(options_.log_context, level, time, text);
        return;
    }
    const char* const label = level == event_level::info      ? "info"
                              : level == event_level::warning ? "warning"
                                                              : "error";
    stderr_logger().log(level_of(level), "{} {} {}", engine::to_string(time), label,
                        std::string(text));
}

}  // namespace millrace::gateway
