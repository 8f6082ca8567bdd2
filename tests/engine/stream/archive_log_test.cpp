#include "engine/stream/archive_log.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/archive_gap.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_copy.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/verify.hpp"
#include "engine/stream/retention.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class ArchiveLog : public ::testing::Test {
protected:
    ArchiveLog() {
        open();
        for (last_ = 0; list_segments(log()).size() < 5;) {
            ++last_;
            EXPECT_EQ(append_tick(*table_, last_).status, append_status::ok);
        }
    }
    void open() {
        table_.reset();
        table_ = std::make_unique<table_log>(log(), tick_table.schema(), tiny_log());
        table_->start();
    }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path archive() const { return directory_ / "archive"; }
    // All but the newest segment, each sealed to its end, and removed from the log.
    void seal_and_archive() {
        table_->close();
        static_cast<void>(seal_log(log(), nullptr));
        archive_options options;
        options.is_deleted = true;
        static_cast<void>(archive_log(log(), archive(), options));
    }
    // How many ticks in order, from the first; each is checked.
    static std::uint64_t count_ticks(const fs::path& directory, std::uint64_t first = 1) {
        log_reader reader(directory, read_from::first());
        record_view record;
        std::uint64_t next = first;
        while (reader.poll(record) == read_status::record) {
            EXPECT_EQ(record.seq.value, next);
            EXPECT_TRUE(is_tick(record.bytes(), next));
            ++next;
        }
        EXPECT_EQ(reader.damage().kind, damage_kind::none) << reader.damage().text();
        return next - 1;
    }

    temporary_directory directory_;
    std::unique_ptr<table_log> table_;
    std::uint64_t last_ = 0;
};

TEST_F(ArchiveLog, HoldsTheClosedSegmentsAndReadsAsALogOfItsOwn) {
    const archive_report report = archive_log(log(), archive(), {});
    EXPECT_EQ(report.new_count, 4U);
    EXPECT_EQ(report.deleted_count, 0U);
    EXPECT_LT(report.packed_bytes, report.plain_bytes);
    EXPECT_EQ(list_segments(log()).size(), 5U);
    EXPECT_TRUE(is_archive(archive()));
    EXPECT_EQ(list_readable_segments(archive()), (std::vector<std::uint64_t>{0, 1, 2, 3}));
    const sequence end = read_segment_info(log(), 4).previous_last_sequence;
    EXPECT_EQ(count_ticks(archive()), end.value);
    EXPECT_EQ(recover_tail(archive()).last_sequence, end);
    EXPECT_EQ(verify_log(archive()).result(), verdict::clean);
    EXPECT_EQ(verify_log(archive()).last_sequence, end);
    // Into it, by sequence and time.
    log_reader reader(archive(), read_from::at_sequence({end.value - 3}));
    record_view record;
    ASSERT_EQ(reader.poll(record), read_status::record);
    EXPECT_EQ(record.seq.value, end.value - 3);
    const archive_report again = archive_log(log(), archive(), {});
    EXPECT_EQ(again.new_count, 0U);
    EXPECT_EQ(again.known_count, 4U);
}

TEST_F(ArchiveLog, TheLogIsReadWholeWhereItsOlderSegmentsAreArchived) {
    archive_options options;
    options.is_deleted = true;
    EXPECT_EQ(archive_log(log(), archive(), options).deleted_count, 4U);
    EXPECT_EQ(list_segments(log()), (std::vector<std::uint64_t>{4}));
    EXPECT_EQ(list_readable_segments(log()).size(), 5U);
    EXPECT_EQ(count_ticks(log()), last_);
    const verify_report verified = verify_log(log());
    EXPECT_EQ(verified.result(), verdict::clean);
    EXPECT_EQ(verified.record_count, last_);
    open();  // its writer needs none of them
    append_ticks(*table_, last_ + 1, last_ + 400);
    EXPECT_EQ(count_ticks(log()), last_ + 400);
    EXPECT_GT(archive_log(log(), archive(), options).deleted_count, 0U);
    EXPECT_EQ(count_ticks(log()), last_ + 400);
    // A stream from the archive into the live log.
    stream_ring ring(16);
    subscription stream(reading(log()), ring);
    std::uint64_t taken = 0;
    for (int idle = 0; idle < 3;) {
        idle = stream.do_work() == 0 ? idle + 1 : 0;
        taken += take(ring).size();
    }
    EXPECT_EQ(taken, last_ + 400);
}

