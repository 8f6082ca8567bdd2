// The TLS of a session or of a port, read again when one of its files has changed.
//
// Threading  look() on one cold thread; the rest on the session thread
// Progress   renew() is wait-free; look() reads files
// Invariant  what has been read wrong changes nothing: the last good one stays in force
// Errors     the constructor throws config_error; afterwards look() says what is wrong
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/quickfix/settings.hpp"
#include "gateway/session/guarded_file.hpp"
#include "gateway/transport/tls_context.hpp"

namespace millrace::gateway {

class tls_source {
public:
    // REQUIRES: spec.tls.is_on
    explicit tls_source(const session_spec& spec);
    ~tls_source();
    tls_source(const tls_source&) = delete;
    tls_source& operator=(const tls_source&) = delete;

    // Why files that have changed are not taken; empty: they are, or nothing has changed.
    [[nodiscard]] std::string look() noexcept;
    // Takes what look() has read; false: nothing new. Connections that stand keep what they have.
    [[nodiscard]] bool renew() noexcept;
    // What a new connection uses, until the next renew().
    [[nodiscard]] const tls_context& current() const noexcept { return *current_; }

private:
    [[nodiscard]] std::vector<file_stamp> stamps() const;

    session_spec spec_;
    std::vector<file_stamp> stamps_;  // of what was last read, or tried
    std::string failure_;
    std::int64_t retry_ns_ = 0;  // what failed may be there again, though no file has changed
    std::unique_ptr<tls_context> current_;
    std::atomic<tls_context*> next_{nullptr};  // writer: look(), which gives it to renew()
};

}  // namespace millrace::gateway
