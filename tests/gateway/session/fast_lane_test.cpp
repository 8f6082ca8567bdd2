// The same conversations over the fast lane and with every message through QuickFIX: what stands on
// the wire, in FIX_OUT and in FIX_IN is the same, byte for byte, under clocks that the test sets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/core/manual_clock.hpp"
#include "tests/gateway/session/library_clock.hpp"
#include "tests/gateway/session/raw_peer.hpp"
#include "tests/gateway/session/session_test_support.hpp"

namespace millrace::gateway {
namespace {

constexpr std::int64_t begin_ns = 1'772'443'800'000'000'000;  // 2026-03-02 09:30:00 UTC

struct version {
    const char* begin_string;
    const char* dictionaries;  // lines of the settings
    const char* extra;         // of the Logon
    const char* text_tag;      // of a News, and
    const char* lines;         // what it must have
};

constexpr version versions[] = {
    {"FIX.4.0", "DataDictionary=FIX40.xml\n", "", "46=", "33=1|58=one|"},
    {"FIX.4.2", "DataDictionary=FIX42.xml\n", "", "148=", "33=2|58=one|58=two|"},
    {"FIX.4.4", "DataDictionary=FIX44.xml\n", "", "148=", "33=2|58=one|58=two|"},
    {"FIXT.1.1",
     "TransportDataDictionary=FIXT11.xml\nAppDataDictionary=FIX50SP2.xml\n"
     "DefaultApplVerID=FIX.5.0SP2\n",
     "1137=9|", "148=", "33=2|58=one|58=two|"},
};

struct transcript {
    std::vector<std::string> wire;  // what the session sent
    std::vector<std::string> out;   // rows of FIX_OUT
    std::vector<std::string> in;    // and FIX_IN
    std::uint64_t fast_in = 0;
    std::uint64_t fast_out = 0;
};

settings_file settings_of(const version& fix, const std::string& more) {
    return parse_settings(
        "test.cfg",
        "[DEFAULT]\nConnectionType=acceptor\nStartTime=00:00:00\nEndTime=00:00:00\n"
        "SocketAcceptHost=127.0.0.1\nSocketAcceptPort=0\n" +
            std::string(fix.dictionaries) + more + "\n[SESSION]\nBeginString=" + fix.begin_string +
            "\nSenderCompID=OURS\nTargetCompID=PEER\n",
        {MILLRACE_TEST_DICTIONARIES});
}

std::string timestamp_of(std::int64_t utc_ns) {
    const std::time_t seconds = static_cast<std::time_t>(utc_ns / 1'000'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%d-%H:%M:%S", &parts);
    return text;
}

std::vector<std::string> rows_of(const std::vector<test::logged_row>& rows) {
    std::vector<std::string> texts;
    for (const test::logged_row& row : rows) {
        texts.push_back(std::to_string(row.generation) + " " + row.text() + " " +
                        std::to_string(row.next_sender) + "/" + std::to_string(row.next_target) +
                        (row.poss_dup ? " dup " : " ") +
                        std::to_string(row.envelope.origin.sequence) + " [" + row.internal_target +
                        "] " + test::with_pipes(row.wire));
    }
    return texts;
}

// What a conversation has beside its version.
struct conversation_setting {
    std::string more;       // lines of the settings
    const char* source_id;  // of the route; empty: none
    bool sends_fast;        // its messages may pass beside QuickFIX on their way out
    const char* in_out;     // part of every application row of FIX_OUT, and
    std::string in_in;      // of FIX_IN
};

std::vector<conversation_setting> settings_for(const version& fix) {
    const std::string text_tag(fix.text_tag, std::strchr(fix.text_tag, '='));
    return {{"", "", true, "", ""},
            {"TimestampPrecision=6\n", "", true, "", ""},
            {"ValidateUserDefinedFields=N\n", "", true, "", ""},
            {"OutboundField1=50=DESK\nOutboundField2=61=1\n", "", false, "|61=", ""},
            {"InboundRoutingTag=" + text_tag + "\nPersistMessages=N\n", "", true, "", "[Headline "},
            {"", "BOOK", false, "|50=BOOK|", ""}};
}

// One conversation: the peer's half and the route's are drawn from a seed.
class conversation {
public:
    conversation(const version& fix, bool is_slow, std::uint64_t seed,
                 const conversation_setting& setting)
        : fix_(fix), random_(seed), orders_("orders"), clock_(begin_ns) {
        test::set_library_time(clock_.now().realtime_ns);
        session_agent_options options = test::agent_options(directory_ / "gateway");
        if (is_slow) {
            options.slow_sessions.push_back(std::string(fix.begin_string) + ":OURS->PEER");
        }
        orders_.link.source_id = setting.source_id;
        agent_ =
            std::make_unique<test::live_agent>(options, settings_of(fix, setting.more), orders_);
    }
    ~conversation() {
        agent_.reset();
        test::set_library_time(0);
    }

    transcript run(int steps) {
        transcript result;
        connect();
        say_logon();
        for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
            step();
        }
        result.fast_in = agent_->session().counters.fast_in.value();
        result.fast_out = agent_->session().counters.fast_out.value();
        agent_.reset();
        result.wire = std::move(heard_);
        result.out = rows_of(test::read_out(directory_ / "gateway" / "FIX_OUT"));
        result.in = rows_of(test::read_in(directory_ / "gateway" / "FIX_IN"));
        return result;
    }

private:
    [[nodiscard]] std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }
    void connect() {
        peer_.come_to(agent_->inner.listening_ports().front());
        next_ = agent_->session().ledger().next_target().value;
    }
    void say_logon() {
        say("35=A|34=" + number() + "|49=PEER|52=" + now() + "|56=OURS|98=0|108=3000|" +
            fix_.extra);
        ASSERT_TRUE(test::step_until([&] { return agent_->step(); },
                                     [&] { return agent_->is_logged_on(); }))
            << agent_->last_said(20);
        hear();
    }
    [[nodiscard]] std::string number() { return std::to_string(next_++); }
    [[nodiscard]] std::string now() const { return timestamp_of(clock_.now().realtime_ns); }
    [[nodiscard]] std::string header(const char* type, const std::string& number,
                                     std::int64_t late_ns = 0) const {
        return "35=" + std::string(type) + "|34=" + number +
               "|49=PEER|52=" + timestamp_of(clock_.now().realtime_ns - late_ns) + "|56=OURS|";
    }

