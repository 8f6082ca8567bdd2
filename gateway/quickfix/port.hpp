// The wall: one FIX session run by QuickFIX, behind an interface that names no QuickFIX type.
//
// Threading  a session_port, its store, listener and sink belong to one thread; ports are created
//            and destroyed by one thread at a time
// Progress   no call blocks; receive() and send_app() allocate (this is the slow lane)
// Invariant  QuickFIX sees only frames that passed the screen, and before logon only a Logon that
//            passed our checks
// Errors     creation throws settings_error; afterwards every call is noexcept and an exception
//            inside the library becomes a status, a text and, where the session's state is in
//            doubt, a disconnect
// Source     order of calls into the store: QuickFIX 1.15.1, as pinned by the adapters' tests
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "gateway/quickfix/msg_seq_num.hpp"
#include "gateway/quickfix/screen.hpp"
#include "gateway/quickfix/settings.hpp"

namespace millrace {
namespace gateway {

// Takes the stored messages of a resend, in ascending order.
class resend_sink {
public:
    virtual ~resend_sink() = default;
    virtual void on_message(const char* frame, std::size_t size) noexcept = 0;
};

// The numbers and sent messages of one session. A call that answers false stops what QuickFIX was
// doing: it becomes the one exception the library understands, and a message that was not stored is
// not sent.
class session_store {
public:
    virtual ~session_store() = default;

    // Stores the whole frame under its number. This is also the moment the number is used.
    virtual bool set(msg_seq_num number, const char* frame, std::size_t size) noexcept = 0;
    // Every stored frame of [begin, end], administrative ones included.
    virtual bool get(msg_seq_num begin, msg_seq_num end, resend_sink& sink) const noexcept = 0;

    virtual msg_seq_num next_sender() const noexcept = 0;
    virtual msg_seq_num next_target() const noexcept = 0;
    virtual bool set_next_sender(msg_seq_num number) noexcept = 0;
    virtual bool set_next_target(msg_seq_num number) noexcept = 0;
    virtual bool incr_next_sender() noexcept = 0;
    virtual bool incr_next_target() noexcept = 0;

    virtual bool reset() noexcept = 0;
    virtual bool refresh() noexcept = 0;
};

// A message on its way through the session, as QuickFIX has parsed it.
struct session_message {
    msg_seq_num number;  // none if the message has no usable 34
    bool poss_dup = false;
    bool poss_resend = false;
    const char* msg_type = "";  // valid during the call
    std::size_t msg_type_size = 0;
};

enum class app_out_decision : std::uint8_t {
    send,
    withhold  // a first send is refused; a resend is answered by a gap fill
};

// What the session tells its owner. Calls arrive inside receive(), tick(), send_app() and the
// operations below.
class session_listener {
public:
    virtual ~session_listener() = default;

    virtual void on_logon() noexcept = 0;
    virtual void
    on_logout() noexcept = 0;  // after a logon or a sent Logon; the connection is gone with it
    // Before the number moves. A message that QuickFIX had queued arrives here too, when it is
    // taken from the queue. Answers 0, or the tag whose value is wrong: the message gets a Reject.
    virtual std::uint32_t on_admin_in(const session_message& message) noexcept = 0;
    virtual void on_app_in(const session_message& message) noexcept = 0;
    // Before the message is stored (a first send) or goes out again (poss_dup).
    virtual void on_admin_out(const session_message& message) noexcept = 0;
    // Before the library asks for all from `begin` on: the last number to ask for, none for all.
    virtual msg_seq_num on_resend_request(msg_seq_num begin) noexcept = 0;
    virtual app_out_decision on_app_out(const session_message& message) noexcept = 0;
    // One line of what QuickFIX says it does; at most event_bytes_max bytes, printable.
    virtual void on_event(const char* text, std::size_t size) noexcept = 0;

