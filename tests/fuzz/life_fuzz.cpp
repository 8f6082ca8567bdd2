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
    MILLRACE_ASSERT(text.starts_with("millrace gateway life 1\n") && text.ends_with("\nend\n"),
                    "another file, or a part of one, is believed");
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
    MILLRACE_ASSERT(text.starts_with("millrace doubt 1\n") && text.ends_with("\nend\n"),
                    "another file, or a part of one, is believed");
    if (entries.empty()) {
        return;
    }
    gateway::write_doubts(directory(), entries);
    const std::string written = engine::read_whole_file(directory() / "doubt");
    std::size_t lines = 2;  // the first and the last
    for (const gateway::doubt_entry& entry : entries) {
        lines += entry.through ? 9 : 8;
    }
    MILLRACE_ASSERT(line_count(written) == lines, "an entry is half written");
    gateway::write_doubts(directory(), gateway::read_doubts(directory()));
    MILLRACE_ASSERT(engine::read_whole_file(directory() / "doubt") == written,
                    "what is in doubt is another once it was written back");
}

void check_verdicts(std::string_view text) {
    const fs::path path = directory() / verdict_name();
    write_scratch(path, bytes_of(text));
    std::vector<gateway::doubt_verdict> verdicts;
    try {
        verdicts = gateway::read_verdicts(directory(), route);
    } catch (const engine::damage_error&) {
        return;
    }
    MILLRACE_ASSERT(text.starts_with("millrace doubt decisions 1\n"), "another file is believed");
    for (const gateway::doubt_verdict& verdict : verdicts) {
        MILLRACE_ASSERT(verdict.decision != gateway::doubt_decision::none,
                        "what decides nothing is taken for a decision");
    }
    gateway::write_verdicts(directory(), route, verdicts);
    const std::string written = engine::read_whole_file(path);
    gateway::write_verdicts(directory(), route, gateway::read_verdicts(directory(), route));
    MILLRACE_ASSERT(engine::read_whole_file(path) == written,
                    "decisions are others once they were written back");
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
    check_verdicts(text);
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
    gateway::doubt_entry one;
    one.route = "ORDERS";
    one.session = "FIX.4.4:A->B";
    one.generation = 2;
    one.after = {40};
    one.through = engine::sequence{55};
    one.from = {17};
    one.numbers = 30;
    gateway::doubt_entry asked = one;
    asked.route = "QUOTES";
    asked.asked_from = {21};
    asked.passed = 2;
    gateway::doubt_entry unbounded = one;
    unbounded.through.reset();
    gateway::write_doubts(directory(), {one});
    seeds.push_back({"one", bytes_of(file_text("doubt"))});
    gateway::write_doubts(directory(), {one, asked});
    seeds.push_back({"asked", bytes_of(file_text("doubt"))});
    gateway::write_doubts(directory(), {unbounded});
    seeds.push_back({"unbounded", bytes_of(file_text("doubt"))});
    for (const gateway::doubt_decision decision :
         {gateway::doubt_decision::send, gateway::doubt_decision::possresend,
          gateway::doubt_decision::withdraw}) {
        gateway::write_verdicts(directory(), route, {{decision, {70}, "an operator"}});
        seeds.push_back({"verdict-" + std::string(to_text(decision)),
                         bytes_of(file_text(verdict_name().c_str()))});
    }
    seeds.push_back({"no-decision", bytes_of("millrace doubt decisions 1\nthrough 5\nby x\n")});
    seeds.push_back({"empty", bytes_of("millrace doubt 1\n")});
    return seeds;
}

}  // namespace millrace::fuzz
