// What recovery makes of a loss of power, which takes pages of a file in any order.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/index.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/seal.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/dying_writer.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

// A log of five segments in direct mode: durable up to the end of its second, the rest in doubt;
// also its close, if there is one.
class power_cut {
public:
    explicit power_cut(bool is_closed = false) {
        {
            log_writer writer(log(), small_log());
            while (writer.end().value < 4 * segment_bytes_min + 20'000) {
                results_.push_back(append(writer, 900));
            }
            uuid_ = writer.uuid();
            copy_log(log(), directory_ / "cut");
        }
        if (!is_closed) {
            fs::remove_all(log());
            fs::rename(directory_ / "cut", log());
        }
        for (const append_result& result : results_) {
            if (result.at.value < 2 * segment_bytes_min) {
                durable_ = result.seq;
                durable_end_ = {result.at.value + align_record(record_header_bytes + 900)};
            }
        }
        durable_mark::open_for_writing(log(), uuid_).set_durable(durable_end_, durable_);
    }
    fs::path log() const { return directory_ / "log"; }
    // Back to what was synced before the segment had its name: the static part of its header.
    void lose_page(std::uint64_t index, std::size_t page) {
        const std::vector<std::byte> zeros(page == 0 ? sizeof(segment_activation) : 4096);
        overwrite(segment_path(log(), index), page == 0 ? sizeof(segment_static) : page * 4096,
                  zeros);
    }
    void start_host_anew() {
        for (const std::uint64_t index : list_segments(log())) {
            change_boot_id(segment_path(log(), index));
        }
    }
    [[nodiscard]] sequence durable() const { return durable_; }
    [[nodiscard]] std::uint64_t count() const { return results_.size(); }

    // Opens, expects at least what was durable, and that the log can be gone on with and read.
    std::uint64_t expect_opens(const std::string& note) {
        std::uint64_t kept = 0;
        {
            log_writer writer(log(), options_of(way::direct_ahead, directory_.path()));
            kept = writer.last_sequence().value;
            EXPECT_GE(kept, durable_.value);
            EXPECT_TRUE(contains(writer.recovery_note(), note));
            EXPECT_EQ(append_when_ready(writer, 10).seq.value, kept + 1);
        }
        const std::vector<seen_record> records = read_log(log());
        expect_contiguous(records);
        if (records.size() != kept + 1) {
            ADD_FAILURE() << records.size() << " records, expected " << kept + 1;
            return kept;
        }
        for (std::uint64_t i = 0; i < kept; ++i) {
            EXPECT_EQ(records[i].payload, pattern(i + 1, 900));
        }
        return kept;
    }

private:
    temporary_directory directory_;
    std::vector<append_result> results_;
    log_uuid uuid_;
    sequence durable_;
    position durable_end_;
};

}  // namespace

