// Cuts a byte stream into FIX frames, inside one bounded buffer.
//
// Threading  one thread
// Progress   amortised one look at each byte; bytes move only when a frame might not fit
// Invariant  a frame is delivered once; whatever 9= claims, no byte outside the buffer is read and
//            at most frame_bytes_max bytes are held for one frame
// Units      body_bytes_max: what 9= may say; frame_bytes_max: that and the fields around it
// Source     resynchronises much as QuickFIX's parser does: a frame whose 9= is wrong reaches to a
//            10= and is delivered whole, for the screen to refuse. Unlike there, a 9= that is too
//            long takes no other frame with it, a start must read 8=FIX, a length beyond the limit
//            ends the connection, and a bad length never delivers the previous frame again
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace millrace::gateway {

struct framer_options {
    std::size_t body_bytes_max = 64 * 1024;
    std::size_t buffer_bytes = 256 * 1024;  // raised to two frames if smaller
};

enum class frame_status : std::uint8_t {
    frame,       // one frame is handed out
    incomplete,  // more bytes are needed
    too_long     // the stream cannot be trusted any further: disconnect
};

class framer {
public:
    explicit framer(const framer_options& options);

    // Where received bytes go; never empty after next() answered incomplete. Ends the life of
    // handed-out frames.
    [[nodiscard]] std::span<char> writable() noexcept;
    // REQUIRES: size <= writable().size()
    void commit(std::size_t size) noexcept;
    // The frame lives until the next call of writable() or clear().
    [[nodiscard]] frame_status next(std::string_view& frame) noexcept;
    void clear() noexcept;
    void swap(framer& other) noexcept;

    [[nodiscard]] std::size_t buffered_bytes() const { return end_ - begin_; }
    [[nodiscard]] std::size_t frame_bytes_max() const { return frame_bytes_max_; }
    [[nodiscard]] std::uint64_t skipped_bytes() const { return skipped_bytes_; }  // before a start
    // What was skipped first is how TLS begins: a handshake, or an alert.
    [[nodiscard]] bool is_tls() const {
        return first_skipped_ == '\x16' || first_skipped_ == '\x15';
    }
    [[nodiscard]] std::uint64_t resynchronised() const {
        return resynchronised_;
    }  // frames found by search

private:
    enum class header_status : std::uint8_t { complete, incomplete, malformed };

    [[nodiscard]] bool find_start() noexcept;
    [[nodiscard]] header_status read_header(std::size_t& body_offset, std::size_t& body_bytes,
                                            std::size_t& search_offset) const noexcept;
    [[nodiscard]] frame_status search_trailer(std::size_t from, std::string_view& frame) noexcept;
    void hand_out(std::size_t size, std::string_view& frame) noexcept;

    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t body_bytes_max_ = 0;
    std::size_t frame_bytes_max_ = 0;
    std::size_t begin_ = 0;  // first byte not handed out or skipped
    std::size_t end_ = 0;    // behind the last received byte
    std::size_t searched_ =
        0;  // from begin_: a search for the trailer need not look before it again
    std::uint64_t skipped_bytes_ = 0;
    std::uint64_t resynchronised_ = 0;
    char first_skipped_ = 0;  // byte that was skipped; 0: none was
};

}  // namespace millrace::gateway
