#include "engine/log/retained.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/damage_support.hpp"

namespace millrace::engine::test {

namespace {

class Retained : public ::testing::Test {
protected:
    void SetUp() override { static_cast<void>(write_quarter_mebibyte(log())); }
    [[nodiscard]] fs::path log() const { return directory_ / "log"; }
    [[nodiscard]] fs::path path(std::uint64_t index) const { return segment_path(log(), index); }
    [[nodiscard]] verify_report verify() const { return verify_log(log()); }
    // The only finding there is.
    [[nodiscard]] static finding only(const verify_report& report) {
        EXPECT_EQ(report.findings.size(), 1u) << all_text(report);
        return report.findings.empty() ? finding() : report.findings.front();
    }

    temporary_directory directory_;
};

}  // namespace

TEST_F(Retained, TellsSegmentsThatWereRemovedOnPurposeFromLostOnes) {
    const log_uuid uuid = verify().uuid;
    fs::remove(path(0));
    finding found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::missing_segment);
    EXPECT_TRUE(contains(found.text(), "no file here is segment 0;")) << found.text();
    write_retained(log(), {uuid, 1});
    const verify_report report = verify();
    EXPECT_EQ(report.result(), verdict::clean) << all_text(report);
    EXPECT_GT(report.first_sequence.value, 1u);
    fs::remove(path(1));
    found = only(verify());
    EXPECT_EQ(found.kind, finding_kind::missing_segment);
    EXPECT_EQ(found.at.value, segment_bytes_min);
    fs::remove(log() / retained_name);
    EXPECT_TRUE(contains(only(verify()).text(), "no files here are segments 0 to 1;"));
}

TEST_F(Retained, CountsOnlyForItsOwnLogAndOnlyWhole) {
    const log_uuid uuid = verify().uuid;
    fs::remove(path(0));
    write_retained(log(), {random_log_uuid(), 1});
    EXPECT_EQ(only(verify()).kind, finding_kind::bad_retained);
    write_retained(log(), {uuid, 1});
    EXPECT_EQ(verify().result(), verdict::clean);
    const std::string text = read_whole_file(log() / retained_name);
    for (std::size_t length = 0; length < text.size(); ++length) {
        write_file_atomically(log() / retained_name, text.substr(0, length));
        EXPECT_EQ(only(verify()).kind, finding_kind::bad_retained) << length;
        EXPECT_THROW(write_retained(log(), {uuid, 2}), damage_error);
    }
    write_file_atomically(log() / retained_name, text + "\n");
    EXPECT_EQ(only(verify()).kind, finding_kind::bad_retained);
    // What was removed once does not come back.
    write_file_atomically(log() / retained_name, text);
    write_retained(log(), {uuid, 0});
    EXPECT_EQ(read_whole_file(log() / retained_name), text);
}

TEST_F(Retained, IsNotAskedOfAFileThatIsNoSegmentAndFarOff) {
    const std::string nothing(segment_bytes_min, '\x5a');
    write_file_atomically(log() / segment_file_name(4), nothing);
    EXPECT_EQ(only(verify()).kind, finding_kind::bad_header);
    fs::rename(path(4), log() / "999999999999.alog");
    EXPECT_EQ(only(verify()).kind, finding_kind::bad_header) << "and millions of missing ones";
}

}  // namespace millrace::engine::test
