#include "xlator/fix/fix_stream.hpp"

#include <gtest/gtest.h>

#include "fix44/ExecutionReport.hpp"
#include "fix44/NewOrderSingle.hpp"
#include "fix44/dictionary.hpp"
#include "tests/xlator/fix_text.hpp"

namespace millrace::xlator {
namespace {

using namespace millrace::fix44;

const xlator::dictionary& fix44_tables() {
    static const xlator::dictionary one{millrace::fix44::dictionary};
    return one;
}

std::string report_of(const std::string& last_market, const std::string& more = "") {
    return tests::frame_of(
        "35=8|34=9|49=V|52=20260302-09:30:00|56=M|11=A1|37=V1|17=E1|150=F|39=1|54=1|55=VOD.L|30=" +
        last_market + "|31=101.5|32=250|14=250|151=750|6=101.5|" + more);
}

TEST(FixStream, MatchesOneTypeAndReadsItTyped) {
    fix_stream<ExecutionReport> reports(fix44_tables());
    const std::string frame = report_of("XLON");
    const typed_message<ExecutionReport>* const report = reports.match(frame);
    ASSERT_NE(report, nullptr);
    EXPECT_EQ(*report->get<LastQty>(), decimal(250, 0));
    EXPECT_EQ(reports.match(tests::frame_of("35=0|34=9|49=V|52=20260302-09:30:00|56=M|")), nullptr);
    EXPECT_EQ(reports.match("8=FIX.4.4"), nullptr);
    EXPECT_EQ(reports.refused_count(), 0U) << "another type is not looked into";
}

TEST(FixStream, HoldsATypedCondition) {
    std::string wanted = "XLON";
    auto fills = stream_of<ExecutionReport>(
        fix44_tables(), [&](const typed_message<ExecutionReport>& report) {
            const field_value<std::string_view> market = report.get<LastMkt>();
            return market && *market == wanted;
        });
    EXPECT_NE(fills.match(report_of("XLON")), nullptr);
    EXPECT_EQ(fills.match(report_of("XPAR")), nullptr);
    wanted = "XPAR";
    EXPECT_NE(fills.match(report_of("XPAR")), nullptr);
}

TEST(FixStream, CountsWhatItsDictionaryRefusesAndTakesTagsItDoesNotKnow) {
    fix_stream<ExecutionReport> reports(fix44_tables());
    EXPECT_NE(reports.match(report_of("XLON", "5001=venue|")), nullptr);
    EXPECT_EQ(reports.match(report_of("XLON", "44=not a price|")), nullptr);
    std::string broken = report_of("XLON");
    broken[broken.size() - 2] = broken[broken.size() - 2] == '0' ? '1' : '0';
    EXPECT_EQ(reports.match(broken), nullptr);
    EXPECT_EQ(reports.refused_count(), 2U);
}

}  // namespace
}  // namespace millrace::xlator
