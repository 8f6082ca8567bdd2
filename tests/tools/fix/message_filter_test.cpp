#include "tools/fix/message_filter.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::tools {
namespace {

const xlator::dictionary& fix44() {
    static const xlator::dictionary one{millrace::fix44::dictionary};
    return one;
}

fix_message message_of(const std::string& fields) {
    fix_message message;
    message.bytes = tests::frame_of(fields);
    message.is_whole = true;
    return message;
}

bool matches(const std::string& pattern, const std::string& fields) {
    return field_pattern(pattern).is_in(message_of(fields), &fix44());
}

TEST(FieldPattern, IsForOneFieldByTagOrByNameOrForTheWholeMessage) {
    const std::string order = "35=D|11=A1|54=1|55=VOD.L|";
    EXPECT_TRUE(matches("54=[12]", order));
    EXPECT_TRUE(matches("Side=^1$", order));
    EXPECT_FALSE(matches("Side=2", order));
    EXPECT_FALSE(matches("4=1", order)) << "another tag that ends the same";
    EXPECT_FALSE(matches("Nothing=1", order));
    EXPECT_TRUE(matches("\\|54=1\\|", order));
    EXPECT_TRUE(matches("VOD", order));
    EXPECT_FALSE(matches("^VOD", order));
    EXPECT_TRUE(matches("Symbol=VOD", order));
}

TEST(FieldPattern, FindsAnyOfAGroupsEntries) {
    EXPECT_TRUE(matches("448=TRD", "35=D|453=2|448=BRK|448=TRD|"));
}

TEST(FieldPattern, RefusesWhatIsNoExpression) {
    EXPECT_THROW(field_pattern("54=[1"), engine::config_error);
    EXPECT_THROW(field_pattern("("), engine::config_error);
    EXPECT_THROW(field_pattern("99999999999=A"), engine::config_error);
    EXPECT_THROW(field_pattern("0=A"), engine::config_error);
    EXPECT_FALSE(field_pattern("Sdie=1").is_known(fix44()));
    EXPECT_TRUE(field_pattern("Side=1").is_known(fix44()));
    EXPECT_TRUE(field_pattern("54=1").is_known(fix44()));
}

TEST(OrderChain, FollowsAnOrderThroughItsReplacementsAndItsVenuesId) {
    order_chain chain("A1");
    const auto takes = [&](const std::string& fields) { return chain.takes(message_of(fields)); };
    EXPECT_FALSE(takes("35=D|11=B1|52=20260302-09:30:00|"));
    EXPECT_TRUE(takes("35=D|52=20260302-09:30:00|11=A1|"));
    EXPECT_FALSE(chain.since_last_ns().has_value());
    EXPECT_TRUE(takes("35=8|52=20260302-09:30:00.250|11=A1|37=V7|"));
    EXPECT_EQ(chain.since_last_ns(), 250'000'000);
    EXPECT_FALSE(takes("35=8|52=20260302-09:30:00.251|11=B1|37=V8|"));
    EXPECT_TRUE(takes("35=G|52=20260302-09:30:00.260|11=A2|41=A1|"));
    EXPECT_TRUE(takes("35=8|52=20260302-09:30:00.300|11=A2|37=V7|"));
    EXPECT_EQ(chain.since_last_ns(), 40'000'000);
    EXPECT_TRUE(takes("35=8|37=V7|")) << "a trade that names the venue's id alone";
    EXPECT_FALSE(chain.since_last_ns().has_value());
    EXPECT_TRUE(takes("35=9|11=A3|41=A2|37=NONE|"));
    EXPECT_FALSE(takes("35=9|11=C3|41=C2|37=NONE|")) << "NONE is nobody's id";
    EXPECT_FALSE(takes("35=8|11=X9|37=A1|")) << "a venue's id that reads like ours is another's";
}

TEST(MessageFilter, TakesTypesByCodeAndByName) {
    message_filter filter;
    filter.types = {"D", "Heartbeat"};
    EXPECT_TRUE(filter.takes(message_of("35=D|"), &fix44()));
    EXPECT_TRUE(filter.takes(message_of("35=0|"), &fix44()));
    EXPECT_FALSE(filter.takes(message_of("35=8|"), &fix44()));
    EXPECT_FALSE(filter.takes(message_of("35=0|"), nullptr)) << "names need a dictionary";
    filter.patterns.emplace_back("11=A");
    EXPECT_FALSE(filter.takes(message_of("35=D|11=B|"), &fix44()));
    EXPECT_TRUE(filter.takes(message_of("35=D|11=A|"), &fix44()));
}

TEST(MessageFilter, FollowsAnOrderThroughMessagesThatAreNotWanted) {
    message_filter filter;
    filter.order.emplace("A1");
    filter.types = {"8"};
    EXPECT_FALSE(filter.takes(message_of("35=D|11=A1|52=20260302-09:30:00|"), &fix44()));
    EXPECT_FALSE(filter.takes(message_of("35=G|11=A2|41=A1|52=20260302-09:30:01|"), &fix44()));
    EXPECT_TRUE(filter.takes(message_of("35=8|11=A2|52=20260302-09:30:03|"), &fix44()));
    EXPECT_EQ(filter.order->since_last_ns(), 2'000'000'000) << "from the order's message before";
    filter.types.clear();
    filter.patterns.emplace_back("35=8");
    EXPECT_FALSE(filter.takes(message_of("35=G|11=A3|41=A2|"), &fix44()));
    EXPECT_TRUE(filter.takes(message_of("35=8|11=A3|"), &fix44()));
}

}  // namespace
}  // namespace millrace::tools
