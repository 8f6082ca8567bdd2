// One request on its way through the gateways' threads, step by step.
//
//   kill    hand over -> note durably -> audit -> answer
//   reset   audit -> look -> logout -> look until it is down -> reset -> logon -> audit -> answer
//
// What stops something is done before it is noted, so that no disk delays it; what lets something
// go is noted first, so that no restart stops it again, and the note is taken back where it was not
// done. A kill that no thread carries out is noted all the same.
//
// Threading  the admin thread, which alone uses the gateways' slots
// Progress   turn() waits for no session; it syncs the audit log and small files
// Errors     all of them become the answer's
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/admin_answer.hpp"
#include "gateway/admin/admin_request.hpp"
#include "gateway/admin/audit_log.hpp"
#include "gateway/session/session_agent.hpp"

namespace millrace::gateway {

// Which gateways there are; both outlive every job.
struct admin_house {
    std::span<session_agent* const> gateways;
    audit_log* audit = nullptr;
    std::int64_t take_timeout_ns = 5'000'000'000;
};

class admin_job {
public:
    struct operator_name {
        std::string user;
        uid_t uid = 0;
    };

    admin_job(const admin_house& house, admin_request request, operator_name who);

    // True: it is done, and answer() is whole.
    [[nodiscard]] bool turn(std::int64_t now_ns);
    // Ends it where it stands, but for a step that a session thread has begun.
    void give_up(std::string_view reason);

    [[nodiscard]] const admin_request& request() const noexcept { return request_; }
    [[nodiscard]] const operator_name& who() const noexcept { return who_; }
    [[nodiscard]] const admin_answer& answer() const noexcept { return answer_; }
    // Nothing is what it asks for: there is no such session.
    [[nodiscard]] const std::string& misfit() const noexcept { return misfit_; }

private:
    // What one gateway has to do for it.
    struct part {
        session_agent* gateway = nullptr;
        std::size_t session = session_command::every_session;
        std::deque<session_verb> steps;
        std::size_t first = 0;  // of its sessions, among the answer's
        std::size_t count = 0;
        bool is_asked = false;
        bool has_begun = false;  // `before` is known
        bool is_noted = false;   // a switch, for the next start
        bool is_note_tried = false;
        session_switches before_note;
        std::int64_t waits_since_ns = 0;
        std::int64_t next_step_ns = 0;
    };

    void find_session();
    void add_part(session_agent& gateway, std::size_t session);
    [[nodiscard]] bool is_quiet() const noexcept { return request_.verb == session_verb::look; }
    [[nodiscard]] bool is_script() const noexcept { return changes_numbers(request_.verb); }
    void begin();
    void advance(part& one, std::int64_t now_ns);
    void take(part& one, std::int64_t now_ns);
    void go_on(part& one, session_verb verb, std::int64_t now_ns);
    void leave_off(part& one, std::string_view reason);
    void fail(part& one, audit_outcome outcome, const std::string& text);
    [[nodiscard]] std::string keep(part& one);
    void conclude_switch(part& one, session_verb verb);
    [[nodiscard]] bool is_noted_still(const part& one) const;
    void take_note_back(part& one, std::size_t session);
    void note_for_next_start(part& one, std::string_view reason);
    [[nodiscard]] session_command command_of(const part& one) const noexcept;
    [[nodiscard]] audit_entry entry_of(const answered_session& one) const;
    void conclude();

    admin_house house_;
    admin_request request_;
    operator_name who_;
    std::int64_t begun_ns_;
    std::vector<part> parts_;
    std::vector<engine::correlation> chains_;  // of each session of the answer
    admin_answer answer_;
    std::string misfit_;
    bool has_begun_ = false;
    bool is_done_ = false;
};

}  // namespace millrace::gateway
