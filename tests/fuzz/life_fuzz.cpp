#include "tests/fuzz/life_fuzz.hpp"

#include <algorithm>
#include <cstdio>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/stream/life_file.hpp"
#include "engine/table/record.hpp"
#include "gateway/session/doubt_file.hpp"
#include "gateway/session/life.hpp"

namespace millrace::fuzz {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view route = "ORDERS";

fs::path directory() {
    const fs::path made = scratch_directory() / "lives";
    fs::create_directories(made);
    return made;
}

std::string verdict_name() {
    char name[32];
    std::snprintf(name, sizeof name, "doubt.%016llx",
                  static_cast<unsigned long long>(engine::route_id(route)));
    return name;
}

// Whether the last line that begins so says this number.
template <class Number>
bool says(std::string_view text, std::string_view line_begin, Number number) {
    const std::size_t at = text.rfind("\n" + std::string(line_begin) + " ");
    if (at == std::string_view::npos) {
        return number == 0;
    }
    std::string_view digits = text.substr(at + line_begin.size() + 2);
    digits = digits.substr(0, digits.find('\n'));
    while (digits.size() > 1 && digits.front() == '0') {
        digits.remove_prefix(1);
    }
    return digits == std::to_string(number);
}

std::size_t line_count(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void check_engine_life(std::string_view text) {
    const fs::path path = directory() / "engine";
    write_scratch(path, bytes_of(text));
    engine::life_note note;
    try {
        note = engine::read_life(path).value();
    } catch (const engine::damage_error&) {
        return;
    }
    MILLRACE_ASSERT(line_count(text) == 5 && text.ends_with('\n'), "a part of a life is believed");
    MILLRACE_ASSERT(says(text, "epoch", note.epoch), "another epoch is read than is written");
    MILLRACE_ASSERT(text.ends_with(note.is_closed ? "state closed\n" : "state open\n"),
                    "another end is read than is written");
    const engine::life_end end = engine::life_file(path).previous_end();
    MILLRACE_ASSERT((end == engine::life_end::closed) == note.is_closed,
                    "a life that did not close counts as closed");
}

void check_gateway_life(std::string_view text) {
    write_scratch(directory() / "life", bytes_of(text));
    gateway::gateway_life life;
    try {
        life = gateway::read_life(directory());
    } catch (const engine::damage_error&) {
        return;
    }
    MILLRACE_ASSERT(text.starts_with("millrace gateway life 1\n"), "another file is believed");
    MILLRACE_ASSERT(says(text, "numbers_at_risk", life.numbers_at_risk),
                    "other numbers are at risk than is written");
    gateway::write_life(directory(), life);
    const std::string written = engine::read_whole_file(directory() / "life");
    gateway::write_life(directory(), gateway::read_life(directory()));
    MILLRACE_ASSERT(engine::read_whole_file(directory() / "life") == written,
                    "a life is another one once it was written back");
}

void check_doubts(std::string_view text) {
    write_scratch(directory() / "doubt", bytes_of(text));
    std::vector<gateway::doubt_entry> entries;
    try {
        entries = gateway::read_doubts(directory());
    } catch (const engine::damage_error&) {
        return;
    }
    MILLRACE_ASSERT(text.starts_with("millrace doubt 1\n"), "another file is believed");
    if (entries.empty()) {
        return;
    }
    gateway::write_doubts(directory(), entries);
    const std::string written = engine::read_whole_file(directory() / "doubt");
    MILLRACE_ASSERT(line_count(written) == 1 + 8 * entries.size(), "an entry is half written");
    gateway::write_doubts(directory(), gateway::read_doubts(directory()));
    MILLRACE_ASSERT(engine::read_whole_file(directory() / "doubt") == written,
                    "what is in doubt is another once it was written back");
}

void check_verdict(std::string_view text) {
    const fs::path path = directory() / verdict_name();
    write_scratch(path, bytes_of(text));
    gateway::doubt_verdict verdict;
    try {
        verdict = gateway::read_verdict(directory(), route).value();
    } catch (const engine::damage_error&) {
        return;
    }
    MILLRACE_ASSERT(text.starts_with("millrace doubt decision 1\n"), "another file is believed");
    MILLRACE_ASSERT(verdict.decision != gateway::doubt_decision::none,
                    "what decides nothing is taken for a decision");
    MILLRACE_ASSERT(says(text, "through", verdict.through.value),
                    "another record is decided about than is written");
    gateway::write_verdict(directory(), route, verdict);
    const gateway::doubt_verdict again = gateway::read_verdict(directory(), route).value();
    MILLRACE_ASSERT(again.decision == verdict.decision && again.through == verdict.through &&
                        again.by == verdict.by,
                    "a decision is another one once it was written back");
}

std::string file_text(const char* name) {
    return engine::read_whole_file(directory() / name);
}

}  // namespace

void fuzz_life(std::span<const std::byte> input) {
    const std::string text = text_of(input);
    check_engine_life(text);
    check_gateway_life(text);
}

void fuzz_doubt(std::span<const std::byte> input) {
    const std::string text = text_of(input);
    check_doubts(text);
    check_verdict(text);
}

std::vector<seed_input> life_seeds() {
    std::vector<seed_input> seeds;
    const auto keep = [&](const char* name, const std::string& text) {
        seeds.push_back({name, bytes_of(text)});
    };
    {
        engine::life_file life(directory() / "seed");
        life.begin(engine::log_uuid{{1, 2, 3}}, 7);
        keep("engine-open", file_text("seed"));
        life.close();
        keep("engine-closed", file_text("seed"));
    }
    fs::remove(directory() / "seed");
    gateway::gateway_life life;
    life.boot_id = "5d01c6c3-0000-4000-8000-000000000001";
    life.numbers_at_risk = 66560;
    life.committed_routes = {{"ORDERS", "FIX.4.4:A->B"}, {"QUOTES", "FIX.4.4:A->C"}};
    for (const auto& [state, name] : {std::pair{gateway::life_state::open, "gateway-open"},
                                      std::pair{gateway::life_state::closed, "gateway-closed"},
                                      std::pair{gateway::life_state::cut, "gateway-cut"}}) {
        life.state = state;
        gateway::write_life(directory(), life);
        keep(name, file_text("life"));
    }
    keep("gateway-no-routes", "millrace gateway life 1\nstate closed\nboot x\nnumbers_at_risk 1\n");
    keep("overflow", "millrace gateway life 1\nstate open\nboot x\nnumbers_at_risk 4294967296\n");
    keep("no-number", "millrace gateway life 1\nstate open\nboot x\nnumbers_at_risk \n");
    return seeds;
}

std::vector<seed_input> doubt_seeds() {
    std::vector<seed_input> seeds;
    const gateway::doubt_entry one{"ORDERS",        "FIX.4.4:A->B", 2,  {40},
                                   {1'700'000'000}, {17},           30, {}};
    gateway::doubt_entry asked = one;
    asked.route = "QUOTES";
    asked.asked_from = {21};
    gateway::write_doubts(directory(), {one});
    seeds.push_back({"one", bytes_of(file_text("doubt"))});
    gateway::write_doubts(directory(), {one, asked});
    seeds.push_back({"asked", bytes_of(file_text("doubt"))});
    for (const gateway::doubt_decision decision :
         {gateway::doubt_decision::send, gateway::doubt_decision::possresend,
          gateway::doubt_decision::withdraw}) {
        gateway::write_verdict(directory(), route, {decision, {70}, "an operator"});
        seeds.push_back({"verdict-" + std::string(to_text(decision)),
                         bytes_of(file_text(verdict_name().c_str()))});
    }
    seeds.push_back({"no-decision", bytes_of("millrace doubt decision 1\nthrough 5\nby x\n")});
    seeds.push_back({"empty", bytes_of("millrace doubt 1\n")});
    return seeds;
}

}  // namespace millrace::fuzz
