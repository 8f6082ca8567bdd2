// What an initiator does before it gives up its numbers at a logon: it logs on with the old ones
// first, so that the peer can ask for what it has not got.
//
//   something unproven -> Logon as it stands -> TestRequest -> its answer -> Logout -> Logon, 141=Y
//
// A peer that lacks messages asks for them, and is asked again behind what it gets: it may have
// answered the first TestRequest before it had them.
//
// Where the peer does not play (a Logout for an answer, lower numbers, silence, a connection lost
// again and again) the numbers are reset all the same, as the settings say.
//
// Threading  the session thread
// Source     a TestRequest before numbers are reset: FIX session protocol, 24-hour connectivity
#pragma once

#include <cstdint>

namespace millrace::gateway {

enum class settlement_step : std::uint8_t { idle, logging_on, asking, logging_out };

class settlement {
public:
    static constexpr std::int64_t patience_default_ns = 10'000'000'000;

    // `patience_ns`: without a frame from the peer.
    explicit settlement(bool resets_at_logon, std::int64_t patience_ns = patience_default_ns)
        : resets_at_logon_(resets_at_logon), patience_ns_(patience_ns) {}

    // The link is up. True: log on with the old numbers; false: as the settings say.
    [[nodiscard]] bool begin(bool has_unproven, std::int64_t now_ns) noexcept {
        step_ = settlement_step::idle;
        if (!resets_at_logon_ || !has_unproven) {
            lost_connections_ = 0;
            has_given_up_ = false;
            return false;
        }
        if (has_given_up_) {
            return false;
        }
        step_ = settlement_step::logging_on;
        questions_ = 0;
        heard(now_ns);
        return true;
    }
    // The TestRequest is due as soon as the session is logged on and nothing is being resent.
    [[nodiscard]] bool is_to_ask() const noexcept { return step_ == settlement_step::logging_on; }
    void ask(std::int64_t now_ns) noexcept {
        ++questions_;
        go_on(settlement_step::asking, now_ns);
    }
    // Its ResendRequest is about to be answered. True: an answer to the last question says nothing.
    [[nodiscard]] bool peer_has_asked() noexcept {
        if (step_ != settlement_step::asking || questions_ == questions_max) {
            return false;
        }
        step_ = settlement_step::logging_on;
        return true;
    }
    void go_on(settlement_step next, std::int64_t now_ns) noexcept {
        step_ = next;
        heard(now_ns);
    }
    void heard(std::int64_t now_ns) noexcept { deadline_ns_ = now_ns + patience_ns_; }
    void give_up() noexcept {
        has_given_up_ = true;
        step_ = settlement_step::idle;
    }
    // True: this was the last attempt.
    bool connection_ended(bool has_unproven) noexcept {
        if (step_ == settlement_step::idle) {
            return false;
        }
        step_ = settlement_step::idle;
        if (has_unproven && ++lost_connections_ >= lost_connections_max) {
            has_given_up_ = true;
        }
        return has_given_up_;
    }

    [[nodiscard]] settlement_step step() const noexcept { return step_; }
    [[nodiscard]] bool is_running() const noexcept { return step_ != settlement_step::idle; }
    [[nodiscard]] bool is_overdue(std::int64_t now_ns) const noexcept {
        return is_running() && now_ns >= deadline_ns_;
    }

    static constexpr int lost_connections_max = 3;
    static constexpr int questions_max = 8;  // a peer may ask for ever

private:
    bool resets_at_logon_;
    std::int64_t patience_ns_;
    settlement_step step_ = settlement_step::idle;
    std::int64_t deadline_ns_ = 0;
    int lost_connections_ = 0;
    int questions_ = 0;
    bool has_given_up_ = false;  // until the numbers have been reset
};

}  // namespace millrace::gateway
