// Cuts the power under a log at every moment worth it, lets any part of what was not synced get to
// the disk, and opens what is left with the recovery that users have.
//
// What was said to be durable must be there, nothing that was never committed, all in order, and
// the log must go on. A log then lives on from one of these states, so that recovery itself is
// cut short too. MILLRACE_POWER_STATES sets how many states each way to write is put through, every
// how many of them are looked at in depth MILLRACE_POWER_DEPTH, and MILLRACE_POWER_MOMENTS how many
// moments are taken apart into all their states for each number of dirty sectors.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/engine/log/powered_log.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::size_t exhaustive_sectors_max = 12;
constexpr int lives_per_log = 3;

constexpr std::size_t named_changes_max = 8;

std::size_t number_of(const char* variable, std::size_t otherwise) {
    const char* given = std::getenv(variable);
    return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

// All states of one moment double with each sector.
std::size_t moments_wanted(std::size_t sectors) {
    return number_of("MILLRACE_POWER_MOMENTS", sectors <= 8 ? 4 : 1);
}

// "alog.tmp" of "log/000000000001.alog.tmp".
std::string kind_of_file(const std::string& name) {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
}

// The changes of names under way, in their order: a roll, a sidecar's beginning, a close.
std::string name_changes_of(const power_cut_moment& at) {
    constexpr std::array<const char*, 4> kinds = {"make ", "make directory ", "rename ", "remove "};
    std::string text;
    for (const name_change& change : at.changes) {
        text += (text.empty() ? "" : ", ") +
                std::string(kinds[static_cast<std::size_t>(change.what)]) +
                kind_of_file(change.name);
    }
    return text;
}

// What is under way: those changes, and which files have bytes that are not synced.
std::string occasion_of(const power_cut_moment& at) {
    std::map<std::uint64_t, std::string> kinds;
    for (const auto& [name, id] : at.names) {
        kinds[id] = kind_of_file(name);
    }
    for (const name_change& change : at.changes) {
        if (change.what == name_change::kind::make_file) {
            kinds[change.file] = kind_of_file(change.name);
        }
    }
    std::multiset<std::string> dirty;
    for (const power_cut_moment::file& file : at.files) {
        if (!file.dirty.empty()) {
            dirty.insert(kinds[file.id]);
        }
    }
    std::string text = name_changes_of(at) + "; dirty";
    for (const std::string& kind : dirty) {
        text += " " + kind;
    }
    return text;
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

// Every set of the changed names, with none, all and some of what files got.
std::vector<survivors> all_names(const power_cut_moment& at, std::mt19937_64& random) {
    std::vector<survivors> all;
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << at.changes.size(); ++bits) {
        for (int bytes = 0; bytes < 4; ++bytes) {
            survivors which = survivors::random_of(at, random);
            if (bytes < 2) {
                which.sectors.assign(which.sectors.size(), bytes == 1);
                which.sizes.assign(which.sizes.size(), bytes == 1);
            }
            for (std::size_t i = 0; i < at.changes.size(); ++i) {
                which.changes[i] = (bits >> i & 1) != 0;
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
        const std::size_t wanted = number_of("MILLRACE_POWER_STATES", 50'000);
        while (random_count_ < wanted && !::testing::Test::HasFailure()) {
            powered_log log(how_);
            for (int life = 0; life < lives_per_log; ++life) {
                const std::vector<power_cut_moment> moments = live(log, random_);
                if (::testing::Test::HasFailure()) {
                    return;
                }
                check_few_sectors(log, moments);
                check_names(log, moments);
                check_random(log, moments, std::max<std::size_t>(wanted / 60, 50));
                if (::testing::Test::HasFailure()) {
                    return;
                }
                const power_cut_moment& next = moments[random_() % moments.size()];
                log.go_on_from(next, survivors::random_of(next, random_));
            }
        }
        std::cout << random_count_ << " random states, " << exhaustive_count_
                  << " of moments with few dirty sectors, " << name_count_
                  << " of names under way, of " << moment_count_ << " moments; " << deep_count_
                  << " of all in depth\n";
        for (const auto& [count, occasions] : enumerated_) {
            std::cout << "  " << count << " dirty sectors: " << occasions.size() << " moments\n";
        }
        for (const std::string& changes : named_) {
            std::cout << "  names: " << changes << '\n';
        }
        for (const auto& [note, count] : notes_) {
            std::cout << "  " << count << " x " << note << '\n';
        }
        EXPECT_EQ(enumerated_.size(), exhaustive_sectors_max) << "of 1 to 12 dirty sectors each";
        EXPECT_GE(named_.size(), 5u) << "of rolls, sidecars, closes";
    }

private:
    void check(powered_log& log, const power_cut_moment& at, const survivors& which) {
        const std::string note = log.check(at, which);
        ++notes_[note.substr(0, note.find(" at position"))];
        if (++checked_count_ % depth_ == 0) {
            log.check_in_depth(at, which);
            ++deep_count_;
        }
        if (::testing::Test::HasFailure()) {
            describe(at, which);
        }
    }

    // Some moments for each number of dirty sectors, each on another occasion.
    void check_few_sectors(powered_log& log, const std::vector<power_cut_moment>& moments) {
        for (const power_cut_moment& at : moments) {
            const std::size_t count = at.dirty_count();
            if (count == 0 || count > exhaustive_sectors_max ||
                enumerated_[count].size() >= moments_wanted(count) ||
                !enumerated_[count].insert(occasion_of(at)).second) {
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

    // One moment for each run of changes of names, from a file's making to its removal.
    void check_names(powered_log& log, const std::vector<power_cut_moment>& moments) {
        for (const power_cut_moment& at : moments) {
            if (at.changes.size() < 2 || at.changes.size() > named_changes_max ||
                !named_.insert(name_changes_of(at)).second) {
                continue;
            }
            for (const survivors& which : all_names(at, random_)) {
                check(log, at, which);
                ++name_count_;
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
    std::size_t name_count_ = 0;
    std::size_t moment_count_ = 0;
    std::size_t checked_count_ = 0;
    std::size_t deep_count_ = 0;
    const std::size_t depth_ = std::max<std::size_t>(number_of("MILLRACE_POWER_DEPTH", 200), 1);
    std::map<std::size_t, std::set<std::string>> enumerated_;  // occasions by dirty sectors
    std::set<std::string> named_;
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
