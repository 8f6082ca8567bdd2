// What the tools make of a log in each state it may be found in: closed in order, being written,
// left by a writer that was killed, after a restart of the host; written in each way.
#include <gtest/gtest.h>

#include <tuple>

#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/index.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/damage_support.hpp"
#include "tests/engine/log/dying_writer.hpp"

namespace millrace::engine::test {

namespace {

enum class state { closed, written, killed, restarted };

std::string to_text(state found) {
    return found == state::closed    ? "Closed"
           : found == state::written ? "Written"
           : found == state::killed  ? "Killed"
                                     : "Restarted";
}

constexpr std::uint64_t written_count = 700;
constexpr std::uint64_t durable_count = 500;

class LogStates : public ::testing::TestWithParam<std::tuple<way, state>> {
protected:
    void SetUp() override {
        switch (found()) {
            case state::closed:
                write(std::make_unique<log_writer>(log(), options()));
                break;
            case state::written:
                writer_ = write(std::make_unique<log_writer>(log(), options()));
                break;
            case state::killed:
            case state::restarted:
                ASSERT_TRUE(live_until_killed([&] {
                    const auto writer = write(std::make_unique<log_writer>(log(), options()));
                    EXPECT_TRUE(how() == way::synchronous || comes_true([&] {
                                    return list_segment_names(log()) != list_segments(log());
                                }))
                        << "there is no spare to be found";
                    if (!HasFailure()) {
                        kill_self();
                    }
                }));
                break;
        }
        if (found() == state::restarted) {
            restart_host(log());
        }
    }
    [[nodiscard]] way how() const { return std::get<0>(GetParam()); }
    [[nodiscard]] state found() const { return std::get<1>(GetParam()); }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] log_options options() const {
        log_options options = options_of(how(), directory_.path());
        options.sync_delay_max_ns =
            600'000'000'000;  // so that a killed log has what is not durable
        return options;
    }
    static std::unique_ptr<log_writer> write(std::unique_ptr<log_writer> writer) {
        while (writer->last_sequence().value < written_count && !HasFailure()) {
            EXPECT_EQ(append_when_ready(*writer, 500).status, append_status::ok);
            if (writer->last_sequence().value == durable_count) {
                EXPECT_EQ(wait_for_the_disk(*writer), durable_wait::durable);
                ::usleep(20'000);  // a last wish for a sync must not take the next records along
            }
        }
        return writer;
    }
    [[nodiscard]] bool is_in_memory() const {
        return how() == way::hot && (found() == state::written || found() == state::killed);
    }
    // What a restart took of a hot tier was not durable.
    void expect_count(std::uint64_t count) const {
        if (found() == state::restarted && how() == way::hot) {
            EXPECT_GE(count, durable_count);
            EXPECT_LT(count, written_count) << "something was lost, or the test tests nothing";
        } else {
            EXPECT_EQ(count, written_count);
        }
    }
    // A writer that takes the log up, whatever was done to it, goes on; and all fits then.
    void expect_goes_on(std::uint64_t count) {
        writer_.reset();
        {
            log_writer writer(log(), options());
            EXPECT_EQ(writer.last_sequence().value, count);
            EXPECT_EQ(append_when_ready(writer, 10).seq.value, count + 1);
        }
        const std::vector<seen_record> records = read_log(log());
        expect_contiguous(records);
        EXPECT_EQ(records.size(), count + 1);
        const verify_report report = verify_log(log());
        EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    }

    temporary_directory directory_;
    std::unique_ptr<log_writer> writer_;
};

}  // namespace

TEST_P(LogStates, VerifyFindsNoDamageAndAllThatIsThere) {
    const verify_report report = verify_log(log());
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    expect_count(report.record_count);
    EXPECT_EQ(all_text(report).find("in the hot tier") != std::string::npos, is_in_memory())
        << all_text(report);
    EXPECT_EQ(all_text(report).find("hot tier is gone") != std::string::npos,
              how() == way::hot && found() == state::restarted)
        << all_text(report);
    if (how() != way::synchronous && found() == state::killed) {
        EXPECT_GE(report.spare_count, 1u);
    }
    if (found() == state::closed) {
        EXPECT_EQ(report.spare_count, 0u);
    }
    expect_goes_on(report.last_sequence.value);
}

TEST_P(LogStates, VerifyStillFindsDamage) {
    if (found() == state::written) {
        writer_.reset();
    }
    const std::vector<seen_record> records = read_log(log());
    const position at = records[20].at;
    flip_bit(segment_path(log(), at.value / segment_bytes_min), at.value % segment_bytes_min + 40,
             1);
    if (const auto where = detail::read_hot_location(log()); where && where->is_of_this_boot) {
        const fs::path hot = segment_path(where->directory, at.value / segment_bytes_min);
        if (fs::exists(hot)) {
            flip_bit(hot, at.value % segment_bytes_min + 40, 1);
        }
    }
    EXPECT_EQ(verify_log(log()).result(), verdict::damaged) << all_text(verify_log(log()));
}

TEST_P(LogStates, SalvageTakesAllThatIsThere) {
    if (found() == state::written) {
        EXPECT_THROW(static_cast<void>(salvage_log(log(), directory_ / "saved")), locked_error);
        return;
    }
    const salvage_report saved = salvage_log(log(), directory_ / "saved");
    expect_count(saved.record_count);
    EXPECT_EQ(saved.lost_count, 0u);
    EXPECT_TRUE(saved.holes.empty()) << saved.holes.front().text();
    const verify_report report = verify_log(directory_ / "saved");
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_EQ(report.record_count, saved.record_count);
    EXPECT_EQ(log_writer(directory_ / "saved", options()).last_sequence(), saved.last_sequence);
    expect_goes_on(saved.last_sequence.value);
}

TEST_P(LogStates, IndexAndSealTakeAllOrAreToldThatAWriterIsThere) {
    if (found() == state::written) {
        const std::vector<std::uint64_t> segments = list_segments(log());
        for (const std::uint64_t index : segments) {
            fs::remove(log() / index_file_name(index));
        }
        const indexed_log indexed = index_log(log());
        EXPECT_EQ(indexed.segment_count, segments.size() - 1) << "its writer keeps the newest's";
        EXPECT_NE(indexed.note.find("open for writing"), std::string::npos) << indexed.note;
        const verify_report report = verify_log(log());
        EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
        EXPECT_GE(report.index_count, segments.size() - 1);
        EXPECT_THROW(static_cast<void>(seal_log(log(), nullptr)), locked_error);
        return;
    }
    const indexed_log indexed = index_log(log());
    EXPECT_EQ(indexed.segment_count, list_segments(log()).size());
    EXPECT_EQ(!indexed.note.empty(), how() == way::hot && found() != state::closed) << indexed.note;
    EXPECT_FALSE(fs::exists(log() / hot_tier_name)) << "what is sealed is on the disk";
    const sealed_log sealed = seal_log(log(), nullptr);
    expect_count(sealed.head.last_sequence.value);
    const verify_report report = verify_log(log());
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_EQ(report.index_count, report.segment_count);
    EXPECT_EQ(report.head.hash, sealed.head.hash);
    expect_goes_on(sealed.head.last_sequence.value);
}

TEST_P(LogStates, SealBringsTheHotTierHomeFirst) {
    if (found() == state::written) {
        EXPECT_THROW(static_cast<void>(seal_log(log(), nullptr)), locked_error);
        return;
    }
    const sealed_log sealed = seal_log(log(), nullptr);
    EXPECT_FALSE(fs::exists(log() / hot_tier_name));
    expect_count(sealed.head.last_sequence.value);
    expect_goes_on(sealed.head.last_sequence.value);
}

TEST_P(LogStates, SeekFindsEveryPlace) {
    const std::vector<seen_record> records = read_log(log());
    expect_count(records.size());
    for (const std::size_t i : {std::size_t{0}, records.size() / 2, records.size() - 1}) {
        const seen_record& wanted = records[i];
        EXPECT_EQ(read_log(log(), read_from::at_sequence(wanted.seq)).front(), wanted);
        EXPECT_EQ(read_log(log(), read_from::at_time(wanted.time)).front(), wanted);
        EXPECT_EQ(read_log(log(), read_from::at_position(wanted.at)).front(), wanted);
    }
    EXPECT_TRUE(read_log(log(), read_from::tail()).empty());
}

INSTANTIATE_TEST_SUITE_P(All, LogStates,
                         ::testing::Combine(::testing::Values(way::synchronous, way::direct_ahead,
                                                              way::hot),
                                            ::testing::Values(state::closed, state::written,
                                                              state::killed, state::restarted)),
                         [](const auto& param) {
                             return to_text(std::get<0>(param.param)) +
                                    to_text(std::get<1>(param.param));
                         });

}  // namespace millrace::engine::test
