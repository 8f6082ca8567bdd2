#include "engine/ingest/ingest_lane.hpp"

namespace millrace::engine::detail {

claim_result ingest_lane::submit(std::span<const std::byte> row, std::uint64_t ticket,
                                 ack_level level) noexcept {
    MILLRACE_DCHECK(!is_full(), "a row more than there are tickets");
    ticket_slot& slot = tickets_[submitted_ & mask_];
    slot.ticket = ticket;
    slot.wanted = level;
    const claim_result result = rows_.try_write(0, row);
    submitted_ += result == claim_result::ok ? 1 : 0;
    return result;
}

bool ingest_lane::collect(ingest_ack& ack) noexcept {
    // acquire: pairs with ingest_lane.cpp: answer
    if (collected_ == answered_.load(std::memory_order_acquire)) {
        return false;
    }
    const ticket_slot& slot = tickets_[collected_ & mask_];
    ack = {slot.ticket,     slot.result.status, slot.reached,
           slot.result.seq, slot.result.time,   slot.result.at};
    ++collected_;
    return true;
}

void ingest_lane::settle(const append_result& result, position end) noexcept {
    ticket_slot& slot = tickets_[appended_ & mask_];
    slot.result = result;
    slot.end = end;
    slot.reached = ack_level::committed;
    ++appended_;
    rows_.release();
}

std::size_t ingest_lane::answer(position durable, bool is_durability_lost) noexcept {
    const std::uint64_t before = answered_here_;
    for (; answered_here_ < appended_; ++answered_here_) {
        ticket_slot& slot = tickets_[answered_here_ & mask_];
        if (slot.wanted == ack_level::committed || slot.result.status != append_status::ok) {
            continue;
        }
        if (slot.end <= durable) {
            slot.reached = ack_level::durable;
        } else if (!is_durability_lost) {
            break;  // those behind it wait too: answers keep the order of the rows
        }
    }
    if (answered_here_ != before) {
        // pairs with ingest_lane.cpp: collect
        answered_.store(answered_here_, std::memory_order_release);
    }
    return answered_here_ - before;
}

void ingest_lane::reset() noexcept {
    MILLRACE_ASSERT(rows_.peek().is_none, "rows are left in a lane that is given away");
    submitted_ = collected_ = appended_ = answered_here_ = 0;
    // relaxed: the lane's state hands all of it over
    answered_.store(0, std::memory_order_relaxed);
    back_pressured.store(0, std::memory_order_relaxed);
    rows_.detach_producer();
}

}  // namespace millrace::engine::detail
