#include "engine/log/log_copy.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "tests/engine/log/damage_support.hpp"

namespace millrace::engine::test {

namespace {

class NewLog : public ::testing::Test {
protected:
    [[nodiscard]] fs::path out() const { return directory_ / "deep/out"; }
    [[nodiscard]] fs::path beside() const { return directory_ / "deep/out.tmp"; }
    static void fill(const new_log& made) {
        log_writer writer(made.path() / "written elsewhere", small_log());
        static_cast<void>(append(writer, 10));
        writer.close();
        fs::rename(made.path() / "written elsewhere" / segment_file_name(0),
                   made.path() / segment_file_name(0));
        fs::remove_all(made.path() / "written elsewhere");
    }
    void break_off() const {
        fs::create_directories(beside() / "log");
        std::ofstream(beside() / "unfinished") << "pid 4711, host a";
        std::ofstream(beside() / "log" / segment_file_name(0)) << "x";
    }

    temporary_directory directory_;
};

}  // namespace

TEST_F(NewLog, HasNoNameUntilItIsFinished) {
    {
        new_log made(out(), "test");
        EXPECT_EQ(made.note(), "");
        fill(made);
        EXPECT_FALSE(fs::exists(out()));
        EXPECT_TRUE(list_segments(beside()).empty());
        EXPECT_THROW(log_reader(beside(), {}), error);
        made.finish();
        EXPECT_EQ(read_log(out()).size(), 1u);
        EXPECT_THROW(log_writer(out(), small_log()), locked_error);
    }
    EXPECT_FALSE(fs::exists(beside()));
    EXPECT_EQ(log_writer(out(), small_log()).recovery_note(), "");
}

TEST_F(NewLog, LeavesNothingWhereItIsNotFinished) {
    fill(new_log(out(), "test"));
    EXPECT_FALSE(fs::exists(out()));
    EXPECT_FALSE(fs::exists(beside()));
}

TEST_F(NewLog, TakesTheTargetsPlaceAndItsMode) {
    fs::create_directories(out());
    fs::permissions(out(), fs::perms::owner_all);
    fs::create_directory_symlink(out(), directory_ / "link");
    EXPECT_THROW(new_log(directory_ / "deep", "test"), config_error) << "it is not empty";
    new_log made(directory_ / "link/", "test");
    EXPECT_TRUE(fs::exists(beside()));
    fill(made);
    made.finish();
    EXPECT_EQ(fs::status(out()).permissions(), fs::perms::owner_all);
    EXPECT_EQ(read_log(out()).size(), 1u);
    EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
}

TEST_F(NewLog, TakesATargetThatIsRelative) {
    const fs::path before = fs::current_path();
    fs::current_path(directory_.path());
    for (const char* const target : {"out", "./new/out/", "../out"}) {
        fs::create_directories("inner");
        fs::current_path("inner");
        EXPECT_NO_THROW({
            new_log made(target, "test");
            fill(made);
            made.finish();
        }) << target;
        EXPECT_EQ(read_log(target).size(), 1u);
        EXPECT_TRUE(fs::exists(target));
        fs::current_path(directory_.path());
    }
    fs::current_path(before);
}

TEST_F(NewLog, RefusesATargetThatIsNotEmptyOrNoDirectory) {
    fs::create_directories(out());
    std::ofstream(out() / "a file") << "x";
    std::ofstream(directory_ / "empty file");
    EXPECT_TRUE(contains(thrown_text<config_error>([&] { new_log(out(), "test"); }),
                         out().native() + ": is not empty"));
    EXPECT_TRUE(
        contains(thrown_text<config_error>([&] { new_log(directory_ / "empty file", "test"); }),
                 "is no directory"));
    EXPECT_THROW(new_log("", "test"), config_error);
    EXPECT_FALSE(fs::exists(beside()));
}

TEST_F(NewLog, WhoseTargetWasFilledMeanwhileIsNotPutOverIt) {
    new_log made(out(), "test");
    fs::create_directories(out());
    std::ofstream(out() / "a file") << "x";
    EXPECT_THROW(made.finish(), io_error);
    EXPECT_EQ(read_whole_file(out() / "a file"), "x");
}

TEST_F(NewLog, RemovesWhatABrokenOffOneLeftAndSaysSo) {
    break_off();
    const new_log made(out(), "test");
    EXPECT_TRUE(contains(made.note(), beside().native() + ": a copy that was broken off"));
    EXPECT_TRUE(contains(made.note(), "pid 4711, host a"));
    EXPECT_TRUE(list_segments(made.path()).empty());
}

TEST_F(NewLog, LeavesAloneWhatIsNotItsOwn) {
    for (const char* name : {"unfinished", "another file"}) {
        break_off();
        // Without the one, with the other.
        fs::exists(beside() / name) ? static_cast<void>(fs::remove(beside() / name))
                                    : static_cast<void>(std::ofstream(beside() / name) << "x");
        EXPECT_TRUE(contains(thrown_text<config_error>([&] { new_log(out(), "test"); }),
                             beside().native() + ": is in the way"))
            << name;
        EXPECT_TRUE(fs::exists(beside() / "log" / segment_file_name(0)));
        fs::remove_all(beside());
    }
}

TEST_F(NewLog, IsMadeByOneAtATime) {
    const new_log first(out(), "first");
    EXPECT_TRUE(contains(thrown_text<locked_error>([&] { new_log(out(), "second"); }), "first)"));
    EXPECT_TRUE(fs::exists(first.path()));
}

TEST(HoldStill, KeepsWritersOutAndLetsOthersReadAndCopy) {
    const temporary_directory directory;
    const fs::path log = directory / "log";
    static_cast<void>(write_quarter_mebibyte(log));
    const std::string line = read_whole_file(log / "writer.lock");
    {
        const file_lock held = hold_still(log);
        const file_lock also = hold_still(log);
        EXPECT_TRUE(contains(thrown_text<locked_error>([&] { log_writer(log, small_log()); }),
                             "is being copied"));
        EXPECT_FALSE(is_lock_held(log / "writer.lock")) << "nobody writes";
        EXPECT_EQ(verify_log(log).result(), verdict::clean);
    }
    EXPECT_EQ(read_whole_file(log / "writer.lock"), line) << "it says who wrote last";
    const log_writer writer(log, small_log());
    EXPECT_TRUE(contains(thrown_text<locked_error>([&] { (void)hold_still(log); }),
                         "open for writing by pid"));
}

TEST(HoldStill, MakesNothingWhereNoLogIs) {
    const temporary_directory directory;
    EXPECT_FALSE(hold_still(directory / "none").is_held());
    EXPECT_FALSE(hold_still(directory.path()).is_held());
    EXPECT_TRUE(fs::is_empty(directory.path()));
}

}  // namespace millrace::engine::test
