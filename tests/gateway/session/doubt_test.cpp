#include "gateway/session/doubt.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tests/engine/core/temporary_directory.hpp"

namespace millrace::gateway {
namespace {

using answer = route_doubt::answer;

doubt_entry entry() {
    doubt_entry made;
    made.route = "orders of ours";
    made.session = "FIX.4.4:OURS->VENUE";
    made.generation = 3;
    made.after = {10};
    made.through = engine::sequence{20};
    made.from = {50};
    made.numbers = 100;
    return made;
}

answer judge(route_doubt& doubt, std::uint64_t seq, bool is_overdue = true) {
    return doubt.judge({seq}, is_overdue);
}
void ask(route_doubt& doubt, std::uint32_t from, std::uint32_t generation = 3) {
    doubt.note_asked("FIX.4.4:OURS->VENUE", generation, {from});
}

TEST(Doubt, HoldsUntilAnOperatorDecidesAndOnlyAsFarAsDecided) {
    route_doubt doubt(entry(), in_doubt_policy::halt);
    EXPECT_EQ(judge(doubt, 11), answer::hold);
    doubt.decide(doubt_decision::possresend, {12});
    EXPECT_EQ(judge(doubt, 11), answer::possresend);
    EXPECT_EQ(judge(doubt, 12), answer::possresend);
    EXPECT_EQ(judge(doubt, 13), answer::hold);
    doubt.decide(doubt_decision::send, {UINT64_MAX});
    EXPECT_EQ(judge(doubt, 13), answer::send);
    doubt.decide(doubt_decision::withdraw, {13});
    EXPECT_EQ(judge(doubt, 13), answer::withdraw);
    EXPECT_FALSE(doubt.is_over());
    EXPECT_EQ(judge(doubt, 21), answer::over) << "it came after the host was up again";
    doubt.end({4096}, true);
    EXPECT_TRUE(doubt.is_over());
    EXPECT_FALSE(doubt.is_forgotten({4096})) << "the peer has not said what it has";
    ask(doubt, 1);
    EXPECT_FALSE(doubt.is_forgotten({4095})) << "another loss of power may bring it back";
    EXPECT_TRUE(doubt.is_forgotten({4096}));
}

TEST(Doubt, IsForgottenUnaskedWhereNobodyCanAsk) {
    route_doubt doubt(entry(), in_doubt_policy::halt);
    doubt.end({4096}, false);
    EXPECT_TRUE(doubt.is_forgotten({4096}));
    route_doubt kept(entry(), in_doubt_policy::halt);
    kept.end({4096}, true);
    kept.note_asked("FIX.4.4:OURS->BACKUP", 3, {50});
    EXPECT_FALSE(kept.is_forgotten({4096})) << "another session's peer";
    ask(kept, 52, 4);
    EXPECT_TRUE(kept.is_forgotten({4096})) << "the numbers began anew";
}

TEST(Doubt, NoMoreIsInDoubtThanThePeerCanHave) {
    route_doubt doubt(entry(), in_doubt_policy::halt);
    ask(doubt, 52, 2);
    EXPECT_TRUE(doubt.asked_from().is_none()) << "of another generation";
    doubt.note_asked("FIX.4.4:OURS->BACKUP", 3, {50});
    EXPECT_TRUE(doubt.asked_from().is_none()) << "of another session";
    ask(doubt, 1);
    EXPECT_TRUE(doubt.asked_from().is_none()) << "it may only want all of it again";
    ask(doubt, 52);
    ask(doubt, 90);
    EXPECT_EQ(doubt.asked_from(), msg_seq_num{52}) << "the first request counts";
    doubt.decide(doubt_decision::withdraw, {100});
    EXPECT_EQ(judge(doubt, 11), answer::withdraw);
    doubt.pass();
    EXPECT_EQ(judge(doubt, 14), answer::withdraw);
    doubt.pass();
    EXPECT_EQ(judge(doubt, 15), answer::over) << "the peer had two, and two were dealt with";
}

TEST(Doubt, APeerThatHasNothingOfItEndsTheDoubt) {
    for (const std::uint32_t asked : {2U, 49U, 50U}) {
        route_doubt doubt(entry(), in_doubt_policy::halt);
        ask(doubt, asked);
        EXPECT_EQ(judge(doubt, 11), answer::over);
    }
    doubt_entry known = entry();
    known.asked_from = {51};
    route_doubt after_a_restart(known, in_doubt_policy::halt);
    EXPECT_EQ(judge(after_a_restart, 11), answer::hold);
    after_a_restart.pass();
    EXPECT_EQ(after_a_restart.passed(), 1U);
    EXPECT_EQ(judge(after_a_restart, 12), answer::over);
    known.asked_from = {53};
    known.passed = 2;
    route_doubt after_another(known, in_doubt_policy::halt);
    EXPECT_EQ(judge(after_another, 13), answer::hold);
    EXPECT_EQ(after_another.held(), engine::sequence{13});
    after_another.pass();
    EXPECT_EQ(judge(after_another, 14), answer::over);
}

TEST(Doubt, PossresendWaitsForThePeersRequestAWhile) {
    route_doubt doubt(entry(), in_doubt_policy::possresend);
    EXPECT_EQ(judge(doubt, 11, false), answer::hold);
    EXPECT_EQ(judge(doubt, 11, true), answer::possresend);
    ask(doubt, 60);
    EXPECT_EQ(judge(doubt, 11, false), answer::possresend);
}

TEST(Doubt, SaysOnceThatARecordWaits) {
    route_doubt doubt(entry(), in_doubt_policy::halt);
    EXPECT_TRUE(doubt.is_first_hold({11}));
    EXPECT_FALSE(doubt.is_first_hold({11}));
    EXPECT_TRUE(doubt.is_first_hold({12}));
}

TEST(DoubtFile, KeepsWhatIsInDoubtAndWhatWasDecided) {
    const engine::temporary_directory place;
    const std::filesystem::path directory = place / "gateway";
    engine::ensure_directory(directory);
    EXPECT_TRUE(read_doubts(directory).empty());
    doubt_entry other = entry();
    other.route = "second";
    other.asked_from = {77};
    other.through.reset();
    other.passed = 4;
    write_doubts(directory, {entry(), other});
    const std::vector<doubt_entry> read = read_doubts(directory);
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].route, "orders of ours");
    EXPECT_EQ(read[0].session, "FIX.4.4:OURS->VENUE");
    EXPECT_EQ(read[0].generation, 3U);
    EXPECT_EQ(read[0].after, engine::sequence{10});
    EXPECT_EQ(read[0].through, engine::sequence{20});
    EXPECT_EQ(read[1].through, std::nullopt);
    EXPECT_EQ(read[1].passed, 4U);
    EXPECT_EQ(read[0].from, msg_seq_num{50});
    EXPECT_EQ(read[0].numbers, 100U);
    EXPECT_TRUE(read[0].asked_from.is_none());
    EXPECT_EQ(read[1].asked_from, msg_seq_num{77});
    write_doubts(directory, {});
    EXPECT_FALSE(std::filesystem::exists(directory / "doubt"));

