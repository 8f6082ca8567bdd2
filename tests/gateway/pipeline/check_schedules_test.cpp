// What a check says of the schedules of a configuration's sessions.
#include "tests/gateway/pipeline/check_support.hpp"

namespace millrace::gateway {
namespace {

using test::CheckConfig;
using test::strings;

class CheckSchedules : public CheckConfig {
protected:
    [[nodiscard]] check_result check_with(std::string_view schedule_lines) {
        std::string text = test::read_text(test::example_path().parent_path() / "sessions.cfg");
        const std::string_view always = "StartTime=00:00:00\nEndTime=00:00:00\n";
        const std::size_t at = text.find(always);
        EXPECT_NE(at, std::string::npos);
        text.replace(at, always.size(), schedule_lines);
        directory_.write("sessions.cfg", text);
        return check(example_);
    }
    [[nodiscard]] static std::string begin_of(const strings& lines, std::size_t size) {
        return lines.size() == 1 ? lines.front().substr(0, size) : "not one line";
    }
};

TEST_F(CheckSchedules, AreSaidWithTheNextBoundary) {
    EXPECT_EQ(check_with("NonStopSession=Y\n").schedules,
              strings{"FIX.4.4:MILLRACE->VENUE: non-stop UTC; logon time; next boundary never"});
    const strings daily = check_with(
                              "StartTime=08:00:00\nEndTime=17:00:00\nWeekdays=Mon,Tue\n"
                              "TimeZone=Europe/London\n")
                              .schedules;
    const std::string rule =
        "FIX.4.4:MILLRACE->VENUE: Mon,Tue 08:00:00 to 17:00:00 Europe/London; ";
    EXPECT_EQ(begin_of(daily, rule.size()), rule);
    EXPECT_NE(daily.front().find("; next boundary 20"), std::string::npos) << daily.front();
}

TEST_F(CheckSchedules, AreRefusedWithTheLineOfTheSettingsFile) {
    const check_result wrong_zone =
        check_with("StartTime=08:00:00\nEndTime=17:00:00\nTimeZone=Europe/Lodnon\n");
    EXPECT_EQ(local(wrong_zone.errors),
              strings{"sessions.cfg:6: TimeZone=Europe/Lodnon: the host knows no time zone "
                      "'Europe/Lodnon' (did you mean Europe/London?)"});
    EXPECT_EQ(wrong_zone.schedules, strings{});
    EXPECT_EQ(
        local(check_with("StartTime=08:00:00\nEndTime=17:00:00\nHolydays=2026-12-25\n").warnings),
        (strings{"sessions.cfg:6: unknown key 'Holydays': ignored; did you mean "
                 "'Holidays'?",
                 "sessions.cfg:9: DataDictionary=FIX44.xml does not exist: using "
                 "Millrace's own " +
                     (test::dictionaries() / "FIX44.xml").native()}));
}

}  // namespace
}  // namespace millrace::gateway