TEST_F(ArchiveLog, AReaderOnItsWayIsNotLost) {
    log_reader reader(log(), read_from::first());
    record_view record;
    ASSERT_EQ(reader.poll(record), read_status::record);
    archive_options options;
    options.is_deleted = true;
    EXPECT_EQ(archive_log(log(), archive(), options).deleted_count, 4U);
    std::uint64_t seen = 1;
    while (reader.poll(record) == read_status::record) {
        ++seen;
    }
    EXPECT_EQ(seen, last_);
    EXPECT_EQ(reader.damage().kind, damage_kind::none);
}

TEST_F(ArchiveLog, TakesIndexesAndSealsAlong) {
    table_->close();
    static_cast<void>(seal_log(log(), nullptr));
    for (const std::uint64_t index : list_segments(log())) {
        rebuild_index(log(), segment::open(log(), index, access::read_only));
    }
    const verify_report before = verify_log(log());
    archive_options options;
    options.is_deleted = true;
    EXPECT_EQ(archive_log(log(), archive(), options).deleted_count, 4U);
    const verify_report after = verify_log(log());
    EXPECT_EQ(after.result(), verdict::clean);
    EXPECT_EQ(after.seal_count, before.seal_count);
    EXPECT_EQ(after.index_count, before.index_count);
    EXPECT_TRUE(contains(read_whole_file(archive() / "manifest.txt"), seal_file_name(2)));
}

// Behind a segment whose seals end before it does no chain could go on.
TEST_F(ArchiveLog, ASealedLogKeepsWhatIsNotSealedToItsEnd) {
    archive_options options;
    options.is_deleted = true;
    table_->close();
    static_cast<void>(seal_log(log(), nullptr));
    open();
    while (list_segments(log()).size() < 8) {
        EXPECT_EQ(append_tick(*table_, ++last_).status, append_status::ok);
    }
    table_->close();
    const std::uint64_t half_sealed = 4;
    const archive_report first = archive_log(log(), archive(), options);
    EXPECT_EQ(first.deleted_count, half_sealed);
    EXPECT_EQ(first.unsealed, half_sealed);
    EXPECT_EQ(verify_log(log()).result(), verdict::clean);
    EXPECT_EQ(archive_log(log(), archive(), options).unsealed, half_sealed);

    static_cast<void>(seal_log(log(), nullptr));
    const archive_report second = archive_log(log(), archive(), options);
    EXPECT_EQ(second.deleted_count, 3U);
    EXPECT_EQ(second.unsealed, std::nullopt);
    const verify_report verified = verify_log(log());
    EXPECT_EQ(verified.result(), verdict::clean);
    EXPECT_EQ(verified.head.last_sequence, verified.last_sequence);
}

TEST_F(ArchiveLog, TheChainOfSealsGoesOnBehindAnArchive) {
    seal_and_archive();
    fs::remove(log() / seal_file_name(4));  // as where its writer was killed before it made any
    static_cast<void>(seal_log(log(), nullptr));
    EXPECT_EQ(verify_log(log()).result(), verdict::clean);
    const seal_contents seals = read_seals(log(), read_segment_info(log(), 4));
    EXPECT_NE(seals.header.previous, digest{});

    // By a writer's own thread too.
    fs::remove(log() / seal_file_name(4));
    table_log_options threaded = tiny_log();
    threaded.is_synchronous = false;
    threaded.storage = storage_mode::direct;
    table_.reset();
    table_ = std::make_unique<table_log>(log(), tick_table.schema(), threaded);
    table_->start();
    append_ticks(*table_, last_ + 1, last_ + 10);
    table_.reset();
    const verify_report verified = verify_log(log());
    EXPECT_EQ(verified.result(), verdict::clean);
    EXPECT_EQ(verified.head.last_sequence, verified.last_sequence);
}

