#include "tests/integration/power_cut_campaign.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <set>

#include "engine/core/clock.hpp"

namespace millrace::tests {

namespace fs = std::filesystem;
using engine::test::disk_model;
using engine::test::power_cut_moment;
using millrace::test::field_of;
using millrace::test::ms_ns;

namespace {

constexpr std::int64_t patience_ns = 20'000 * ms_ns;
constexpr std::int64_t operator_delay_ns = 10 * ms_ns;
constexpr std::int64_t tend_interval_ns = 10 * ms_ns;
constexpr const char* log_names[log_count] = {"ORDER_OUT", "FIX_OUT", "FIX_IN", "EXECUTION"};

// Looks at the disk at the n-th call that an opening engine makes of the file system.
class opening_look {
public:
    opening_look(disk_model& model, int calls) : model_(model), calls_left_(calls) {
        model.refuse = [this](const engine::test::file_call_site& site) {
            if (!engine::test::is_read(site.what)) {  // the disk is the same behind one
                count();
            }
            return 0;
        };
    }
    // From here on nothing is looked at any more.
    [[nodiscard]] std::optional<power_cut_moment> end() {
        const std::lock_guard hold(lock_);
        calls_left_ = INT_MAX;
        return std::move(moment_);
    }

private:
    void count() {
        const std::lock_guard hold(lock_);
        if (--calls_left_ == 0) {
            moment_ = model_.capture();
        }
    }

