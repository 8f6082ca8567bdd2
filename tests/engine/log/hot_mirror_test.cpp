#include "engine/log/hot_mirror.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <optional>

#include "engine/log/hot_tier.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::detail::test {

namespace {

using namespace engine::test;

// A log of one segment whose file stands for the hot one, and a mirror of it.
class mirrored_log {
public:
    explicit mirrored_log(hot_mirror::source_kind kind)
        : writer_(directory_ / "log", small_log()),
          mark_(durable_mark::open_for_writing(directory_.path(), writer_.uuid())),
          bytes_(segment_bytes_min) {
        fd_ = open_file(segment_path(directory_ / "log", 0), O_RDWR);
        mirror_.emplace(mapping(fd_.get(), segment_bytes_min, access::read_only, "hot"), kind,
                        durable_mark::open(directory_.path(), writer_.uuid()), 0);
    }

    log_writer& writer() { return writer_; }
    durable_mark& mark() { return mark_; }
    [[nodiscard]] pull_outcome pull() { return mirror_->pull(bytes_); }
    // Up to `size` as the file, and zeros behind.
    void expect_bytes(std::size_t size) {
        const std::string file = read_whole_file(segment_path(directory_ / "log", 0));
        EXPECT_EQ(std::memcmp(file.data(), bytes_.data(), size), 0);
        EXPECT_EQ(used_bytes(bytes_, 0) > size, false) << "something stands behind " << size;
    }
    void free_file() { free_hot_file(fd_.get(), directory_ / "gone"); }
    std::size_t end() const { return writer_.end().value; }
    std::vector<std::byte>& bytes() { return bytes_; }
    std::optional<hot_mirror>& mirror() { return mirror_; }

private:
    temporary_directory directory_;
    log_writer writer_;
    durable_mark mark_;
    std::vector<std::byte> bytes_;
    unique_fd fd_;
    std::optional<hot_mirror> mirror_;
};

}  // namespace

TEST(HotMirror, CopiesWhatIsCommittedAndNoMore) {
    mirrored_log log(hot_mirror::source_kind::hot_file);
    EXPECT_EQ(log.pull(), pull_outcome::grew) << "the header";
    EXPECT_EQ(log.pull(), pull_outcome::unchanged);
    for (int i = 0; i < 20; ++i) {
        append(log.writer(), static_cast<std::size_t>(i) * 31);
        log_claim open_claim = log.writer().try_claim(1, 100);
        std::memset(open_claim.payload().data(), 0xee, 100);
        EXPECT_EQ(log.pull(), pull_outcome::grew);
        EXPECT_EQ(log.pull(), pull_outcome::unchanged);
        log.expect_bytes(log.end());
    }
}

TEST(HotMirror, TakesNothingOfAFileThatWasRetiredMeanwhile) {
    mirrored_log log(hot_mirror::source_kind::hot_file);
    append(log.writer(), 100);
    EXPECT_EQ(log.pull(), pull_outcome::grew);
    const std::size_t before = log.end();
    const std::vector<std::byte> copied = log.bytes();
    append(log.writer(), 100);
    append(log.writer(), 100);
    log.mark().set_retired_below(1);
    log.free_file();
    EXPECT_EQ(log.pull(), pull_outcome::retired);
    EXPECT_EQ(log.bytes(), copied) << "behind " << before;
}

TEST(HotMirror, TakesNothingOfAnUnretiredFileOfZerosEither) {
    mirrored_log log(hot_mirror::source_kind::hot_file);
    append(log.writer(), 100);
    EXPECT_EQ(log.pull(), pull_outcome::grew);
    log.free_file();
    EXPECT_EQ(log.pull(), pull_outcome::unchanged);
}

TEST(HotMirror, ShowsADamagedLengthToItsReaderAndStaysBeforeIt) {
    mirrored_log log(hot_mirror::source_kind::hot_file);
    append(log.writer(), 100);
    const std::size_t at = log.end();
    append(log.writer(), 100);
    const std::uint64_t word = make_commit_word(segment_bytes_min, 1);
    const segment open_one = segment::open(log.writer().directory(), 0, access::read_write);
    std::memcpy(open_one.data() + at, &word, sizeof word);
    EXPECT_EQ(log.pull(), pull_outcome::grew);
    EXPECT_EQ(log.pull(), pull_outcome::unchanged);
    EXPECT_EQ(std::memcmp(log.bytes().data() + at, &word, sizeof word), 0);
}

TEST(HotMirror, TrustsTheDisksFileUpToTheDurablePositionOnly) {
    mirrored_log log(hot_mirror::source_kind::disk_file);
    append(log.writer(), 100);
    const std::size_t first = log.end();
    append(log.writer(), 100);
    EXPECT_EQ(log.pull(), pull_outcome::unchanged);
    log.expect_bytes(0);
    log.mark().set_durable({segment_header_bytes_min}, {0});
    EXPECT_EQ(log.pull(), pull_outcome::grew);
    log.expect_bytes(segment_header_bytes_min);
    log.mark().set_durable({first}, {1});
    EXPECT_EQ(log.pull(), pull_outcome::grew);
    log.expect_bytes(first);
    log.mark().set_durable({log.end()}, {2});
    EXPECT_EQ(log.pull(), pull_outcome::grew);
    log.expect_bytes(log.end());
}

}  // namespace millrace::engine::detail::test
