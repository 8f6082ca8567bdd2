// The venue of a gateway's benchmarks: it answers a Logon, and each order with a report that was
// encoded before, or, as a sink, only checks what comes.
//
//   place: one port, and whoever connects to it; each path of a comparison has its own
//
// Threading  one thread of its own, which polls without a pause; all calls from any other
// Progress   it polls the attended place; the others, whose sessions are idle, now and then
// Errors     a frame, a number or a message that should not come ends the program
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/fix_wire.hpp"
#include "bench/loopback.hpp"

namespace millrace::bench {

class fix_responder {
public:
    enum class task : std::uint8_t { report, check };

    fix_responder(std::size_t places, task wanted);
    fix_responder(const fix_responder&) = delete;
    fix_responder& operator=(const fix_responder&) = delete;
    ~fix_responder();

    [[nodiscard]] std::uint16_t port(std::size_t index) const { return places_[index].port; }
    // Returns when it does so.
    void attend(std::size_t index);
    void attend_all() { attend(places_.size()); }

    // Checked orders of the place; and when their first and last came, monotonic ns.
    [[nodiscard]] std::uint64_t order_count(std::size_t index) const {
        return places_[index].orders.load(std::memory_order_acquire);  // pairs with poll
    }
    [[nodiscard]] std::int64_t first_order_ns(std::size_t index) const {
        return places_[index].first_ns.load(std::memory_order_relaxed);  // behind order_count
    }
    [[nodiscard]] std::int64_t last_order_ns(std::size_t index) const {
        return places_[index].last_ns.load(std::memory_order_relaxed);  // the same
    }

private:
    struct peer {
        engine::unique_fd socket;
        frame_reader reader;
        std::uint64_t next_in = 1;
        std::uint64_t next_out = 1;
        std::uint64_t last_order = 0;
        wire_template report;
    };
    struct place {
        engine::unique_fd listener;
        std::uint16_t port = 0;
        std::vector<std::unique_ptr<peer>> peers;
        std::atomic<std::uint64_t> orders{0};  // writer: the responder
        std::atomic<std::int64_t> first_ns{0};
        std::atomic<std::int64_t> last_ns{0};
    };

    void respond();
    void look_at(place& one);
    bool poll(place& one);
    [[nodiscard]] std::uint64_t take_frames(peer& one);
    void answer(peer& one, std::string_view frame, const frame_head& head);

    task task_;
    std::deque<place> places_;
    std::string out_;  // of one turn
    std::atomic<std::size_t> wanted_;
    std::atomic<std::size_t> attended_;
    std::atomic<bool> is_stopping_{false};
    std::thread thread_;
};

}  // namespace millrace::bench
