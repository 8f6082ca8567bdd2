// FIX_OUT and FIX_IN read back, a session agent with one route into it, and a wire that loses
// frames.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/ring/byte_ring.hpp"
#include "engine/table/row.hpp"
#include "gateway/session/fix_tables.hpp"
#include "gateway/session/session_agent.hpp"
#include "gateway/transport/connection.hpp"
#include "gateway/transport/listener.hpp"
#include "tests/engine/core/temporary_directory.hpp"
#include "tests/engine/log/whole_log.hpp"
#include "tests/gateway/quickfix/port_test_support.hpp"
#include "xlator/fix/byte_sum.hpp"

namespace millrace::test {

inline constexpr std::int64_t ms_ns = 1'000'000;

struct logged_row {
    std::string session, kind, msg_type, cl_ord_id, internal_target, wire;
    std::uint32_t generation = 0;
    std::uint32_t number = 0;
    std::uint32_t next_sender = 0;
    std::uint32_t next_target = 0;
    bool poss_dup = false;
    std::uint32_t ref_number = 0;  // FIX_OUT
    std::string reason;            // FIX_OUT
    std::int64_t creation_ns = 0;
    engine::row_envelope envelope;

    // "application D 2 A1": what most tests compare.
    [[nodiscard]] std::string text() const {
        return kind + (msg_type.empty() ? "" : " " + msg_type) + " " + std::to_string(number) +
               (cl_ord_id.empty() ? "" : " " + cl_ord_id);
    }
};

template <class Row>
[[nodiscard]] inline logged_row to_logged(const engine::row_view& view) {
    Row row;
    std::memcpy(static_cast<void*>(&row), view.fixed(), sizeof row);
    const gateway::fix_message_columns& columns = row.message;
    logged_row made;
    made.session = columns.session.view();
    made.kind = columns.kind.view();
    made.msg_type = columns.msg_type.view();
    made.cl_ord_id = columns.cl_ord_id.view();
    made.internal_target = columns.internal_target.view();
    made.generation = columns.generation;
    made.number = columns.msg_seq_num;
    made.next_sender = columns.next_sender;
    made.next_target = columns.next_target;
    made.poss_dup = columns.poss_dup != 0;
    if constexpr (std::is_same_v<Row, gateway::fix_out_row>) {
        made.ref_number = row.ref_seq_num;
        made.reason = row.reason.view();
    }
    made.creation_ns = row.creation_time.ns;
    made.envelope = view.envelope();
    const auto wire = view.trailing();
    made.wire.assign(reinterpret_cast<const char*>(wire.data()), wire.size());
    return made;
}

template <class Row>
[[nodiscard]] inline std::vector<logged_row> read_rows(const std::filesystem::path& directory,
                                                       const engine::row_schema& schema) {
    std::vector<logged_row> rows;
    for_each_record(directory, [&](const engine::record_view& record) {
        rows.push_back(to_logged<Row>(engine::row_view(schema, record.bytes())));
    });
    return rows;
}

[[nodiscard]] inline std::vector<logged_row> read_out(const std::filesystem::path& directory) {
    return read_rows<gateway::fix_out_row>(directory, gateway::fix_out_schema());
}
[[nodiscard]] inline std::vector<logged_row> read_in(const std::filesystem::path& directory) {
    return read_rows<gateway::fix_in_row>(directory, gateway::fix_in_schema());
}

[[nodiscard]] inline std::vector<std::string> texts_of(const std::vector<logged_row>& rows) {
    std::vector<std::string> texts;
    for (const logged_row& row : rows) {
        texts.push_back(row.text());
    }
    return texts;
}

// Orders on their way from a client: what a streamer and a translator would have put into the ring.
class order_source {
public:
    explicit order_source(std::string_view route) : route_(route), link(std::size_t{1} << 20) {
        for (std::size_t i = 0; i < log.bytes.size(); ++i) {
            log.bytes[i] = static_cast<std::uint8_t>(i + 1);
        }
    }

    [[nodiscard]] const std::string& route() const { return route_; }