    static constexpr std::size_t event_bytes_max = 256;
};

// Where a session's bytes go. disconnect() may be called inside any call into the port; it must
// only note the wish or close the socket, and must not call back into the port.
class wire_sink {
public:
    virtual ~wire_sink() = default;
    virtual bool send(const char* frame, std::size_t size) noexcept = 0;
    virtual void disconnect() noexcept = 0;
};

enum class receive_status : std::uint8_t {
    ok,
    garbled,        // refused for its form and ignored; before logon that disconnects
    not_logged_on,  // something else than a Logon came before one
    logon_refused,  // a Logon that failed a check, or no Logon in answer to ours
    failed          // the library threw; the session was disconnected
};

struct receive_result {
    receive_status status = receive_status::ok;
    bool disconnected = false;  // sink.disconnect() was called during this call
};

enum class send_status : std::uint8_t {
    sent,           // numbered, stored, handed to the sink
    not_logged_on,  // nothing was numbered
    invalid,        // the body does not parse under the session's dictionary; nothing was numbered
    withheld,       // the listener refused it; nothing was numbered
    store_failed    // the store refused it; nothing was sent
};

enum class call_status : std::uint8_t { ok, failed };

struct session_state {
    bool is_logged_on = false;
    bool is_enabled = false;
    bool sent_logon = false;
    bool received_logon = false;
    bool sent_logout = false;
    bool sent_reset = false;
    bool received_reset = false;
    bool resend_requested = false;  // we asked and have not had it all
    std::uint32_t heart_bt_int_s = 0;
    std::uint32_t test_requests_open = 0;
};

class session_port {
public:
    // Throws settings_error: a dictionary that cannot be read, or a session of this name that
    // exists already in this process. The settings' schedule is not the port's: its owner connects
    // it when it is time, and resets. REQUIRES: store and listener outlive the port.
    static std::unique_ptr<session_port> create(const session_spec& spec, session_store& store,
                                                session_listener& listener);
    ~session_port();
    session_port(const session_port&) = delete;
    session_port& operator=(const session_port&) = delete;

    // The data fields of the session's own dictionaries: screen its frames with these.
    const data_field_table& data_fields() const noexcept;
    const screen_options& screening() const noexcept;

    // The connection stands: bytes go to the sink until disconnect() or connection_lost(). An
    // initiator logs on at the next tick().
    call_status connected(wire_sink& sink) noexcept;
    // The peer or the network ended the connection; the sink is not called again.
    call_status connection_lost() noexcept;
    bool is_connected() const noexcept;

    receive_result receive(const screened_frame& frame, std::int64_t now_ns) noexcept;
    // Heartbeats, timeouts, logon and logout, by the host's clock; call at every new second, before
    // the first message of that second.
    call_status tick() noexcept;
    // body: everything behind MsgType up to, not including, CheckSum; header fields first. Ends
    // with SOH or is empty. Must not hold 8, 9, 34, 35, 49, 52, 56 or 10.
    send_status send_app(const char* msg_type, std::size_t msg_type_size, const char* body,
                         std::size_t body_size) noexcept;

    session_state state() const noexcept;
    bool is_logged_on() const noexcept;
    msg_seq_num next_sender() const noexcept;
    msg_seq_num next_target() const noexcept;

    // Whether its dictionary, or without one the library, puts this field into the header.
    bool is_header_field(std::uint32_t tag) const noexcept;
    // Whether an initiator's next Logon resets both numbers; at first what the settings say.
    void set_reset_on_logon(bool resets) noexcept;
    // Asks for a Heartbeat with this id. REQUIRES: logged on.
    call_status send_test_request(const char* id) noexcept;
    // Asks the peer for messages it has sent; no end: for all of them. REQUIRES: logged on.
    call_status send_resend_request(msg_seq_num begin, msg_seq_num end) noexcept;

    call_status logon() noexcept;  // enables; an initiator connects and logs on again
    call_status logout(
        const char* reason) noexcept;  // disables; the Logout goes out at the next tick()
    call_status disconnect() noexcept;
    call_status reset() noexcept;  // Logout, disconnect, both numbers to 1
    // Forgets messages that arrived above the expected number, for owners that keep the raw bytes
    // themselves.
    call_status clear_queue() noexcept;

    // For a lane beside the library. Whether an application message could be sent, or taken in its
    // turn, without anything else to do: logged on, enabled, no Logout sent, no reset under way.
    bool is_ordinary() const noexcept;
    bool is_resend_awaited() const noexcept;  // we asked the peer, and have not had it all
    // What Session would have noted had the message passed through it; it learns so at the next
    // call into it. Before our Logout only: its timeout is measured from it.
    void note_received(std::int64_t now_ns) noexcept;
    void note_sent(std::int64_t now_ns) noexcept;

    // Why the last call that did not answer ok or sent did so; one line, valid until the next call.
    const char* last_text() const noexcept;

private:
    class implementation;
    explicit session_port(std::unique_ptr<implementation> held);
    std::unique_ptr<implementation> held_;
};

// What create() would throw about the session's static fields.
void check_outbound_fields(const session_spec& spec);

// The library's package version, or "unknown" where the build found no package manager to ask.
const char* quickfix_version() noexcept;

}  // namespace gateway
}  // namespace millrace