TEST(RecoveryAfterPowerLoss, KeepsEverythingUpToTheFirstGapWhereverThatIs) {
    const std::size_t pages = segment_bytes_min / 4096;
    for (std::uint64_t index = 2; index < 5; ++index) {
        for (std::size_t page = 0; page < pages; page += 3) {
            SCOPED_TRACE(std::to_string(index) + ", page " + std::to_string(page));
            power_cut cut;
            cut.start_host_anew();
            const bool is_in_records = index < 4 || page <= 4;
            cut.lose_page(index, page);
            const bool is_aside = index < 4 || page == 0;
            const verify_report report = verify_log(cut.log());
            EXPECT_EQ(report.result(), is_in_records ? verdict::torn : verdict::clean)
                << (report.findings.empty() ? "" : report.findings.front().text());
            const std::uint64_t kept = cut.expect_opens(!is_in_records ? "did not close"
                                                        : is_aside     ? "set aside"
                                                                       : "torn tail");
            EXPECT_EQ(kept < cut.count(), is_in_records);
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
    }
}

// The close was written, and the power went before it was synced.
TEST(RecoveryAfterPowerLoss, TakesNoGapForDamageBecauseACloseStandsBehindIt) {
    for (std::uint64_t index = 2; index < 5; ++index) {
        for (const std::size_t page : {0U, 1U, 3U}) {
            SCOPED_TRACE(std::to_string(index) + ", page " + std::to_string(page));
            power_cut cut(true);
            cut.start_host_anew();
            cut.lose_page(index, page);
            const verify_report report = verify_log(cut.log());
            EXPECT_EQ(report.result(), verdict::torn)
                << (report.findings.empty() ? "nothing found" : report.findings.front().text());
            EXPECT_LT(cut.expect_opens(index < 4 || page == 0 ? "set aside" : "torn tail"),
                      cut.count());
        }
    }
}

// Records behind the gap are whole and stay where they are, under sequences that were given again.
TEST(RecoveryAfterPowerLoss, LeavesALogThatIsNeitherDamagedNorSalvagedAsItWasBefore) {
    power_cut cut;
    cut.start_host_anew();
    cut.lose_page(4, 2);
    const std::uint64_t kept = cut.expect_opens("torn tail");
    EXPECT_LT(kept, cut.count());
    const verify_report report = verify_log(cut.log());
    EXPECT_EQ(report.result(), verdict::torn)
        << (report.findings.empty() ? "nothing found" : report.findings.front().text());
    EXPECT_EQ(report.record_count, kept + 1);
    temporary_directory directory;
    EXPECT_EQ(salvage_log(cut.log(), directory / "out").record_count, kept + 1);
    EXPECT_EQ(read_log(directory / "out"), read_log(cut.log()));
    EXPECT_EQ(verify_log(directory / "out").result(), verdict::clean);
}

TEST(RecoveryAfterPowerLoss, KeepsWhatItSetsAsideUnderAnotherName) {
    power_cut cut;
    cut.start_host_anew();
    cut.lose_page(2, 5);
    const std::string third = read_whole_file(segment_path(cut.log(), 3));
    cut.expect_opens("segments up to 4 were set aside under the ending .lost");
    EXPECT_EQ(read_whole_file(cut.log() / "000000000003.alog.lost"), third);
    EXPECT_TRUE(fs::exists(cut.log() / "000000000004.alog.lost"));
}

// A mark may lag after a loss of power, for nobody syncs it. Seals are synced, and behind what they
// cover.
TEST(RecoveryAfterPowerLoss, RefusesAGapInWhatIsSealedThoughTheMarkLags) {
    for (const std::uint64_t index : {std::uint64_t{2}, std::uint64_t{4}}) {
        for (const std::size_t page : {std::size_t{0}, std::size_t{2}}) {
            SCOPED_TRACE(std::to_string(index) + ", page " + std::to_string(page));
            power_cut cut;
            static_cast<void>(seal_log(cut.log(), nullptr));
            cut.start_host_anew();
            cut.lose_page(index, page);
            EXPECT_EQ(verify_log(cut.log()).result(), verdict::damaged);
            const std::string refusal =
                thrown_text<damage_error>([&] { log_writer writer(cut.log(), small_log()); });
            EXPECT_TRUE(contains(refusal, index == 4 && page == 2 ? "damaged, not torn"
                                                                  : "the log was durable up to"));
            EXPECT_EQ(list_segment_names(cut.log()).size(), 5u) << "nothing was touched";
            EXPECT_TRUE(fs::exists(cut.log() / seal_file_name(4)));
        }
    }
}

TEST(RecoveryAfterPowerLoss, RefusesALogThatLostItsSealedEnd) {
    power_cut cut;
    static_cast<void>(seal_log(cut.log(), nullptr));
    cut.start_host_anew();
    const std::vector<std::byte> zeros(segment_bytes_min - 8192);
    overwrite(segment_path(cut.log(), 4), 8192, zeros);
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { log_writer writer(cut.log(), small_log()); }),
                 "as its seals say"));
    fs::remove(segment_path(cut.log(), 4));
    EXPECT_THROW(log_writer(cut.log(), small_log()), damage_error);
}

TEST(RecoveryAfterPowerLoss, TakesSealsForProofOnlyAsFarAsTheirChainIsWhole) {
    power_cut cut;
    static_cast<void>(seal_log(cut.log(), nullptr));
    const log_uuid uuid = read_segment_info(cut.log(), 0).uuid;
    const auto sealed_end = [&](std::uint64_t first = 0) {
        return read_sealed_end(cut.log(), uuid, segment_bytes_min, first).value;
    };
    const std::uint64_t all = read_seal_head(cut.log()).end.value;
    EXPECT_EQ(sealed_end(), all);
    EXPECT_EQ(sealed_end(4), all);
    EXPECT_EQ(sealed_end(5), 0u);
    EXPECT_EQ(read_sealed_end(cut.log(), random_log_uuid(), segment_bytes_min, 0).value, 0u);
    const std::uint64_t third_end =
        read_segment_info(cut.log(), 3).previous_end.value + record_header_bytes;
    const fs::path fourth = cut.log() / seal_file_name(3);
    flip_bit(fourth, offsetof(seal_header, previous), 0);
    EXPECT_EQ(sealed_end(), third_end) << "its header fails its checks";
    fs::remove(fourth);
    EXPECT_EQ(sealed_end(), third_end);
    flip_bit(cut.log() / seal_file_name(1), sizeof(seal_header), 0);
    EXPECT_EQ(sealed_end(),
              read_segment_info(cut.log(), 1).previous_end.value + record_header_bytes);
}

