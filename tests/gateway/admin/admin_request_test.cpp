// Requests of operators as lines of JSON: what they may say, and what is none.
#include "gateway/admin/admin_request.hpp"

#include <gtest/gtest.h>

namespace millrace::gateway {
namespace {

std::string refusal(const std::string& line) {
    admin_request request;
    return parse_request(line, request);
}

TEST(AdminRequest, SaysWhatIsWanted) {
    admin_request request;
    EXPECT_EQ(parse_request(R"({"command": "list"})", request), "");
    EXPECT_EQ(request.verb, session_verb::look);
    EXPECT_EQ(request.session, "");
    EXPECT_EQ(
        parse_request(R"({"command":"set-sequence","session":"A->B","reason":"r","next_target":7})",
                      request),
        "");
    EXPECT_EQ(request.verb, session_verb::set_sequence);
    EXPECT_EQ(request.session, "A->B");
    EXPECT_EQ(request.reason, "r");
    EXPECT_TRUE(request.next_sender.is_none());
    EXPECT_EQ(request.next_target, msg_seq_num{7});
    EXPECT_EQ(parse_request(R"({"command":"resend","session":"A->B","begin":2,"end":0})", request),
              "");
    EXPECT_EQ(request.begin, msg_seq_num{2});
    EXPECT_TRUE(request.end.is_none());
    EXPECT_EQ(request.reason, "") << "nothing stays of the one before";
}

TEST(AdminRequest, IsTheSameOnceWritten) {
    admin_request request;
    request.verb = session_verb::logout;
    request.session = "FIX.4.4:A->B";
    request.reason = "the \"venue\" asked";
    request.text = "bye";
    admin_request read;
    ASSERT_EQ(parse_request(to_line(request), read), "");
    EXPECT_EQ(to_line(read), to_line(request));
    EXPECT_EQ(read.reason, request.reason);
    for (const session_verb verb : {session_verb::look, session_verb::logon, session_verb::kill,
                                    session_verb::release, session_verb::switch_endpoint}) {
        request = {};
        request.verb = verb;
        request.session = "A->B";
        request.reason = "r";
        EXPECT_EQ(parse_request(to_line(request), read), "");
        EXPECT_EQ(read.verb, verb);
    }
}

TEST(AdminRequest, IsRefusedWithTheMemberThatIsWrong) {
    for (const char* line : {"", "list", "[]", "{", "{}", R"({"session":"A->B"})", "null"}) {
        EXPECT_EQ(refusal(line).find("no request"), 0U) << line;
    }
    EXPECT_EQ(refusal(R"({"command":"restart"})").find("command: 'restart' is none"), 0U);
    EXPECT_NE(refusal(R"({"command":"kil"})").find("kill"), std::string::npos);
    EXPECT_EQ(refusal(R"({"command":5})"), "command: expected a text");
    EXPECT_EQ(refusal(R"({"command":"list","all":true})"), "all: no request has such a member");
    EXPECT_EQ(refusal(R"({"command":"logon"})"), "session: needed for logon");
    EXPECT_EQ(refusal(R"({"command":"logon","session":["A"]})"), "session: expected a text");
    EXPECT_EQ(refusal(R"({"command":"reset","session":"A->B"})"),
              "reason: needed for reset: the audit log keeps it");
    EXPECT_EQ(refusal(R"({"command":"kill"})").find("reason: needed"), 0U);
    EXPECT_EQ(refusal(R"({"command":"release"})").find("reason: needed"), 0U);
    EXPECT_EQ(refusal(R"({"command":"logout","session":"A->B","reason":"a\u0001b"})"),
              "reason: has a byte that is not printable ASCII")
        << "it goes onto the wire, where that would be a field of its own";
    EXPECT_EQ(refusal(R"({"command":"logout","session":"A->B","reason":"r","text":")" +
                      std::string(96, 'x') + "\"}"),
              "text: longer than 95 bytes");
    const std::string set = R"({"command":"set-sequence","session":"A->B","reason":"r")";
    EXPECT_EQ(refusal(set + "}").find("next_sender, next_target: "), 0U);
    for (const char* wrong : {"0", "-1", "1.5", "\"5\"", "2147483648", "null"}) {
        EXPECT_EQ(refusal(set + ",\"next_sender\":" + wrong + "}")
                      .find("next_sender: expected a message number, 1 to 2147483647"),
                  0U)
            << wrong;
    }
    EXPECT_EQ(refusal(set + ",\"next_sender\":2147483647}"), "");
    EXPECT_EQ(refusal(R"({"command":"logon","session":"A->B","next_sender":5})")
                  .find("next_sender, next_target: "),
              0U);
    EXPECT_EQ(refusal(R"({"command":"resend","session":"A->B"})").find("begin: "), 0U);
    EXPECT_EQ(refusal(R"({"command":"resend","session":"A->B","begin":5,"end":4})").find("end: "),
              0U);
    EXPECT_EQ(refusal(R"({"command":"logon","session":"A->B","text":"x"})"),
              "text: of logout and disable");
}

}  // namespace
}  // namespace millrace::gateway
