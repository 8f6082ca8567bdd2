// A session in memory: a store and a listener that record every call, and a wire between two sides.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/quickfix/port.hpp"

namespace millrace::test {

[[nodiscard]] inline std::int64_t utc_now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

[[nodiscard]] inline std::uint64_t test_seed() {
    const char* given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("MILLRACE_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return seed;
}

[[nodiscard]] inline std::string with_soh(std::string text) {
    for (char& byte : text) {
        byte = byte == '|' ? '\x01' : byte;
    }
    return text;
}

[[nodiscard]] inline std::string with_pipes(std::string text) {
    for (char& byte : text) {
        byte = byte == '\x01' ? '|' : byte;
    }
    return text;
}

[[nodiscard]] inline std::string check_sum_field(std::string_view bytes) {
    unsigned sum = 0;
    for (const char byte : bytes) {
        sum += static_cast<unsigned char>(byte);
    }
    return "10=" + std::to_string(1000 + sum % 256).substr(1) + "\x01";
}

// body: from 35= on, with | for SOH; 8, 9 and 10 are added.
[[nodiscard]] inline std::string frame_of(std::string_view body,
                                          std::string_view begin_string = "FIX.4.4") {
    const std::string fields = with_soh(std::string(body));
    const std::string frame = "8=" + std::string(begin_string) + "\x01" +
                              "9=" + std::to_string(fields.size()) + "\x01" + fields;
    return frame + check_sum_field(frame);
}

[[nodiscard]] inline std::string field_of(std::string_view frame, int tag) {
    const std::string mark = "\x01" + std::to_string(tag) + "=";
    const std::size_t at = frame.find(mark);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::size_t begin = at + mark.size();
    return std::string(frame.substr(begin, frame.find('\x01', begin) - begin));
}

// Now, or some seconds beside it, as 52 wants it.
[[nodiscard]] inline std::string sending_time(int offset_s = 0) {
    const std::time_t now = static_cast<std::time_t>(utc_now_ns() / 1'000'000'000) + offset_s;
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%d-%H:%M:%S", &parts);
    return text;
}

class memory_store : public gateway::session_store {
public:
    using number = gateway::msg_seq_num;

    bool set(number at, const char* frame, std::size_t size) noexcept override {
        note("set(" + std::to_string(at.value) + "," + field_of({frame, size}, 35) + ")");
        if (is_refusing) {
            return false;
        }
        frames[at.value] = std::string(frame, size);
        return true;
    }
    bool get(number begin, number end, gateway::resend_sink& sink) const noexcept override {
        note("get(" + std::to_string(begin.value) + "," + std::to_string(end.value) + ")");
        for (auto at = frames.lower_bound(begin.value);
             at != frames.end() && at->first <= end.value; ++at) {
            sink.on_message(at->second.data(), at->second.size());
        }
        return !is_refusing;
    }
    number next_sender() const noexcept override { return number{sender}; }
    number next_target() const noexcept override { return number{target}; }
    bool set_next_sender(number at) noexcept override {
        note("set_next_sender(" + std::to_string(at.value) + ")");
        sender = at.value;
        return !is_refusing;
    }
    bool set_next_target(number at) noexcept override {
        note("set_next_target(" + std::to_string(at.value) + ")");
        target = at.value;
        return !is_refusing;
    }
    bool incr_next_sender() noexcept override {
        note("incr_next_sender");
        ++sender;
        return !is_refusing;
    }
    bool incr_next_target() noexcept override {
        note("incr_next_target");
        ++target;
        return !is_refusing;
    }
    bool reset() noexcept override {
        note("reset");
        if (is_refusing) {
            return false;
        }
        frames.clear();
        sender = 1;
        target = 1;
        return true;
    }
    bool refresh() noexcept override {
        note("refresh");
        return !is_refusing;
    }

    void note(const std::string& call) const {
        if (is_recording) {
            calls.push_back(call);
        }
    }
    [[nodiscard]] std::vector<std::string> take_calls() {
        std::vector<std::string> taken;
        taken.swap(calls);
        return taken;
    }

    std::map<std::uint32_t, std::string> frames;
    std::uint32_t sender = 1;
    std::uint32_t target = 1;
    bool is_refusing = false;
    bool is_recording = true;
    mutable std::vector<std::string> calls;
};

// Writes into the store's record too, so that the order of both is seen.
class recording_listener : public gateway::session_listener {
public:
    explicit recording_listener(memory_store& beside) : store(beside) {}

    void on_logon() noexcept override { ++logons; }
    void on_logout() noexcept override { ++logouts; }
    std::uint32_t on_admin_in(const gateway::session_message& message) noexcept override {
        note("admin_in", message);
        return wrong_tag;
    }
    void on_app_in(const gateway::session_message& message) noexcept override {
        note("app_in", message);
        ++apps_in;
    }
    void on_admin_out(const gateway::session_message& message) noexcept override {
        note("admin_out", message);
    }
    gateway::msg_seq_num on_resend_request(gateway::msg_seq_num) noexcept override {
        return last_asked_for;
    }
    gateway::app_out_decision on_app_out(
        const gateway::session_message& message) noexcept override {
        note("app_out", message);
        return decision;
    }
    void on_event(const char* text, std::size_t size) noexcept override {
        EXPECT_LE(size, event_bytes_max);
        if (events.size() < 1000) {
            events.emplace_back(text, size);
        }
    }
    void note(const char* what, const gateway::session_message& message) const {
        store.note(std::string(what) + "(" + std::to_string(message.number.value) + "," +
                   std::string(message.msg_type, message.msg_type_size) +
                   (message.poss_dup ? ",dup)" : ")"));
    }
    [[nodiscard]] bool heard(std::string_view part) const {
        for (const std::string& event : events) {
            if (event.find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    memory_store& store;
    int logons = 0;
    int logouts = 0;
    int apps_in = 0;
    gateway::app_out_decision decision = gateway::app_out_decision::send;
    gateway::msg_seq_num last_asked_for;  // none: all
    std::uint32_t wrong_tag = 0;          // of what comes next for the session itself
    std::vector<std::string> events;
};

class memory_wire : public gateway::wire_sink {
public:
    explicit memory_wire(memory_store& beside) : store(beside) {}
    bool send(const char* frame, std::size_t size) noexcept override {
        store.note("wire(" + field_of({frame, size}, 35) + "," + field_of({frame, size}, 34) + ")");
        frames.emplace_back(frame, size);
        return true;
    }
    void disconnect() noexcept override {
        store.note("disconnect");
        is_open = false;
    }

    memory_store& store;
    std::deque<std::string> frames;
    bool is_open = false;
};

[[nodiscard]] inline std::string settings_text(std::string_view role, std::string_view sender,
                                               std::string_view target,
                                               std::string_view more = "") {
    const bool is_initiator = role == "initiator";
    return "[DEFAULT]\nConnectionType=" + std::string(role) +
           "\nStartTime=00:00:00\nEndTime=00:00:00\nDataDictionary=FIX44.xml\n" +
           (is_initiator ? "HeartBtInt=30\nSocketConnectHost=127.0.0.1\nSocketConnectPort=9\n"
                         : "SocketAcceptPort=0\n") +
           std::string(more) +
           "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" + std::string(sender) +
           "\nTargetCompID=" + std::string(target) + "\n";
}

[[nodiscard]] inline gateway::session_spec spec_of(const std::string& text) {
    return gateway::parse_settings("test.cfg", text, {MILLRACE_TEST_DICTIONARIES}).sessions.at(0);
}

// One session with everything around it.
struct side {
    side(std::string_view role, std::string_view sender, std::string_view target,
         std::string_view more = "")
        : listener(store), wire(store), spec(spec_of(settings_text(role, sender, target, more))) {
        port = gateway::session_port::create(spec, store, listener);
    }

    void connect() {
        wire.frames.clear();
        wire.is_open = true;
        ASSERT_EQ(port->connected(wire), gateway::call_status::ok) << port->last_text();
    }
    gateway::call_status tick() { return port->tick(); }
    gateway::receive_result receive(std::string_view frame) {
        const gateway::screened_frame screened = gateway::screen_frame(
            frame.data(), frame.size(), port->data_fields(), port->screening());
        return port->receive(screened, utc_now_ns());
    }
    // From the other side, well formed, with the given number.
    gateway::receive_result receive_message(std::string_view type, std::uint32_t number,
                                            std::string_view fields = "") {
        return receive(frame_of("35=" + std::string(type) + "|34=" + std::to_string(number) +
                                "|49=" + spec.target + "|52=" + sending_time() +
                                "|56=" + spec.sender + "|" + std::string(fields)));
    }
    gateway::send_status send(std::string_view type, std::string_view body) {
        const std::string bytes = with_soh(std::string(body));
        return port->send_app(type.data(), type.size(), bytes.data(), bytes.size());
    }

    memory_store store;
    recording_listener listener;
    memory_wire wire;
    gateway::session_spec spec;
    std::unique_ptr<gateway::session_port> port;
};

// Carries what both sides have written until neither writes any more.
inline void pump(side& one, side& other) {
    for (int round = 0; round < 10000; ++round) {
        if (one.wire.frames.empty() && other.wire.frames.empty()) {
            return;
        }
        side& from = one.wire.frames.empty() ? other : one;
        side& to = &from == &one ? other : one;
        const std::string frame = from.wire.frames.front();
        from.wire.frames.pop_front();
        if (to.wire.is_open) {
            static_cast<void>(to.receive(frame));
        }
    }
    FAIL() << "two sessions that never stop talking";
}

inline void log_on(side& initiator, side& acceptor) {
    acceptor.connect();
    initiator.connect();
    ASSERT_EQ(initiator.tick(), gateway::call_status::ok) << initiator.port->last_text();
    pump(initiator, acceptor);
    ASSERT_TRUE(initiator.port->is_logged_on());
    ASSERT_TRUE(acceptor.port->is_logged_on());
}

inline constexpr std::string_view order_body =
    "11=A1|21=1|38=100|40=2|44=10.25|54=1|55=ABC|59=0|60=20260301-09:30:00.000|";

inline constexpr std::string_view order_with_parties_body =
    "453=2|448=TRADER|447=D|452=11|448=DESK|447=D|452=24|"
    "11=A2|21=1|38=100|40=2|44=10.25|54=1|55=ABC|59=0|60=20260301-09:30:00.000|";

}  // namespace millrace::test