    void say(const std::string& body) {
        peer_.say_bytes(test::frame_of(body, fix_.begin_string));
        ++said_;
    }
    // Until everything that was said has been dealt with.
    void settle() {
        const auto& counters = agent_->session().counters;
        int idle = 0;
        for (int i = 0; i < 20'000 && idle < 3; ++i) {
            const int work = agent_->step();
            const bool is_through =
                counters.messages_in.value() >= said_ || !agent_->is_logged_on();
            idle = work == 0 && is_through ? idle + 1 : 0;
            if (work == 0 && !is_through) {
                ::usleep(50);
            }
        }
        hear();
    }
    void hear() {
        for (peer_.hear(); !peer_.frames.empty(); peer_.hear()) {
            for (const std::string& frame : peer_.frames) {
                heard_.push_back(test::with_pipes(frame));
            }
            peer_.frames.clear();
        }
    }

    void step() {
        clock_.run(static_cast<std::int64_t>(below(400)) * test::ms_ns);
        test::set_library_time(clock_.now().realtime_ns);
        if (!agent_->is_logged_on()) {
            peer_.leave();
            settle_disconnect();
            connect();
            said_ = agent_->session().counters.messages_in.value();
            say_logon();
        }
        const std::size_t times = 1 + below(4);
        for (std::size_t i = 0; i < times; ++i) {
            act();
        }
        settle();
    }
    void settle_disconnect() {
        for (int i = 0; i < 100; ++i) {
            static_cast<void>(agent_->step());
        }
    }

