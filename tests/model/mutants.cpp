#include "tests/model/mutants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <string_view>

namespace millrace::model {

namespace {

bool is_shipped(const site& at) {
    return std::string_view(at.file).find("engine/") != std::string_view::npos &&
           std::string_view(at.file).find("tests/") == std::string_view::npos;
}

// "void ns::type<Memory>::publish(int) [with ...]" is publish.
std::string_view short_function(std::string_view signature) {
    signature = signature.substr(0, signature.find('('));
    const std::size_t before = signature.find_last_of(": ");
    return before == std::string_view::npos ? signature : signature.substr(before + 1);
}

std::string place_name(const site& at) {
    const std::string_view file(at.file);
    return std::string(file.substr(file.rfind('/') + 1)) + " " +
           std::string(short_function(at.function));
}

const char* describe(access_kind kind) {
    switch (kind) {
        case access_kind::relaxed_load:
            return "relaxed load";
        case access_kind::acquire_load:
            return "acquire load";
        case access_kind::relaxed_store:
            return "relaxed store";
        case access_kind::release_store:
            return "release store";
        case access_kind::acquire_fence:
            return "acquire fence";
    }
    return "";
}

bool is_strong(access_kind kind) {
    return kind == access_kind::acquire_load || kind == access_kind::release_store ||
           kind == access_kind::acquire_fence;
}

// What one mutant came to.
struct verdict {
    std::string caught_by;  // empty: by nothing
    std::uint64_t swaps = 0;
};

// A program, and the sites it comes to.
struct explored_program {
    named_program what;
    std::map<site, access_kind> sites;
};

verdict try_mutant(std::span<const explored_program> programs, const mutation& change) {
    verdict found;
    for (const auto& [program, sites] : programs) {
        if (!sites.contains(change.where)) {
            continue;
        }
        const auto outcome = explorer::explore(program.build, change);
        found.swaps += outcome.swaps;
        if (!outcome.failure.empty()) {
            found.caught_by = program.name + (": " + outcome.failure);
            break;
        }
    }
    return found;
}

// How many mutants of one kind there were.
struct tally {
    std::size_t made = 0;
    std::size_t caught = 0;
    std::size_t free = 0;
};

void print_row(const std::string& name, const std::string& change, const std::string& result) {
    std::cout << std::left << std::setw(44) << name << std::setw(26) << change << result << '\n';
}

void judge_relaxed(std::span<const explored_program> programs, const site& at,
                   const std::string& name, access_kind kind, tally& count) {
    const verdict found = try_mutant(programs, {mutation::kind::relaxed, at});
    ++count.made;
    count.caught += found.caught_by.empty() ? 0 : 1;
    print_row(name, std::string(describe(kind)) + ": relaxed",
              found.caught_by.empty() ? "NOT CAUGHT" : found.caught_by);
    EXPECT_NE(found.caught_by, "") << name << ", " << describe(kind)
                                   << ": relaxed makes no difference. Weaken it, or write the "
                                      "program that needs it";
}

void judge_delayed(std::span<const explored_program> programs, const site& at,
                   const std::string& name, access_kind kind, const std::vector<free_order>& free,
                   tally& count) {
    const verdict found = try_mutant(programs, {mutation::kind::delayed, at});
    if (found.swaps == 0 && found.caught_by.empty()) {
        return;  // its thread releases nothing else behind it
    }
    const auto known = std::find_if(free.begin(), free.end(),
                                    [&](const free_order& one) { return one.site == name; });
    const bool is_free = known != free.end();
    ++count.made;
    count.caught += found.caught_by.empty() ? 0 : 1;
    count.free += is_free && found.caught_by.empty() ? 1 : 0;
    const std::string missed = is_free ? "free: " + known->why : "NOT CAUGHT";
    print_row(name, std::string(describe(kind)) + ": swapped",
              found.caught_by.empty() ? missed : found.caught_by);
    EXPECT_EQ(found.caught_by.empty(), is_free)
        << name << ", " << describe(kind) << ", behind the next release of its thread: "
        << (is_free ? "listed as free, and is not" : "makes no difference, and is not listed");
}

std::string read_source(const std::string& path) {
    std::ifstream file(std::string(MILLRACE_SOURCE_DIR) + "/" + path);
    EXPECT_TRUE(file.is_open()) << path;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

bool is_in(const site& at, const std::string& path) {
    return std::string_view(at.file).ends_with(path);
}

// So that an order nobody thought of is not passed over: the text has as many as were found by
// running. Returns how many.
std::size_t expect_all_are_known(const std::vector<std::string>& files,
                                 const std::map<site, access_kind>& known) {
    std::size_t total = 0;
    for (const std::string& path : files) {
        const auto is_strong_here = [&](const auto& one) {
            return is_in(one.first, path) && is_strong(one.second);
        };
        const std::size_t written = count_orders(read_source(path));
        const auto met = std::count_if(known.begin(), known.end(), is_strong_here);
        EXPECT_EQ(written, static_cast<std::size_t>(met))
            << path << ": acquires and releases in its text, and those these programs come to";
        total += written;
    }
    for (const auto& [at, kind] : known) {
        EXPECT_TRUE(std::any_of(files.begin(), files.end(),
                                [&](const std::string& path) { return is_in(at, path); }))
            << at.file << ':' << at.line << ": an explored access in a file that is not listed";
    }
    return total;
}

void print_tally(const char* what, const tally& count) {
    std::cout << what << ": " << count.made << " mutants, " << count.caught << " caught, "
              << count.free << " free, " << count.made - count.caught - count.free
              << " not caught\n";
}

}  // namespace

std::size_t count_orders(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        line = line.substr(0, line.find("//"));
        for (const std::string_view order :
             {"memory_order_acquire", "memory_order_release", "memory_order_acq_rel",
              "memory_order_seq_cst", "Memory::acquire_fence"}) {
            for (std::size_t at = line.find(order); at != std::string_view::npos;
                 at = line.find(order, at + order.size())) {
                ++count;
            }
        }
    }
    return count;
}

bool is_full() {
    return std::getenv("MILLRACE_MODEL_FULL") != nullptr;
}

std::map<site, std::string> name_sites(std::span<const site> known) {
    std::map<std::string, int> counts;
    for (const site& at : known) {
        ++counts[place_name(at)];
    }
    std::map<site, std::string> names;
    std::map<std::string, int> seen;
    std::vector<site> ordered(known.begin(), known.end());
    std::sort(ordered.begin(), ordered.end());
    for (const site& at : ordered) {
        const std::string name = place_name(at);
        const std::string number = " #" + std::to_string(++seen[name]);
        names[at] = counts[name] > 1 ? name + number : name;
    }
    return names;
}

void expect_every_run_is_right(std::span<const named_program> programs, std::uint64_t runs_min) {
    for (const auto& [name, build] : programs) {
        const auto outcome = explorer::explore(build);
        std::cout << name << ": " << outcome.runs << " runs, " << outcome.dead_ends
                  << " dead ends\n";
        EXPECT_EQ(outcome.failure, "") << name;
        EXPECT_GE(outcome.runs, runs_min) << name;
    }
}

void expect_every_mutant_is_caught(std::span<const named_program> programs,
                                   const std::vector<std::string>& files,
                                   const std::vector<free_order>& free) {
    std::vector<explored_program> explored;
    std::map<site, access_kind> known;
    for (const named_program& one : programs) {
        explored.push_back({one, explorer::explore(one.build).sites});
        for (const auto& [at, kind] : explored.back().sites) {
            if (is_shipped(at)) {
                known.emplace(at, kind);
            }
        }
    }
    std::vector<site> places;
    for (const auto& [at, kind] : known) {
        places.push_back(at);
    }
    const std::map<site, std::string> names = name_sites(places);
    const std::size_t orders = expect_all_are_known(files, known);
    tally weakened;
    tally swapped;
    for (const auto& [at, kind] : known) {
        const std::string& name = names.at(at);
        if (is_strong(kind)) {
            judge_relaxed(explored, at, name, kind, weakened);
        }
        if (kind == access_kind::relaxed_store || kind == access_kind::release_store) {
            judge_delayed(explored, at, name, kind, free, swapped);
        }
    }
    for (const free_order& one : free) {
        EXPECT_TRUE(std::any_of(names.begin(), names.end(),
                                [&](const auto& named) { return named.second == one.site; }))
            << one.site << " is listed as free, and is no store of these programs";
    }
    std::cout << orders << " acquires and releases in " << files.size() << " files\n";
    print_tally("made relaxed", weakened);
    print_tally("store behind the next release", swapped);
    EXPECT_EQ(weakened.made, orders) << "a mutant for each order";
    EXPECT_EQ(weakened.caught, orders);
    EXPECT_EQ(swapped.caught + free.size(), swapped.made);
    EXPECT_GE(orders, 2U) << "the shipped code was not seen";
}

}  // namespace millrace::model