    void put(std::uint64_t sequence, const std::string& cl_ord_id,
             std::int64_t committed_ns = utc_now_ns()) {
        std::string body(order_body);
        body.replace(0, 5, "11=" + cl_ord_id);
        put_body(sequence, with_soh(body), committed_ns);
    }
    void put_body(std::uint64_t sequence, const std::string& body,
                  std::int64_t committed_ns = utc_now_ns(), char msg_type = 'D') {
        gateway::outbound_header header;
        header.origin = {engine::route_id(route_), log, sequence};
        header.correlation = {77, sequence};
        header.committed_ns = committed_ns;
        header.streamed_ns = header.translated_ns = utc_now_ns();
        header.body_bytes = static_cast<std::uint32_t>(body.size());
        header.body_sum = static_cast<std::uint8_t>(xlator::byte_sum(body));
        header.msg_type[0] = msg_type;
        header.msg_type_bytes = 1;
        std::string bytes(sizeof header + body.size(), '\0');
        std::memcpy(bytes.data(), &header, sizeof header);
        std::memcpy(bytes.data() + sizeof header, body.data(), body.size());
        ASSERT_EQ(
            link.ring.try_write(gateway::outbound_message_type, std::as_bytes(std::span(bytes))),
            engine::claim_result::ok);
    }

private:
    std::string route_;

public:
    engine::log_uuid log;
    engine::sequence before_boot;  // its last record from before the host came up again
    gateway::outbound_link link;
};

// Between initiator and acceptor, frame by frame: passes, loses and remembers.
class lossy_wire {
public:
    lossy_wire()
        : entrance_(std::make_unique<gateway::listener>(
              gateway::resolve("127.0.0.1", 0, gateway::address_use::listen).front(),
              gateway::listener_options{})),
          port_(entrance_->port()),
          near_({}),
          far_({}) {}

    struct direction {
        int losses = 0;            // this many more frames get lost
        std::string only_of_type;  // empty: of any MsgType
        std::vector<std::string> passed;