    void act() {
        if (below(60) == 0) {
            return disturb();
        }
        switch (below(14)) {
            case 0:
                return say(header("0", number()));
            case 1:
                return say(header("1", number()) + "112=PING|");
            case 2:
                return ask();
            case 3:
                return lose();
            case 4:
                return say(report(number(), "43=Y|122=" + now() + "|", ""));
            case 5:
                return say(report(number(), "97=Y|", ""));
            case 6:
                return say(report(number(), "", wrong_field()));
            case 7:
                return say(report(std::to_string(1 + below(next_)), "43=Y|122=" + now() + "|", ""));
            default:
                break;
        }
        if (below(2) == 0) {
            say(report(number(), "", ""));
        } else {
            order();
        }
    }
    [[nodiscard]] std::string report(const std::string& number, const std::string& head,
                                     const std::string& more) {
        return header("B", number) + head + fix_.text_tag + "Headline " +
               std::to_string(below(1000)) + "|" + fix_.lines + more;
    }
    // What ends the connection, or begins new numbers.
    void disturb() {
        switch (below(4)) {
            case 0:
                return say(header("5", number()));
            case 1:
                return say(header("B", number(), 200'000 * test::ms_ns) + fix_.text_tag + "late|" +
                           fix_.lines);
            case 2: {
                std::string stranger = header("B", number()) + fix_.text_tag + "x|" + fix_.lines;
                stranger.replace(stranger.find("49=PEER"), 7, "49=PEAR");
                return say(stranger);
            }
            default:
                next_ = 1;
                return say(header("A", number()) + "98=0|108=3000|141=Y|" + fix_.extra);
        }
    }
    [[nodiscard]] std::string wrong_field() {
        static const char* const wrong[] = {"61=Z|",   "42=yesterday|", "99999=x|", "44=1.5|",
                                            "148=b|",  "149=|",         "33=1|",    "6=x|",
                                            "10001=|", "58=|"};
        return wrong[below(std::size(wrong))];
    }
    // A request for some of what the session has sent.
    void ask() {
        const std::uint32_t sent = agent_->session().ledger().next_sender().value;
        const std::uint32_t from = static_cast<std::uint32_t>(1 + below(sent));
        const std::uint32_t to = below(2) == 0 ? 0 : from;
        say(header("2", number()) + "7=" + std::to_string(from) + "|16=" + std::to_string(to) +
            "|");
    }
    // Messages that never arrive, one behind them, and a gap fill of all.
    void lose() {
        const std::uint32_t first = next_;
        next_ += static_cast<std::uint32_t>(1 + below(3));
        say(report(number(), "", ""));
        say(report(number(), "", ""));
        say(header("4", std::to_string(first)) + "43=Y|122=" + now() +
            "|123=Y|36=" + std::to_string(next_) + "|");
    }
    void order() {
        const std::string text =
            fix_.text_tag + ("H" + std::to_string(++ordered_)) + "|" + fix_.lines;
        const bool is_wrong = below(12) == 0;
        orders_.put_body(ordered_, test::with_soh(is_wrong ? text + "61=Z|" : text),
                         clock_.now().realtime_ns, 'B');
    }

    version fix_;
    std::mt19937_64 random_;
    test::order_source orders_;
    test::raw_peer peer_;
    engine::test::manual_clock clock_;
    engine::temporary_directory directory_;
    std::unique_ptr<test::live_agent> agent_;
    std::vector<std::string> heard_;
    std::uint32_t next_ = 1;
    std::uint64_t said_ = 0;
    std::uint64_t ordered_ = 0;
};

bool all_have(const std::vector<std::string>& rows, std::string_view part) {
    return std::all_of(rows.begin(), rows.end(), [&](const std::string& row) {
        return row.find(" application ") == std::string::npos ||
               row.find(part) != std::string::npos;
    });
}

class Lanes : public testing::TestWithParam<version> {};

TEST_P(Lanes, ShowTheSameTranscript) {
    const std::uint64_t seed = test::test_seed();
    constexpr int conversations = 8;
    constexpr int steps = 120;
    const std::vector<conversation_setting> settings = settings_for(GetParam());
    std::uint64_t fast_in = 0;
    std::uint64_t fast_out = 0;
    for (int i = 0; i < conversations; ++i) {
        const conversation_setting& setting =
            settings[static_cast<std::size_t>(i) % settings.size()];
        const std::uint64_t own = seed + static_cast<std::uint64_t>(i);
        const transcript fast = conversation(GetParam(), false, own, setting).run(steps);
        const transcript slow = conversation(GetParam(), true, own, setting).run(steps);
        ASSERT_EQ(fast.wire, slow.wire) << "conversation " << i;
        ASSERT_EQ(fast.out, slow.out) << "conversation " << i;
        ASSERT_EQ(fast.in, slow.in) << "conversation " << i;
        EXPECT_EQ(slow.fast_in + slow.fast_out, 0U);
        EXPECT_TRUE(setting.sends_fast || fast.fast_out == 0) << "conversation " << i;
        EXPECT_TRUE(all_have(fast.out, setting.in_out)) << "conversation " << i;
        EXPECT_TRUE(all_have(fast.in, setting.in_in)) << "conversation " << i;
        fast_in += fast.fast_in;
        fast_out += fast.fast_out;
    }
    EXPECT_GT(fast_in, static_cast<std::uint64_t>(conversations * steps / 16));
    EXPECT_GT(fast_out, static_cast<std::uint64_t>(conversations * steps / 16));
    std::printf("%s: %llu messages in and %llu out passed beside QuickFIX\n",
                GetParam().begin_string, static_cast<unsigned long long>(fast_in),
                static_cast<unsigned long long>(fast_out));
}

INSTANTIATE_TEST_SUITE_P(Versions, Lanes, testing::ValuesIn(versions), [](const auto& each) {
    std::string name = each.param.begin_string;
    std::erase(name, '.');
    return name;
});

}  // namespace
}  // namespace millrace::gateway
