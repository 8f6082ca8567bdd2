#include "gateway/admin/admin_job.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <thread>
#include <utility>

#include "engine/core/clock.hpp"
#include "engine/table/nearest.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t look_interval_ns = 10'000'000;

// What stops something is done first, and noted then.
bool stops(session_verb verb) noexcept {
    return verb == session_verb::kill || verb == session_verb::disable;
}

}  // namespace

admin_job::admin_job(const admin_house& house, admin_request request, operator_name who)
    : house_(house),
      request_(std::move(request)),
      who_(std::move(who)),
      begun_ns_(engine::monotonic_now_ns()) {
    if (!request_.session.empty()) {
        find_session();
        return;
    }
    for (session_agent* const gateway : house_.gateways) {
        add_part(*gateway, session_command::every_session);
    }
}

void admin_job::find_session() {
    std::vector<std::string_view> names;
    std::size_t found = 0;
    for (session_agent* const gateway : house_.gateways) {
        for (std::size_t i = 0; i < gateway->sessions().size(); ++i) {
            const fix_session& session = *gateway->sessions()[i];
            names.push_back(session.name());
            if (is_named(session.spec(), request_.session)) {
                add_part(*gateway, i);
                ++found;
            }
        }
    }
    if (found == 1) {
        return;
    }
    parts_.clear();
    misfit_ = found == 0 ? "no session '" + request_.session + "'" +
                               engine::did_you_mean(request_.session, names)
                         : "'" + request_.session +
                               "' are the CompIDs of several sessions: call it by its whole name";
}

void admin_job::add_part(session_agent& gateway, std::size_t session) {
    part made;
    made.gateway = &gateway;
    made.session = session;
    made.first = answer_.sessions.size();
    for (std::size_t i = 0; i < gateway.sessions().size(); ++i) {
        if (session == session_command::every_session || session == i) {
            answered_session one;
            one.gateway = gateway.label();
            one.name = gateway.sessions()[i]->name();
            answer_.sessions.push_back(std::move(one));
        }
    }
    made.count = answer_.sessions.size() - made.first;
    // Of a script the first look says what has to be done.
    made.steps.push_back(is_script() ? session_verb::look : request_.verb);
    parts_.push_back(std::move(made));
}

bool admin_job::turn(std::int64_t now_ns) {
    if (is_done_) {
        return true;
    }
    if (!has_begun_) {
        begin();
    }
    bool is_under_way = false;
    for (part& one : parts_) {
        if (!one.steps.empty()) {
            advance(one, now_ns);
        }
        is_under_way = is_under_way || !one.steps.empty();
    }
    if (!is_under_way) {
        conclude();
    }
    return is_done_;
}

// An action that the audit log cannot keep is not begun. A kill waits for nothing.
void admin_job::begin() {
    has_begun_ = true;
    chains_.resize(answer_.sessions.size());
    if (!is_quiet() && request_.verb != session_verb::kill) {
        bool is_kept_there = true;
        for (std::size_t i = 0; i < answer_.sessions.size(); ++i) {
            audit_entry entry = entry_of(answer_.sessions[i]);
            entry.outcome = audit_outcome::asked;
            is_kept_there = is_kept_there && house_.audit->append(entry, chains_[i]);
        }
        if (!is_kept_there || !house_.audit->sync()) {
            for (part& one : parts_) {
                fail(one, audit_outcome::refused,
                     "the audit log takes no record (no space?), so nothing was done");
            }
            return;
        }
    }
    if (is_switch(request_.verb) && !stops(request_.verb)) {
        for (part& one : parts_) {
            if (const std::string failure = keep(one); !failure.empty()) {
                fail(one, audit_outcome::refused, failure);
            }
        }
    }
}

// Empty: it is noted; else why it could not be.
std::string admin_job::keep(part& one) {
    one.is_note_tried = true;
    try {
        one.before_note = one.gateway->noted_switches();
        one.gateway->keep_switch(one.session, request_.verb);
        one.is_noted = true;
        return {};
    } catch (const std::exception& failure) {
        return failure.what();
    }
}

