// Plays an exchange: a FIX 4.4 acceptor that acknowledges, fills, rejects and cancels, and survives
// kill -9. What it keeps and how it heals stands in tools/venue/book.hpp.
//
// Threading  start(), stop() and run_venue() belong to one thread; the FIX sessions run on a thread
//            of QuickFIX's
// Invariant  every order it received gets each of its reports under exactly one message number
// Errors     set-up throws the millrace::engine::error family; failed() says that a file refused a
//            write later
//
// C++14 and free of QuickFIX, so that both sides of the language border can include it.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>

#include "tools/venue/options.hpp"

namespace millrace {
namespace tools {

// Counts over the whole life of the venue's directory.
struct venue_tally {
    std::uint64_t orders = 0;           // NewOrderSingle that were new
    std::uint64_t acknowledged = 0;     // ExecType 0
    std::uint64_t fills = 0;            // ExecType F
    std::uint64_t rejected = 0;         // ExecType 8
    std::uint64_t cancelled = 0;        // ExecType 4
    std::uint64_t replaced = 0;         // ExecType 5
    std::uint64_t cancel_rejected = 0;  // OrderCancelReject
    std::uint64_t duplicates = 0;       // a known ClOrdID under another message number
    std::uint64_t again =
        0;  // the same message once more (PossDup), or PossResend of a known order
    std::uint64_t resets = 0;  // sequence resets over all sessions
    std::uint64_t owed = 0;    // reports decided but not numbered yet
};

// One JSON object on one line, without the newline.
std::string to_json(const venue_tally& tally);

class venue {
public:
    explicit venue(const venue_options& options);  // opens and repairs the directory; throws
    ~venue();                                      // stops
    venue(const venue&) = delete;
    venue& operator=(const venue&) = delete;

    void start();  // returns when the port is open
    void stop();   // logs out and joins; may take two seconds, because QuickFIX looks once a second
    int port() const;
    bool is_logged_on() const;
    // A file refused a write: sessions are down and nothing is acted on any more. The reason is
    // failure().
    bool failed() const;
    std::string failure() const;
    // A sentence a line, about settings that mean something else than they say; empty: none.
    std::string notes() const;
    std::uint64_t idle_seconds() const;  // since a session was last logged on
    venue_tally tally() const;           // REQUIRES not started, or stopped; or use request_tally()
    // Writes tally.json into the directory from the session thread, within about a second.
    void request_tally();

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

struct venue_controls {
    volatile std::sig_atomic_t* stop = nullptr;  // becomes non-zero: stop in order
    volatile std::sig_atomic_t* tally =
        nullptr;                       // becomes non-zero: write the tally; set back to zero
    bool print_tally = true;           // one JSON line on stdout at the end
    std::string dictionary_directory;  // as in venue_options
};

// Runs until the stop flag is set, the idle limit is reached (both return 0) or a file refuses a
// write (returns 1, reason on stderr). Writes the pid and port files when the port is open,
// tally.json at the end.
int run_venue(const std::string& config_path, const venue_controls& controls);

}  // namespace tools
}  // namespace millrace
