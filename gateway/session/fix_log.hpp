// FIX_OUT and FIX_IN as their one writer holds them: what they say of each session, and rows
// appended.
//
// Threading  the session thread
// Progress   appending is wait-free but for the roll; reading older messages back maps segments
// Invariant  FIX_OUT is the message store: a number is used when, and only when, its row is
//            appended
// Invariant  no secret of a Logon is ever in a row; its bytes on the wire are another matter
// Errors     opening throws; appending answers append_status
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/log/record_lookup.hpp"
#include "engine/stream/table_log.hpp"
#include "gateway/quickfix/port.hpp"
#include "gateway/quickfix/secrets.hpp"
#include "gateway/session/correlation_table.hpp"
#include "gateway/session/outbound.hpp"
#include "gateway/session/session_numbers.hpp"

namespace millrace::gateway {

// Where the newest messages of one session and generation lie in FIX_OUT.
class resend_index {
public:
    explicit resend_index(std::size_t capacity)
        : positions_(std::max<std::size_t>(capacity, 1), unknown) {}

    void put(msg_seq_num number, engine::position at) noexcept {
        if (number != highest_.next()) {
            clear();  // numbers were moved: only an unbroken run can be indexed
        }
        positions_[number.value % positions_.size()] = at;
        highest_ = number;
        if (lowest_.is_none()) {
            lowest_ = number;
        }
        if (highest_.value - lowest_.value >= positions_.size()) {
            lowest_ = {highest_.value - static_cast<std::uint32_t>(positions_.size()) + 1};
        }
    }
    void clear() noexcept { lowest_ = highest_ = {}; }

    [[nodiscard]] bool has(msg_seq_num number) const noexcept {
        return !lowest_.is_none() && number >= lowest_ && number <= highest_;
    }
    [[nodiscard]] engine::position at(msg_seq_num number) const noexcept {
        return positions_[number.value % positions_.size()];
    }

private:
    static constexpr engine::position unknown{UINT64_MAX};
    std::vector<engine::position> positions_;
    msg_seq_num lowest_;
    msg_seq_num highest_;
};

struct fix_log_options {
    engine::table_log_options table;
    std::size_t resend_index_capacity = std::size_t{1}
                                        << 18;  // newest messages found without a search
    std::size_t found_messages_max = 65'536;    // kept of a search for older ones
    std::size_t correlation_lookback_segments =
        4;                                     // read back at start to know recent orders again
    std::size_t recent_lookback_segments = 2;  // of FIX_IN, to know messages with 97=Y again
    // FIX_OUT: how many records may stand above the durable position before routes have to wait.
    // Not of a synchronous log, which is never durable unless somebody waits for it.
    std::uint64_t undurable_records_max = 65536;
    secret_tags secrets;  // what no frame is kept with
};

class fix_out_log final : private engine::table_state {
public:
    fix_out_log(const std::filesystem::path& directory, const fix_log_options& options,
                correlation_table& correlations);

    // Of a session this gateway runs; stays valid. A session seen for the first time gets
    // generation 1.
    [[nodiscard]] session_numbers& open_session(std::string_view name);