        [[nodiscard]] bool loses(std::string_view frame) {
            if (losses > 0 && (only_of_type.empty() || field_of(frame, 35) == only_of_type)) {
                --losses;
                return true;
            }
            return false;
        }
        [[nodiscard]] std::size_t count(std::string_view part) const {
            std::size_t found = 0;
            for (const std::string& frame : passed) {
                found += frame.find(part) != std::string::npos ? 1 : 0;
            }
            return found;
        }
    };

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // From here on connections are refused, while the port stays ours.
    void shut() {
        const gateway::socket_address address = entrance_address();
        const int yes = 1;
        holder_.reset(::socket(AF_INET, SOCK_STREAM, 0));
        ASSERT_EQ(::setsockopt(holder_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
        entrance_.reset();
        ASSERT_EQ(::bind(holder_.get(), address.get(), address.size), 0);
    }
    void reopen() {
        entrance_ =
            std::make_unique<gateway::listener>(entrance_address(), gateway::listener_options{});
        holder_.reset();
    }
    void lead_to(std::uint16_t port) { target_ = port; }
    void cut() {
        near_.close(gateway::close_reason::local);
        far_.close(gateway::close_reason::local);
    }

    void step() {
        const std::int64_t now_ns = engine::monotonic_now_ns();
        if (!near_.is_open() || !far_.is_open()) {
            cut();
            come_up(now_ns);
            return;
        }
        carry(near_, far_, forward, now_ns);
        carry(far_, near_, back, now_ns);
    }

    direction forward;  // from the initiator
    direction back;

private:
    void come_up(std::int64_t now_ns) {
        if (entrance_ == nullptr) {
            return;
        }
        const auto found = entrance_->poll(now_ns);
        if (found.link == nullptr) {
            return;
        }
        const gateway::socket_address address = gateway::resolve("127.0.0.1", target_).front();
        engine::unique_fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
        if (target_ == 0 || ::connect(socket.get(), address.get(), address.size) != 0) {
            found.link->close(gateway::close_reason::refused);
            return;
        }
        near_.swap(*found.link);
        far_.open(std::move(socket), address);
        pass(found.frame, far_, forward, now_ns);
        pass_waiting(near_, far_, forward, now_ns);
    }
    void carry(gateway::connection& from, gateway::connection& to, direction& way,
               std::int64_t now_ns) {
        static_cast<void>(to.flush(now_ns));
        static_cast<void>(from.receive());
        pass_waiting(from, to, way, now_ns);
    }
    static void pass_waiting(gateway::connection& from, gateway::connection& to, direction& way,
                             std::int64_t now_ns) {
        std::string_view frame;
        while (from.next_frame(frame)) {
            pass(frame, to, way, now_ns);
        }
    }
    static void pass(std::string_view frame, gateway::connection& to, direction& way,
                     std::int64_t now_ns) {
        if (!way.loses(frame)) {
            way.passed.emplace_back(frame);
            to.send(frame.data(), frame.size(), now_ns);
        }
    }

    [[nodiscard]] gateway::socket_address entrance_address() const {
        return gateway::resolve("127.0.0.1", port_, gateway::address_use::listen).front();
    }

    std::unique_ptr<gateway::listener> entrance_;
    engine::unique_fd holder_;  // while shut
    std::uint16_t port_ = 0;
    gateway::connection near_;
    gateway::connection far_;
    std::uint16_t target_ = 0;
};

[[nodiscard]] inline gateway::settings_file agent_settings(bool is_initiator, std::uint16_t port,
                                                           const std::string& target,
                                                           const std::string& more) {
    const std::string text =
        std::string("[DEFAULT]\nConnectionType=") + (is_initiator ? "initiator" : "acceptor") +
        "\nStartTime=00:00:00\nEndTime=00:00:00\nDataDictionary=FIX44.xml\n" +
        (is_initiator ? "SocketConnectHost=127.0.0.1\nSocketConnectPort=" + std::to_string(port)
                      : "SocketAcceptHost=127.0.0.1\nSocketAcceptPort=0") +
        "\n" + more +
        "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=OURS\nTargetCompID=" + target + "\n";
    return gateway::parse_settings("test.cfg", text, {MILLRACE_TEST_DICTIONARIES});
}

inline constexpr std::size_t small_segment_bytes = std::size_t{1} << 20;

[[nodiscard]] inline gateway::session_agent_options agent_options(
    const std::filesystem::path& directory) {
    gateway::session_agent_options options;
    options.name = "TEST";
    options.directory = directory;
    options.logs.table.segment_bytes = small_segment_bytes;
    options.logs.resend_index_capacity = 1024;
    options.session.reconnect_min_ns = 20 * ms_ns;
    options.session.reconnect_max_ns = 20 * ms_ns;
    options.correlations = 1024;
    return options;
}

// One agent with one session and one route, until it is closed; what it said is kept.
class live_agent {
public:
    live_agent(const gateway::session_agent_options& options,
               const gateway::settings_file& settings, order_source& orders,
               gateway::gate_level gate = gateway::gate_level::committed)
        : inner(options, settings) {
        inner.add_route(settings.sessions.front().name, orders.route(), orders.link, orders.log, {},
                        gate);
        inner.limit_doubt(orders.route(), orders.before_boot);
        inner.open();
        orders.link.ring.detach_consumer();
        inner.on_start();
    }
    ~live_agent() { inner.on_close(); }

    int step() {
        const int work = inner.do_work();
        inner.events().drain([&](gateway::event_level, engine::timestamp, std::string_view text) {
            if (said.size() < 1000) {
                said.emplace_back(text);
            }
        });
        return work;
    }
    [[nodiscard]] gateway::fix_session& session() { return *inner.sessions().front(); }
    [[nodiscard]] bool is_logged_on() { return session().is_logged_on(); }
    [[nodiscard]] bool has_said(std::string_view part) const {
        for (const std::string& text : said) {
            if (text.find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::string last_said(std::size_t lines) const {
        std::string text;
        for (std::size_t i = said.size() - std::min(lines, said.size()); i < said.size(); ++i) {
            text += said[i] + '\n';
        }
        return text;
    }

    gateway::session_agent inner;
    std::vector<std::string> said;
};

// Steps until done() or fifteen seconds have passed; true if done.
template <typename Step, typename Done>
[[nodiscard]] bool step_until(Step step, Done done) {
    const std::int64_t end_ns = engine::monotonic_now_ns() + 15'000 * ms_ns;
    while (engine::monotonic_now_ns() < end_ns) {
        const int work = step();
        if (done()) {
            return true;
        }
        if (work == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(50));  // the peer has threads
        }
    }
    return false;
}

}  // namespace millrace::test