TEST_F(ArchiveLog, NothingIsSealedInAChainWithAnArchiveWhoseSealsEndTooEarly) {
    seal_and_archive();
    fs::remove(log() / seal_file_name(4));
    fs::resize_file(archive() / seal_file_name(3),
                    fs::file_size(archive() / seal_file_name(3)) - sizeof(seal));
    EXPECT_THROW(static_cast<void>(seal_log(log(), nullptr)), damage_error);
    EXPECT_FALSE(fs::exists(log() / seal_file_name(4)));
}

TEST_F(ArchiveLog, NoWriterBeginsALogInItNorWhereOnlyItIsLeft) {
    archive_options options;
    options.is_deleted = true;
    table_.reset();
    static_cast<void>(archive_log(log(), archive(), options));
    for (const std::uint64_t index : list_segment_names(log())) {
        fs::remove(log() / segment_file_name(index));
    }
    const auto refusal_in = [](const fs::path& directory) {
        try {
            table_log begun(directory, tick_table.schema(), tiny_log());
        } catch (const error& refused) {
            return std::string(refused.what());
        }
        return std::string("it was begun");
    };
    EXPECT_TRUE(contains(refusal_in(archive()), "holds an archive")) << refusal_in(archive());
    EXPECT_TRUE(contains(refusal_in(log()), archive().native())) << refusal_in(log());
    EXPECT_EQ(verify_log(archive()).result(), verdict::clean);
    EXPECT_TRUE(list_segment_names(log()).empty());
}

TEST_F(ArchiveLog, DamageOfTheArchiveIsFoundWhereverABitFlips) {
    static_cast<void>(archive_log(log(), archive(), {}));
    const fs::path victim = archive() / archived_file_name(2);
    const std::string whole = read_whole_file(victim);
    for (std::size_t byte = 0; byte < whole.size(); byte += whole.size() / 40) {
        write_file_atomically(victim, whole);
        flip_bit(victim, byte, byte % 8);
        EXPECT_EQ(verify_log(archive()).result(), verdict::damaged) << "byte " << byte;
        archive_options options;
        options.is_deleted = true;
        EXPECT_THROW(static_cast<void>(archive_log(log(), archive(), options)), damage_error);
        EXPECT_EQ(list_segments(log()).size(), 5U);
    }
    // A frame that is whole, of another segment.
    write_file_atomically(victim, read_whole_file(archive() / archived_file_name(1)));
    EXPECT_THROW(static_cast<void>(archive_log(log(), archive(), {})), damage_error);
    write_file_atomically(victim, whole.substr(0, whole.size() / 2));
    EXPECT_THROW(static_cast<void>(segment::open(archive(), 2, access::read_only)), damage_error);
}

// An archive whose manifest does not say what is there, and what verification says of it.
class ArchiveManifest : public ArchiveLog {
protected:
    ArchiveManifest() {
        seal_and_archive();
        manifest_ = read_whole_file(path());
    }
    [[nodiscard]] fs::path path() const { return archive() / "manifest.txt"; }
    void change(const std::string& what, const std::string& into) const {
        std::string text = manifest_;
        const std::size_t at = text.find(what);
        ASSERT_NE(at, std::string::npos) << what;
        write_file_atomically(path(), text.replace(at, what.size(), into));
    }
    // Of the archive itself and of the log whose older part it is.
    void expect_finding(finding_kind kind, const std::string& text,
                        verdict result = verdict::damaged) const {
        for (const fs::path& directory : {archive(), log()}) {
            const verify_report report = verify_log(directory);
            EXPECT_EQ(report.result(), result);
            EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(),
                                    [&](const finding& one) {
                                        return one.kind == kind &&
                                               one.text().find(text) != std::string::npos;
                                    }))
                << (report.findings.empty() ? "" : report.findings.front().text());
        }
    }

    std::string manifest_;
};

