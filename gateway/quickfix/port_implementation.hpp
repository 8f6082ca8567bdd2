// What stands behind session_port: the library's session, its adapters and the checks before it.
#pragma once

#include <quickfix/DataDictionaryProvider.h>
#include <quickfix/Session.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "gateway/quickfix/adapters.hpp"
#include "gateway/quickfix/outbound_fields.hpp"
#include "gateway/quickfix/port.hpp"

namespace millrace {
namespace gateway {

class session_port::implementation {
public:
    implementation(const session_spec& spec, session_store& store, session_listener& listener);

    void build_screen_tables();
    void create_session();

    FIX::SessionState& state() const { return *static_cast<FIX::SessionState*>(session->getLog()); }
    bool is_header_field(int tag) const;
    bool is_logged_on() const { return session->isLoggedOn(); }

    void begin_call() {
        tell_times();
        text[0] = '\0';
        wire.forget_disconnect();
        events.forget();
    }
    void say(const char* first, const char* second = "") noexcept {
        constexpr int half = sizeof text / 2 - 2;  // what is longer is cut
        std::snprintf(text, sizeof text, "%.*s%s%.*s", half, first, second[0] == '\0' ? "" : ": ",
                      half, second);
        spec.secrets.hide_in_text(text, std::strlen(text));
    }
    void say_event() noexcept { std::memcpy(text, events.last(), sizeof text); }
    // Of what passed beside the library since the last call.
    void tell_times() noexcept;
    void drop() noexcept;
    const char* problem_with_logon(const screened_frame& frame, std::int64_t now_ns) const noexcept;
    receive_status pass_on(const screened_frame& frame) noexcept;
    int wrong_comp_id(const screened_frame& frame) const noexcept;
    void refuse_empty_gap_fill(const screened_frame& frame);
    receive_status receive(const screened_frame& frame, std::int64_t now_ns) noexcept;
    receive_status refuse_before_logon(const screened_frame& frame) noexcept;
    bool compose(const char* msg_type, std::size_t msg_type_size, const char* body,
                 std::size_t body_size) noexcept;
    send_status send_composed();

    template <typename Operation>
    call_status guarded(Operation operation) noexcept {
        begin_call();
        try {
            operation();
            return call_status::ok;
        } catch (const std::exception& problem) {
            say(problem.what());
        } catch (...) {
            say("the FIX library threw something unknown");
        }
        return call_status::failed;
    }

    void append_fields(const char* msg_type, std::size_t msg_type_size, const char* body,
                       std::size_t body_size, bool is_header);
    const FIX::DataDictionary& messages() const;

    const session_spec spec;
    const std::vector<detail::outbound_field> fields;  // added to what goes out
    detail::body_order order;
    detail::store_adapter store;
    detail::application_adapter application;
    detail::event_adapter events;
    detail::wire_adapter wire;
    FIX::DataDictionaryProvider dictionaries;
    data_field_table data_fields;
    screen_options screening;
    std::unique_ptr<FIX::Session> session;
    std::string outgoing;                 // a composed application message
    std::size_t added_bytes = 0;          // of its body: the session's own fields, at its end
    std::int64_t received_beside_ns = 0;  // 0: nothing
    std::int64_t sent_beside_ns = 0;
    char text[session_listener::event_bytes_max + 1] = "";
};

}  // namespace gateway
}  // namespace millrace
