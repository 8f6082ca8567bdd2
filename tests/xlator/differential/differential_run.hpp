// Random messages of one FIX version, put to our decoder and to QuickFIX, and what came of it.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "tests/xlator/differential/disagreement.hpp"

namespace millrace::tests {

struct differential_counts {
    std::size_t screened = 0;  // withheld from QuickFIX, and not counted below
    std::size_t compared = 0;
    std::size_t with_defaults = 0;  // of these, with the switches that a session has by default
    std::size_t accepted = 0;       // by both
    std::size_t foreign_version = 0;
    std::size_t fields = 0;               // of accepted messages, equal on both sides
    std::size_t with_deep = 0;            // accepted messages with a group in a group
    std::map<int, std::size_t> rejected;  // by the reason both gave
    // Accepted messages that would be rejected if this one switch were at its default.
    std::array<std::size_t, fix_version::switch_count> let_pass{};
    std::array<std::size_t, disagreement_rules.size()> disagreed{};

    void add(const differential_counts& other);
};

class differential_run {
public:
    differential_run(fix_version& version, std::uint64_t seed)
        : version_(version), generator_(version.tables(), seed) {}

    // Until so many were compared, or a test failed.
    void run(std::size_t messages);

    [[nodiscard]] const differential_counts& counts() const { return counts_; }
    // Of which no message was accepted.
    [[nodiscard]] std::string unseen_types() const;

private:
    void compare(const raw_message& message, bool is_valid);
    void draw_switches();
    void check(const raw_message& message, const std::string& frame, bool is_valid);
    bool check_fields(const raw_message& message, const std::string& frame);
    void check_strict(const std::string& frame, const oracle_verdict& theirs, bool is_alike,
                      bool is_valid);
    void count_let_pass(const std::string& frame);
    void tolerate(disagreement which) { ++counts_.disagreed[static_cast<std::size_t>(which)]; }
    [[nodiscard]] std::string show(const std::string& frame) const;

    fix_version& version_;
    message_generator generator_;
    differential_counts counts_;
    std::set<std::string, std::less<>> accepted_types_;
};

}  // namespace millrace::tests
