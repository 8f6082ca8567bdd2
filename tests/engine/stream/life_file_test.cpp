#include "engine/stream/life_file.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/engine/stream/stream_test_support.hpp"

namespace millrace::engine::test {
namespace {

class LifeFile : public ::testing::Test {
protected:
    [[nodiscard]] fs::path path() const { return directory_ / "deep/life"; }
    [[nodiscard]] life_end end() const { return life_file(path()).previous_end(); }
    // As if the host had been started anew since.
    void restart_host() const {
        std::string text = read_whole_file(path());
        const std::size_t at = text.find("boot ") + 5;
        text.replace(at, text.find('\n', at) - at, "00000000-1111-2222-3333-444444444444");
        write_file_atomically(path(), text);
    }

    temporary_directory directory_;
};

TEST_F(LifeFile, KnowsOfNoLifeBeforeTheFirst) {
    const life_file life(path());
    EXPECT_EQ(life.previous(), std::nullopt);
    EXPECT_EQ(life.previous_end(), life_end::none);
    EXPECT_FALSE(life.is_of_other_boot());
    EXPECT_EQ(read_life(path()), std::nullopt);
}

TEST_F(LifeFile, ChangesNothingBeforeItBegins) {
    life_file(path()).begin(uuid_of(1), 3);
    const std::string before = read_whole_file(path());
    static_cast<void>(life_file(path()));
    EXPECT_EQ(read_whole_file(path()), before);
}

TEST_F(LifeFile, KeepsWhatALifeNoted) {
    life_file life(path());
    life.begin(uuid_of(1), 7);
    EXPECT_EQ(read_life(path()), (life_note{uuid_of(1), 7, current_boot(), false}));
    EXPECT_EQ(life.previous(), std::nullopt);
    life.close();
    EXPECT_EQ(read_life(path()), (life_note{uuid_of(1), 7, current_boot(), true}));
    EXPECT_EQ(life_file(path()).previous(), read_life(path()));
}

TEST_F(LifeFile, TellsALifeThatClosedFromOneThatWasKilled) {
    life_file life(path());
    life.begin(uuid_of(1));
    EXPECT_EQ(end(), life_end::killed);
    life.close();
    life.close();
    EXPECT_EQ(end(), life_end::closed);
    life.begin(uuid_of(1));
    EXPECT_EQ(end(), life_end::killed);
}

TEST_F(LifeFile, TellsALossOfPowerByTheBootOfTheHost) {
    life_file life(path());
    life.begin(uuid_of(1));
    EXPECT_FALSE(life_file(path()).is_of_other_boot());
    restart_host();
    EXPECT_TRUE(life_file(path()).is_of_other_boot());
    EXPECT_EQ(end(), life_end::lost_power);
    life_file next(path());
    next.begin(uuid_of(1));
    EXPECT_EQ(end(), life_end::killed);
    EXPECT_EQ(next.previous_end(), life_end::lost_power) << "its own begin is not the life before";
}

TEST_F(LifeFile, SaysAfterAnOrderlyEndThatTheHostWasStartedAnew) {
    life_file life(path());
    life.begin(uuid_of(1));
    life.close();
    restart_host();
    EXPECT_EQ(end(), life_end::closed);
    EXPECT_TRUE(life_file(path()).is_of_other_boot());
}

TEST_F(LifeFile, KeepsANoteOfAHostWithoutABootId) {
    life_file(path()).begin(uuid_of(1));
    std::string text = read_whole_file(path());
    const std::size_t at = text.find("boot ") + 5;
    text.erase(at, text.find('\n', at) - at);
    write_file_atomically(path(), text);
    const std::optional<life_note> note = read_life(path());
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(note->boot, "");
}

TEST_F(LifeFile, RefusesAFileThatHoldsNoNote) {
    life_file(path()).begin(uuid_of(1), 12);
    const std::string good = read_whole_file(path());
    for (std::size_t size = 0; size < good.size(); ++size) {  // torn at any byte
        write_file_atomically(path(), good.substr(0, size));
        EXPECT_THROW(static_cast<void>(life_file(path())), damage_error) << size;
    }
    const auto changed = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    for (const std::string& bad :
         {good + "x", good + good, changed("open", "opened"), changed("epoch 12", "epoch 12a"),
          changed("epoch 12", "epoch "), changed("life 1", "life 2"), changed("log ", "log z"),
          changed("\nboot", "\nboat")}) {
        write_file_atomically(path(), bad);
        EXPECT_THROW(static_cast<void>(life_file(path())), damage_error) << bad;
    }
    write_file_atomically(path(), good);
    EXPECT_EQ(end(), life_end::killed);
}

}  // namespace
}  // namespace millrace::engine::test
