// The numbers of one session as the two FIX logs tell them, and their form in snapshots.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/types.hpp"
#include "engine/stream/snapshot.hpp"
#include "gateway/quickfix/msg_seq_num.hpp"
#include "gateway/session/fix_tables.hpp"

namespace millrace::gateway {

struct session_numbers {
    std::string name;
    std::uint32_t generation = 0;  // 0: the session has never been here
    msg_seq_num next_sender{1};
    msg_seq_num next_target{1};
    engine::timestamp creation_time;
    bool is_fresh =
        false;  // nothing was numbered since the generation began, so another reset adds nothing
    // When the Logout was numbered (FIX_OUT) or received (FIX_IN) with which the log these numbers
    // are of ends for this session; 0: something else came last. Not kept in snapshots: what is not
    // known is not claimed.
    engine::timestamp logout_time;
    msg_seq_num last_application;        // FIX_OUT: the last application message of the generation
    std::uint32_t frame_bytes_high = 0;  // FIX_OUT: the largest frame, over all generations
    // FIX_OUT: the numbers that were last passed over, [from, to): no message has one. Not kept in
    // snapshots: without it they are searched for.
    msg_seq_num passed_over_from;
    msg_seq_num passed_over_to;
    msg_seq_num last_logon;  // FIX_OUT: of our newest Logon. Not kept in snapshots either
};

// The sessions of one log, in the order of their first appearance. Few; searched in order.
class session_table {
public:
    [[nodiscard]] session_numbers& at(std::string_view name) {
        for (session_numbers& known : sessions_) {
            if (known.name == name) {
                return known;
            }
        }
        session_numbers fresh;
        fresh.name = name;
        sessions_.push_back(std::move(fresh));
        return sessions_.back();
    }
    [[nodiscard]] const std::deque<session_numbers>& all() const noexcept { return sessions_; }

    [[nodiscard]] std::size_t snapshot_bytes() const noexcept {
        return engine::snapshot_section_bytes(sessions_.size() * sizeof(stored));
    }
    void write_snapshot(std::span<std::byte>& room, engine::snapshot_section kind) const noexcept {
        auto content = engine::put_snapshot_section(room, kind, sessions_.size() * sizeof(stored));
        for (const session_numbers& known : sessions_) {
            stored one{};
            std::memcpy(one.name, known.name.data(), known.name.size());
            one.generation = known.generation;
            one.next_sender = known.next_sender.value;
            one.next_target = known.next_target.value;
            one.is_fresh = known.is_fresh ? 1 : 0;
            one.creation_ns = known.creation_time.ns;
            one.last_application = known.last_application.value;
            one.frame_bytes_high = known.frame_bytes_high;
            std::memcpy(content.data(), &one, sizeof one);
            content = content.subspan(sizeof one);
        }
    }
    [[nodiscard]] bool read_snapshot(std::span<const std::byte> content) {
        if (content.size() % sizeof(stored) != 0) {
            return false;
        }
        for (; !content.empty(); content = content.subspan(sizeof(stored))) {
            stored one{};
            std::memcpy(&one, content.data(), sizeof one);
            session_numbers& known =
                at(std::string_view(one.name, ::strnlen(one.name, sizeof one.name)));
            known.generation = one.generation;
            known.next_sender = {one.next_sender};
            known.next_target = {one.next_target};
            known.is_fresh = one.is_fresh != 0;
            known.creation_time = {one.creation_ns};
            known.last_application = {one.last_application};
            known.frame_bytes_high = one.frame_bytes_high;
            known.logout_time = {};
        }
        return true;
    }

private:
    //   0      64           68            72            76         80            88
    //   | name | generation | next sender | next target | is fresh | creation ns |
    //   88                 92                 96
    //   | last application | frame bytes high |
    struct stored {
        char name[64];
        std::uint32_t generation;
        std::uint32_t next_sender;
        std::uint32_t next_target;
        std::uint32_t is_fresh;
        std::int64_t creation_ns;
        std::uint32_t last_application;
        std::uint32_t frame_bytes_high;
    };
    static_assert(sizeof(stored) == 96);
    static_assert(session_name_bytes_max <= sizeof(stored::name));

    std::deque<session_numbers> sessions_;  // references stay valid
};

}  // namespace millrace::gateway