    EXPECT_TRUE(read_verdicts(directory, "second").empty());
    write_verdicts(
        directory, "second",
        {{doubt_decision::possresend, {12}, "anna b"}, {doubt_decision::send, {14}, "ben"}});
    const std::vector<doubt_verdict> verdicts = read_verdicts(directory, "second");
    ASSERT_EQ(verdicts.size(), 2U);
    EXPECT_EQ(verdicts[0].decision, doubt_decision::possresend);
    EXPECT_EQ(verdicts[0].through, engine::sequence{12});
    EXPECT_EQ(verdicts[0].by, "anna b");
    EXPECT_EQ(verdicts[1].decision, doubt_decision::send);
    EXPECT_EQ(verdicts[1].through, engine::sequence{14});
    EXPECT_TRUE(read_verdicts(directory, "orders of ours").empty());
    remove_verdicts(directory, "second");
    EXPECT_TRUE(read_verdicts(directory, "second").empty());
}

TEST(DoubtFile, RefusesWhatItCannotRead) {
    const engine::temporary_directory place;
    const std::filesystem::path directory = place / "gateway";
    engine::ensure_directory(directory);
    for (const char* text :
         {"", "millrace doubt 1", "millrace doubt 1\nend", "millrace doubt 1\nsession X\nend\n",
          "millrace doubt 1\nroute X\nfrom 1x\nend\n",
          "millrace doubt 1\nroute X\ncolour red\nend\n", "millrace doubt 1\nroute X\nafter\nend\n",
          "millrace doubt 1\nroute X\nafter 1end\n"}) {
        engine::write_file_atomically(directory / "doubt", text);
        EXPECT_THROW(static_cast<void>(read_doubts(directory)), engine::damage_error) << text;
    }
    // Wherever it is cut off.
    doubt_entry entry;
    entry.route = "orders";
    entry.session = "FIX.4.4:A->B";
    write_doubts(directory, {entry, entry});
    const std::string whole = engine::read_whole_file(directory / "doubt");
    EXPECT_EQ(read_doubts(directory).size(), 2U);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        engine::write_file_atomically(directory / "doubt", whole.substr(0, size));
        EXPECT_THROW(static_cast<void>(read_doubts(directory)), engine::damage_error) << size;
    }
}

}  // namespace
}  // namespace millrace::gateway