// A writer without threads leaves no mark.
TEST(RecoveryAfterPowerLoss, TakesTheDamagedLastRecordForNoneThatWasTornWhereItIsSealed) {
    for (const bool is_sealed : {true, false}) {
        temporary_directory directory;
        position last;
        {
            log_writer writer(directory / "live", small_log());
            append(writer, 500);
            last = append(writer, 500).at;
            copy_log(directory / "live", directory / "log");
        }
        if (is_sealed) {
            static_cast<void>(seal_log(directory / "log", nullptr));
        }
        flip_bit(segment_path(directory / "log", 0), last.value + 100, 3);
        if (is_sealed) {
            EXPECT_TRUE(contains(thrown_text<damage_error>(
                                     [&] { log_writer writer(directory / "log", small_log()); }),
                                 "as its seals say"));
        } else {
            log_writer writer(directory / "log", small_log());
            EXPECT_EQ(writer.last_sequence().value, 1u) << "nothing tells it from a torn one";
        }
    }
}

// The next segment of that number is another one.
TEST(RecoveryAfterPowerLoss, SetsIndexAndSealsAsideWithTheirSegment) {
    power_cut cut;
    static_cast<void>(index_log(cut.log()));
    static_cast<void>(seal_log(cut.log(), nullptr));
    fs::remove(cut.log() / seal_file_name(2));  // else they would prove that all was durable
    cut.start_host_anew();
    const std::string index = read_whole_file(cut.log() / index_file_name(3));
    const std::string seals = read_whole_file(cut.log() / seal_file_name(4));
    cut.lose_page(2, 5);
    { log_writer writer(cut.log(), small_log()); }  // makes neither
    for (const std::uint64_t gone : {std::uint64_t{3}, std::uint64_t{4}}) {
        EXPECT_FALSE(fs::exists(cut.log() / index_file_name(gone)));
        EXPECT_FALSE(fs::exists(cut.log() / seal_file_name(gone)));
    }
    EXPECT_EQ(read_whole_file(cut.log() / (index_file_name(3) + ".lost")), index);
    EXPECT_EQ(read_whole_file(cut.log() / (seal_file_name(4) + ".lost")), seals);
    EXPECT_TRUE(fs::exists(cut.log() / index_file_name(1))) << "of a segment that stays";
}

TEST(RecoveryAfterPowerLoss, RefusesAGapInWhatWasDurable) {
    for (const std::uint64_t index : {std::uint64_t{1}, std::uint64_t{4}}) {
        power_cut cut;
        cut.start_host_anew();
        if (index == 4) {  // all the others are gone with it
            for (std::uint64_t gone = 1; gone < 5; ++gone) {
                fs::remove(segment_path(cut.log(), gone));
            }
        } else {
            cut.lose_page(1, 5);
        }
        EXPECT_EQ(verify_log(cut.log()).result(), verdict::damaged);
        EXPECT_TRUE(
            contains(thrown_text<damage_error>([&] { log_writer writer(cut.log(), small_log()); }),
                     index == 4 ? "is missing" : "the log was durable up to position"));
        EXPECT_EQ(fs::exists(segment_path(cut.log(), 2)), index == 1) << "nothing was touched";
    }
}

TEST(RecoveryAfterPowerLoss, BeginsAnewWhereNothingWasDurableAndTheBeginningIsLost) {
    temporary_directory directory;
    {
        log_writer writer(directory / "live", options_of(way::direct_ahead, directory.path()));
        append(writer, 900);
        copy_log(directory / "live", directory / "log");
        (void)durable_mark::open_for_writing(directory / "log", writer.uuid());
    }
    const fs::path first = segment_path(directory / "log", 0);
    overwrite(first, sizeof(segment_static), std::vector<std::byte>(sizeof(segment_activation)));
    log_writer writer(directory / "log", small_log());
    EXPECT_EQ(writer.last_sequence().value, 0u);
    EXPECT_TRUE(contains(writer.recovery_note(), "gap before segment 0"));
    EXPECT_TRUE(fs::exists(first.native() + ".lost"));
    EXPECT_EQ(append(writer, 10).seq.value, 1u);
}

TEST(RecoveryAfterPowerLoss, GoesOnBehindADurableEndRecordWhoseNextSegmentLostItsBeginning) {
    power_cut cut;
    cut.start_host_anew();
    const segment_info next = read_segment_info(cut.log(), 2);
    durable_mark::open_for_writing(cut.log(), next.uuid)
        .set_durable({next.previous_end.value + record_alignment}, next.previous_last_sequence);
    cut.lose_page(2, 0);
    EXPECT_EQ(cut.expect_opens("gap before segment 2"), next.previous_last_sequence.value);
}