TEST_F(ArchiveManifest, IsHeldAgainstEveryFile) {
    for (const fs::path& directory : {archive(), log()}) {
        const verify_report report = verify_log(directory);
        EXPECT_EQ(report.result(), verdict::clean);
        EXPECT_EQ(report.archived_count, 8U) << "four segments and their seals";
    }
}

TEST_F(ArchiveManifest, ThatIsMissingOrDamagedOrAnotherLogsIsFound) {
    fs::remove(path());
    expect_finding(finding_kind::missing_manifest, "the archive's manifest is missing");
    change("segment_bytes 65536", "segment_bytes");
    expect_finding(finding_kind::bad_manifest, "line 3 is not as it was written");
    const std::size_t uuid = manifest_.find("log ") + 4;
    change(manifest_.substr(uuid, 8), "00000000");
    expect_finding(finding_kind::bad_manifest, "it is of log 00000000-");
}

TEST_F(ArchiveManifest, ThatWasAlteredIsToldFromAFileThatWas) {
    const auto altered = [&](const std::string& key, std::size_t from) {
        const std::size_t at = manifest_.find(key, from) + key.size();
        std::string text = manifest_;
        text[at] = text[at] == '0' ? '1' : '0';
        write_file_atomically(path(), text);
    };
    const std::size_t second = manifest_.find(archived_file_name(1));
    altered(" sha256 ", second);
    expect_finding(finding_kind::not_as_archived, "or the manifest was altered");
    altered("segment_sha256 ", second);
    expect_finding(finding_kind::not_as_archived, "the file is as archived, and the segment in it");
    write_file_atomically(path(), manifest_);
    // The same segment in another frame, and another one.
    const fs::path victim = archive() / archived_file_name(1);
    const mapping bytes = detail::load_archived(victim);
    static_cast<void>(detail::compress_segment({bytes.data(), bytes.size()}, victim, 19));
    expect_finding(finding_kind::not_as_archived, "compressed anew");
    const fs::path seals = archive() / seal_file_name(1);
    write_file_atomically(seals, read_whole_file(archive() / seal_file_name(2)));
    expect_finding(finding_kind::not_as_archived, "restore it from a copy");
}

TEST_F(ArchiveManifest, ThatNamesAFileThatIsNotThereIsFound) {
    fs::remove(archive() / archived_file_name(0));
    expect_finding(finding_kind::missing_archived, archived_file_name(0));
}

TEST_F(ArchiveManifest, FindsAFileItDoesNotNameAndThatIsNoDamage) {
    const std::size_t line = manifest_.find(archived_file_name(3));
    write_file_atomically(path(), manifest_.substr(0, line));
    for (const fs::path& directory : {archive(), log()}) {
        const verify_report report = verify_log(directory);
        EXPECT_EQ(report.result(), verdict::torn);
        EXPECT_FALSE(report.findings.empty());
        for (const finding& one : report.findings) {
            EXPECT_EQ(one.kind, finding_kind::unlisted_file) << one.text();
        }
    }
    const file_lock lock(archive() / archive_lock_name, "test");
    EXPECT_EQ(verify_log(archive()).result(), verdict::clean) << "somebody is archiving";
}

