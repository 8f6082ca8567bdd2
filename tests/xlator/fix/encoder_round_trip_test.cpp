// encode(decode(message)) is the message, byte for byte: random trees of nested groups.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "dialect/dictionary.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/fix/typed_values.hpp"
#include "tests/xlator/fix_text.hpp"
#include "tests/xlator/message_generator.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/frame.hpp"

namespace millrace::tests {
namespace {

using xlator::decoder;
using xlator::encode_result;

// The largest trees that were there and back.
struct tree_sizes {
    std::uint32_t depth = 0;
    std::size_t entries = 0;  // of a group of the message
    std::size_t fields = 0;

    void add(const xlator::field_scope& message) {
        std::size_t count = 0;
        for (const xlator::field_view field : message) {
            ++count;
            depth = std::max(depth, field.level);
            if (field.level == 0) {
                entries = std::max(entries, message.group(field.tag).count());
            }
        }
        fields = std::max(fields, count);
    }
};

class RoundTrip : public testing::Test {
protected:
    RoundTrip() { std::printf("seed %llu (MILLRACE_TEST_SEED replays it)\n", seed_); }

    // From a few wide messages to many narrow ones.
    static body_shape random_shape(message_generator& generator) {
        return {.percent = static_cast<int>(generator.below(70)),
                .entries_max = 1 + generator.below(9)};
    }

    template <class Message>
    void expect_bodies_return(const xlator::dictionary_info& info);
    template <class Message>
    void expect_frames_return(const xlator::dictionary& dict);
    template <class Message>
    void expect_frame_returns(decoder& reader, const std::string& frame);

    static constexpr int message_count = 1000;  // of each type
    const unsigned long long seed_ = test_seed(20'240'608);
    // encode() wants room for the longest values of all types.
    std::vector<char> body_ = std::vector<char>(16 * xlator::frame_size_max_default);
    std::vector<char> frame_ = std::vector<char>(2 * xlator::frame_size_max_default);
    tree_sizes sizes_;
};

template <class Message>
void RoundTrip::expect_bodies_return(const xlator::dictionary_info& info) {
    const xlator::dictionary dict{info};
    decoder reader{dict};
    message_generator generator{dict, seed_};
    for (int i = 0; i < message_count; ++i) {
        const std::string body = message_generator::to_text(
            generator.valid_body(*dict.find_message(Message::msg_type), random_shape(generator)));
        ASSERT_TRUE(reader.decode_body(Message::msg_type, body).is_ok()) << with_bars(body);
        typed_values<Message> values;
        values.read(reader.message());
        const encode_result again = values.write(body_);
        ASSERT_TRUE(again.is_ok()) << again.tag << " " << with_bars(body);
        ASSERT_EQ(with_bars({body_.data(), again.size}), with_bars(body));
        sizes_.add(reader.message());
    }
}

TEST_F(RoundTrip, ADialectsMessagesReturn) {
    using namespace acme::dialect;
    expect_bodies_return<Ping>(dictionary);
    expect_bodies_return<Order>(dictionary);
    expect_bodies_return<TraderMessage>(dictionary);
    EXPECT_EQ(sizes_.depth, 2U);
    EXPECT_EQ(sizes_.entries, 9U);
}

template <class Message>
void RoundTrip::expect_frame_returns(decoder& reader, const std::string& frame) {
    using namespace fix44;
    ASSERT_TRUE(reader.decode(frame).is_ok()) << with_bars(frame);
    const xlator::field_scope& message = reader.message();
    typed_values<Message> values;
    values.read(message);
    const encode_result body = values.write(body_);
    ASSERT_TRUE(body.is_ok()) << body.tag << " " << with_bars(frame);
    const encode_result again =
        xlator::frame(frame_,
                      {.begin_string = *message.get<BeginString>(),
                       .msg_type = reader.msg_type(),
                       .msg_seq_num = static_cast<std::uint64_t>(*message.get<MsgSeqNum>()),
                       .sender_comp_id = *message.get<SenderCompID>(),
                       .sending_time = *message.get<SendingTime>(),
                       .target_comp_id = *message.get<TargetCompID>()},
                      {body_.data(), body.size}, body.byte_sum);
    ASSERT_TRUE(again.is_ok()) << again.tag << " " << with_bars(frame);
    ASSERT_EQ(with_bars({frame_.data(), again.size}), with_bars(frame));
    sizes_.add(message);
}

template <class Message>
void RoundTrip::expect_frames_return(const xlator::dictionary& dict) {
    SCOPED_TRACE(Message::name);
    decoder reader{dict};
    message_generator generator{dict, seed_};
    int count = 0;
    while (count < message_count && !HasFatalFailure()) {
        const std::string header = "35=" + std::string(Message::msg_type) +
                                   "|34=" + std::to_string(1 + generator.below(1'000'000)) +
                                   "|49=A|52=20260302-09:30:00" +
                                   (generator.chance(50) ? ".123456|56=B|" : "|56=B|");
        const std::string frame =
            seal(with_soh(header) +
                 message_generator::to_text(generator.valid_body(
                     *dict.find_message(Message::msg_type), random_shape(generator))));
        if (frame.size() <= xlator::frame_size_max_default) {
            expect_frame_returns<Message>(reader, frame);
            ++count;
        }
    }
}

TEST_F(RoundTrip, MessagesOfFix44Return) {
    using namespace fix44;
    const xlator::dictionary dict{dictionary};
    expect_frames_return<Heartbeat>(dict);
    expect_frames_return<Logon>(dict);
    expect_frames_return<MarketDataRequest>(dict);
    expect_frames_return<NewOrderList>(dict);
    expect_frames_return<News>(dict);
    std::printf("up to %u groups deep, %zu entries of one group, %zu fields in a message\n",
                sizes_.depth, sizes_.entries, sizes_.fields);
    EXPECT_GE(sizes_.depth, 4U);
    EXPECT_EQ(sizes_.entries, 9U);
    EXPECT_GE(sizes_.fields, 1000U);
}

}  // namespace
}  // namespace millrace::tests