    // Of a frame that was put around a body, what its header says.
    struct made_frame {
        std::string_view msg_type, sender, target;
        std::string_view body;
    };
    struct message {
        msg_seq_num number;
        std::string_view frame;
        const outbound_header* cause = nullptr;  // of an application message that came by a route
        const made_frame* made = nullptr;        // null: the frame is looked through
    };
    [[nodiscard]] engine::append_status append_message(session_numbers& session,
                                                       const message& sent,
                                                       msg_seq_num next_target) noexcept;
    // False: no segment is ready for a message of so many bytes; look again at the next turn.
    [[nodiscard]] bool has_room(std::size_t frame_bytes) noexcept;
    // Opens the next generation; both numbers begin at 1.
    [[nodiscard]] engine::append_status append_reset(session_numbers& session,
                                                     std::uint32_t generation,
                                                     engine::timestamp began) noexcept;
    [[nodiscard]] engine::append_status append_set(session_numbers& session,
                                                   msg_seq_num next_sender,
                                                   msg_seq_num next_target) noexcept;
    // A source record that is not sent: it gets no number, and its route goes on behind it.
    struct unsent {
        std::string_view kind;  // withdrawn, undelivered or rejected
        std::string_view reason;
        std::string_view body;  // as its translator has made it
    };
    [[nodiscard]] engine::append_status append_unsent(const session_numbers& session,
                                                      const outbound_header& cause,
                                                      const unsent& said) noexcept;
    // What became of a message that was asked for again.
    struct again {
        msg_seq_num number;
        std::string_view kind;    // resent or undelivered
        std::string_view reason;  // undelivered: why
        std::string_view frame;   // resent: as it goes out
    };
    // Refers to the message by its number; its origin is not repeated, since a route whose source
    // lost its end may have been cut back behind it. False: FIX_OUT refused, or the last
    // read_messages() did not come by it.
    [[nodiscard]] bool append_again(const session_numbers& session, const again& said) noexcept;
    // When the message was numbered that the last read_messages() came by; 0: it did not.
    [[nodiscard]] engine::timestamp time_of_read(msg_seq_num number) noexcept;
    // How many numbers the last read_messages() passed over.
    [[nodiscard]] std::uint32_t removed_count() const noexcept { return removed_count_; }
    // How often messages were searched for that the index did not know.
    [[nodiscard]] std::uint64_t search_count() const noexcept { return search_count_; }
    // Every stored frame of the current generation in [begin, end], ascending; those whose segments
    // retention removed are passed over. False: a row could not be read.
    [[nodiscard]] bool read_messages(const session_numbers& session, msg_seq_num begin,
                                     msg_seq_num end, resend_sink& sink) noexcept;

    // See session_ledger. What cannot be read is no gap.
    [[nodiscard]] msg_seq_num gap_end(const session_numbers& session, msg_seq_num number,
                                      msg_seq_num end) noexcept;
    // Routes wait: a loss of power must not cost more than options.undurable_records_max numbers.
    [[nodiscard]] bool is_far_ahead_of_disk() noexcept {
        return has_undurable(options_.undurable_records_max);
    }
    // So many numbers a session may have used that FIX_OUT no longer knows of after a loss of
    // power; 0: nobody can tell.
    [[nodiscard]] std::uint32_t numbers_at_risk() const noexcept;
    [[nodiscard]] bool is_durable(engine::position until) noexcept {
        if (until > known_durable_) [[unlikely]] {
            known_durable_ = table_->log().durable_position();
        }
        return until <= known_durable_;
    }
    [[nodiscard]] const std::deque<session_numbers>& sessions() const noexcept {
        return sessions_.all();
    }

    [[nodiscard]] engine::table_log& table() noexcept { return *table_; }
    [[nodiscard]] const engine::table_log& table() const noexcept { return *table_; }

private:
    // Beyond the bound, for what the session itself has to say: heartbeats, a Logout.
    static constexpr std::uint64_t admin_reserve = 1024;

    [[nodiscard]] bool has_undurable(std::uint64_t records) noexcept;

    [[nodiscard]] std::size_t snapshot_bytes() const noexcept override;
    void write_snapshot(std::span<std::byte>& room) const noexcept override;
    [[nodiscard]] bool read_snapshot(engine::snapshot_section kind,
                                     std::span<const std::byte> content) override;
    void replay(engine::position at, engine::sequence seq, engine::timestamp time,
                const engine::row_view& row) override;

    struct found_message {
        std::uint32_t number;
        bool is_application;
        engine::position at;
    };
    // Messages of a run of numbers that the index no longer knows, ascending.
    struct found_run {
        msg_seq_num begin;  // none: nothing is kept
        msg_seq_num end;    // included
        std::vector<found_message> messages;

        // Both included.
        [[nodiscard]] std::span<const found_message> between(msg_seq_num first,
                                                             msg_seq_num last) const noexcept;
    };
    struct session_index {
        const session_numbers* session;
        resend_index index;
        found_run found{};  // the last one that was searched for
    };

