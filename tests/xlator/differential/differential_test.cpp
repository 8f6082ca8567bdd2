// Our decoder and QuickFIX on the same bytes with the same dictionaries: all FIX versions.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/xlator/differential/differential_run.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::tests {
namespace {

// Every reason that QuickFIX gives for what a dictionary says.
constexpr int reasons[] = {0, 1, 2, 4, 5, 6, 11, 13, 14, 16};

constexpr std::size_t long_run = 1'000'000;

// Over all versions.
std::size_t message_count() {
    const char* text = std::getenv("MILLRACE_DIFFERENTIAL_MESSAGES");
    return text == nullptr ? 80'000 : std::strtoull(text, nullptr, 10);
}

void print(const std::string& name, const differential_counts& counts) {
    std::printf("%-8s compared %zu, accepted %zu, with a group in a group %zu, fields %zu\n",
                name.c_str(), counts.compared, counts.accepted, counts.with_deep, counts.fields);
    std::printf("%-8s with default switches %zu; let pass by:", "", counts.with_defaults);
    for (std::size_t i = 0; i < fix_version::switch_count; ++i) {
        std::printf(" %s %zu%s", fix_version::switch_names[i], counts.let_pass[i],
                    i + 1 < fix_version::switch_count ? "," : "\n");
    }
    std::printf("%-8s of another version %zu; withheld by the screen %zu\n", "",
                counts.foreign_version, counts.screened);
    std::printf("%-8s rejected by reason:", "");
    for (const auto& [reason, count] : counts.rejected) {
        std::printf(" %d: %zu", reason, count);
    }
    std::printf("\n%-8s disagreed:", "");
    for (std::size_t i = 0; i < disagreement_rules.size(); ++i) {
        std::printf(" %s: %zu", disagreement_rules[i].name, counts.disagreed[i]);
    }
    std::printf("\n");
}

void print_rules() {
    for (const disagreement_rule& each : disagreement_rules) {
        std::printf("%s: %s\n    %s\n", each.name, each.ours, each.rule);
    }
}

void expect_rich(const differential_counts& counts) {
    EXPECT_GE(counts.accepted * 100, counts.compared * 40);
    EXPECT_LE(counts.screened * 100, counts.compared * 20);
    EXPECT_GE(counts.with_defaults * 100, counts.compared * 45);
    EXPECT_LE(counts.with_defaults * 100, counts.compared * 55);
    for (const int reason : reasons) {
        EXPECT_EQ(counts.rejected.count(reason), 1U) << "reason " << reason << " was never seen";
    }
    EXPECT_EQ(counts.rejected.size(), std::size(reasons)) << "a reason that is not in the list";
}

TEST(Differential, DecoderAndQuickFixAgreeOnVerdictReasonTagAndEveryField) {
    const unsigned long long seed = test_seed(20'240'607);
    std::printf("seed %llu (MILLRACE_TEST_SEED replays it)\n", seed);
    const std::size_t wanted = message_count();
    differential_counts all;
    for (std::size_t i = 0; i < fix_version::names.size(); ++i) {
        fix_version version(fix_version::names[i]);
        differential_run one(version, seed + i);
        one.run((wanted + fix_version::names.size() - 1) / fix_version::names.size());
        print(version.name(), one.counts());
        ASSERT_FALSE(HasFailure());
        SCOPED_TRACE(version.name());
        EXPECT_EQ(one.unseen_types(), "") << "message types of which none was accepted";
        expect_rich(one.counts());
        all.add(one.counts());
    }
    print("together", all);
    print_rules();
    EXPECT_GE(all.compared, wanted);
    // A thousand of a million.
    for (const int reason : reasons) {
        EXPECT_GE(all.rejected[reason] * 1000, wanted) << "reason " << reason;
    }
    EXPECT_GE(all.with_deep * 100, wanted);
    for (std::size_t i = 0; i < fix_version::switch_count; ++i) {
        EXPECT_GE(all.let_pass[i] * 4000, wanted) << fix_version::switch_names[i];
    }
    for (std::size_t i = 0; i < disagreement_rules.size(); ++i) {
        if (disagreement_rules[i].is_frequent || wanted >= long_run) {
            EXPECT_GT(all.disagreed[i], 0U) << disagreement_rules[i].name << " was never seen";
        }
        EXPECT_LE(all.disagreed[i] * 100, wanted) << disagreement_rules[i].name;
    }
}

TEST(Differential, QuickFixLoadsTheDictionariesWithTheSameFieldsAndMessages) {
    for (const char* const name : fix_version::names) {
        SCOPED_TRACE(name);
        fix_version version(name);
        for (const xlator::message_info& message : version.tables().info().messages) {
            EXPECT_TRUE(version.oracle().is_message_type(std::string(message.msg_type)))
                << message.name;
        }
        for (const xlator::field_info& field : version.tables().info().fields) {
            std::string theirs;
            ASSERT_TRUE(version.oracle().field_name(field.tag, theirs)) << field.tag;
            EXPECT_EQ(theirs, field.name);
        }
    }
}

}  // namespace
}  // namespace millrace::tests
