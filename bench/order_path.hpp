// One way for an order to a venue and for its report back, and what its orders have cost.
//
// Threading  the driver's thread
// Units      monotonic ns
// Errors     a report that is not the next order's ends the program
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/send_watch.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/histogram.hpp"

namespace millrace::bench {

class order_path {
public:
    // `place`: of the responder, to which this path leads.
    order_path(std::string name, std::size_t place)
        : name_(std::move(name)), place_(place), intended_ns_(outstanding_max) {}
    order_path(const order_path&) = delete;
    order_path& operator=(const order_path&) = delete;
    virtual ~order_path() = default;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::size_t place() const { return place_; }

    static constexpr std::size_t outstanding_max = std::size_t{1} << 16;  // a power of two
    [[nodiscard]] std::uint64_t outstanding() const { return sent_ - answered_; }
    [[nodiscard]] std::uint64_t answered() const { return answered_; }

    // The next order, meant for `intended_ns`. Not counted: a turn's first ones.
    void begin(std::int64_t intended_ns, bool is_counted) {
        fail_if_not(outstanding() < outstanding_max, name_ + ": too many orders without a report");
        const std::uint64_t number = ++sent_;
        intended_ns_[number % outstanding_max] = is_counted ? intended_ns : not_counted;
        sends_before_ = own_sends().count;
        send(number);
    }
    // Looks once for reports; nothing where other agents of the driver's thread do.
    virtual void poll() {}
    [[nodiscard]] virtual bool is_polled_beside() const { return false; }

    void forget() {
        order_to_report_ns.reset();
        record_to_socket_ns.reset();
        call_to_socket_ns.reset();
    }

    engine::histogram order_to_report_ns;   // from the intended time
    engine::histogram record_to_socket_ns;  // of orders that were alone on their way
    engine::histogram call_to_socket_ns;    // of these: from `called` on

protected:
    // Hands the order over, as its application would.
    virtual void send(std::uint64_t number) = 0;
    // The order's record is complete, and the path begins.
    void recorded() { recorded_ns_ = engine::monotonic_now_ns(); }
    // The message is made, and handed to whoever sends it.
    void called() { called_ns_ = engine::monotonic_now_ns(); }
    void answered(std::uint64_t number) {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        fail_if_not(number == ++answered_, name_ + ": another order's report came");
        const std::int64_t intended_ns = intended_ns_[number % outstanding_max];
        if (intended_ns == not_counted) {
            return;
        }
        order_to_report_ns.record(now_ns - intended_ns);
        const send_watch& sends = own_sends();
        if (number == sent_ && sends.count == sends_before_ + 1 && recorded_ns_ != 0) {
            record_to_socket_ns.record(sends.last_ns - recorded_ns_);
            if (called_ns_ != 0) {
                call_to_socket_ns.record(sends.last_ns - called_ns_);
            }
        }
    }

private:
    static constexpr std::int64_t not_counted = 0;

    std::string name_;
    std::size_t place_;
    std::vector<std::int64_t> intended_ns_;
    std::uint64_t sent_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t sends_before_ = 0;
    std::int64_t recorded_ns_ = 0;
    std::int64_t called_ns_ = 0;
};

}  // namespace millrace::bench
