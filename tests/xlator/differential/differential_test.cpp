// Our decoder and QuickFIX on the same bytes with the same dictionary.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

#include "fix44/dictionary.hpp"
#include "tests/xlator/differential/message_generator.hpp"
#include "tests/xlator/differential/quickfix_oracle.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tests {
namespace {

using xlator::decode_result;
using xlator::decode_status;

// QuickFIX reads a data field by a length it does not check, and crashes on a wrong one: only
// frames whose data fields stand behind a true length may reach it.
bool is_safe_for_quickfix(const xlator::dictionary& dict, const std::vector<raw_field>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const xlator::field_info* info = dict.find_field(fields[i].tag);
        const int length_tag = info == nullptr ? 0 : info->length_tag;
        if (length_tag != 0 && (i == 0 || fields[i - 1].tag != length_tag ||
                                fields[i - 1].value != std::to_string(fields[i].value.size()))) {
            return false;
        }
    }
    return true;
}

// In a group of a group it knows no data field at all: a delimiter in one ends it there.
bool has_deep_delimiter(const xlator::field_scope& message) {
    for (const xlator::field_view field : message) {
        if (field.level > 1 && field.value.find('\x01') != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

class Differential : public testing::Test {
protected:
    Differential() : oracle_(MILLRACE_FIX44_XML), dict_(fix44::dictionary) {
        std::printf("seed %llu (MILLRACE_TEST_SEED replays it)\n", seed_);
    }

    std::string show(const std::string& frame) const { return xlator::print(frame, &dict_); }

    const unsigned long long seed_ = test_seed(20'240'607);
    quickfix_oracle oracle_;
    xlator::dictionary dict_;
};

constexpr int message_count = 20'000;

TEST_F(Differential, LaxDecoderAgreesWithQuickFixInVerdictReasonAndTag) {
    xlator::decoder lax{dict_, {.is_strict = false}};
    message_generator generator{fix44::dictionary, seed_};
    std::map<int, int> reasons;
    int accepted = 0;
    for (int i = 0; i < message_count; ++i) {
        std::vector<raw_field> fields = generator.valid_message();
        for (std::size_t changes = generator.below(3); changes != 0; --changes) {
            generator.mutate(fields);
        }
        const std::string frame = message_generator::to_frame(fields);
        const decode_result ours = lax.decode(frame);
        // A wrong length that still ends on a delimiter is a message, if not the one that was
        // meant.
        if ((ours.status == decode_status::garbled && !is_safe_for_quickfix(dict_, fields)) ||
            has_deep_delimiter(lax.message())) {
            continue;
        }
        const oracle_verdict theirs = oracle_.check(frame);
        ASSERT_NE(theirs.result, oracle_verdict::other) << theirs.text << "\n" << show(frame);
        if (theirs.result == oracle_verdict::garbled) {
            ASSERT_EQ(ours.status, decode_status::garbled) << theirs.text << "\n" << show(frame);
            ++reasons[-2];
        } else if (theirs.result == oracle_verdict::rejected) {
            ASSERT_EQ(ours.status, decode_status::rejected) << theirs.text << "\n" << show(frame);
            ASSERT_EQ(static_cast<int>(ours.reason), theirs.reason)
                << theirs.tag << " ours " << ours.ref_tag << "\n"
                << show(frame);
            ASSERT_EQ(ours.ref_tag, theirs.tag) << show(frame);
            ++reasons[theirs.reason];
        } else {
            ASSERT_EQ(ours.status, decode_status::ok)
                << static_cast<int>(ours.reason) << " " << ours.ref_tag << "\n"
                << show(frame);
            ++accepted;
        }
    }
    std::printf("accepted %d\n", accepted);
    for (const auto& [reason, count] : reasons) {
        std::printf("reason %d: %d\n", reason, count);
    }
    EXPECT_GT(accepted, message_count / 4);
    for (const int reason : {0, 1, 2, 4, 5, 6, 11, 13, 14, 16}) {
        EXPECT_GT(reasons[reason], 0) << "reason " << reason << " was never seen";
    }
}

TEST_F(Differential, StrictDecoderAcceptsOnlyWhatQuickFixAccepts) {
    xlator::decoder strict{dict_};
    message_generator generator{fix44::dictionary, seed_ + 1};
    int accepted = 0;
    for (int i = 0; i < message_count / 2; ++i) {
        std::vector<raw_field> fields = generator.valid_message();
        for (std::size_t changes = generator.below(3); changes != 0; --changes) {
            generator.mutate(fields);
        }
        const std::string frame = message_generator::to_frame(fields);
        if (strict.decode(frame).is_ok() && !has_deep_delimiter(strict.message())) {
            const oracle_verdict theirs = oracle_.check(frame);
            ASSERT_EQ(theirs.result, oracle_verdict::accepted) << theirs.text << theirs.tag << "\n"
                                                               << show(frame);
            ++accepted;
        }
    }
    EXPECT_GT(accepted, message_count / 10);
}

TEST_F(Differential, ValidMessagesAreAcceptedByBothWithEqualValues) {
    xlator::decoder strict{dict_};
    message_generator generator{fix44::dictionary, seed_ + 2};
    for (int i = 0; i < message_count / 2; ++i) {
        const std::vector<raw_field> fields = generator.valid_message();
        const std::string frame = message_generator::to_frame(fields);
        const decode_result ours = strict.decode(frame);
        ASSERT_TRUE(ours.is_ok()) << static_cast<int>(ours.reason) << " " << ours.ref_tag << "\n"
                                  << show(frame);
        const oracle_verdict theirs = oracle_.check(frame);
        ASSERT_EQ(theirs.result, oracle_verdict::accepted) << theirs.text << "\n" << show(frame);
        // Generated in canonical order, so both the order and the group structure show here.
        ASSERT_EQ(with_bars(oracle_.written()), with_bars(frame));
        for (const xlator::field_view field : strict.message()) {
            std::string value;
            if (field.level == 0) {
                ASSERT_TRUE(oracle_.field(field.tag, value)) << field.tag;
                ASSERT_EQ(value, field.value) << field.tag;
                continue;
            }
        }
        for (const xlator::member_info& member : dict_.find_message(strict.msg_type())->members) {
            if (member.group == nullptr) {
                continue;
            }
            const xlator::group_view group = strict.message().group(member.tag);
            ASSERT_EQ(static_cast<int>(group.count()), oracle_.group_count(member.tag));
            int index = 0;
            for (const xlator::field_scope entry : group) {
                ++index;
                for (const xlator::field_view field : entry) {
                    std::string value;
                    if (field.level == 1) {
                        ASSERT_TRUE(oracle_.group_field(member.tag, index, field.tag, value));
                        ASSERT_EQ(value, entry.text(field.tag));
                    }
                }
            }
        }
    }
}

TEST_F(Differential, QuickFixLoadsTheDictionaryWithTheSameFieldsAndMessages) {
    for (const xlator::message_info& message : fix44::dictionary.messages) {
        EXPECT_TRUE(oracle_.is_message_type(std::string(message.msg_type))) << message.name;
    }
    for (const xlator::field_info& field : fix44::dictionary.fields) {
        std::string name;
        ASSERT_TRUE(oracle_.field_name(field.tag, name)) << field.tag;
        EXPECT_EQ(name, field.name);
    }
}

}  // namespace
}  // namespace millrace::tests
