// Stock QuickFIX as a client: SocketInitiator, sessions with a FileStore or a MemoryStore, no log.
// It stands behind a header without its types, since its own headers end at C++14.
//
// Threading  one thread at a time: it is polled, and has no thread of its own
// Errors     what the library throws goes on to the caller
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace millrace {
namespace bench {

struct quickfix_options {
    std::vector<std::string> senders;  // one session each; the peer is VENUE
    std::uint16_t port = 0;
    std::string dictionary;  // FIX44.xml
    std::string store;       // the directory of a FileStore; empty: a MemoryStore
};

// Called from poll() for each ExecutionReport, with its ClOrdID.
struct quickfix_report_handler {
    void (*call)(void* context, std::uint64_t cl_ord_id);
    void* context;
};

class quickfix_client {
public:
    quickfix_client(const quickfix_options& options, quickfix_report_handler handler);
    ~quickfix_client();
    quickfix_client(const quickfix_client&) = delete;
    quickfix_client& operator=(const quickfix_client&) = delete;

    // One look at the sockets, and what has come is taken.
    void poll();
    // Of all sessions.
    bool is_logged_on() const;
    // Makes the NewOrderSingle with that ClOrdID.
    void build(std::uint64_t cl_ord_id);
    // What was built last; false: nobody has taken it.
    bool send(std::size_t session);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace bench
}  // namespace millrace
