#include "gateway/admin/stopped_gateway.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <thread>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/stream/life_file.hpp"
#include "gateway/admin/file_store.hpp"
#include "gateway/session/life.hpp"
#include "gateway/session/session_ledger.hpp"
#include "gateway/session/switch_file.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t sync_patience_ns = 30'000'000'000;
constexpr int attempts_max = 500;  // 10 ms apart

// Numbers that were used may be missing in the logs: the next start jumps past them, which a reset
// would undo.
void require_power(const stopped_gateway& gateway) {
    const gateway_life life = read_life(gateway.directory);
    const std::string boot = gateway.boot_id.empty() ? engine::current_boot() : gateway.boot_id;
    if (is_cut(gateway.directory, life, boot)) {
        throw engine::error(gateway.directory.native() +
                            ": the host lost power under this gateway, so what numbers it had used "
                            "is not known. Start it once: it jumps past them, and the session can "
                            "be changed while it runs");
    }
}

void require_durable(engine::table_log& table) {
    if (table.wait_durable(table.log().end(), sync_patience_ns) != engine::durable_wait::durable) {
        throw engine::error(table.log().directory().native() + ": does not become durable");
    }
}

void look(const session_ledger& ledger, session_view& view) {
    view.next_sender = ledger.next_sender();
    view.next_target = ledger.next_target();
    view.generation = ledger.generation();
}

fix_log_options options_of(const stopped_gateway& gateway) {
    require_power(gateway);
    fix_log_options options = gateway.logs;
    options.correlation_lookback_segments = 0;
    return options;
}

// A session with its logs, under their locks.
struct stopped_session {
    stopped_session(const stopped_gateway& gateway, std::string_view name)
        : options(options_of(gateway)),
          out(gateway.directory / "FIX_OUT", options, correlations),
          in(gateway.directory / "FIX_IN", options),
          ledger(name, out, in, correlations, {}) {}

    void close(session_outcome& outcome) {
        require_durable(out.table());
        require_durable(in.table());
        look(ledger, outcome.after);
        out.table().close();
        in.table().close();
    }

    fix_log_options options;
    correlation_table correlations{1};  // nobody asks it
    fix_out_log out;
    fix_in_log in;
    session_ledger ledger;
};

void change_numbers(const stopped_gateway& gateway, std::string_view session,
                    const session_command& command, session_outcome& outcome) {
    stopped_session stopped(gateway, session);
    session_ledger& ledger = stopped.ledger;
    look(ledger, outcome.before);
    const bool is_done = command.verb == session_verb::reset
                             ? ledger.reset()
                             : ledger.set_numbers(command.next_sender, command.next_target);
    stopped.close(outcome);
    outcome.is_done = is_done;
    const session_view& now = outcome.after;
    std::snprintf(outcome.text.data(), outcome.text.size(),
                  is_done ? "next numbers are %u, and %u expected, of generation %u"
                          : "a log takes no record (no space?): next numbers are %u, and %u "
                            "expected, of generation %u",
                  now.next_sender.value, now.next_target.value, now.generation);
}

void change_switches(const stopped_gateway& gateway, std::string_view session, bool is_enabled,
                     const session_command& command, session_outcome& outcome) {
    // A running engine would not look at what is written here; one that never ran has no log yet.
    const std::filesystem::path log = gateway.directory / "FIX_OUT";
    std::optional<engine::file_lock> lock;
    if (std::filesystem::exists(log)) {
        lock.emplace(log / "writer.lock", "a switch of its sessions");
    }
    session_switches switches = read_switches(gateway.directory);
    const auto look = [&](session_view& view) {
        const switch_state stands = switches.state_of(session, is_enabled);
        view.is_enabled = stands.is_enabled;
        view.is_killed = stands.is_killed;
    };
    look(outcome.before);
    switches.apply(session, command.verb);
    engine::ensure_directory(gateway.directory);
    write_switches(gateway.directory, switches);
    look(outcome.after);
    outcome.is_done = true;
    std::snprintf(outcome.text.data(), outcome.text.size(),
                  "%s, and %s: so it begins when the gateway starts",
                  outcome.after.is_enabled ? "enabled" : "disabled",
                  outcome.after.is_killed ? "killed" : "not killed");
}

// Waits for the disk, which may be as far behind as it is allowed to be, and for a segment.
template <class Step>
bool insist(stopped_session& stopped, Step&& step) {
    for (int attempt = 0; !step(); ++attempt) {
        if (attempt == attempts_max) {
            return false;
        }
        require_durable(stopped.out.table());
        require_durable(stopped.in.table());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

bool take(stopped_session& stopped, msg_seq_num number, const std::string& frame) {
    session_ledger& ledger = stopped.ledger;
    const bool is_there = number == ledger.next_sender() ||
                          insist(stopped, [&] { return ledger.set_numbers(number, {}); });
    return is_there &&
           insist(stopped, [&] { return ledger.set(number, frame.data(), frame.size()); }) &&
           ledger.incr_next_sender();
}

// False: a log refused.
bool take_all(stopped_session& stopped, file_store& store) {
    if (!stopped.ledger.reset_at(store.began())) {
        return false;
    }
    for (const file_store::stored_message& message : store.messages()) {
        if (!take(stopped, message.number, store.read(message))) {
            return false;
        }
    }
    session_ledger& ledger = stopped.ledger;
    return insist(stopped, [&] {
        return ledger.set_numbers(
            ledger.next_sender() == store.next_sender() ? msg_seq_num{} : store.next_sender(),
            ledger.next_target() == store.next_target() ? msg_seq_num{} : store.next_target());
    });
}

void set_state(session_view& view) {
    std::snprintf(view.state.data(), view.state.size(), "the gateway is stopped");
}

}  // namespace

bool works_stopped(session_verb verb) noexcept {
    return changes_numbers(verb) || is_switch(verb) || verb == session_verb::import_store;
}

session_outcome import_stopped(const stopped_gateway& gateway, const session_spec& session,
                               const std::filesystem::path& store) {
    file_store given(store, session);
    stopped_session stopped(gateway, session.name);
    session_outcome outcome;
    look(stopped.ledger, outcome.before);
    if (!stopped.ledger.is_fresh()) {
        std::snprintf(outcome.text.data(), outcome.text.size(),
                      "the session has used numbers: next are %u, and %u expected. `millrace "
                      "session reset` gives them up",
                      outcome.before.next_sender.value, outcome.before.next_target.value);
        stopped.close(outcome);
    } else {
        outcome.is_done = take_all(stopped, given);
        stopped.close(outcome);
        const session_view& now = outcome.after;
        std::snprintf(
            outcome.text.data(), outcome.text.size(),
            outcome.is_done
                ? "%zu messages are imported, and %zu left out that were stored and never "
                  "sent; next numbers are %u, and %u expected, of generation %u"
                : "of %zu messages (and %zu that were never sent) not all could be "
                  "imported: a log takes no record (no space?). Next numbers are %u, and "
                  "%u expected, of generation %u: reset the session, and import again",
            given.messages().size(), given.unsent_count(), now.next_sender.value,
            now.next_target.value, now.generation);
    }
    set_state(outcome.before);
    set_state(outcome.after);
    return outcome;
}

session_outcome change_stopped(const stopped_gateway& gateway, std::string_view session,
                               bool is_enabled, const session_command& command) {
    session_outcome outcome;
    if (changes_numbers(command.verb)) {
        change_numbers(gateway, session, command, outcome);
    } else {
        change_switches(gateway, session, is_enabled, command, outcome);
    }
    set_state(outcome.before);
    set_state(outcome.after);
    return outcome;
}

}  // namespace millrace::gateway