// What was not done is not done at the next start either. `session` as in a command.
void admin_job::take_note_back(part& one, std::size_t session) {
    try {
        one.gateway->take_back_switch(session, request_.verb, one.before_note);
    } catch (const std::exception& failure) {
        for (std::size_t i = one.first; i < one.first + one.count; ++i) {
            answer_.sessions[i].text +=
                std::string("; it is noted for the next start, which cannot be taken back: ") +
                failure.what();
        }
    }
}

// Of a switch that stops something, and came too late to be carried out.
void admin_job::note_for_next_start(part& one, std::string_view reason) {
    const std::string failure = one.is_noted ? std::string() : keep(one);
    if (failure.empty()) {
        fail(one, audit_outcome::failed,
             std::string(reason) +
                 " before it was carried out; it is noted, and holds from the next start on");
    } else {
        fail(
            one, audit_outcome::refused,
            "nothing was done: " + std::string(reason) + ", and it could not be noted: " + failure);
    }
}

void admin_job::advance(part& one, std::int64_t now_ns) {
    command_slot& slot = one.gateway->commands();
    if (!one.is_asked) {
        if (now_ns < one.next_step_ns) {
            return;
        }
        one.waits_since_ns = one.waits_since_ns == 0 ? now_ns : one.waits_since_ns;
        one.is_asked = slot.try_ask(command_of(one));
    } else if (slot.is_answered()) {
        take(one, now_ns);
        return;
    }
    if (now_ns - one.waits_since_ns < house_.take_timeout_ns) {
        return;
    }
    if (one.steps.front() == session_verb::kill) {
        // Stays asked: the thread meets it before it sends anything, and so does the next one.
        if (!one.is_note_tried) {
            static_cast<void>(keep(one));  // tried again once it is carried out
        }
    } else if (!one.is_asked || slot.try_withdraw()) {
        leave_off(one, "the gateway's thread takes no command");
    }
}

void admin_job::take(part& one, std::int64_t now_ns) {
    command_slot& slot = one.gateway->commands();
    const session_verb verb = one.steps.front();
    for (std::size_t i = 0; i < one.count; ++i) {
        const std::size_t index = one.session == session_command::every_session ? i : one.session;
        const session_outcome& came = slot.outcomes()[index];
        answered_session& said = answer_.sessions[one.first + i];
        if (!one.has_begun) {
            said.before = came.before;
        }
        said.after = came.after;
        // Of a script its own verb is what people ask about.
        if (verb == request_.verb) {
            said.text = came.said();
            said.outcome = came.is_done ? audit_outcome::done : audit_outcome::refused;
        }
    }
    const bool is_broken = verb != request_.verb && !slot.outcomes()[one.session].is_done;
    const std::string reason = is_broken ? std::string(slot.outcomes()[one.session].said()) : "";
    if (verb == session_verb::kill) {
        answer_.latency_ns = std::max(answer_.latency_ns.value_or(0), slot.done_ns() - begun_ns_);
    }
    slot.clear();
    one.is_asked = false;
    one.waits_since_ns = 0;
    if (is_broken) {  // a step of a script, which is for one session
        fail(one, audit_outcome::failed, std::string(to_text(verb)) + ": " + reason);
    } else {
        go_on(one, verb, now_ns);
    }
    one.has_begun = true;
}

void admin_job::go_on(part& one, session_verb verb, std::int64_t now_ns) {
    const answered_session& first = answer_.sessions[one.first];
    if (!is_script()) {
        one.steps.clear();
        if (is_switch(verb)) {
            conclude_switch(one, verb);
        }
        return;
    }
    if (!one.has_begun) {
        const bool was_down = first.before.is_down();
        one.steps.clear();
        if (!was_down) {
            one.steps.push_back(session_verb::logout);
        }
        one.steps.insert(one.steps.end(), {session_verb::look, request_.verb});
        if (!was_down) {
            one.steps.push_back(session_verb::logon);
        }
        return;
    }
    if (verb == session_verb::look && !first.after.is_down()) {
        leave_off(one, "somebody lets it log on again meanwhile");
        return;
    }
    if (verb == session_verb::look && first.after.is_connected) {
        one.next_step_ns = now_ns + look_interval_ns;  // its Logout has a deadline of its own
        return;
    }
    one.steps.pop_front();
}

