#include "gateway/quickfix/screen.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::gateway {
namespace {

using test::check_sum_field;
using test::frame_of;
using test::with_soh;

// The bytes stand in a block of exactly their size, so that a sanitizer sees a read beyond them.
struct copied_frame {
    explicit copied_frame(std::string_view bytes)
        : size(bytes.size()), data(new char[bytes.size()]) {
        std::memcpy(data.get(), bytes.data(), size);
    }
    [[nodiscard]] screened_frame screen(
        const data_field_table& table = data_field_table::standard()) const {
        return screen_frame(data.get(), size, table, screen_options{});
    }
    std::size_t size;
    std::unique_ptr<char[]> data;
};

garble_reason verdict(std::string_view bytes,
                      const data_field_table& table = data_field_table::standard()) {
    return copied_frame(bytes).screen(table).reason();
}

std::string text_of(const screened_frame& frame, field_span span) {
    return {frame.begin_of(span), span.size};
}

constexpr std::string_view head = "35=D|34=7|49=ME|52=20260301-09:30:00|56=YOU|";

std::string order_with(std::string_view fields) {
    return frame_of(std::string(head) + std::string(fields));
}

TEST(Screen, NotesTheFactsOfAnOrder) {
    const copied_frame bytes(
        frame_of("35=G|34=7|43=Y|49=ME|52=20260301-09:30:00.123|56=YOU|57=DESK|97=Y|11=A1|41=A0|"
                 "58=hello|"));
    const screened_frame frame = bytes.screen();
    ASSERT_TRUE(frame.is_passed()) << to_text(frame.reason());
    const frame_facts& facts = frame.facts();
    EXPECT_EQ(text_of(frame, facts.begin_string), "FIX.4.4");
    EXPECT_EQ(text_of(frame, facts.msg_type), "G");
    EXPECT_EQ(text_of(frame, facts.sender), "ME");
    EXPECT_EQ(text_of(frame, facts.target), "YOU");
    EXPECT_EQ(text_of(frame, facts.target_sub_id), "DESK");
    EXPECT_EQ(text_of(frame, facts.sending_time), "20260301-09:30:00.123");
    EXPECT_EQ(text_of(frame, facts.cl_ord_id), "A1");
    EXPECT_EQ(text_of(frame, facts.orig_cl_ord_id), "A0");
    EXPECT_EQ(text_of(frame, facts.text), "hello");
    EXPECT_EQ(facts.number, msg_seq_num{7});
    EXPECT_TRUE(facts.has_number);
    EXPECT_TRUE(facts.poss_dup);
    EXPECT_TRUE(facts.poss_resend);
    EXPECT_FALSE(facts.is_admin);
    EXPECT_FALSE(facts.appl_ver_id.is_present());
}

TEST(Screen, NotesTheFactsOfSessionMessages) {
    const copied_frame logon(frame_of("35=A|34=1|98=0|108=30|141=Y|"));
    EXPECT_TRUE(logon.screen().facts().is_admin);
    EXPECT_TRUE(logon.screen().facts().has_heart_bt_int);
    EXPECT_TRUE(logon.screen().facts().reset_seq_num);
    EXPECT_EQ(logon.screen().facts().heart_bt_int_s, 30U);
    const copied_frame resend(frame_of("35=2|34=1|7=3|16=0|"));
    EXPECT_EQ(resend.screen().facts().begin_seq_no, 3U);
    EXPECT_EQ(resend.screen().facts().end_seq_no, 0U);
    const copied_frame fill(frame_of("35=4|34=1|36=9|123=Y|"));
    EXPECT_EQ(fill.screen().facts().new_seq_no, 9U);
    EXPECT_TRUE(fill.screen().facts().gap_fill);
}

TEST(Screen, RefusesWhatIsNoFrame) {
    EXPECT_EQ(verdict(""), garble_reason::too_short);
    EXPECT_EQ(verdict(with_soh("8=FIX.4.4|9=5|35=0|10=0")), garble_reason::too_short);
    EXPECT_EQ(verdict(std::string(100, 'x')), garble_reason::begin_string);
    EXPECT_EQ(verdict(std::string(100, '\x01')), garble_reason::begin_string);
    EXPECT_EQ(verdict(frame_of("35=B|58=" + std::string(66000, 'x') + "|")),
              garble_reason::too_long);
}

TEST(Screen, RefusesOpeningFieldsOutOfOrder) {
    std::string swapped = with_soh("8=FIX.4.4|35=0|9=24|34=2|49=ME|56=YOU|");
    swapped += check_sum_field(swapped);
    EXPECT_EQ(verdict(swapped), garble_reason::body_length);
    EXPECT_EQ(verdict(frame_of("34=3|35=0|49=ME|56=YOU|")), garble_reason::msg_type);
    EXPECT_EQ(verdict(frame_of("35=|34=3|")), garble_reason::none);  // the library rejects it
    EXPECT_EQ(verdict(frame_of("35=D E|34=3|")), garble_reason::msg_type);
    EXPECT_EQ(verdict(frame_of(std::string("35=") + '\0' + "|34=3|")), garble_reason::msg_type);
}

TEST(Screen, RefusesALengthOrSumThatIsNotTrue) {
    for (const char* length : {"0", "20", "22", "-21", "4294967317", "x", ""}) {
        std::string bytes =
            with_soh(std::string("8=FIX.4.4|9=") + length + "|35=0|34=3|49=ME|56=Y|");
        bytes += check_sum_field(bytes);
        EXPECT_EQ(verdict(bytes), garble_reason::body_length) << length;
    }
    const std::string good = frame_of("35=0|34=3|49=ME|56=YOU|");
    ASSERT_EQ(verdict(good), garble_reason::none);
    for (std::size_t at = good.size() - 7; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = bad[at] == '1' ? '2' : '1';
        EXPECT_EQ(verdict(bad), garble_reason::check_sum) << at;
    }
    screen_options lenient;
    lenient.validate_length_and_checksum = false;
    std::string other_sum = good;
    other_sum.replace(other_sum.size() - 4, 3, "999");
    EXPECT_TRUE(
        screen_frame(other_sum.data(), other_sum.size(), data_field_table::standard(), lenient)
            .is_passed());
}

TEST(Screen, RefusesTagsThatAreNo32BitDecimals) {
    for (const char* field : {"4294967307=x|", "2147483648=x|", "=x|", "+11=x|", " 11=x|", "1 1=x|",
                              "11|", "0x11=x|", "4garbled9=TW|", "--1=x|", "-=x|", "|"}) {
        EXPECT_EQ(verdict(order_with(field)), garble_reason::tag) << field;
    }
    for (const char* field : {"0=x|", "-1=x|", "2147483647=x|", "0058=x|"}) {
        EXPECT_EQ(verdict(order_with(field)), garble_reason::none) << field;
    }
}

TEST(Screen, RefusesNumbersThatWouldWrap) {
    for (const char* tag : {"7", "16", "34", "36", "108"}) {
        for (const char* value : {"4294967298", "2147483648", "-1", "+1", "", "1.5", "1 ", "x"}) {
            EXPECT_EQ(verdict(frame_of("35=0|" + std::string(tag) + "=" + value + "|")),
                      garble_reason::number)
                << tag << "=" << value;
        }
        EXPECT_EQ(verdict(frame_of("35=0|" + std::string(tag) + "=2147483647|")),
                  garble_reason::none);
        EXPECT_EQ(verdict(frame_of("35=0|" + std::string(tag) + "=0|")),
                  std::string(tag) == "34" ? garble_reason::number : garble_reason::none);
    }
    EXPECT_EQ(verdict(frame_of("35=4|34=0|36=5|")), garble_reason::none);
    EXPECT_EQ(verdict(frame_of("35=A|34=0|98=0|108=30|")), garble_reason::number);
}

TEST(Screen, RefusesASecondHeaderField) {
    for (const char* field : {"8=FIX.4.4|", "9=5|", "35=D|", "34=8|", "49=ME|", "56=YOU|",
                              "52=20260301-09:30:00|", "10=123|", "43=Y|43=N|"}) {
        EXPECT_EQ(verdict(order_with(field)), garble_reason::repeated_field) << field;
    }
}

TEST(Screen, TakesDataFieldsWithSohInside) {
    EXPECT_EQ(verdict(order_with("95=7|96=a|10=1|b|")), garble_reason::data_length);
    EXPECT_EQ(verdict(order_with("95=8|96=a|10=1|b|58=x|")), garble_reason::none);
    EXPECT_EQ(verdict(order_with("95=0|96=|")), garble_reason::none);
    EXPECT_EQ(verdict(order_with("93=3|89=a|b|")), garble_reason::none);
}

TEST(Screen, RefusesTheFramesThatKillTheLibrary) {
    for (const char* fields :
         {"95=100000000|96=x|", "212=99999999|213=x|", "354=-1|355=x|", "95=2147483647|96=x|",
          "95=4294967297|96=x|", "95=2|96=x|", "95=1|58=y|96=x|", "96=x|", "95=|96=x|",
          "355=x|354=1|", "93=99999|89=x|", "90=88|91=x|", "95=1|96=x|96=x|"}) {
        EXPECT_EQ(verdict(order_with(fields)), garble_reason::data_length) << fields;
    }
}

TEST(Screen, TakesNoFieldForDataWithoutADictionary) {
    EXPECT_EQ(verdict(order_with("95=100000000|96=x|"), data_field_table{}), garble_reason::none);
}

TEST(Screen, HeedsWhatTheDictionariesSayAboutDataFields) {
    data_field_table table;
    table.add_session_field(96);
    table.add_application_field(20001);
    table.add_application_field(355);
    table.forbid_soh_inside(355);
    table.add_application_field(619);
    table.bar(619);
    EXPECT_EQ(verdict(order_with("20000=3|20001=a|b|"), table), garble_reason::none);
    EXPECT_EQ(verdict(order_with("20000=9|20001=a|b|"), table), garble_reason::data_length);
    // The library asks the session dictionary alone about administrative messages.
    EXPECT_EQ(verdict(frame_of("35=0|34=1|20000=9|20001=a|"), table), garble_reason::none);
    EXPECT_EQ(verdict(frame_of("35=0|34=1|95=9|96=a|"), table), garble_reason::data_length);
    EXPECT_EQ(verdict(order_with("354=3|355=abc|"), table), garble_reason::none);
    EXPECT_EQ(verdict(order_with("354=5|355=a|1=b|"), table), garble_reason::data_length);
    EXPECT_EQ(verdict(order_with("618=1|619=a|"), table), garble_reason::data_length);
}

// What a passed frame promises, said a second time and slowly.
void expect_promises(std::string_view bytes) {
    ASSERT_GE(bytes.size(), 26U);
    ASSERT_EQ(bytes.substr(bytes.size() - 7, 3), "10=");
    ASSERT_EQ(bytes.back(), '\x01');
    std::size_t at = 0;
    int index = 0;
    long long previous = 0;
    std::string previous_value;
    while (at < bytes.size()) {
        const std::size_t equals = bytes.find('=', at);
        ASSERT_NE(equals, std::string_view::npos);
        const std::string tag(bytes.substr(at, equals - at));
        const long long number = std::stoll(tag);
        std::size_t end = bytes.find('\x01', equals);
        if (number == 96) {
            ASSERT_EQ(previous, 95);
            end = equals + 1 + std::stoul(previous_value);
            ASSERT_LT(end, bytes.size() - 7);
            ASSERT_EQ(bytes[end], '\x01');
        }
        ASSERT_NE(end, std::string_view::npos);
        const std::string value(bytes.substr(equals + 1, end - equals - 1));
        ASSERT_LE(number, 2147483647);
        if (index < 3) {
            ASSERT_EQ(tag,
                      (std::vector<std::string>{"8", "9", "35"}[static_cast<std::size_t>(index)]));
        } else if (end + 1 < bytes.size()) {
            ASSERT_NE(number, 10);
            ASSERT_NE(number, 8);
        }
        if (number == 34) {
            ASSERT_LE(std::stoull(value), 2147483647ULL);
        }
        previous = number;
        previous_value = value;
        at = end + 1;
        ++index;
    }
}

TEST(Screen, KeepsItsPromisesOnMutatedFrames) {
    std::mt19937_64 random{test::test_seed()};
    const std::vector<std::string> seeds = {
        order_with("11=A1|95=5|96=a|b|c|58=x|"),
        frame_of("35=A|34=1|49=ME|52=20260301-09:30:00|56=YOU|98=0|108=30|"),
        frame_of("35=2|34=3|49=ME|56=YOU|7=1|16=0|"),
        order_with("453=2|448=A|447=D|452=1|448=B|447=D|452=3|"),
    };
    data_field_table table;
    table.add_session_field(96);
    int passed = 0;
    for (int i = 0; i < 200000; ++i) {
        std::string bytes = seeds[random() % seeds.size()];
        bytes.resize(bytes.size() - 7);
        const int changes = static_cast<int>(random() % 3);
        for (int change = 0; change < changes; ++change) {
            const std::size_t at = random() % bytes.size();
            switch (random() % 4) {
                case 0:
                    bytes[at] = static_cast<char>(random());
                    break;
                case 1:
                    bytes.erase(at, random() % 4);
                    break;
                case 2:
                    bytes.insert(at, with_soh(std::vector<std::string>{
                                         "|", "=", "0", "9999999999", "-", "|96=x|", "95=3|",
                                         "|34=2", "10=000|"}[random() % 9]));
                    break;
                default:
                    bytes[at] = "0123456789=|\x01"[random() % 13];
                    break;
            }
        }
        // Mostly repaired, so that the rest of the screen is reached.
        const std::size_t body = bytes.find(
            "\x01"
            "35=");
        if (random() % 8 != 0 && body != std::string::npos) {
            const std::string fields = bytes.substr(body + 1);
            bytes =
                "8=FIX.4.4\x01"
                "9=" +
                std::to_string(fields.size()) + "\x01" + fields;
            bytes += check_sum_field(bytes);
        } else if (random() % 2 != 0) {
            bytes.resize(random() % (bytes.size() + 1));
        }
        const copied_frame copy(bytes);
        if (copy.screen(table).is_passed()) {
            ++passed;
            expect_promises({copy.data.get(), copy.size});
            ASSERT_FALSE(testing::Test::HasFatalFailure()) << test::with_pipes(bytes);
        }
    }
    EXPECT_GT(passed, 20000);
    EXPECT_LT(passed, 180000);
}

}  // namespace
}  // namespace millrace::gateway
