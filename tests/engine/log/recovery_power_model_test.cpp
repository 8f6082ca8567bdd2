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

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "tests/engine/log/disk_model.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

constexpr std::size_t exhaustive_sectors_max = 12;
constexpr int lives_per_log = 3;

std::size_t states_wanted() {
    const char* given = std::getenv("MILLRACE_POWER_STATES");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 50'000;
}

// As if the segment had been begun before the host was last started.
void change_boot_id(file_bytes& bytes) {
    segment_activation active;
    if (bytes.size() < schema_offset) {
        return;
    }
    std::memcpy(&active, bytes.data() + sizeof(segment_static), sizeof active);
    if (active.crc == 0 || active.crc != crc32c(0, &active, offsetof(segment_activation, crc))) {
        return;
    }
    std::fill(std::begin(active.boot_id), std::end(active.boot_id), std::uint8_t{0xee});
    active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
    std::memcpy(bytes.data() + sizeof(segment_static), &active, sizeof active);
}

void change_boot_line(file_bytes& bytes) {
    constexpr std::string_view line = "\nboot ";
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (const std::size_t at = text.find(line); at != std::string::npos) {
        text.replace(at + line.size(), 8, "eeeeeeee");
        std::memcpy(bytes.data(), text.data(), text.size());
    }
}

class powered_log {
public:
    explicit powered_log(way how) : how_(how) { fs::create_directories(root()); }

    // One writer's life, in pieces small enough that few sectors are dirty at some moments.
    void live(std::mt19937_64& random) {
        disk_model model(root(), [this] { return promise(); });
        const file_call_observation observation(model);
        log_writer writer(log(), options_of(how_, directory_.path()));
        ASSERT_GE(writer.last_sequence().value, promised_) << writer.recovery_note();
        ASSERT_LE(writer.last_sequence().value, journal_.size());
        journal_.resize(writer.last_sequence().value);
        ++life_;
        writer_.store(&writer, std::memory_order_release);
        const std::size_t count = 20 + random() % 130;
        for (std::size_t i = 0; i < count; ++i) {
            append_one(writer, random() % 4 == 0 ? random() % 3000 : random() % 200);
            if (random() % 8 == 0) {
                ASSERT_EQ(writer.wait_durable(writer.end(), 30'000'000'000), durable_wait::durable);
            }
            if (random() % 4 == 0) {
                model.keep_moment();
            }
        }
        promised_ = promise();
        writer_.store(nullptr, std::memory_order_release);
        writer.close();
        moments_ = model.take_moments();
    }

    // Puts the state on the disk, opens it, and looks. Returns what recovery noted.
    std::string check(const power_cut_moment& at, const survivors& which) {
        restore(content_after(at, which));
        if (!fs::exists(log())) {
            EXPECT_EQ(at.promise, 0u) << "the directory of a log with durable records is gone";
            return "no directory";
        }
        std::uint64_t kept = 0;
        std::string note;
        try {
            log_writer writer(log(), small_log());
            kept = writer.last_sequence().value;
            note = writer.recovery_note();
            EXPECT_EQ(append(writer, 30).status, append_status::ok);
        } catch (const std::exception& failure) {
            ADD_FAILURE() << "recovery refused a state that a loss of power may leave: "
                          << failure.what();
            return "refused";
        }
        EXPECT_GE(kept, at.promise) << "a durable record was lost; " << note;
        EXPECT_LE(kept, journal_.size()) << "a record that never was";
        check_records(kept);
        return note;
    }

    // The log goes on from this state in its next life.
    void go_on_from(const power_cut_moment& at, const survivors& which) {
        restore(content_after(at, which));
        promised_ = at.promise;
        fs::create_directories(root());
    }

    [[nodiscard]] const std::vector<power_cut_moment>& moments() const { return moments_; }
    [[nodiscard]] fs::path log() const { return root() / "log"; }

private:
    struct entry {
        position at;
        timestamp time;
        std::vector<std::byte> payload;
    };

    fs::path root() const { return directory_ / "disk"; }

    std::uint64_t promise() const {
        const log_writer* writer = writer_.load(std::memory_order_acquire);
        return writer == nullptr ? promised_
                                 : std::max(promised_, writer->durable_sequence().value);
    }

    void append_one(log_writer& writer, std::size_t size) {
        const std::uint64_t seq = writer.last_sequence().value + 1;
        log_claim claim = claim_when_ready(writer, 1, size);
        std::vector<std::byte> payload = pattern(seq + 1'000'003 * life_, size);
        std::copy(payload.begin(), payload.end(), claim.payload().begin());
        const append_result result = claim.commit();
        ASSERT_EQ(result.status, append_status::ok);
        journal_.push_back({result.at, result.time, std::move(payload)});
    }

    void restore(const disk_content& content) {
        std::error_code ignored;
        fs::remove_all(directory_ / "hot", ignored);  // memory
        if (!content.contains("log")) {
            fs::remove_all(log());
            return;
        }
        fs::create_directory(log(), ignored);
        for (const fs::directory_entry& old : fs::directory_iterator(log())) {
            if (!content.contains("log/" + old.path().filename().native())) {
                fs::remove(old.path());
            }
        }
        for (auto [name, bytes] : content) {
            if (name == "log") {
                continue;
            }
            if (name.ends_with(".alog")) {
                change_boot_id(bytes);
            } else if (name.ends_with(hot_tier_name)) {
                change_boot_line(bytes);
            }
            const unique_fd fd = open_file(root() / name, O_WRONLY | O_CREAT | O_TRUNC);
            write_at(fd.get(), bytes, 0, name);
        }
    }

    void check_records(std::uint64_t kept) const {
        log_reader reader(log(), read_from::first());
        record_view view;
        std::uint64_t seq = 0;
        read_status status = read_status::none;
        while ((status = reader.poll(view)) == read_status::record) {
            ASSERT_EQ(view.seq.value, ++seq);
            if (seq > kept) {
                continue;
            }
            const entry& wanted = journal_[seq - 1];
            ASSERT_EQ(view.at, wanted.at);
            ASSERT_EQ(view.time, wanted.time);
            ASSERT_TRUE(std::ranges::equal(view.bytes(), wanted.payload)) << "sequence " << seq;
        }
        ASSERT_EQ(status, read_status::none) << reader.damage().text();
        ASSERT_EQ(seq, kept + 1);
    }

    way how_;
    temporary_directory directory_;
    std::atomic<const log_writer*> writer_{nullptr};
    std::uint64_t promised_ = 0;
    std::uint64_t life_ = 0;
    std::vector<entry> journal_;  // of what was committed and not lost since
    std::vector<power_cut_moment> moments_;
};

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
                log.live(random_);
                if (::testing::Test::HasFailure()) {
                    return;
                }
                check_few_sectors(log);
                check_random(log, std::max<std::size_t>(wanted / 60, 50));
                if (::testing::Test::HasFailure()) {
                    return;
                }
                const power_cut_moment& next = log.moments()[random_() % log.moments().size()];
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
    void check_few_sectors(powered_log& log) {
        for (const power_cut_moment& at : log.moments()) {
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

    void check_random(powered_log& log, std::size_t count) {
        const std::vector<power_cut_moment>& moments = log.moments();
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
    power_campaign(GetParam()).run();
}

INSTANTIATE_TEST_SUITE_P(Ways, RecoveryPowerModel, ::testing::Values(way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

}  // namespace millrace::engine::test
