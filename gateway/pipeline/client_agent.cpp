#include "gateway/pipeline/client_agent.hpp"

#include <algorithm>

namespace millrace::gateway {

namespace {

constexpr std::size_t records_per_turn = 64;

}  // namespace

client_agent::client_agent(std::string name, std::string_view where,
                           const engine::row_schema& schema, std::size_t ring_slots,
                           const engine::row_fields* fields)
    : name_(std::move(name)),
      schema_(&schema),
      where_(engine::predicate::of(where, schema, fields)),
      ring_(ring_slots) {}

bool client_agent::has_handlers() const noexcept {
    return std::any_of(routes_.begin(), routes_.end(),
                       [](const auto& one) { return one->has_handler(); });
}

stamp_ring& client_agent::use_stamps() {
    stamps_ = std::make_unique<stamp_ring>();
    for (const auto& one : routes_) {
        one->set_stamps(*stamps_);
    }
    return *stamps_;
}

int client_agent::do_work() noexcept {
    const std::size_t taken = ring_.poll(
        [&](const engine::stream_slot& slot) {
            const engine::row_view row(*schema_, slot.bytes());
            if (!where_.evaluate(row, {slot.log_id, slot.seq.value})) {
                return engine::poll_action::consumed;
            }
            for (const auto& one : routes_) {
                // A halted route lags in the log; the others go on.
                if (one->offer(slot, row) == offer_status::back_pressured) {
                    return engine::poll_action::stop;
                }
            }
            return engine::poll_action::consumed;
        },
        records_per_turn);
    return static_cast<int>(taken);
}

}  // namespace millrace::gateway
