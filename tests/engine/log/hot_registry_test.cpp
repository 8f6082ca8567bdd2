#include "engine/log/hot_registry.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::detail::test {

namespace {

using namespace engine::test;

constexpr std::size_t file_bytes = 8192;

class HotRegistry : public ::testing::Test {
protected:
    HotRegistry() {
        write_file_atomically(directory_ / "hot", std::string(file_bytes, 'h'));
        write_file_atomically(directory_ / "disk", std::string(file_bytes, 'd'));
        hot_ = open_file(directory_ / "hot", O_RDWR);
        disk_ = open_file(directory_ / "disk", O_RDWR);
        mark_ = durable_mark::open_for_writing(directory_.path(), uuid_);
        add_hot_segment(uuid_, 3, hot_.get());
    }
    ~HotRegistry() override { remove_hot_segment(uuid_, 3); }
    void retire() { retire_hot_segment(uuid_, 3, mark_, disk_.get(), directory_ / "disk"); }

    log_uuid uuid_ = random_log_uuid();
    temporary_directory directory_;
    unique_fd hot_;
    unique_fd disk_;
    durable_mark mark_;
};

}  // namespace

TEST_F(HotRegistry, MapsWhatThisProcessWritesAndNothingElse) {
    const auto found = try_map_hot_segment(uuid_, 3);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->map.data()[file_bytes - 1], std::byte{'h'});
    EXPECT_FALSE(try_map_hot_segment(uuid_, 4));
    EXPECT_FALSE(try_map_hot_segment(random_log_uuid(), 3));
    remove_hot_segment(uuid_, 3);
    EXPECT_FALSE(try_map_hot_segment(uuid_, 3));
}

TEST_F(HotRegistry, ExchangesEachMappingOnRetirementAndTellsTheOthers) {
    const auto first = try_map_hot_segment(uuid_, 3);
    const auto second = try_map_hot_segment(uuid_, 3);
    const std::byte* data = second->map.data();
    retire();
    EXPECT_EQ(mark_.retired_below(), 4u);
    EXPECT_EQ(first->map.data()[100], std::byte{'d'});
    EXPECT_EQ(second->map.data(), data);
    EXPECT_EQ(data[100], std::byte{'d'});
    EXPECT_FALSE(try_map_hot_segment(uuid_, 3)) << "nobody begins to read it any more";
    EXPECT_FALSE(is_hot_segment_begun(uuid_, 3));
}

TEST_F(HotRegistry, MapsNothingOverAnAddressThatWasGivenBack) {
    std::byte* address = nullptr;
    {
        const auto gone = try_map_hot_segment(uuid_, 3);
        address = gone->map.data();
    }
    // Something else lies there now, where the kernel gives the place again.
    const mapping other = mapping::anonymous(file_bytes);
    std::memset(other.data(), 'o', file_bytes);
    retire();
    EXPECT_EQ(other.data()[100], std::byte{'o'}) << (other.data() == address);
}

TEST_F(HotRegistry, GivesAForkedChildNothingToReadInPlace) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(try_map_hot_segment(uuid_, 3) || is_hot_segment_begun(uuid_, 3) ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(HotRegistry, SaysSoWhenAMappingCannotBeExchangedAndTriesAgain) {
    const auto found = try_map_hot_segment(uuid_, 3);
    EXPECT_THROW(retire_hot_segment(uuid_, 3, mark_, -1, "none"), io_error);
    EXPECT_EQ(found->map.data()[100], std::byte{'h'});
    retire();
    EXPECT_EQ(found->map.data()[100], std::byte{'d'});
}

}  // namespace millrace::engine::detail::test