    disk_model& model_;
    std::mutex lock_;
    int calls_left_;
    std::optional<power_cut_moment> moment_;
};

}  // namespace

void power_tally::print(const char* name) const {
    std::printf("%s: %d cuts, %d while opening; %llu jumps, %llu resets\n", name, cuts,
                cuts_while_opening, static_cast<unsigned long long>(jumps),
                static_cast<unsigned long long>(resets));
    for (std::size_t i = 0; i < log_count; ++i) {
        std::printf("  %s lost its tail %llu times, %llu records\n", log_names[i],
                    static_cast<unsigned long long>(lost_tails[i]),
                    static_cast<unsigned long long>(lost_records[i]));
    }
    std::printf(
        "  in doubt: %llu withdrawn, %llu sent by decision, %llu sent with 97=Y, %llu bounded by "
        "proof; %llu cut back, %llu sent and gone\n  reports: %llu rows and %llu shows repeated, "
        "marked\n",
        static_cast<unsigned long long>(withdrawn), static_cast<unsigned long long>(decided),
        static_cast<unsigned long long>(poss_resent), static_cast<unsigned long long>(bounded),
        static_cast<unsigned long long>(cut_back), static_cast<unsigned long long>(sent_and_gone),
        static_cast<unsigned long long>(repeated_rows),
        static_cast<unsigned long long>(repeated_shows));
}

power_cut_campaign::power_cut_campaign(const power_scenario& scenario, std::uint64_t seed,
                                       power_tally& tally)
    : scenario_(scenario), random_(seed), tally_(tally) {
    static int venues = 0;  // the session library knows sessions by name, in all of a process
    venue_name_ = "VENUE" + std::to_string(++venues);
    fs::create_directories(disk());
    venue_ = start_venue(directory_.path(), venue_name_);
    wire_.lead_to(static_cast<std::uint16_t>(venue_->port()));
}

power_cut_campaign::~power_cut_campaign() {
    wire_.cut();
    venue_->stop();
}

engine_settings power_cut_campaign::next_settings() {
    constexpr std::int64_t delays_ns[] = {ms_ns, 5 * ms_ns, 20 * ms_ns, 60 * ms_ns};
    const auto any_delay = [&] { return delays_ns[below(std::size(delays_ns))]; };
    engine_settings settings;
    settings.gate = scenario_.gate;
    settings.in_doubt = scenario_.in_doubt;
    settings.resets_on_logon = scenario_.resets_on_logon;
    settings.storage = below(2) == 0 ? engine::storage_mode::hot : engine::storage_mode::direct;
    settings.orders_delay_ns = any_delay();
    settings.gateway_delay_ns = any_delay();
    settings.executions_delay_ns = any_delay();
    settings.venue_port = wire_.port();
    settings.venue = venue_name_;
    settings.disk = disk();
    settings.hot = directory_ / "hot";
    return settings;
}

std::unique_ptr<powered_engine> power_cut_campaign::open() {
    const std::string boot_id = "boot-" + std::to_string(++boot_);
    try {
        return std::make_unique<powered_engine>(next_settings(), boot_id);
    } catch (const std::exception& failure) {
        ADD_FAILURE() << "does not open what a loss of power may leave: " << failure.what();
        return nullptr;
    }
}

void power_cut_campaign::run(int cuts) {
    for (int i = 0; i < cuts && !::testing::Test::HasFailure(); ++i) {
        live_until_cut();
    }
    if (!::testing::Test::HasFailure()) {
        live_to_the_end();
    }
}

void power_cut_campaign::live_until_cut() {
    disk_model model(disk(), [] { return std::uint64_t{0}; });
    model.keeps_moments = false;
    opening_look opening(model, below(5) == 0 ? 1 + static_cast<int>(below(120)) : INT_MAX);
    std::optional<power_cut_moment> moment;
    {
        const engine::test::file_call_observation observation(model);
        std::unique_ptr<powered_engine> engine = open();
        if (engine == nullptr) {
            return;
        }
        look_at_survivors(*engine);
        moment = opening.end();
        if (moment) {
            ++tally_.cuts_while_opening;
        } else {
            run_until_cut(*engine);
            promised_ = engine->durable_sequences();
            moment = model.capture();
            note_end_of(*engine);
        }
        wire_.cut();
        hear(*engine);
    }
    ++tally_.cuts;
    wire_.forward.losses = wire_.back.losses = 0;
    fs::remove_all(directory_ / "hot");
    put_back(disk(), *moment, survivors_by_folder(*moment, random_));
}

// Frames on their way are in the memory of hosts too: often some are lost before the rest is.
void power_cut_campaign::lose_frames(std::int64_t now_ns) {
    if (lose_from_ns_ != 0 && now_ns >= lose_from_ns_) {
        wire_.forward.losses = loses_forward_ ? INT_MAX : 0;
        wire_.back.losses = loses_back_ ? INT_MAX : 0;
        lose_from_ns_ = 0;
    }
}

void power_cut_campaign::run_until_cut(powered_engine& engine) {
    const std::int64_t begin_ns = engine::monotonic_now_ns();
    std::int64_t cut_ns = below(10) == 0 ? begin_ns + below(30 * ms_ns) : 0;
    loses_forward_ = below(2) == 0;
    loses_back_ = below(3) == 0;
    lose_from_ns_ = 0;
    while (true) {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (cut_ns == 0 && engine.session().is_logged_on()) {
            cut_ns = now_ns + below(60 * ms_ns);
            lose_from_ns_ = cut_ns - below(20 * ms_ns);
        }
        if (cut_ns != 0 && now_ns >= cut_ns) {
            return;
        }
        if (now_ns - begin_ns > patience_ns) {
            ADD_FAILURE() << "the session did not come up: " << state_of(engine);
            return;
        }
        lose_frames(now_ns);
        feed(engine, now_ns);
        if (step(engine) == 0) {
            ::usleep(50);
        }
    }
}

void power_cut_campaign::feed(powered_engine& engine, std::int64_t now_ns) {
    if (now_ns < next_feed_ns_) {
        return;
    }
    next_feed_ns_ = now_ns + below(2 * ms_ns);
    for (std::int64_t burst = 1 + below(3); burst > 0 && engine.append_order(next_order_);
         --burst) {
        orders_.push_back("A" + std::to_string(next_order_++));
    }
}

int power_cut_campaign::step(powered_engine& engine) {
    wire_.step();
    const int work = engine.step();
    const std::string failure = engine.failure();
    if (!failure.empty()) {
        ADD_FAILURE() << failure;
    }
    if (const std::int64_t now_ns = engine::monotonic_now_ns(); now_ns >= next_tend_ns_) {
        next_tend_ns_ = now_ns + tend_interval_ns;
        EXPECT_EQ(engine.agent().tend(), "");
    }
    if (scenario_.in_doubt == gateway::in_doubt_policy::halt &&
        engine.session().counters.in_doubt_routes.value() != 0) {
        decide(engine);
    }
    return work;
}

// The operator, who waits for what the venue proves, and knows what it has: as far as the life
// before is concerned its journal does not change any more, for this one is logged on.
void power_cut_campaign::decide(powered_engine& engine) {
    EXPECT_FALSE(is_durable()) << "something is in doubt behind a durable gate";
    const std::int64_t now_ns = engine::monotonic_now_ns();
    held_since_ns_ = held_since_ns_ != 0 ? held_since_ns_ : now_ns;
    const std::uint64_t next = engine.sent_through() + 1;
    if (!engine.session().is_logged_on() || next > orders_.size() ||
        now_ns - held_since_ns_ < operator_delay_ns) {
        return;
    }
    if (!at_venue_) {
        at_venue_ = tools::read_journal(tools::journal_path(venue_directory()));
    }
    const bool has_it = at_venue_->orders.contains(orders_[next - 1]);
    gateway::write_verdicts(
        gateway(), powered_engine::route_name,
        {{has_it ? gateway::doubt_decision::withdraw : gateway::doubt_decision::send,
          engine::sequence{next}, "the oracle"}});
    EXPECT_EQ(engine.agent().tend(), "");
    hear(engine);
    said_.push_back({"operator: sequence " + std::to_string(next) + " (" + orders_[next - 1] +
                         ") " + (has_it ? "is at the venue" : "is sent"),
                     wire_.forward.passed.size()});
    if (!has_it && next > decided_through_) {
        ++sent_by_decision_;
        ++tally_.decided;
    }
    decided_through_ = next;
    for (int i = 0; i < 100 && engine.sent_through() < next; ++i) {
        wire_.step();
        static_cast<void>(engine.step());
    }
}

void power_cut_campaign::look_at_survivors(powered_engine& engine) {
    const log_sequences last = engine.last_sequences();
    const bool has_jumped = std::ranges::any_of(engine.said(), [](const std::string& line) {
        return line.find("next numbers jump") != std::string::npos;
    });
    hear(engine);
    tally_.jumps += has_jumped ? 1 : 0;
    for (std::size_t i = 0; i < log_count; ++i) {
        EXPECT_GE(last[i], promised_[i]) << log_names[i] << " lost what it had said to be durable";
        const bool is_out = i == static_cast<std::size_t>(which_log::fix_out);
        const std::uint64_t set = is_out && has_jumped ? 1 : 0;
        if (last[i] - set < committed_[i]) {
            ++tally_.lost_tails[i];
            tally_.lost_records[i] += committed_[i] + set - last[i];
        }
    }
    committed_ = last;
    for (std::uint64_t seq = last[0] + 1; seq <= orders_.size(); ++seq) {
        lost_orders_.push_back({seq, orders_[seq - 1]});
    }
    orders_.resize(std::min<std::size_t>(orders_.size(), last[0]));
    EXPECT_EQ(read_texts(disk() / "ORDER_OUT"), orders_);
    doubts_ = gateway::read_doubts(gateway());
    if (is_durable()) {
        expect_durable_history(engine);
    }
    sent_before_ = engine.sent_through();
    doubtful_through_ = orders_.size();
    sent_by_decision_ = 0;
    decided_through_ = 0;
    held_since_ns_ = 0;
    at_venue_.reset();
    frames_before_ = wire_.back.passed.size();
    shown_before_.push_back(shown_.size());
}

// What the venue was sent, and what the handler was shown, has been on the disk.
void power_cut_campaign::expect_durable_history(powered_engine& engine) {
    EXPECT_TRUE(doubts_.empty()) << "something is in doubt behind a durable gate";
    expect_sent_is_kept(wire_.forward.passed, gateway());
    for (const shown_report& report : shown_) {
        EXPECT_LE(report.sequence, engine.last_sequences()[2])
            << report.exec_id << " was shown, and its receipt is gone";
    }
}

void power_cut_campaign::note_end_of(powered_engine& engine) {
    committed_ = engine.last_sequences();
    const auto& counters = engine.session().counters;
    const std::uint64_t withdrawn = counters.withdrawn.value();
    const std::uint64_t resent = counters.poss_resent.value();
    tally_.withdrawn += withdrawn;
    tally_.poss_resent += resent;
    tally_.resets += engine.session().ledger().counters.resets.value();
    const std::uint64_t passed =
        std::max(std::min(engine.sent_through(), doubtful_through_), sent_before_) - sent_before_;
    const std::uint64_t doubted = withdrawn + resent + sent_by_decision_;
    tally_.bounded += !is_durable() && passed > doubted ? passed - doubted : 0;
    if (resent == 0) {
        return;
    }
    // As many may have been sent as the venue has numbers that FIX_OUT does not know of.
    ASSERT_EQ(doubts_.size(), 1U);
    const auto& back = wire_.back.passed;
    const auto request =
        std::find_if(back.begin() + static_cast<std::ptrdiff_t>(frames_before_), back.end(),
                     [](const std::string& frame) { return field_of(frame, 35) == "2"; });
    ASSERT_NE(request, back.end()) << "sent with 97=Y before the venue had asked";
    EXPECT_LE(doubts_[0].from.value + resent, std::stoul(field_of(*request, 7)));
}

void power_cut_campaign::hear(powered_engine& engine) {
    for (std::string& line : engine.said()) {
        said_.push_back({std::move(line), wire_.forward.passed.size()});
    }
    engine.said().clear();
    shown_.insert(shown_.end(), engine.shown().begin(), engine.shown().end());
    engine.shown().clear();
}

void power_cut_campaign::live_to_the_end() {
    std::unique_ptr<powered_engine> engine = open();
    if (engine == nullptr) {
        return;
    }
    look_at_survivors(*engine);
    const std::int64_t feed_until_ns = engine::monotonic_now_ns() + 10 * ms_ns;
    const std::int64_t end_ns = engine::monotonic_now_ns() + patience_ns;
    std::int64_t look_ns = 0;
    while (true) {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (now_ns >= end_ns) {
            ADD_FAILURE() << "the books do not come together: " << state_of(*engine);
            return;
        }
        if (now_ns < feed_until_ns) {
            feed(*engine, now_ns);
        }
        if (step(*engine) == 0) {
            ::usleep(50);
        }
        if (now_ns >= feed_until_ns && now_ns >= look_ns) {
            look_ns = now_ns + 20 * ms_ns;
            if (is_settled(*engine)) {
                break;
            }
        }
    }
    note_end_of(*engine);
    while (engine->durable_sequences() != engine->last_sequences() &&
           engine::monotonic_now_ns() < end_ns) {
        static_cast<void>(step(*engine));
    }
    EXPECT_EQ(engine->agent().tend(), "");
    EXPECT_TRUE(gateway::read_doubts(gateway()).empty());
    engine->close();
    hear(*engine);
    engine.reset();
    wire_.cut();
    judge();
}

std::string power_cut_campaign::state_of(powered_engine& engine) {
    hear(engine);
    const auto& counters = engine.session().counters;
    std::string text = "sent through " + std::to_string(engine.sent_through()) + " of " +
                       std::to_string(orders_.size()) + " orders, logged on " +
                       std::to_string(counters.is_logged_on.value()) + ", in doubt " +
                       std::to_string(counters.in_doubt_routes.value()) + ", expects " +
                       std::to_string(engine.session().ledger().next_target().value) +
                       ", missing:" + missing() + "; said:\n";
    for (std::size_t i = said_.size() - std::min<std::size_t>(said_.size(), 60); i < said_.size();
         ++i) {
        text += said_[i].text + '\n';
    }
    return text;
}

bool power_cut_campaign::is_settled(powered_engine& engine) {
    return engine.sent_through() >= orders_.size() && missing().empty();
}

std::string power_cut_campaign::missing() {
    return missing_from(orders_, disk(), venue_directory());
}

void power_cut_campaign::judge() {
    const four_books books = read_books(disk(), venue_directory());
    EXPECT_EQ(books.orders, orders_);
    expect_rising_numbers(wire_.forward.passed, scenario_.resets_on_logon);
    expect_each_order_once(books);
    if (::testing::Test::HasFailure()) {
        tell_of_doubled(books);
    }
    if (is_durable()) {
        expect_equal_books(books);
    }
    if (!scenario_.resets_on_logon) {
        expect_marked_repeats(books);
        expect_shown_reports(books);
    }
    expect_gone_orders_said(books);
    for (const std::string& frame : wire_.back.passed) {
        EXPECT_TRUE(scenario_.resets_on_logon || frame.find("too low") == std::string::npos)
            << frame;
    }
    for (const written_execution& row : books.executions) {
        tally_.repeated_rows += row.is_redelivered ? 1 : 0;
    }
}

void power_cut_campaign::tell_of_doubled(const four_books& books) const {
    const std::vector<std::string>& frames = wire_.forward.passed;
    for (const auto& [cl_ord_id, order] : books.venue.orders) {
        if (order.numbers.size() < 2) {
            continue;
        }
        std::cout << cl_ord_id << " went out more than once:\n";
        std::size_t heard = 0;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const bool is_order = field_of(frames[i], 11) == cl_ord_id;
            if (!is_order && field_of(frames[i], 35) != "A") {
                continue;
            }
            for (; heard < said_.size() && said_[heard].frames_before <= i; ++heard) {
                std::cout << "    said: " << said_[heard].text << '\n';
            }
            std::cout << "  frame " << i << (is_order ? " it: " : ": ") << frames[i] << '\n';
        }
    }
}