// False: another operator's kill was on its way, and has been noted behind it.
bool admin_job::is_noted_still(const part& one) const {
    for (std::size_t i = 0; i < one.count; ++i) {
        const answered_session& said = answer_.sessions[one.first + i];
        const switch_state noted = one.gateway->noted_switches().state_of(said.name, true);
        if (said.outcome == audit_outcome::done &&
            (request_.verb == session_verb::release ? noted.is_killed : !noted.is_enabled)) {
            return false;
        }
    }
    return true;
}

// The gateway's thread has answered it.
void admin_job::conclude_switch(part& one, session_verb verb) {
    for (std::size_t i = 0; i < one.count; ++i) {
        answered_session& said = answer_.sessions[one.first + i];
        if (said.outcome == audit_outcome::done) {
            continue;
        }
        if (stops(verb)) {  // refused, by a gateway that stops
            note_for_next_start(one, std::exchange(said.text, {}));
            return;
        }
        take_note_back(one, one.session == session_command::every_session ? i : one.session);
    }
    if (stops(verb) ? one.is_noted : is_noted_still(one)) {
        return;
    }
    if (const std::string failure = keep(one); !failure.empty()) {
        for (std::size_t i = one.first; i < one.first + one.count; ++i) {
            answered_session& said = answer_.sessions[i];
            said.outcome = audit_outcome::failed;
            said.text += ", but only until the gateway restarts: " + failure;
        }
    }
}

// Says how far it came: of a script some of it may have been done.
void admin_job::leave_off(part& one, std::string_view reason) {
    const bool is_undone =
        std::find(one.steps.begin(), one.steps.end(), request_.verb) != one.steps.end();
    const bool is_down = answer_.sessions[one.first].after.is_down();
    const std::string undone =
        (is_down ? "logged out, and no " : "no ") + std::string(to_text(request_.verb));
    const std::string what = !one.has_begun ? "nothing was done"
                             : is_undone    ? undone
                                            : "not logged on again";
    fail(one, one.has_begun ? audit_outcome::failed : audit_outcome::refused,
         what + ": " + std::string(reason));
    if (one.is_noted) {
        take_note_back(one, one.session);
    }
}

void admin_job::fail(part& one, audit_outcome outcome, const std::string& text) {
    for (std::size_t i = one.first; i < one.first + one.count; ++i) {
        answered_session& said = answer_.sessions[i];
        said.outcome = outcome;
        said.text = said.text.empty() ? text : said.text + "; then: " + text;
    }
    one.steps.clear();
}

void admin_job::give_up(std::string_view reason) {
    if (is_done_) {
        return;
    }
    if (!has_begun_) {
        begin();
    }
    for (part& one : parts_) {
        if (one.steps.empty()) {
            continue;
        }
        command_slot& slot = one.gateway->commands();
        if (one.is_asked && !slot.try_withdraw()) {
            while (!slot.is_answered()) {
                std::this_thread::yield();  // it is being carried out, without waiting for anything
            }
            take(one, 0);
            if (one.steps.empty()) {
                continue;
            }
        }
        if (stops(request_.verb)) {
            note_for_next_start(one, reason);
        } else {
            leave_off(one, reason);
        }
    }
    conclude();
}

session_command admin_job::command_of(const part& one) const noexcept {
    session_command made = to_command(request_);
    made.verb = one.steps.front();
    made.session = one.session;
    return made;
}

audit_entry admin_job::entry_of(const answered_session& one) const {
    audit_entry entry;
    entry.user = who_.user;
    entry.uid = who_.uid;
    entry.verb = request_.verb;
    entry.gateway = one.gateway;
    entry.session = one.name;
    entry.reason = request_.reason;
    return entry;
}

void admin_job::conclude() {
    is_done_ = true;
    summarize(answer_);
    if (is_quiet()) {
        return;
    }
    bool is_audited = true;
    for (std::size_t i = 0; i < answer_.sessions.size(); ++i) {
        const answered_session& one = answer_.sessions[i];
        audit_entry entry = entry_of(one);
        note_outcome(entry, one);
        is_audited = house_.audit->append(entry, chains_[i]) && is_audited;
    }
    if (!house_.audit->sync() || !is_audited) {
        answer_.outcome = std::max(answer_.outcome, audit_outcome::failed);
        answer_.text += "; the audit log does not have it (no space?)";
    }
}

}  // namespace millrace::gateway
