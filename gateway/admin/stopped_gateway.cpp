#include "gateway/admin/stopped_gateway.hpp"

#include <cstdio>
#include <filesystem>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/stream/life_file.hpp"
#include "gateway/session/life.hpp"
#include "gateway/session/session_ledger.hpp"
#include "gateway/session/switch_file.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t sync_patience_ns = 30'000'000'000;

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

void change_numbers(const stopped_gateway& gateway, std::string_view session,
                    const session_command& command, session_outcome& outcome) {
    require_power(gateway);
    fix_log_options options = gateway.logs;
    options.correlation_lookback_segments = 0;
    correlation_table correlations(1);  // nobody asks it
    fix_out_log out(gateway.directory / "FIX_OUT", options, correlations);
    fix_in_log in(gateway.directory / "FIX_IN", options);
    session_ledger ledger(session, out, in, correlations, {});
    look(ledger, outcome.before);
    const bool is_done = command.verb == session_verb::reset
                             ? ledger.reset()
                             : ledger.set_numbers(command.next_sender, command.next_target);
    require_durable(out.table());
    require_durable(in.table());
    look(ledger, outcome.after);
    out.table().close();
    in.table().close();
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

void set_state(session_view& view) {
    std::snprintf(view.state.data(), view.state.size(), "the gateway is stopped");
}

}  // namespace

bool works_stopped(session_verb verb) noexcept {
    return changes_numbers(verb) || is_switch(verb);
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
