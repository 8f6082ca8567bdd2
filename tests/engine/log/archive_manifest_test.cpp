#include "engine/log/archive_manifest.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {
namespace {

const std::string head =
    "millrace archive 1\nlog 00112233-4455-4677-8899-aabbccddeeff\nsegment_bytes 65536\n";
const std::string one_hash(64, 'a');
const std::string other_hash(64, 'b');
const std::string index_line = "000000000000.idx bytes 96 sha256 " + one_hash + "\n";
const std::string segment_line = "000000000000.alog.zst bytes 1234 sha256 " + one_hash +
                                 " segment_bytes 65536 segment_sha256 " + other_hash + "\n";

class Manifest : public ::testing::Test {
protected:
    [[nodiscard]] archive_manifest load(const std::string& text) const {
        write_file_atomically(path(), text);
        return archive_manifest::load(path());
    }
    [[nodiscard]] fs::path path() const { return directory_ / "manifest.txt"; }

    temporary_directory directory_;
};

TEST_F(Manifest, SaysOfEachFileWhatWasWritten) {
    const archive_manifest manifest = load(head + segment_line + index_line);
    EXPECT_EQ(to_string(manifest.uuid), "00112233-4455-4677-8899-aabbccddeeff");
    EXPECT_EQ(manifest.segment_bytes, 65536u);
    ASSERT_EQ(manifest.files.size(), 2u);
    const archived_file& segment = manifest.files.at("000000000000.alog.zst");
    EXPECT_EQ(segment.bytes, 1234u);
    EXPECT_EQ(to_string(segment.hash), one_hash);
    EXPECT_EQ(segment.segment_bytes, 65536u);
    EXPECT_EQ(to_string(segment.segment_hash), other_hash);
    EXPECT_FALSE(manifest.files.at("000000000000.idx").segment_bytes.has_value());
    EXPECT_EQ(manifest.text(), head + segment_line + index_line);
    EXPECT_TRUE(load(head).files.empty());
}

TEST_F(Manifest, IsRefusedWithTheLineThatIsNone) {
    struct bad_text {
        std::string text;
        std::string reason;
    };
    const bad_text cases[] = {
        {"", "line 1"},
        {"millrace archive 2\n", "line 1"},
        {"millrace archive 1\nlog x\n", "line 2"},
        {head.substr(0, head.find("segment_bytes")), "line 3"},
        {"millrace archive 1\nlog 00112233-4455-4677-8899-aabbccddeeff\nsegment_bytes 64k\n",
         "line 3"},
        {head + index_line.substr(0, index_line.size() - 2), "line 4"},
        {head + index_line.substr(0, index_line.size() - 1), "the text ends early"},
        {head + index_line + index_line, "line 5"},
        {head + "000000000000.idx bytes 96\n", "line 4"},
        {head + "000000000000.idx sha256 " + one_hash + "\n", "line 4"},
        {head + "000000000000.idx bytes -1 sha256 " + one_hash + "\n", "line 4"},
        {head + segment_line.substr(0, segment_line.find(" segment_sha256")) + "\n", "line 4"},
        {head + "\n", "line 4"},
    };
    for (const bad_text& one : cases) {
        SCOPED_TRACE(one.text);
        const std::string said = thrown_text<damage_error>([&] { (void)load(one.text); });
        EXPECT_TRUE(contains(said, path().native()));
        EXPECT_TRUE(contains(said, one.reason));
        EXPECT_TRUE(contains(said, "restore the manifest"));
    }
}

}  // namespace
}  // namespace millrace::engine::test
