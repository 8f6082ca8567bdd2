#include "gateway/transport/framer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/core/assert.hpp"

namespace millrace::gateway {

namespace {

constexpr char soh = '\x01';
constexpr std::string_view start_mark = "8=FIX";
constexpr std::string_view trailer_mark =
    "\x01"
    "10=";
constexpr std::size_t trailer_bytes = 7;            // 10=ddd and its SOH
constexpr std::size_t begin_string_bytes_max = 16;  // 8=FIXT.1.1 and its SOH are 11
constexpr std::size_t length_digits_max = 9;
// 8=..., 9=... and the trailer around the body.
constexpr std::size_t surrounding_bytes_max =
    begin_string_bytes_max + 2 + length_digits_max + 1 + trailer_bytes;

[[nodiscard]] bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

[[nodiscard]] bool is_trailer(const char* bytes) {
    return bytes[0] == '1' && bytes[1] == '0' && bytes[2] == '=' && is_digit(bytes[3]) &&
           is_digit(bytes[4]) && is_digit(bytes[5]) && bytes[6] == soh;
}

}  // namespace

framer::framer(const framer_options& options)
    : body_bytes_max_(options.body_bytes_max),
      frame_bytes_max_(options.body_bytes_max + surrounding_bytes_max) {
    capacity_ = std::max(options.buffer_bytes, 2 * frame_bytes_max_);
    // Not value-initialised: pages are first touched by the bytes that need them.
    buffer_.reset(new char[capacity_]);
}

std::span<char> framer::writable() noexcept {
    if (begin_ == end_) {
        begin_ = 0;
        end_ = 0;
    } else if (begin_ > 0 && capacity_ - begin_ < frame_bytes_max_ + 1) {
        // Only a frame that might not fit behind begin_ is worth moving; it is at most half the
        // buffer.
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return {buffer_.get() + end_, capacity_ - end_};
}

void framer::commit(std::size_t size) noexcept {
    MILLRACE_DCHECK(size <= capacity_ - end_, "more bytes than there was room for");
    end_ += size;
}

frame_status framer::next(std::string_view& frame) noexcept {
    if (!find_start()) {
        return frame_status::incomplete;
    }
    std::size_t body_offset = 0;
    std::size_t body_bytes = 0;
    std::size_t search_offset = 0;
    switch (read_header(body_offset, body_bytes, search_offset)) {
        case header_status::incomplete:
            return frame_status::incomplete;
        case header_status::malformed:
            return search_trailer(search_offset, frame);
        case header_status::complete:
            break;
    }
    if (body_bytes > body_bytes_max_) {
        return frame_status::too_long;
    }
    const std::size_t trailer_offset = body_offset + body_bytes;
    if (buffered_bytes() < trailer_offset) {
        return frame_status::incomplete;
    }
    if (buffered_bytes() >= trailer_offset + trailer_bytes &&
        is_trailer(buffer_.get() + begin_ + trailer_offset)) {
        hand_out(trailer_offset + trailer_bytes, frame);
        return frame_status::frame;
    }
    if (buffered_bytes() < trailer_offset + trailer_bytes) {
        // Short of a whole trailer: only then can what is missing still make the exact case true.
        const std::size_t have = buffered_bytes() - trailer_offset;
        if (std::memcmp(buffer_.get() + begin_ + trailer_offset,
                        "10=", std::min<std::size_t>(have, 3)) == 0) {
            const char* digits = buffer_.get() + begin_ + trailer_offset + 3;
            if (have <= 3 || std::all_of(digits, digits + (have - 3), is_digit)) {
                return frame_status::incomplete;
            }
        }
    }
    // It leads nowhere: the frame ends at its own CheckSum, and the next one is not lost with it.
    return search_trailer(body_offset - 1, frame);
}

void framer::clear() noexcept {
    begin_ = 0;
    end_ = 0;
    searched_ = 0;
    skipped_bytes_ = 0;
    resynchronised_ = 0;
    first_skipped_ = 0;
}

void framer::swap(framer& other) noexcept {
    std::swap(buffer_, other.buffer_);
    std::swap(capacity_, other.capacity_);
    std::swap(body_bytes_max_, other.body_bytes_max_);
    std::swap(frame_bytes_max_, other.frame_bytes_max_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(searched_, other.searched_);
    std::swap(skipped_bytes_, other.skipped_bytes_);
    std::swap(resynchronised_, other.resynchronised_);
    std::swap(first_skipped_, other.first_skipped_);
}

bool framer::find_start() noexcept {
    const char* const first = buffer_.get() + begin_;
    const std::size_t size = buffered_bytes();
    if (size >= start_mark.size() &&
        std::memcmp(first, start_mark.data(), start_mark.size()) == 0) {
        return true;
    }
    const std::string_view bytes{first, size};
    std::size_t skip = bytes.find(start_mark);
    const bool found = skip != std::string_view::npos;
    if (!found) {
        // Keep what may be the beginning of a start.
        skip = size;
        for (std::size_t keep = std::min(size, start_mark.size() - 1); keep > 0; --keep) {
            if (bytes.substr(size - keep) == start_mark.substr(0, keep)) {
                skip = size - keep;
                break;
            }
        }
    }
    if (skip > 0) {
        if (skipped_bytes_ == 0) {
            first_skipped_ = *first;
        }
        begin_ += skip;
        skipped_bytes_ += skip;
        searched_ = 0;
    }
    return found;
}

framer::header_status framer::read_header(std::size_t& body_offset, std::size_t& body_bytes,
                                          std::size_t& search_offset) const noexcept {
    const std::string_view bytes{buffer_.get() + begin_, buffered_bytes()};
    const std::size_t begin_end = bytes.substr(0, begin_string_bytes_max).find(soh);
    if (begin_end == std::string_view::npos) {
        search_offset = start_mark.size();
        return bytes.size() < begin_string_bytes_max ? header_status::incomplete
                                                     : header_status::malformed;
    }
    search_offset = begin_end;
    std::size_t at = begin_end + 1;
    for (const char expected : {'9', '='}) {
        if (at == bytes.size()) {
            return header_status::incomplete;
        }
        if (bytes[at] != expected) {
            return header_status::malformed;
        }
        ++at;
    }
    const std::size_t digits_begin = at;
    std::size_t length = 0;
    while (at < bytes.size() && is_digit(bytes[at])) {
        if (at - digits_begin == length_digits_max) {
            return header_status::malformed;
        }
        length = length * 10 + static_cast<std::size_t>(bytes[at] - '0');
        ++at;
    }
    if (at == bytes.size()) {
        return header_status::incomplete;
    }
    if (at == digits_begin || bytes[at] != soh) {
        return header_status::malformed;
    }
    body_offset = at + 1;
    body_bytes = length;
    return header_status::complete;
}

frame_status framer::search_trailer(std::size_t from, std::string_view& frame) noexcept {
    const std::string_view bytes{buffer_.get() + begin_, buffered_bytes()};
    const std::size_t mark = bytes.find(trailer_mark, std::max(from, searched_));
    if (mark != std::string_view::npos) {
        const std::size_t end = bytes.find(soh, mark + trailer_mark.size());
        if (end != std::string_view::npos && end < frame_bytes_max_) {
            ++resynchronised_;
            hand_out(end + 1, frame);
            return frame_status::frame;
        }
        searched_ = mark;
    } else if (bytes.size() >= trailer_mark.size()) {
        searched_ = std::max(searched_, bytes.size() - trailer_mark.size() + 1);
    }
    return bytes.size() >= frame_bytes_max_ ? frame_status::too_long : frame_status::incomplete;
}

void framer::hand_out(std::size_t size, std::string_view& frame) noexcept {
    frame = {buffer_.get() + begin_, size};
    begin_ += size;
    searched_ = 0;
}

}  // namespace millrace::gateway
