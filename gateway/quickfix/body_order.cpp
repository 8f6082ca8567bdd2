#include "gateway/quickfix/body_order.hpp"

#include <quickfix/Message.h>

#include <cstdlib>
#include <cstring>

#include "gateway/quickfix/check_sum.hpp"

namespace millrace {
namespace gateway {
namespace detail {

namespace {

bool is_possible_duplicate(const std::string& frame) {
    return frame.find(
               "\x01"
               "43=Y\x01") != std::string::npos;
}

}  // namespace

int number_of(const std::string& frame) {
    const std::size_t at = frame.find(
        "\x01"
        "34=");
    return at == std::string::npos ? 0 : std::atoi(frame.c_str() + at + 4);
}

// Behind the last field of the header that stands at the front.
std::size_t body_order::body_begin(const std::string& message) const {
    std::size_t at = 0;
    while (at < message.size() &&
           FIX::Message::isHeaderField(std::atoi(message.c_str() + at), transport_)) {
        const std::size_t end = message.find('\x01', at);
        if (end == std::string::npos) {
            return message.size();
        }
        at = end + 1;
    }
    return at;
}

void body_order::begin_send(const std::string& message) {
    const std::size_t begin = body_begin(message);
    body_ = message.data() + begin;
    body_size_ =
        message.size() > begin + trailer_bytes ? message.size() - begin - trailer_bytes : 0;
}

void body_order::place(std::string& message, std::size_t last_bytes,
                       const std::string& written) const {
    const std::size_t begin = body_begin(message);
    const std::size_t end = message.size() - trailer_bytes;
    const std::size_t size = end - begin;
    if (written.size() < size + trailer_bytes) {
        return;
    }
    const std::string body = written.substr(written.size() - trailer_bytes - size, size);
    std::string others = body;
    for (std::size_t at = end - last_bytes; at < end;) {
        const std::size_t next = message.find('\x01', at) + 1;
        const std::string field = message.substr(at, next - at);
        std::size_t found = others.find(field);
        while (found != std::string::npos && found != 0 && others[found - 1] != '\x01') {
            found = others.find(field, found + 1);
        }
        if (found == std::string::npos) {
            return;
        }
        others.erase(found, field.size());
        at = next;
    }
    if (message.compare(begin, size - last_bytes, others) == 0) {
        message.replace(begin, size, body);
    }
}

const std::string& body_order::restore(const std::string& frame) {
    if (body_size_ != 0) {
        return put_in(frame, body_, body_size_);
    }
    if (stored_.empty() || !is_possible_duplicate(frame)) {
        return frame;
    }
    const int number = number_of(frame);
    while (next_stored_ < stored_.size() && number_of(stored_[next_stored_]) < number) {
        ++next_stored_;
    }
    if (next_stored_ == stored_.size() || number_of(stored_[next_stored_]) != number) {
        return frame;
    }
    const std::string& found = stored_[next_stored_];
    const std::size_t begin = body_begin(found);
    return found.size() > begin + trailer_bytes
               ? put_in(frame, found.data() + begin, found.size() - begin - trailer_bytes)
               : frame;
}

const std::string& body_order::put_in(const std::string& frame, const char* body,
                                      std::size_t size) {
    if (frame.size() < size + trailer_bytes + 1) {
        return frame;
    }
    const std::size_t at = frame.size() - trailer_bytes - size;
    if (frame[at - 1] != '\x01' || std::memcmp(frame.data() + at, body, size) == 0 ||
        sum_of(frame.data() + at, size) != sum_of(body, size)) {
        return frame;
    }
    restored_ = frame;
    restored_.replace(at, size, body, size);
    return restored_;
}

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
