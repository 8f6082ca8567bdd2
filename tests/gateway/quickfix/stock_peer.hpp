// The other side as everybody else runs it: QuickFIX with its own sockets, threads and store.
//
// Threading  the peer's threads write what it saw under a lock; every call here takes that lock
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace millrace {
namespace test {

struct stock_options {
    bool is_acceptor = true;
    std::uint16_t port = 0;
    std::string sender;
    std::string target;
    std::string dictionary;
    int heart_bt_int_s = 30;
    std::string more;      // further lines of settings
    bool has_tls = false;  // QuickFIX's own classes for it; certificates are lines of `more`
};

class stock_peer {
public:
    explicit stock_peer(const stock_options& options);
    ~stock_peer();
    stock_peer(const stock_peer&) = delete;
    stock_peer& operator=(const stock_peer&) = delete;

    bool is_logged_on() const;
    // Orders are answered with one ExecutionReport each.
    bool send_order(const std::string& cl_ord_id);
    bool send_test_request(const std::string& id);
    void log_out(const std::string& reason);
    int next_sender() const;
    int next_target() const;

    // ClOrdIDs of application messages in the order they came, "+dup" behind those with 43=Y.
    std::vector<std::string> apps_in() const;
    // MsgTypes of administrative messages, TestReqID behind those that have one: "0:PING".
    std::vector<std::string> admins_in() const;

private:
    class implementation;
    std::unique_ptr<implementation> held_;
};

}  // namespace test
}  // namespace millrace