// A second time is marked; behind a durable gate it is the same receipt.
void power_cut_campaign::expect_shown_reports(const four_books& books) {
    std::map<std::string, std::uint64_t> first;
    for (const shown_report& report : shown_) {
        const auto known = first.try_emplace(report.exec_id, report.sequence);
        tally_.repeated_shows += known.second ? 0 : 1;
        EXPECT_TRUE(known.second || report.is_redelivered) << report.exec_id << " shown as new";
        if (is_durable()) {
            EXPECT_EQ(known.first->second, report.sequence) << report.exec_id;
        }
    }
    for (const auto& [exec_id, count] : reports_of(books.venue)) {
        EXPECT_TRUE(first.contains(exec_id)) << exec_id << " was never shown";
    }
}

void power_cut_campaign::expect_gone_orders_said(const four_books& books) {
    const auto is_said = [&](const lost_order& order, std::uint32_t number) {
        return std::any_of(said_.begin(), said_.end(), [&](const heard_line& heard) {
            const std::string& line = heard.text;
            unsigned long long first = 0;
            unsigned long long last = 0;
            const std::size_t records = line.find("records ");
            const std::size_t messages = line.find("messages ");
            if (records != std::string::npos &&
                std::sscanf(line.c_str() + records, "records %llu to %llu", &first, &last) == 2) {
                return first <= order.sequence && order.sequence <= last;
            }
            return messages != std::string::npos &&
                   std::sscanf(line.c_str() + messages, "messages %llu to %llu of ours", &first,
                               &last) == 2 &&
                   first <= number && number <= last;
        });
    };
    for (const heard_line& line : said_) {
        tally_.cut_back += line.text.find("has lost its end") != std::string::npos ? 1 : 0;
    }
    for (const lost_order& order : lost_orders_) {
        const auto at_venue = books.venue.orders.find(order.cl_ord_id);
        if (at_venue != books.venue.orders.end()) {
            ++tally_.sent_and_gone;
            const int number = at_venue->second.numbers.front().msg_seq_num;
            EXPECT_TRUE(is_said(order, static_cast<std::uint32_t>(number)))
                << order.cl_ord_id << " (sequence " << order.sequence << ") went out as message "
                << number << ", is in no log any more, and nobody says so";
        }
    }
}

}  // namespace millrace::tests