TEST(RecoveryAfterPowerLoss, GoesOnWhereThePowerWentAgainWhileSegmentsWereSetAside) {
    power_cut cut;
    cut.start_host_anew();
    cut.lose_page(2, 5);
    const fs::path third = segment_path(cut.log(), 3);
    fs::rename(third, third.native() + ".lost");
    cut.expect_opens("segments up to 4 were set aside");
}

TEST(RecoveryAfterPowerLoss, RefusesALogThatIsShorterThanItWasDurable) {
    temporary_directory directory;
    log_uuid uuid;
    position end;
    {
        log_writer writer(directory / "log", small_log());
        append(writer, 100);
        uuid = writer.uuid();
        end = writer.end();
    }
    end.value += record_alignment;  // the close record
    durable_mark mark = durable_mark::open_for_writing(directory / "log", uuid);
    mark.set_durable(end, {1});
    { log_writer writer(directory / "log", small_log()); }
    mark.set_durable({end.value + record_alignment}, {1});
    EXPECT_TRUE(contains(
        thrown_text<damage_error>([&] { log_writer writer(directory / "log", small_log()); }),
        "records are lost"));
}

TEST(RecoveryAfterPowerLoss, TakesAGapForDamageWhenTheHostWasNotStartedAnew) {
    power_cut cut;
    cut.lose_page(4, 2);
    EXPECT_TRUE(
        contains(thrown_text<damage_error>([&] { log_writer writer(cut.log(), small_log()); }),
                 "damaged, not torn"));
    EXPECT_EQ(list_segments(cut.log()).size(), 5u);
}

namespace {

// A whole segment with its end record, behind which the next one's begin did not get to the disk.
class end_without_next {
public:
    end_without_next() {
        log_writer writer(directory_ / "live", small_log());
        while (writer.end().value < segment_bytes_min) {
            ++count_;
            append(writer, 900);
        }
        --count_;  // the last stands in the second segment
        copy_log(directory_ / "live", log());
        const segment_info info = read_segment_info(log(), 1);
        fs::remove(next());
        const unique_fd fd = open_file(next(), O_RDWR | O_CREAT);
        const segment spare = segment::make_ahead(fd.get(), next(), info);
    }
    fs::path log() const { return directory_ / "log"; }
    fs::path next() const { return segment_path(log(), 1); }
    log_options options(way how) const { return options_of(how, directory_.path()); }
    [[nodiscard]] std::uint64_t count() const { return count_; }

    void expect_read_to_its_end() const {
        log_reader reader(log(), read_from::first());
        std::vector<seen_record> records;
        EXPECT_EQ(drain(reader, records), read_status::none) << reader.damage().text();
        EXPECT_EQ(records.size(), count_);
        const verify_report report = verify_log(log());
        EXPECT_NE(report.result(), verdict::damaged) << report.findings.front().text();
    }

private:
    temporary_directory directory_;
    std::uint64_t count_ = 0;
};

}  // namespace

TEST(RecoveryAfterPowerLoss, GoesOnBehindAnEndRecordWhoseNextSegmentWasNeverBegun) {
    end_without_next state;
    state.expect_read_to_its_end();
    log_reader reader(state.log(), read_from::first());
    std::vector<seen_record> records;
    std::uint64_t count = state.count();
    EXPECT_EQ(drain(reader, records), read_status::none) << reader.damage().text();
    for (const way how : {way::synchronous, way::hot}) {
        log_writer writer(state.log(), state.options(how));
        EXPECT_EQ(writer.last_sequence().value, count);
        EXPECT_EQ(append_when_ready(writer, 20).seq.value, ++count);
    }
    while (records.size() < count) {
        ASSERT_EQ(drain(reader, records), read_status::none) << reader.damage().text();
    }
    expect_contiguous(records);
}

TEST(RecoveryAfterPowerLoss, LeavesNoEndRecordAloneWhereTheWriterThenCannotGoOn) {
    const end_without_next state;
    log_options options = state.options(way::direct_ahead);
    options.seal_key_file = state.log() / "no.key";  // which is found out late
    EXPECT_THROW(log_writer(state.log(), options), error);
    state.expect_read_to_its_end();
}

TEST(RecoveryAfterPowerLoss, TakesNoOffenceAtAnEndRecordAloneIfThePowerWentAgain) {
    const end_without_next state;
    fs::remove(state.next());
    const segment_info info = read_segment_info(state.log(), 0);
    durable_mark::open_for_writing(state.log(), info.uuid).set_durable(info.first_record(), {0});
    EXPECT_EQ(verify_log(state.log()).result(), verdict::damaged) << "under the same boot";
    change_boot_id(segment_path(state.log(), 0));
    state.expect_read_to_its_end();
    log_writer writer(state.log(), state.options(way::direct_ahead));
    EXPECT_EQ(append_when_ready(writer, 20).seq.value, state.count() + 1);
}

}  // namespace millrace::engine::test