TEST_F(ArchiveLog, RefusesTheArchiveOfAnotherLogAndASecondOne) {
    archive_options options;
    options.is_deleted = true;
    static_cast<void>(archive_log(log(), archive(), options));
    EXPECT_THROW(static_cast<void>(archive_log(log(), directory_ / "second", options)),
                 config_error);
    EXPECT_THROW(static_cast<void>(archive_log(log(), log(), {})), config_error);
    const fs::path other = directory_ / "other";
    table_log stranger(other, tick_table.schema(), tiny_log());
    stranger.start();
    append_ticks(stranger, 1, 600);
    EXPECT_THROW(static_cast<void>(archive_log(other, archive(), {})), config_error);
}

// An archive that is not mounted, or from which a file is gone.
class ArchiveGap : public ArchiveLog {
protected:
    void archive_all_but_the_newest() {
        archive_options options;
        options.is_deleted = true;
        static_cast<void>(archive_log(log(), archive(), options));
    }
    void retain(std::uint64_t count) const {
        retention_policy policy;
        policy.segments_max = count;
        apply_retention(log(), plan_retention(log(), policy, {}, utc_now(), true));
    }
    [[nodiscard]] sequence before_newest() const {
        return read_segment_info(log(), list_segments(log()).back()).previous_last_sequence;
    }
    // Reading from the first record, however that is said, is refused, and tells why.
    void expect_no_beginning(const std::string& why) const {
        const auto text_of = [&](const read_from& from) {
            return thrown_text<error>([&] { log_reader(log(), from); });
        };
        for (const read_from& from :
             {read_from::first(), read_from::at_time({0}), read_from::at_sequence({1}),
              read_from::at_sequence(before_newest()), read_from::at_position({0})}) {
            const std::string text = text_of(from);
            EXPECT_TRUE(contains(text, (log() / "archive.at").native())) << text;
            EXPECT_TRUE(contains(text, archive().native())) << text;
            EXPECT_TRUE(contains(text, why)) << text;
        }
        EXPECT_THROW(log_reader(log(), read_from::first()), damage_error);
        EXPECT_TRUE(contains(text_of(read_from::at_sequence({1})), "is no longer here"));
        EXPECT_TRUE(contains(text_of(read_from::first()), "What is here begins with sequence "));
    }
    // Whoever begins with what is here needs no archive.
    void expect_the_rest_is_read() {
        const std::uint64_t first = before_newest().value + 1;
        for (const read_from& from : {read_from::at_sequence({first}), read_from::oldest_here()}) {
            log_reader reader(log(), from);
            record_view record;
            ASSERT_EQ(reader.poll(record), read_status::record);
            EXPECT_EQ(record.seq.value, first);
        }
        EXPECT_EQ(log_reader(log(), read_from::tail()).last_sequence().value, last_);
        open();
        ++last_;
        EXPECT_EQ(append_tick(*table_, last_).seq.value, last_);
        EXPECT_EQ(recover_tail(log()).last_sequence.value, last_);
    }
};

TEST_F(ArchiveGap, ThatIsTheWholeArchiveIsToldToWhoReadsFromTheFirstRecord) {
    archive_all_but_the_newest();
    EXPECT_EQ(count_ticks(log()), last_);
    fs::rename(archive(), directory_ / "elsewhere");
    expect_no_beginning("which is not there; mount it, or correct the file if it has moved");
    expect_the_rest_is_read();
    fs::create_directory(archive());  // a mount point without its file system
    expect_no_beginning("where no archive is");
    expect_the_rest_is_read();
    std::ofstream(archive() / "manifest.txt") << "millrace archive 1\nlog\n";
    expect_no_beginning("which cannot be read: ");
    table_->close();
    const salvage_report saved = salvage_log(log(), directory_ / "saved");
    EXPECT_TRUE(contains(saved.notes.back(), (log() / "archive.at").native()));
    std::ofstream(log() / "archive.at") << "../elsewhere\n";
    EXPECT_EQ(count_ticks(log()), last_);
}