    // REQUIRES: it is one of sessions().
    [[nodiscard]] session_index& places_of(const session_numbers& session);
    [[nodiscard]] resend_index& index_of(const session_numbers& session) {
        return places_of(session).index;
    }
    [[nodiscard]] engine::append_result append(const fix_out_row& row, std::string_view frame,
                                               const engine::row_envelope& envelope) noexcept;
    [[nodiscard]] std::uint64_t segment_before(const session_numbers& session,
                                               msg_seq_num begin) const;
    // The run that `number` is in. The reference holds until the next call. REQUIRES: a message had
    // the number, or could have.
    [[nodiscard]] const found_run& find_run(const session_numbers& session, msg_seq_num number);
    void find_messages(const session_numbers& session, msg_seq_num begin, found_run& into);
    // Numbers come again, or others do.
    void forget_places(const session_numbers& session) noexcept;
    [[nodiscard]] msg_seq_num next_application(const session_numbers& session, msg_seq_num from,
                                               msg_seq_num end);
    [[nodiscard]] bool is_application(engine::position at) noexcept;
    [[nodiscard]] bool read_run(const session_numbers& session, msg_seq_num begin, msg_seq_num end,
                                resend_sink& sink) noexcept;
    [[nodiscard]] bool read_one(msg_seq_num number, engine::position at, resend_sink& sink);
    [[nodiscard]] bool find_read(msg_seq_num number, engine::record_view& record) noexcept;
    [[nodiscard]] bool is_removed(engine::position at) const noexcept;
    void load_correlations(std::size_t segments);

    fix_log_options options_;
    correlation_table* correlations_;
    session_table sessions_;
    std::deque<session_index> indexes_;
    std::unique_ptr<engine::table_log> table_;
    std::unique_ptr<engine::record_lookup> lookup_;
    struct read_message {
        msg_seq_num number;
        engine::position at;
    };
    std::uint64_t search_count_ = 0;
    std::vector<read_message> read_;  // by the last read_messages(), ascending
    std::uint32_t removed_count_ = 0;
    engine::position known_durable_;           // when last looked
    engine::sequence known_durable_sequence_;  // the same
};

// What has been received before.
class received_sink {
public:
    // msg_type: cut to what the column holds.
    virtual void on_received(std::string_view session, std::string_view msg_type,
                             std::string_view cl_ord_id) = 0;

protected:
    ~received_sink() = default;
};

class fix_in_log final : private engine::table_state {
public:
    fix_in_log(const std::filesystem::path& directory, const fix_log_options& options);

    // What this log knows of the session; its numbers count only if its generation is the current
    // one.
    [[nodiscard]] session_numbers& open_session(std::string_view name) {
        return sessions_.at(name);
    }

    // Shows the application messages with a ClOrdID of the newest segments, oldest first.
    void visit_recent(std::size_t segments, received_sink& sink) const;

    struct message {
        std::string_view kind;
        const screened_frame* frame = nullptr;  // null for kind set
        std::int64_t received_ns = 0;
        engine::correlation correlation;
        std::uint32_t routing_tag = 57;  // whose value is the column INTERNAL_TARGET
    };
    // next_target: the expected number after this record; `session` holds everything else.
    [[nodiscard]] engine::append_status append(const session_numbers& session,
                                               const message& received,
                                               msg_seq_num next_target) noexcept;
    // As those of fix_out_log.
    [[nodiscard]] bool has_room(std::size_t frame_bytes) noexcept;
    [[nodiscard]] bool is_durable(engine::position until) noexcept {
        if (until > known_durable_) [[unlikely]] {
            known_durable_ = table_->log().durable_position();
        }
        return until <= known_durable_;
    }

    [[nodiscard]] engine::table_log& table() noexcept { return *table_; }
    [[nodiscard]] const engine::table_log& table() const noexcept { return *table_; }

private:
    [[nodiscard]] std::size_t snapshot_bytes() const noexcept override;
    void write_snapshot(std::span<std::byte>& room) const noexcept override;
    [[nodiscard]] bool read_snapshot(engine::snapshot_section kind,
                                     std::span<const std::byte> content) override;
    void replay(engine::position at, engine::sequence seq, engine::timestamp time,
                const engine::row_view& row) override;

    session_table sessions_;
    secret_tags secrets_;
    std::unique_ptr<engine::table_log> table_;
    engine::position known_durable_;  // when last looked
};

}  // namespace millrace::gateway
