// Cuts the power under a log at every moment worth it, lets any part of what was not synced get to
// the disk, and opens what is left with the recovery that users have.
//
// What was said to be durable must be there, nothing that was never committed, all in order, and
// the log must go on. A log then lives on from one of these states, so that recovery itself is
// cut short too. MILLRACE_POWER_STATES sets how many states each way to write is put through.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/engine/log/powered_log.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::size_t exhaustive_sectors_max = 12;
constexpr int lives_per_log = 3;

std::size_t states_wanted() {
    const char* given = std::getenv("MILLRACE_POWER_STATES");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 50'000;
}

// One writer's life, in pieces small enough that few sectors are dirty at some moments.
std::vector<power_cut_moment> live(powered_log& log, std::mt19937_64& random) {
    disk_model model(log.root(), [&log] { return log.promise(); });
    const file_call_observation observation(model);
    log_writer writer(log.log(), log.options());
    log.begin_life(writer);
    const std::size_t count = 20 + random() % 130;
    for (std::size_t i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
        const std::size_t size = random() % 4 == 0 ? random() % 3000 : random() % 200;
        append_status status = append_status::back_pressured;
        while ((status = log.append_one(writer, size)) == append_status::back_pressured) {
            ::usleep(50);
        }
        EXPECT_EQ(status, append_status::ok);
        if (random() % 8 == 0) {
            EXPECT_EQ(writer.wait_durable(writer.end(), 60'000'000'000), durable_wait::durable);
        }
        if (random() % 4 == 0) {
            model.keep_moment();
        }
    }
    log.end_life();
    writer.close();
    return model.take_moments();
}

// Every set of so few sectors; names and sizes all or none, unless they are few as well.
std::vector<survivors> all_survivors(const power_cut_moment& at) {
    const std::size_t sectors = at.dirty_count();
    const std::size_t others = at.size_count() + at.changes.size();
    const bool are_few = sectors + others <= exhaustive_sectors_max;
    std::vector<survivors> all;
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << sectors; ++bits) {
        for (std::uint64_t rest = 0; rest < (are_few ? std::uint64_t{1} << others : 2); ++rest) {
            survivors which = survivors::none_of(at);
            for (std::size_t i = 0; i < sectors; ++i) {
                which.sectors[i] = (bits >> i & 1) != 0;
            }
            for (std::size_t i = 0; i < others; ++i) {
                const bool is_there = are_few ? (rest >> i & 1) != 0 : rest != 0;
                i < at.size_count() ? which.sizes[i] = is_there
                                    : which.changes[i - at.size_count()] = is_there;
            }
            all.push_back(std::move(which));
        }
    }
    return all;
}

class power_campaign {
public:
    explicit power_campaign(way how) : how_(how) {}

    void run() {
        const std::size_t wanted = states_wanted();
        while (random_count_ < wanted && !::testing::Test::HasFailure()) {
            powered_log log(how_);
            for (int life = 0; life < lives_per_log; ++life) {
                const std::vector<power_cut_moment> moments = live(log, random_);
                if (::testing::Test::HasFailure()) {
                    return;
                }
                check_few_sectors(log, moments);
                check_random(log, moments, std::max<std::size_t>(wanted / 60, 50));
                if (::testing::Test::HasFailure()) {
                    return;
                }
                const power_cut_moment& next = moments[random_() % moments.size()];
                log.go_on_from(next, survivors::random_of(next, random_));
            }
        }
        std::cout << random_count_ << " random states, " << exhaustive_count_
                  << " of moments with few dirty sectors, of " << moment_count_ << " moments\n";
        for (const auto& [note, count] : notes_) {
            std::cout << "  " << count << " x " << note << '\n';
        }
        EXPECT_EQ(enumerated_.size(), exhaustive_sectors_max) << "of 1 to 12 dirty sectors each";
    }

private:
    void check(powered_log& log, const power_cut_moment& at, const survivors& which) {
        const std::string note = log.check(at, which);
        ++notes_[note.substr(0, note.find(" at position"))];
        if (::testing::Test::HasFailure()) {
            describe(at, which);
        }
    }

    // One moment for each number of dirty sectors.
    void check_few_sectors(powered_log& log, const std::vector<power_cut_moment>& moments) {
        for (const power_cut_moment& at : moments) {
            const std::size_t count = at.dirty_count();
            if (count == 0 || count > exhaustive_sectors_max || !enumerated_.insert(count).second) {
                continue;
            }
            for (const survivors& which : all_survivors(at)) {
                check(log, at, which);
                ++exhaustive_count_;
                if (::testing::Test::HasFailure()) {
                    return;
                }
            }
        }
    }

    void check_random(powered_log& log, const std::vector<power_cut_moment>& moments,
                      std::size_t count) {
        moment_count_ += moments.size();
        for (std::size_t i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
            const std::size_t chosen = random_() % moments.size();
            const std::size_t older = chosen - std::min<std::size_t>(chosen, random_() % 4);
            const power_cut_moment at = mixed_with_older(moments[chosen], moments[older], random_);
            check(log, at, survivors::random_of(at, random_));
            ++random_count_;
        }
    }

    static void describe(const power_cut_moment& at, const survivors& which) {
        std::cout << "promised " << at.promise << "; of " << at.dirty_count() << " dirty sectors "
                  << std::ranges::count(which.sectors, true) << " survived\n";
        for (const auto& [name, bytes] : content_after(at, which)) {
            std::cout << "  " << name << ' ' << bytes.size() << '\n';
        }
        for (std::size_t i = 0; i < at.changes.size(); ++i) {
            const name_change& change = at.changes[i];
            std::cout << "  change " << static_cast<int>(change.what) << ' ' << change.name << ' '
                      << change.target << (which.changes[i] ? " survived\n" : " lost\n");
        }
    }

    way how_;
    std::mt19937_64 random_{test_seed()};
    std::size_t random_count_ = 0;
    std::size_t exhaustive_count_ = 0;
    std::size_t moment_count_ = 0;
    std::set<std::size_t> enumerated_;
    std::map<std::string, std::size_t> notes_;
};

}  // namespace

class RecoveryPowerModel : public ::testing::TestWithParam<way> {};

TEST_P(RecoveryPowerModel, LosesNothingDurableAndInventsNothing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
    power_campaign(GetParam()).run();
}

INSTANTIATE_TEST_SUITE_P(Ways, RecoveryPowerModel, ::testing::Values(way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

}  // namespace millrace::engine::test