TEST_F(ArchiveGap, ThatIsOneFileIsToldToo) {
    archive_all_but_the_newest();
    fs::rename(archive() / archived_file_name(3), directory_ / "three");
    expect_no_beginning("names 000000000003.alog.zst, which is not there; restore it from a copy");
    expect_the_rest_is_read();
    fs::rename(directory_ / "three", archive() / archived_file_name(3));
    EXPECT_EQ(count_ticks(log()), last_);
    fs::remove(archive() / archived_file_name(1));
    EXPECT_TRUE(contains(thrown_text<damage_error>([&] { log_reader(log(), read_from::first()); }),
                         "names 000000000001.alog.zst"));
    const sequence in_two = read_segment_info(log(), 2).base_sequence;
    log_reader reader(log(), read_from::at_sequence(in_two));
    record_view record;
    ASSERT_EQ(reader.poll(record), read_status::record);
    EXPECT_EQ(record.seq, in_two);
}

TEST_F(ArchiveGap, IsNoneWhereSegmentsWereRemovedOnPurpose) {
    retain(4);  // before the rest was archived
    archive_all_but_the_newest();
    EXPECT_EQ(list_readable_segments(log()), (std::vector<std::uint64_t>{1, 2, 3, 4}));
    EXPECT_FALSE(find_archive_gap(log(), read_segment_info(log(), 4).uuid, 1));
    EXPECT_NO_THROW(log_reader(log(), read_from::first()));
    while (list_segments(log()).size() < 4) {
        EXPECT_EQ(append_tick(*table_, ++last_).status, append_status::ok);
    }
    retain(2);  // behind what was archived
    const std::uint64_t oldest = list_segments(log()).front();
    EXPECT_EQ(list_readable_segments(log()).front(), oldest);
    EXPECT_GT(oldest, 5u);
    EXPECT_NO_THROW(log_reader(log(), read_from::first()));
    // If nothing says so, they were lost.
    fs::remove(log() / retained_name);
    EXPECT_TRUE(contains(thrown_text<damage_error>([&] { log_reader(log(), read_from::first()); }),
                         "were not removed on purpose; restore them from a copy"));
    accept_missing_beginning(log(), find_missing_beginning(log()).value());
    EXPECT_NO_THROW(log_reader(log(), read_from::first()));
}

TEST_F(ArchiveGap, StopsAReaderOnItsWay) {
    archive_all_but_the_newest();
    log_reader reader(log(), read_from::first());
    record_view record;
    ASSERT_EQ(reader.poll(record), read_status::record);
    fs::rename(archive(), directory_ / "elsewhere");
    while (reader.poll(record) == read_status::record) {
    }
    EXPECT_EQ(reader.damage().kind, damage_kind::missing_segment);
    EXPECT_TRUE(contains(reader.damage().text(), (log() / "archive.at").native()))
        << reader.damage().text();
}

// Nothing may be written: not even a lock.
TEST_F(ArchiveLog, ReadsWhereItMayNotWrite) {
    table_->close();
    static_cast<void>(archive_log(log(), archive(), {}));
    constexpr auto all_read =
        fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
    constexpr auto all_enter =
        fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
    for (const fs::path& one : {log(), archive()}) {
        fs::permissions(one, all_read | all_enter);
        for (const auto& entry : fs::directory_iterator(one)) {
            fs::permissions(entry.path(), all_read);
        }
    }
    fs::permissions(log().parent_path(), all_read | all_enter, fs::perm_options::add);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) {
            ::_exit(9);
        }
        try {
            const bool is_good = verify_log(log()).result() == verdict::clean &&
                                 verify_log(archive()).result() == verdict::clean &&
                                 count_ticks(log()) == last_ && count_ticks(archive()) > 0 &&
                                 hold_still(log()).is_held() &&
                                 recover_tail(log()).last_sequence == sequence{last_};
            ::_exit(is_good ? 0 : 1);
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "%s\n", failure.what());
            ::_exit(2);
        }
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    for (const fs::path& one : {log(), archive()}) {
        fs::permissions(one, fs::perms::owner_all);
    }
}

}  // namespace
}  // namespace millrace::engine::test
