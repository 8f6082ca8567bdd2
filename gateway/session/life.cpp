#include "gateway/session/life.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/number.hpp"
#include "engine/log/recovery.hpp"
#include "gateway/session/doubt_file.hpp"
#include "gateway/session/key_lines.hpp"

namespace millrace::gateway {

namespace {

constexpr std::string_view file_name = "life";
constexpr std::string_view first_line = "millrace gateway life 1\n";
constexpr std::int64_t sync_patience_ns = 30'000'000'000;
constexpr std::uint32_t numbers_max = INT32_MAX;  // QuickFIX counts in int

constexpr std::pair<life_state, std::string_view> states[] = {
    {life_state::open, "open"},
    {life_state::closed, "closed"},
    {life_state::cut, "cut"},
};

bool take_line(gateway_life& life, std::string_view key, std::string_view value) {
    if (key == "state") {
        const auto* const known =
            std::find_if(std::begin(states), std::end(states),
                         [&](const auto& named) { return named.second == value; });
        if (known == std::end(states)) {
            return false;
        }
        life.state = known->first;
        return true;
    }
    if (key == "boot") {
        life.boot_id = value;
        return true;
    }
    if (key == "numbers_at_risk") {
        return engine::parse_number(value, life.numbers_at_risk);
    }
    const std::size_t tab = value.find('\t');
    if (key != "route" || tab == std::string_view::npos) {
        return false;
    }
    life.committed_routes.push_back(
        {std::string(value.substr(0, tab)), std::string(value.substr(tab + 1))});
    return true;
}

}  // namespace

gateway_life read_life(const std::filesystem::path& directory) {
    const std::filesystem::path path = directory / file_name;
    gateway_life life;
    if (!std::filesystem::exists(path)) {
        return life;
    }
    const bool is_whole = detail::read_lines(
        engine::read_whole_file(path), first_line,
        [&](std::string_view key, std::string_view value) { return take_line(life, key, value); });
    if (!is_whole || life.state == life_state::none) {
        throw engine::damage_error(
            path.native() +
            ": does not say how the gateway's last life ended. If the host did not lose power "
            "since, remove the file; else restore it, or compare the books with every "
            "counterparty first");
    }
    return life;
}

void write_life(const std::filesystem::path& directory, const gateway_life& life) {
    std::string text(first_line);
    for (const auto& [state, name] : states) {
        if (state == life.state) {
            text += "state " + std::string(name);
        }
    }
    text += "\nboot " + life.boot_id + "\nnumbers_at_risk " + std::to_string(life.numbers_at_risk);
    for (const gateway_route& route : life.committed_routes) {
        text += "\nroute " + route.name + '\t' + route.session;
    }
    text += '\n';
    engine::write_file_atomically(directory / file_name, text.append(detail::last_line));
}

bool is_cut(const std::filesystem::path& directory, const gateway_life& life,
            std::string_view boot_id) {
    return life.state == life_state::cut ||
           (life.state == life_state::open &&
            (life.boot_id != boot_id || engine::has_lost_hot_tier(directory / "FIX_OUT")));
}

gateway_life begin_life(const std::filesystem::path& directory, std::string_view boot_id) {
    gateway_life life = read_life(directory);
    if (life.state == life_state::open && is_cut(directory, life, boot_id)) {
        life.state = life_state::cut;
        write_life(directory, life);
    }
    return life;
}

std::string jump_numbers(const std::filesystem::path& directory, const gateway_life& life,
                         fix_out_log& out) {
    if (life.numbers_at_risk == 0) {
        throw engine::error(directory.native() +
                            ": the host lost power under a gateway on a synchronous log, so how "
                            "many numbers it had used is not known. Compare them with every "
                            "counterparty's, then remove " +
                            (directory / file_name).native());
    }
    note_doubts(directory, life, out);
    std::string jumps;
    for (const session_numbers& known : out.sessions()) {
        if (known.next_sender.value > numbers_max - life.numbers_at_risk) {
            throw engine::error(directory.native() + ": session " + known.name +
                                " has no numbers left; reset it on both sides");
        }
        const msg_seq_num next{known.next_sender.value + life.numbers_at_risk};
        jumps += (jumps.empty() ? "" : ", ") + known.name + " from " +
                 std::to_string(known.next_sender.value) + " to " + std::to_string(next.value);
        session_numbers& numbers = out.open_session(known.name);
        if (out.append_set(numbers, next, numbers.next_target) != engine::append_status::ok) {
            throw engine::error(directory.native() + ": FIX_OUT takes no record");
        }
        // Among them may be messages the peer lacks, or has and nobody knows of: a session that
        // resets at its logon lets it ask first.
        numbers.last_application = {next.value - 1};
    }
    if (out.table().wait_durable(out.table().log().end(), sync_patience_ns) !=
        engine::durable_wait::durable) {
        throw engine::error(directory.native() + ": FIX_OUT does not become durable");
    }
    return "power was lost, or the memory of FIX_OUT: next numbers jump past all that may have "
           "been "
           "used (" +
           jumps + ")";
}

}  // namespace millrace::gateway
