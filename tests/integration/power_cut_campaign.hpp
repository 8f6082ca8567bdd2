// An engine that loses its power again and again while a venue runs on, until it may finish, and
// four logs, the venue's journal and the wire are held against each other.
//
// A life begins on what the last cut left, under another boot of the host. Orders flow; at a random
// moment of its opening, its logon or its work the disk is looked at, and the process and all that
// was in memory are gone, often after frames on their way either way had been lost. Each folder of
// the disk then keeps its synced bytes and a part of its own of the others.
//
// Threading  one thread, beside those of the logs and of the venue
// Errors     fails the running test
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gateway/session/doubt_file.hpp"
#include "tests/engine/log/log_test_support.hpp"
#include "tests/gateway/session/session_test_support.hpp"
#include "tests/integration/power_cut_books.hpp"
#include "tests/integration/powered_disk.hpp"
#include "tests/integration/powered_engine.hpp"
#include "tools/venue/venue.hpp"

namespace millrace::tests {

struct power_scenario {
    const char* name = "";
    gateway::gate_level gate = gateway::gate_level::committed;
    gateway::in_doubt_policy in_doubt = gateway::in_doubt_policy::halt;
    bool resets_on_logon = false;
};

// How often what came about: a run in which a case never happened shows nothing about it.
struct power_tally {
    int cuts = 0;
    int cuts_while_opening = 0;
    log_sequences lost_tails{};    // cuts after which the log had lost records
    log_sequences lost_records{};  // of all cuts together
    std::uint64_t jumps = 0;
    std::uint64_t withdrawn = 0;    // in doubt, and the venue had them
    std::uint64_t decided = 0;      // in doubt, the venue had them not, and sent by decision
    std::uint64_t poss_resent = 0;  // in doubt, and sent with 97=Y
    std::uint64_t bounded = 0;      // sent as ever, for the venue had asked from before them
    std::uint64_t cut_back = 0;     // findings of routes that were beyond their source
    std::uint64_t sent_and_gone = 0;
    std::uint64_t repeated_rows = 0;   // of EXECUTION, marked
    std::uint64_t repeated_shows = 0;  // to the handler, marked
    std::uint64_t resets = 0;

    void print(const char* name) const;
};

class power_cut_campaign {
public:
    power_cut_campaign(const power_scenario& scenario, std::uint64_t seed, power_tally& tally);
    ~power_cut_campaign();
    power_cut_campaign(const power_cut_campaign&) = delete;
    power_cut_campaign& operator=(const power_cut_campaign&) = delete;

    // Stops at the first failure.
    void run(int cuts);

private:
    struct heard_line {
        std::string text;
        std::size_t frames_before = 0;  // to the venue
    };
    struct lost_order {
        std::uint64_t sequence = 0;
        std::string cl_ord_id;
    };

    [[nodiscard]] engine_settings next_settings();
    [[nodiscard]] std::unique_ptr<powered_engine> open();
    void live_until_cut();
    void live_to_the_end();
    void run_until_cut(powered_engine& engine);
    void feed(powered_engine& engine, std::int64_t now_ns);
    [[nodiscard]] int step(powered_engine& engine);
    void lose_frames(std::int64_t now_ns);
    void look_at_survivors(powered_engine& engine);
    void expect_durable_history(powered_engine& engine);
    void note_end_of(powered_engine& engine);
    void hear(powered_engine& engine);
    void decide(powered_engine& engine);
    [[nodiscard]] std::string state_of(powered_engine& engine);
    [[nodiscard]] bool is_settled(powered_engine& engine);
    [[nodiscard]] std::string missing();
    void judge();
    void expect_gone_orders_said(const four_books& books);
    void expect_shown_reports(const four_books& books);
    // For whoever looks for the reason: what went to the venue under an order's name, and what was
    // said, decided and begun around it.
    void tell_of_doubled(const four_books& books) const;
    [[nodiscard]] bool is_durable() const { return scenario_.gate == gateway::gate_level::durable; }
    [[nodiscard]] std::filesystem::path disk() const { return directory_ / "disk"; }
    [[nodiscard]] std::filesystem::path gateway() const { return disk() / "gateway"; }
    [[nodiscard]] std::filesystem::path venue_directory() const { return directory_ / "venue"; }
    [[nodiscard]] std::int64_t below(std::int64_t limit) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
    }

    power_scenario scenario_;
    std::mt19937_64 random_;
    power_tally& tally_;
    engine::test::temporary_directory directory_;
    std::string venue_name_;
    std::unique_ptr<tools::venue> venue_;
    millrace::test::lossy_wire wire_;

    int boot_ = 0;
    std::uint64_t next_order_ = 1;
    std::vector<std::string> orders_;  // that ORDER_OUT holds, as far as is known
    std::vector<lost_order> lost_orders_;
    log_sequences promised_{};  // durable, as the logs said before the cut
    log_sequences committed_{};
    std::vector<heard_line> said_;
    std::vector<shown_report> shown_;
    std::vector<std::size_t> shown_before_;  // how many had been, at each beginning

    // Of this life.
    std::uint64_t sent_before_ = 0;
    std::uint64_t doubtful_through_ = 0;
    std::uint64_t sent_by_decision_ = 0;
    std::uint64_t decided_through_ = 0;
    std::int64_t held_since_ns_ = 0;  // something waits for a decision; 0: nothing
    std::optional<tools::journal_view> at_venue_;
    std::int64_t next_feed_ns_ = 0;
    std::int64_t next_tend_ns_ = 0;
    std::size_t frames_before_ = 0;
    std::vector<gateway::doubt_entry> doubts_;
    std::int64_t lose_from_ns_ = 0;
    bool loses_forward_ = false;
    bool loses_back_ = false;
};

}  // namespace millrace::tests
