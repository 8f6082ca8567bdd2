// The admin socket: who may come, what is no request, and clients that do not wait.
#include "gateway/admin/admin_listener.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "tests/gateway/admin/admin_support.hpp"

namespace millrace::gateway {
namespace {

using nlohmann::json;

// What the kernel is made to say of who connects.
peer_credentials stranger;

peer_credentials say_stranger(int) {
    return stranger;
}

class AdminListener : public test::AdministeredGateway {
protected:
    AdminListener() {
        wanted.path = directory / "admin.sock";
        stranger = {true, 12345, 1, {54321}, "mallory"};
    }

    void listen() {
        listener.reset();
        listener = std::make_unique<admin_listener>(gateways, audit, wanted);
        listener->on_start();
    }
    [[nodiscard]] engine::unique_fd connect() const { return connect_locally(wanted.path); }
    static void send(const engine::unique_fd& client, const std::string& bytes) {
        ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    // Everybody's turns until a line, or the end, has come.
    [[nodiscard]] std::string read_line(const engine::unique_fd& client) {
        std::string line;
        bool is_over = false;
        EXPECT_TRUE(test::step_until(
            [&] {
                static_cast<void>(step());
                return listener->do_work();
            },
            [&] {
                char byte = 0;
                ssize_t size = 0;
                while (!is_over && (size = ::recv(client.get(), &byte, 1, MSG_DONTWAIT)) > 0) {
                    is_over = byte == '\n';
                    line += is_over ? "" : std::string(1, byte);
                }
                return is_over || size == 0 || (size < 0 && errno == ECONNRESET);
            }));
        return line;
    }
    [[nodiscard]] json answer_of(const engine::unique_fd& client) {
        const json answer = json::parse(read_line(client), nullptr, false);
        EXPECT_TRUE(answer.is_object());
        return answer.is_object() ? answer : json::object({{"outcome", ""}, {"text", ""}});
    }
    [[nodiscard]] json ask(const std::string& line) {
        const engine::unique_fd client = connect();
        send(client, line + "\n");
        return answer_of(client);
    }
    [[nodiscard]] static std::string kill() {
        return R"({"command":"kill","reason":"it runs wild"})";
    }

    admin_options wanted;
    std::unique_ptr<admin_listener> listener;
};

TEST_F(AdminListener, ServesWhoRunsIt) {
    ASSERT_TRUE(log_on());
    listen();
    struct stat found {};
    ASSERT_EQ(::stat(wanted.path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
    const json listed = ask(R"({"command":"list"})");
    EXPECT_EQ(listed["outcome"], "done");
    ASSERT_EQ(listed["sessions"].size(), 1U);
    const json& one = listed["sessions"][0];
    EXPECT_EQ(one["name"], test::administered);
    EXPECT_EQ(one["gateway"], "TEST");
    EXPECT_EQ(one["state"], "logged on");
    EXPECT_EQ(one["next_sender"], 2);
    EXPECT_EQ(one["next_target"], 2);
    EXPECT_EQ(one["generation"], 1);
    EXPECT_EQ(one["is_enabled"], true);
    EXPECT_EQ(one["is_killed"], false);
    EXPECT_EQ(one["endpoints"], 1);
    EXPECT_EQ(one["peer"], "127.0.0.1:" + std::to_string(peer.port()));
    EXPECT_EQ(one["last_logon"]["ours"], 1);
    EXPECT_EQ(one["last_logon"]["theirs"], 1);
    EXPECT_TRUE(one["connected_since"].is_string());
    EXPECT_EQ(listener->counters.requests.value(), 1U);
    EXPECT_TRUE(audited().empty());
    const json killed = ask(kill());
    EXPECT_EQ(killed["outcome"], "done");
    EXPECT_EQ(killed["sessions"][0]["is_killed"], true);
    EXPECT_EQ(killed["sessions"][0]["before"]["state"], "logged on");
    EXPECT_TRUE(killed["latency_ns"].is_number_unsigned());
    EXPECT_GE(listener->counters.kill_latency.value(), killed["latency_ns"].get<std::uint64_t>());
    const auto rows = audited();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].uid, ::geteuid());
    EXPECT_EQ(rows[0].reason, "it runs wild");
    listener->on_close();
    EXPECT_FALSE(std::filesystem::exists(wanted.path));
}

TEST_F(AdminListener, SendsStrangersAway) {
    wanted.credentials = &say_stranger;
    listen();
    const engine::unique_fd client = connect();
    send(client, kill() + "\n");
    const json answer = answer_of(client);
    EXPECT_EQ(answer["outcome"], "denied");
    EXPECT_NE(answer["text"].get<std::string>().find("mallory"), std::string::npos);
    EXPECT_EQ(read_line(client), "") << "and nothing more is read of it";
    EXPECT_EQ(listener->counters.refused_users.value(), 1U);
    EXPECT_FALSE(view().is_killed);
    stranger.is_known = false;
    stranger.uid = 0;
    EXPECT_EQ(ask(kill())["outcome"], "denied") << "the kernel does not know it";
    std::string said;
    listener->events().drain([&](event_level, engine::timestamp, std::string_view text) {
        said += said.empty() ? text : "";
    });
    EXPECT_EQ(said, "admin: refused mallory (uid 12345, pid 1), who may not administer sessions");
}

TEST_F(AdminListener, ServesWhomTheConfigurationNames) {
    wanted.credentials = &say_stranger;
    wanted.users = {11, 12345};
    listen();
    EXPECT_EQ(ask(R"({"command":"list"})")["outcome"], "done");
    wanted.users.clear();
    wanted.group = ::getegid();  // the file is to belong to it
    wanted.mode = 0660;
    listen();
    struct stat found {};
    ASSERT_EQ(::stat(wanted.path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0660U);
    EXPECT_EQ(ask(R"({"command":"list"})")["outcome"], "denied");
    stranger.groups.push_back(::getegid());
    EXPECT_EQ(ask(R"({"command":"list"})")["outcome"], "done");
}

TEST_F(AdminListener, RefusesWhatIsNoRequest) {
    listen();
    const std::pair<std::string, const char*> wrong[] = {
        {"kill them all", "no request: expected an object"},
        {R"({"command":"kill"})", "reason: needed for kill"},
        {R"({"command":"logon","session":"FIX.4.4:OURS->NOBODY"})",
         "no session 'FIX.4.4:OURS->NOBODY'"},
        {std::string(4097, ' '), "the request is longer than 4096 bytes"},
    };
    for (const auto& [line, reason] : wrong) {
        const json answer = ask(line);
        EXPECT_EQ(answer["outcome"], "misuse") << line;
        EXPECT_EQ(answer["text"].get<std::string>().find(reason), 0U) << answer["text"];
    }
    EXPECT_FALSE(view().is_killed);
    EXPECT_TRUE(audited().empty());
    EXPECT_EQ(ask(std::string(4000, ' ') + R"({"command":"list"})")["outcome"], "done");
}

TEST_F(AdminListener, GivesUpOnALineWithoutAnEnd) {
    listen();
    const engine::unique_fd client = connect();
    std::string line = kill();
    line.resize(9'000, ' ');
    send(client, line);
    EXPECT_NE(answer_of(client)["text"].get<std::string>().find("longer"), std::string::npos);
    EXPECT_EQ(read_line(client), "");
}

TEST_F(AdminListener, DoesNothingForHalfARequest) {
    listen();
    const engine::unique_fd client = connect();
    send(client, kill());
    ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
    EXPECT_NE(answer_of(client)["text"].get<std::string>().find("has no end"), std::string::npos);
    EXPECT_FALSE(view().is_killed);
    EXPECT_TRUE(audited().empty());
}

TEST_F(AdminListener, CarriesOutWhatAClientDoesNotWaitFor) {
    listen();
    {
        const engine::unique_fd client = connect();
        send(client, kill() + "\n");
    }
    ASSERT_TRUE(test::step_until(
        [&] {
            static_cast<void>(step());
            return listener->do_work();
        },
        [&] { return audited().size() == 1; }));
    EXPECT_TRUE(view().is_killed);
    EXPECT_EQ(audited()[0].what(), "kill done");
    EXPECT_EQ(ask(R"({"command":"list"})")["outcome"], "done") << "others are served as before";
    EXPECT_EQ(listener->counters.connections.value(), 1U);
}

TEST_F(AdminListener, AnswersEachOfSeveralRequests) {
    listen();
    const engine::unique_fd client = connect();
    send(client,
         kill() + "\n{\"command\":\"list\"}\n" + R"({"command":"release","reason":"over"})" + "\n");
    EXPECT_EQ(answer_of(client)["sessions"][0]["is_killed"], true);
    EXPECT_EQ(answer_of(client)["sessions"][0]["is_killed"], true);
    EXPECT_EQ(answer_of(client)["sessions"][0]["is_killed"], false);
}

TEST_F(AdminListener, HasSoManyPlaces) {
    wanted.connections_max = 2;
    listen();
    ASSERT_TRUE(log_on());
    answers = false;  // so both of them wait for their sessions' Logout to be answered
    const engine::unique_fd one = connect();
    const engine::unique_fd two = connect();
    for (const engine::unique_fd* each : {&one, &two}) {
        send(*each, std::string(R"({"command":"reset","reason":"r","session":")") +
                        test::administered + "\"}\n");
    }
    ASSERT_TRUE(test::step_until([&] { return listener->do_work(); },
                                 [&] { return listener->counters.requests.value() == 2; }));
    const json busy = ask(R"({"command":"list"})");
    EXPECT_EQ(busy["outcome"], "denied");
    EXPECT_NE(busy["text"].get<std::string>().find("too many connections"), std::string::npos);
    EXPECT_EQ(listener->counters.refused_connections.value(), 1U);
}

// A kill must not wait for somebody who says nothing.
TEST_F(AdminListener, GivesThePlaceOfTheSilentToWhoAsks) {
    wanted.connections_max = 2;
    listen();
    const engine::unique_fd one = connect();
    ASSERT_TRUE(test::step_until([&] { return listener->do_work(); },
                                 [&] { return listener->counters.connections.value() == 1; }));
    const engine::unique_fd two = connect();
    ASSERT_TRUE(test::step_until([&] { return listener->do_work(); },
                                 [&] { return listener->counters.connections.value() == 2; }));
    EXPECT_EQ(ask(R"({"command":"list"})")["outcome"], "done");
    EXPECT_NE(read_line(one).find("silent while others want its place"), std::string::npos);
    EXPECT_EQ(listener->counters.refused_connections.value(), 0U);
}

TEST_F(AdminListener, KeepsNoPlaceForTheSilent) {
    wanted.request_timeout_ns = test::ms_ns;
    listen();
    const engine::unique_fd one = connect();
    const engine::unique_fd two = connect();
    send(two, "{\"command\":");
    EXPECT_EQ(read_line(one), "");
    EXPECT_EQ(read_line(two), "");
}

TEST_F(AdminListener, EndsWhatIsUnderWayWhenItCloses) {
    ASSERT_TRUE(log_on());
    answers = false;
    listen();
    const engine::unique_fd client = connect();
    send(client, std::string(R"({"command":"reset","reason":"r","session":")") +
                     test::administered + "\"}\n");
    ASSERT_TRUE(test::step_until(
        [&] {
            static_cast<void>(step());
            return listener->do_work();
        },
        [&] { return peer.has_heard("5"); }));
    listener->on_close();
    char bytes[4096];
    const ssize_t size = ::recv(client.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    ASSERT_GT(size, 0);
    const json answer = json::parse(std::string(bytes, static_cast<std::size_t>(size)));
    EXPECT_EQ(answer["outcome"], "failed");
    EXPECT_EQ(audited().back().what(), "reset failed");
}

}  // namespace
}  // namespace millrace::gateway
