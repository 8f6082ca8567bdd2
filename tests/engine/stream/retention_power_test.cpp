// Cuts the power at every moment of a retention, and of an archiving that removes, with any part of
// what was not synced on the disk. What is left must open, verify, and hold all that was to stay.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/index.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/archive_log.hpp"
#include "engine/stream/retention.hpp"
#include "tests/engine/log/disk_model.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {
namespace {

constexpr std::size_t exhaustive_changes_max = 6;
constexpr int random_states = 8;

// Every set of so few names, with none and with all of what files got; of more, some.
std::vector<survivors> states_of(const power_cut_moment& at, std::mt19937_64& random) {
    std::vector<survivors> states;
    const std::size_t changes = at.changes.size();
    if (changes > exhaustive_changes_max) {
        for (int i = 0; i < random_states; ++i) {
            states.push_back(survivors::random_of(at, random));
        }
        return states;
    }
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << changes; ++bits) {
        for (const bool has_bytes : {false, true}) {
            survivors which = survivors::none_of(at);
            which.sectors.assign(which.sectors.size(), has_bytes);
            which.sizes.assign(which.sizes.size(), has_bytes);
            for (std::size_t i = 0; i < changes; ++i) {
                which.changes[i] = (bits >> i & 1) != 0;
            }
            states.push_back(std::move(which));
        }
    }
    return states;
}

// The moments of what is done to a disk.
template <class Action>
std::vector<power_cut_moment> moments_of(const fs::path& root, Action&& action) {
    disk_model model(root, [] { return std::uint64_t{0}; });
    const file_call_observation observation(model);
    action(model);
    return model.take_moments();
}

// A closed log of four segments with their indexes and seals.
class RetentionPower : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "calls are not observed under a sanitizer";
#endif
        fs::create_directories(root());
        log_writer writer(log(), options_of(way::direct_ahead, directory_.path()));
        while (list_segments(log()).size() < 4) {
            ASSERT_EQ(append_when_ready(writer, 900).status, append_status::ok);
        }
        last_ = writer.last_sequence();
        writer.close();
    }
    [[nodiscard]] fs::path root() const {
        return directory_ / "disk";
    }
    [[nodiscard]] fs::path log() const {
        return root() / "log";
    }
    [[nodiscard]] fs::path archive() const {
        return root() / "archive";
    }

    void retain(std::uint64_t segments) const {
        retention_policy policy;
        policy.segments_max = segments;
        apply_retention(log(), plan_retention(log(), policy, {}, utc_now(), false));
    }

    void restore(const disk_content& content) const {
        fs::remove_all(root());
        fs::create_directories(root());
        for (const auto& [name, bytes] : content) {
            if (fs::path(name).extension().empty()) {
                fs::create_directories(root() / name);
                continue;
            }
            const unique_fd fd = open_file(root() / name, O_WRONLY | O_CREAT);
            write_at(fd.get(), bytes, 0, name);
        }
    }

    // Holds at least what follows `gone_to`, and goes on.
    void expect_opens(sequence gone_to) const {
        const verify_report report = verify_log(log());
        EXPECT_NE(report.result(), verdict::damaged) << report.findings.front().text();
        const std::vector<seen_record> records = read_log(log());
        ASSERT_FALSE(records.empty());
        EXPECT_LE(records.front().seq, gone_to.next());
        EXPECT_EQ(records.back().seq, last_);
        for (std::size_t i = 0; i < records.size(); ++i) {
            ASSERT_EQ(records[i].seq.value, records.front().seq.value + i);
        }
        log_writer writer(log(), small_log());
        EXPECT_EQ(writer.last_sequence(), last_);
        EXPECT_EQ(append(writer, 10).status, append_status::ok);
    }

    void check(const std::vector<power_cut_moment>& moments, sequence gone_to) {
        std::size_t count = 0;
        for (const power_cut_moment& at : moments) {
            for (const survivors& which : states_of(at, random_)) {
                ++count;
                const disk_content content = content_after(at, which);
                restore(content);
                try {
                    expect_opens(gone_to);
                } catch (const std::exception& failure) {
                    ADD_FAILURE() << "a state that a loss of power may leave: " << failure.what();
                }
                if (HasFailure()) {
                    for (const auto& [name, bytes] : content) {
                        std::cout << "  " << name << ' ' << bytes.size() << '\n';
                    }
                    return;
                }
            }
        }
        std::cout << count << " states of " << moments.size() << " moments\n";
        EXPECT_GT(count, moments.size());
    }

    temporary_directory directory_;
    std::mt19937_64 random_{test_seed()};
    sequence last_;
};

TEST_F(RetentionPower, LeavesALogThatOpensWheneverThePowerGoes) {
    const sequence gone_to = last_sequence_before(log(), 3);
    const auto moments = moments_of(root(), [&](disk_model&) { retain(1); });
    EXPECT_EQ(list_segments(log()), (std::vector<std::uint64_t>{3}));
    check(moments, gone_to);
}

// The one before unlinked a name and got no further: that is not durable when the next one begins.
TEST_F(RetentionPower, LeavesALogThatOpensWhenAnEarlierOneWasBrokenOff) {
    for (const std::uint64_t failing : {std::uint64_t{2}, std::uint64_t{3}}) {
        const sequence gone_to = last_sequence_before(log(), 3);
        const auto moments = moments_of(root(), [&](disk_model& model) {
            std::uint64_t syncs = 0;
            model.refuse = [&](const file_call_site& site) {
                return site.what == file_call::fsync && ++syncs == failing ? EIO : 0;
            };
            EXPECT_THROW(retain(1), io_error);
            retain(1);
            model.refuse = nullptr;
        });
        EXPECT_EQ(list_segments(log()), (std::vector<std::uint64_t>{3}));
        check(moments, gone_to);
        if (HasFailure()) {
            return;
        }
        fs::remove_all(root());
        SetUp();
    }
}

TEST_F(RetentionPower, OfWhatIsArchivedLosesNoRecord) {
    archive_options options;
    options.is_deleted = true;
    const auto moments = moments_of(root(), [&](disk_model&) {
        EXPECT_EQ(archive_log(log(), archive(), options).deleted_count, 3U);
    });
    check(moments, {0});
}

}  // namespace
}  // namespace millrace::engine::test
