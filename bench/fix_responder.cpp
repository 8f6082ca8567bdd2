#include "bench/fix_responder.hpp"

#include <sched.h>

#include <algorithm>
#include <string>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"

namespace millrace::bench {

namespace {

// Some tens of milliseconds of polling one socket: nobody measures what happens at the others.
constexpr std::uint64_t turns_between_looks = 65'536;
constexpr std::uint64_t turns_between_yields = 8'192;
constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

std::string_view with_time(wire_template& made, std::uint64_t msg_seq_num) {
    return made.patch({msg_seq_num, 0}, engine::utc_now().ns);
}

std::string head_text(char msg_type, std::string_view target) {
    return std::string("35=") + msg_type +
           "|34=00000000|49=VENUE|52=20260301-09:30:00.000|56=" + std::string(target) + "|";
}

}  // namespace

fix_responder::fix_responder(std::size_t places, task wanted)
    : task_(wanted), places_(places), wanted_(places), attended_(places) {
    for (place& one : places_) {
        one.listener = listen_on_loopback();
        one.port = port_of(one.listener);
    }
    thread_ = std::thread([this] { respond(); });
}

fix_responder::~fix_responder() {
    is_stopping_.store(true, std::memory_order_release);  // pairs with respond
    thread_.join();
}

void fix_responder::attend(std::size_t index) {
    wanted_.store(index, std::memory_order_release);              // pairs with respond
    while (attended_.load(std::memory_order_acquire) != index) {  // pairs with respond
        ::sched_yield();
    }
}

void fix_responder::respond() {
    const thread_pin pin(1);
    // acquire: pairs with ~fix_responder
    for (std::uint64_t turn = 0; !is_stopping_.load(std::memory_order_acquire); ++turn) {
        const std::size_t attended = wanted_.load(std::memory_order_acquire);  // pairs with attend
        attended_.store(attended, std::memory_order_release);                  // the same
        if (attended == places_.size() || turn % turns_between_looks == 0) {
            for (place& one : places_) {
                look_at(one);
            }
        }
        const bool is_idle = attended == places_.size() || !poll(places_[attended]);
        if (is_idle && turn % turns_between_yields == 0) {
            ::sched_yield();  // the other side is surely not running
        }
    }
}

void fix_responder::look_at(place& one) {
    for (engine::unique_fd accepted = accept_one(one.listener); accepted.is_open();
         accepted = accept_one(one.listener)) {
        one.peers.push_back(std::make_unique<peer>(peer{
            std::move(accepted), frame_reader(buffer_bytes), 1, 1, 0, make_report("MILLRACE")}));
    }
    poll(one);
}

// Whether something came.
bool fix_responder::poll(place& one) {
    std::uint64_t orders = 0;
    bool is_any = false;
    for (auto& connected : one.peers) {
        const frame_reader::state state = connected->reader.receive(connected->socket);
        if (state == frame_reader::state::closed) {
            connected.reset();
        } else if (state == frame_reader::state::received) {
            is_any = true;
            orders += take_frames(*connected);
        }
    }
    std::erase(one.peers, nullptr);
    if (orders > 0 && task_ == task::check) {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (one.orders.load(std::memory_order_relaxed) == 0) {
            one.first_ns.store(now_ns, std::memory_order_relaxed);
        }
        one.last_ns.store(now_ns, std::memory_order_relaxed);
    }
    if (orders > 0) {
        // release: pairs with order_count
        one.orders.store(one.orders.load(std::memory_order_relaxed) + orders,
                         std::memory_order_release);
    }
    return is_any;
}

// Answers leave together, as what they answer has come.
std::uint64_t fix_responder::take_frames(peer& one) {
    std::uint64_t orders = 0;
    out_.clear();
    for (std::string_view frame = one.reader.next(); !frame.empty(); frame = one.reader.next()) {
        const frame_head head = read_head(frame);
        fail_if_not(is_checksum_right(frame), "the responder got a wrong checksum");
        fail_if_not(head.msg_seq_num == one.next_in++, "the responder got a wrong MsgSeqNum");
        if (head.msg_type == 'D') {
            ++orders;
            fail_if_not(head.cl_ord_id > one.last_order, "the responder got orders out of order");
            one.last_order = head.cl_ord_id;
            if (task_ == task::report) {
                out_ += one.report.patch({one.next_out++, head.cl_ord_id}, engine::utc_now().ns);
            }
        } else {
            answer(one, frame, head);
        }
    }
    send_all(one.socket, out_);
    return orders;
}

void fix_responder::answer(peer& one, std::string_view frame, const frame_head& head) {
    switch (head.msg_type) {
        case 'A': {
            one.report = make_report(head.sender);
            wire_template logon(head_text('A', head.sender) + "98=0|108=30|");
            out_ += with_time(logon, one.next_out++);
            break;
        }
        case '5': {
            wire_template logout(head_text('5', head.sender));
            out_ += with_time(logout, one.next_out++);
            break;
        }
        case '1': {
            wire_template heartbeat(head_text('0', head.sender) +
                                    "112=" + std::string(head.test_req_id) + "|");
            out_ += with_time(heartbeat, one.next_out++);
            break;
        }
        case '0':
            break;
        default: {
            std::string text(frame);
            std::replace(text.begin(), text.end(), soh, '|');
            fail("the responder did not expect " + text);
        }
    }
}

}  // namespace millrace::bench
