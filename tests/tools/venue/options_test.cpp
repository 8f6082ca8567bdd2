#include "tools/venue/options.hpp"

#include <gtest/gtest.h>

#include "engine/core/error.hpp"
#include "tests/tools/venue/temporary_directory.hpp"

namespace millrace::tools {
namespace {

class VenueOptions : public testing::Test {
protected:
    venue_options load(const std::string& text) {
        write_file(directory_.path() / "v.cfg", text);
        return load_venue_options((directory_.path() / "v.cfg").string());
    }
    // The refusal's text without the path before it.
    std::string refusal(const std::string& text) {
        try {
            load(text);
        } catch (const engine::config_error& error) {
            const std::string whole = error.what();
            return whole.substr(whole.find("v.cfg:") + 6);
        }
        return "accepted";
    }

    temporary_directory directory_;
};

TEST_F(VenueOptions, ReadsEveryKeyAndLeavesTheRestToQuickFIX) {
    const venue_options options = load(
        "# a comment\n[DEFAULT]\nConnectionType=acceptor\nVenueDirectory = d/e \nvenueseed=9\n"
        "VenueFillParts=7\nVenueRejectPerMille=1\nVenueCancelPerMille=2\n"
        "VenueRestPerMille=3\nVenueProbeReports=0\nVenueIdleExitSeconds=60\n"
        "VenueRequestsMax=10\nVenueResetOnStart=Y\nVenueResendAfterReset=N\n"
        "VenuePortFile=p\n[SESSION]\nBeginString=FIX.4.4\n");
    EXPECT_EQ(options.directory, (directory_.path() / "d/e").native());
    EXPECT_EQ(options.seed, 9u);
    EXPECT_EQ(options.fill_parts, 7u);
    EXPECT_EQ(options.reject_per_mille, 1u);
    EXPECT_EQ(options.cancel_per_mille, 2u);
    EXPECT_EQ(options.rest_per_mille, 3u);
    EXPECT_EQ(options.probe_reports, 0u);
    EXPECT_EQ(options.idle_exit_seconds, 60u);
    EXPECT_EQ(options.requests_max, 10u);
    EXPECT_TRUE(options.reset_on_start);
    EXPECT_FALSE(options.resend_after_reset);
    EXPECT_EQ(options.port_file, (directory_.path() / "p").native());
    EXPECT_EQ(options.pid_file, (directory_.path() / "d/e/pid").native());
}

TEST_F(VenueOptions, TakesRelativePathsFromTheFilesOwnFolder) {
    const venue_options options =
        load("[DEFAULT]\nVenueDirectory=./v\nVenuePidFile=/run/v.pid\nVenuePortFile=../v.port\n");
    EXPECT_EQ(options.directory, (directory_.path() / "v").native());
    EXPECT_EQ(options.pid_file, "/run/v.pid");
    EXPECT_EQ(options.port_file, (directory_.path().parent_path() / "v.port").native());
}

TEST_F(VenueOptions, RefusesWithLineAndExpectation) {
    const std::string start = "[DEFAULT]\nVenueDirectory=d\n";
    const struct {
        std::string text;
        const char* expected;
    } cases[] = {
        {start + "VenueSed=1\n", "3: unknown key VenueSed; did you mean VenueSeed?"},
        {start + "VenueSeed=-1\n", "3: VenueSeed=-1: expected a whole number from 0 to"},
        {start + "VenueSeed=\n", "3: VenueSeed=: expected a whole number"},
        {start + "VenueFillParts=101\n",
         "3: VenueFillParts=101: expected a whole number from 1 to 100"},
        {start + "VenueFillParts=3 parts\n", "3: VenueFillParts=3 parts: expected"},
        {start + "VenueResetOnStart=yes\n", "3: VenueResetOnStart=yes: expected Y or N"},
        {start + "VenuePortFile=\n", "3: VenuePortFile=: expected a path"},
        {start + "VENUESEED=1\nVenueSeed=2\n", "4: VenueSeed is given twice"},
        {start + "[SESSION]\nVenueSeed=2\n", "4: VenueSeed belongs into [DEFAULT]"},
        {start + "PersistMessages=N\n", "3: PersistMessages=N"},
        {start + "HttpAcceptPort=80\n", "3: HttpAcceptPort"},
        {start + "ConnectionType=initiator\n", "3: ConnectionType=initiator: expected acceptor"},
        {start + "[SESSION]\nBeginString=FIX.4.2\n", "4: BeginString=FIX.4.2: expected FIX.4.4"},
        {start + std::string(1001, 'x') + "\n", "3: line is longer than 1000 bytes"},
        {start + "VenueRejectPerMille=600\nVenueRestPerMille=600\n", " VenueRejectPerMille"},
        {"[DEFAULT]\nVenueSeed=1\n", " VenueDirectory is missing"},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(refusal(each.text).rfind(each.expected, 0), 0u) << refusal(each.text);
    }
    EXPECT_THROW(load_venue_options((directory_.path() / "none.cfg").string()), engine::io_error);
}

}  // namespace
}  // namespace millrace::tools
