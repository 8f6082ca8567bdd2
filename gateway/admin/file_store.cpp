#include "gateway/admin/file_store.hpp"

#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "gateway/quickfix/check_sum.hpp"
#include "gateway/quickfix/utc_timestamp.hpp"
#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

namespace {

// A number and what ends it, off the front.
template <class Number>
bool take(std::string_view& text, Number& value, std::string_view end) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{}) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (!text.starts_with(end)) {
        return false;
    }
    text.remove_prefix(end.size());
    return true;
}

std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \r\n");
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(" \r\n") + 1 - first);
}

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
    throw engine::error(file.native() + ": " + what);
}

}  // namespace

file_store::file_store(const std::filesystem::path& directory, const session_spec& session)
    : session_(session),
      stem_(directory / (session.begin_string + "-" + session.sender + "-" + session.target +
                         (session.qualifier.empty() ? "" : "-" + session.qualifier))) {
    read_numbers();
    read_began();
    read_places();
    body_.open(file("body"), std::ios::binary);
    if (!body_) {
        throw engine::io_error("open", file("body").native(), errno);
    }
    for (const stored_message& message : messages_) {
        check(message);
    }
}

std::filesystem::path file_store::file(const char* ending) const {
    return stem_.native() + "." + ending;
}

void file_store::read_numbers() {
    const std::string text = engine::read_whole_file(file("seqnums"));
    std::string_view left = without_blanks(text);
    if (!take(left, next_sender_.value, " : ") || !take(left, next_target_.value, "") ||
        !left.empty() || next_sender_.is_none() || next_target_.is_none() ||
        next_sender_.value > msg_seq_num_max || next_target_.value > msg_seq_num_max) {
        fail(file("seqnums"), "expected both next numbers, as 0000000012 : 0000000034");
    }
}

void file_store::read_began() {
    const std::string text = engine::read_whole_file(file("session"));
    const std::string_view time = without_blanks(text);
    if (!parse_utc_timestamp(time.data(), time.size(), began_.ns)) {
        fail(file("session"), "expected when the numbers began, as 20260101-00:00:00");
    }
}

// The last place of a number counts. What has no end was being written when the engine ended.
void file_store::read_places() {
    const std::string text = engine::read_whole_file(file("header"));
    std::map<std::uint32_t, stored_message> known;
    std::string_view left = text;
    while (!without_blanks(left).empty()) {
        const std::size_t at = text.size() - left.size();
        const std::size_t end = left.find(' ');
        if (end == std::string_view::npos) {
            break;
        }
        stored_message one;
        std::string_view place = left.substr(0, end + 1);
        if (!take(place, one.number.value, ",") || !take(place, one.offset, ",") ||
            !take(place, one.size, " ") || one.number.is_none() || one.size == 0) {
            fail(file("header"),
                 "at byte " + std::to_string(at) + " stands no place of a message, as 12,3400,150");
        }
        left.remove_prefix(end + 1);
        known[one.number.value] = one;
    }
    for (const auto& [number, one] : known) {
        if (one.number < next_sender_) {
            messages_.push_back(one);
        } else {
            ++unsent_count_;
        }
    }
}

void file_store::check(const stored_message& message) {
    constexpr std::uint32_t number_tag = 34;
    constexpr std::uint32_t sender_tag = 49;
    constexpr std::uint32_t target_tag = 56;
    const std::string_view frame = read(message);
    const bool is_one = frame.starts_with("8=" + session_.begin_string + "\x01") &&
                        find_field(frame, number_tag) == std::to_string(message.number.value) &&
                        find_field(frame, sender_tag) == session_.sender &&
                        find_field(frame, target_tag) == session_.target &&
                        frame.size() > trailer_bytes &&
                        is_trailer(frame.data() + frame.size() - trailer_bytes) &&
                        is_sum_right(frame.data(), frame.size());
    if (!is_one) {
        fail(file("body"), "at byte " + std::to_string(message.offset) +
                               " stands no message with number " +
                               std::to_string(message.number.value) + " of " + session_.name);
    }
}

const std::string& file_store::read(const stored_message& message) {
    constexpr std::size_t message_bytes_max = std::size_t{1} << 24;
    if (message.size > message_bytes_max) {
        fail(file("header"), "message " + std::to_string(message.number.value) + " has more than " +
                                 std::to_string(message_bytes_max) + " bytes");
    }
    read_.resize(message.size);
    body_.clear();
    body_.seekg(static_cast<std::streamoff>(message.offset));
    body_.read(read_.data(), static_cast<std::streamsize>(message.size));
    if (body_.gcount() != static_cast<std::streamsize>(message.size)) {
        fail(file("body"), "ends within message " + std::to_string(message.number.value));
    }
    return read_;
}

}  // namespace millrace::gateway
