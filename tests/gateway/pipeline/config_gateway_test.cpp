#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway {
namespace {

TEST(GatewayConfig, TakesFurtherSecretsOfALogonAndRefusesWhatASessionNeeds) {
    const std::string gateway = "[[gateway]]\nname = \"g\"\nsettings = \"s.cfg\"\n";
    EXPECT_TRUE(parse_config("/conf/a.toml", gateway).gateways.at(0).secret_tags.empty());
    EXPECT_EQ(parse_config("/conf/a.toml", gateway + "secret_tags = [5001, 5002]\n")
                  .gateways.at(0)
                  .secret_tags,
              (std::vector<std::uint32_t>{5001, 5002}));
    EXPECT_EQ(test::refusal(gateway + "secret_tags = [\n5001,\n49]\n"),
              "/conf/a.toml:6: 'secret_tags' names 49, without whose value no Logon can be read");
    for (const char* wrong : {"5001", "[\"5001\"]", "[0]", "[-5]", "[2147483648]"}) {
        EXPECT_EQ(test::refusal(gateway + "secret_tags = " + wrong + "\n"),
                  "/conf/a.toml:4: 'secret_tags' must be a list of tags: [5001, 5002]")
            << wrong;
    }
}

TEST(GatewayConfig, StreamsTheAdministrativeTypesThatAreNamed) {
    const std::string gateway = "[[gateway]]\nname = \"g\"\nsettings = \"s.cfg\"\n";
    EXPECT_EQ(parse_config("/conf/a.toml", gateway).find_stream("g.FIX_IN")->where,
              "KIND = 'application'");
    EXPECT_EQ(parse_config("/conf/a.toml", gateway + "admin_types = [\"A\", \"5\"]\n")
                  .find_stream("g.FIX_IN")
                  ->where,
              "KIND = 'application' or (KIND = 'admin' and MSG_TYPE in ('A', '5'))");
    EXPECT_EQ(test::refusal(gateway + "admin_types = [\"D\"]\n").substr(0, 44),
              "/conf/a.toml:4: 'admin_types' names 'D'; exp");
    EXPECT_EQ(parse_config("/conf/a.toml", gateway + "users = \"who.txt\"\n").gateways.at(0).users,
              "/conf/who.txt");
}

TEST(GatewayConfig, SaysHowItsConnectionsBehave) {
    const std::string gateway = "[[gateway]]\nname = \"g\"\nsettings = \"s.cfg\"\n";
    const gateway_config plain = parse_config("/conf/a.toml", gateway).gateways.at(0);
    EXPECT_EQ(plain.tls_handshake_ns, 5'000'000'000);
    EXPECT_EQ(plain.busy_poll_us, 0U);
    EXPECT_EQ(plain.slow_consumer_bytes, std::size_t{1} << 20);
    EXPECT_EQ(plain.slow_consumer_ns, 10'000'000'000);
    const gateway_config set =
        parse_config("/conf/a.toml", gateway +
                                         "tls_handshake_ms = 700\nbusy_poll_us = 50\n"
                                         "slow_consumer_bytes = 4194304\n"
                                         "slow_consumer_ms = 250\n")
            .gateways.at(0);
    EXPECT_EQ(set.tls_handshake_ns, 700'000'000);
    EXPECT_EQ(set.busy_poll_us, 50U);
    EXPECT_EQ(set.slow_consumer_bytes, std::size_t{4} << 20);
    EXPECT_EQ(set.slow_consumer_ns, 250'000'000);
    for (const char* const wrong : {"tls_handshake_ms = 0", "busy_poll_us = -1",
                                    "slow_consumer_bytes = 1000", "slow_consumer_ms = 0"}) {
        EXPECT_EQ(test::refusal(gateway + wrong + "\n").substr(0, 16), "/conf/a.toml:4: ") << wrong;
    }
}

TEST(SessionConfig, SaysWhatIsSentAgainAndHowMuchAtOnce) {
    const std::string head =
        "[[gateway]]\nname = \"g\"\nsettings = \"s.cfg\"\n[[gateway.session]]\nname = \"x\"\n";
    const auto session_of = [&](const std::string& keys) {
        return parse_config("/conf/a.toml", head + keys).gateways.at(0).sessions.at(0);
    };
    const session_config usual = session_of("");
    EXPECT_TRUE(usual.resends.ages.empty());
    EXPECT_EQ(usual.resends.request_chunk, 0U);
    EXPECT_EQ(usual.resends.repeats_max, 5U);
    EXPECT_EQ(usual.resends.window_ns, 10'000'000'000);
    EXPECT_EQ(usual.throttling.per_second, 0U);
    const session_config own = session_of(
        "resend_max_age_ms = {D = 5000, \"*\" = 60000}\nresend_repeats_max = 2\n"
        "resend_request_chunk = 500\n"
        "resend_repeats_window_ms = 3\nthrottle_per_second = 100\nthrottle_burst = 7\n"
        "on_throttle = \"reject\"\n");
    EXPECT_TRUE(own.resends.is_too_old("D", 5'000'000'001));
    EXPECT_FALSE(own.resends.is_too_old("D", 5'000'000'000));
    EXPECT_FALSE(own.resends.is_too_old("F", 60'000'000'000));
    EXPECT_TRUE(own.resends.is_too_old("F", 60'000'000'001));
    EXPECT_EQ(own.resends.request_chunk, 500U);
    EXPECT_EQ(own.resends.repeats_max, 2U);
    EXPECT_EQ(own.resends.window_ns, 3'000'000);
    EXPECT_EQ(own.throttling.per_second, 100U);
    EXPECT_EQ(own.throttling.burst, 7U);
    EXPECT_EQ(own.throttling.policy, throttle_policy::reject);
    for (const auto& [keys, reason] : {
             std::pair{"resend_max_age_ms = 5",
                       "'resend_max_age_ms' must say an age for each "
                       "MsgType: {D = 5000, \"*\" = 60000}"},
             std::pair{
                 "resend_max_age_ms = {A = 5}",
                 "'resend_max_age_ms' names A, a message of the session's own, which is never "
                 "sent again"},
             std::pair{"resend_max_age_ms = {D = \"5s\"}",
                       "'resend_max_age_ms' of D must be a number of milliseconds from 0 to "
                       "604800000"},
             std::pair{"resend_max_age_ms = {NINEBYTES = 5}",
                       "'resend_max_age_ms' names 'NINEBYTES'; expected a MsgType, or * for every "
                       "other"},
             std::pair{"throttle_burst = 5",
                       "'throttle_burst' is about 'throttle_per_second', which is not there"},
             std::pair{"on_throttle = \"wait\"",
                       "'on_throttle' is about 'throttle_per_second', which is not there"},
         }) {
        EXPECT_EQ(test::refusal(head + keys + "\n"), std::string("/conf/a.toml:6: ") + reason);
    }
}

TEST(RouteConfig, SaysWhatBecomesOfMessagesWhileASessionIsDown) {
    const std::string client = "[[client]]\nname = \"c\"\nstream = \"s\"\n[[client.route]]\n";
    const auto route_of = [&](const std::string& keys) {
        return parse_config("/conf/a.toml", client + "session = \"x\"\n" + keys)
            .clients.at(0)
            .routes.at(0);
    };
    EXPECT_EQ(route_of("").when_down, down_policy::hold);
    EXPECT_EQ(route_of("").hold_max_ns, 0);
    EXPECT_EQ(route_of("when_down = \"park\"\n").when_down, down_policy::park);
    EXPECT_EQ(route_of("when_down = \"reject\"\n").when_down, down_policy::reject);
    EXPECT_EQ(route_of("hold_max_age_ms = 1500\n").hold_max_ns, 1'500'000'000);
    EXPECT_EQ(test::refusal(client + "when_down = \"park\"\ntable = \"T\"\n"),
              "/conf/a.toml:5: 'when_down' is about messages to a session; there is no 'session'");
    EXPECT_EQ(
        test::refusal(client + "hold_max_age_ms = 5\ntable = \"T\"\n"),
        "/conf/a.toml:5: 'hold_max_age_ms' is about messages to a session; there is no 'session'");
}

TEST(RouteConfig, SaysASourceToASessionOnly) {
    const std::string client =
        "[[client]]\nname = \"c\"\nstream = \"s\"\n[[client.route]]\nsource_id = ";
    EXPECT_EQ(parse_config("/conf/a.toml", client + "\"DESK 7\"\nsession = \"x\"\n")
                  .clients.at(0)
                  .routes.at(0)
                  .source_id,
              "DESK 7");
    EXPECT_EQ(test::refusal(client + "\"DESK\"\ntable = \"T\"\n"),
              "/conf/a.toml:5: 'source_id' is said to a session; there is no 'session'");
    for (const std::string& wrong : {std::string("a\\u0001b"), std::string(65, 'x')}) {
        EXPECT_EQ(test::refusal(client + "\"" + wrong + "\"\nsession = \"x\"\n"),
                  "/conf/a.toml:5: 'source_id' has at most 64 bytes, and no control characters");
    }
}

}  // namespace
}  // namespace millrace::gateway
