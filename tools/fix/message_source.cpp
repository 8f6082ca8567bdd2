#include "tools/fix/message_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "engine/core/error.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/digits.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{256} << 10;
constexpr std::size_t prefix_bytes_max = 48;  // a log's time stamp, and a number before it
constexpr std::string_view begin_text = "8=FIX";
constexpr std::size_t begin_string_bytes_max = 12;  // FIX.5.0SP2 and FIXT.1.1 are shorter
constexpr std::size_t body_length_digits_max = 7;
constexpr char soh = xlator::field_delimiter;

using xlator::is_digit;

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

fix_message_source::fix_message_source(const std::string& path)
    : name_(path == "-" ? "standard input" : path) {
    if (path != "-") {
        file_ = engine::open_file(path, O_RDONLY);
    }
    fd_ = path == "-" ? STDIN_FILENO : file_.get();
}

bool fix_message_source::refill() {
    if (fd_ < 0) {
        return false;
    }
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + chunk_bytes);
    ssize_t n = 0;
    do {
        n = ::read(fd_, buffer_.data() + before, chunk_bytes);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        throw engine::io_error("read", name_, errno);
    }
    buffer_.resize(before + static_cast<std::size_t>(n));
    if (n == 0) {
        fd_ = -1;
    }
    return n > 0;
}

bool fix_message_source::have(std::size_t count) {
    while (buffer_.size() - at_ < count) {
        if (!refill()) {
            return false;
        }
    }
    return true;
}

void fix_message_source::pass_over(std::size_t count) {
    const std::string_view passed = std::string_view(buffer_).substr(at_, count);
    offset_ += count;
    at_ += count;
    const std::size_t last = passed.rfind('\n');
    if (last != std::string_view::npos) {
        line_ += static_cast<std::uint64_t>(std::count(passed.begin(), passed.end(), '\n'));
        line_begin_.clear();
    }
    const std::string_view of_line = passed.substr(last == std::string_view::npos ? 0 : last + 1);
    line_begin_ += of_line.substr(0, prefix_bytes_max - line_begin_.size());
    last_passed_ = passed.empty() ? last_passed_ : passed.back();
}

// To the next "8=FIX" that no digit stands before: 58=FIX is another field.
bool fix_message_source::find_begin() {
    while (true) {
        const std::size_t found = buffer_.find(begin_text, at_);
        if (found == std::string::npos) {
            const std::size_t left = buffer_.size() - at_;
            // The beginning may be cut by the chunk's end.
            pass_over(left - std::min(left, begin_text.size() - 1));
            if (!refill()) {
                return false;
            }
            continue;
        }
        pass_over(found - at_);
        if (!is_digit(last_passed_)) {
            return true;
        }
        pass_over(1);
    }
}

std::string_view fix_message_source::text_of(separator between) {
    constexpr std::string_view texts[] = {"", "\x01", "|", "^", "^A"};
    return texts[static_cast<int>(between)];
}

auto fix_message_source::separator_at(std::size_t at) -> separator {
    if (!have(at + 2)) {
        return separator::none;
    }
    switch (buffer_[at_ + at]) {
        case soh:
            return separator::soh;
        case '|':
            return separator::bar;
        case '^':
            return buffer_[at_ + at + 1] == 'A' ? separator::caret_a : separator::caret;
        default:
            return separator::none;
    }
}

// The size of "10=ddd" and what separates it from what follows, at this offset; 0: none is there.
// The last separator may be missing where the line or the input ends.
std::size_t fix_message_source::trailer_at(std::size_t at, std::string_view between) {
    constexpr std::size_t bare = 6;
    if (!have(at + bare)) {
        return 0;
    }
    const char* const text = buffer_.data() + at_ + at;
    if (std::string_view(text, 3) != "10=" || !is_digit(text[3]) || !is_digit(text[4]) ||
        !is_digit(text[5])) {
        return 0;
    }
    if (have(at + bare + between.size()) &&
        std::string_view(buffer_).substr(at_ + at + bare, between.size()) == between) {
        return bare + between.size();
    }
    const bool is_last = !have(at + bare + 1);
    const char behind = is_last ? '\n' : buffer_[at_ + at + bare];
    return behind == '\n' || behind == '\r' ? bare : 0;
}

auto fix_message_source::by_length(separator between) -> extent {
    const std::string_view text = text_of(between);
    constexpr std::size_t header_most =
        begin_text.size() + begin_string_bytes_max + 2 + body_length_digits_max + 4;
    static_cast<void>(have(header_most));
    const std::string_view all = std::string_view(buffer_).substr(at_);
    std::size_t at = all.find(text) + text.size();
    if (all.substr(at, 2) != "9=") {
        return {};
    }
    std::size_t length = 0;
    std::size_t digits = 0;
    for (at += 2; at < all.size() && is_digit(all[at]) && digits < body_length_digits_max;
         ++at, ++digits) {
        length = length * 10 + static_cast<std::size_t>(all[at] - '0');
    }
    if (digits == 0 || all.substr(at, text.size()) != text || length > fix_message_bytes_max) {
        return {};
    }
    const std::size_t trailer = at + text.size() + length;
    const std::size_t size = trailer_at(trailer, text);
    return size == 0 ? extent() : extent{trailer + size, true};
}

// Whether the next message begins here: what stood before it was cut short. In readable text a line
// ends a message anyway; among raw bytes only what follows a line's end counts, or a separator.
bool fix_message_source::is_next_begin(std::size_t at, bool has_line_ended) {
    return buffer_[at_ + at] == begin_text.front() && !is_digit(buffer_[at_ + at - 1]) &&
           (has_line_ended || buffer_[at_ + at - 1] == soh) && have(at + begin_text.size()) &&
           std::string_view(buffer_).substr(at_ + at, begin_text.size()) == begin_text;
}

// The length lies, or counts other separators than these.
auto fix_message_source::find_end(separator between) -> extent {
    const std::string_view text = text_of(between);
    const bool is_readable = between != separator::soh;
    std::size_t line_end = 0;  // the first one in it; 0: none yet
    for (std::size_t at = begin_text.size(); at < fix_message_bytes_max && have(at + 1); ++at) {
        const char c = buffer_[at_ + at];
        if (c == '\n' || c == '\r') {
            if (is_readable) {
                return {at, false};
            }
            line_end = line_end == 0 ? at : line_end;
        }
        if (is_next_begin(at, line_end != 0)) {
            return {line_end != 0 ? line_end : at, false};
        }
        if (c != text.front() || !have(at + text.size() + 1) ||
            std::string_view(buffer_).substr(at_ + at, text.size()) != text) {
            continue;
        }
        if (const std::size_t size = trailer_at(at + text.size(), text); size != 0) {
            return {at + text.size() + size, true};
        }
    }
    return {std::min(buffer_.size() - at_, fix_message_bytes_max), false};
}

// A separator is one where a tag follows, or nothing: a text may hold a bar.
void fix_message_source::convert(std::string_view text, separator between, std::string& to) const {
    const std::string_view mark = text_of(between);
    to.clear();
    for (std::size_t at = 0; at < text.size();) {
        if (between == separator::soh || text.substr(at, mark.size()) != mark) {
            to += text[at++];
            continue;
        }
        std::size_t tag_end = at + mark.size();
        while (tag_end < text.size() && is_digit(text[tag_end])) {
            ++tag_end;
        }
        const bool is_tag =
            tag_end > at + mark.size() && tag_end < text.size() && text[tag_end] == '=';
        const bool is_end = at + mark.size() == text.size();
        if (is_tag || is_end) {
            to += soh;
            at += mark.size();
        } else {
            to += text[at++];
        }
    }
}

bool fix_message_source::next(fix_message& message) {
    while (find_begin()) {
        std::size_t at = begin_text.size();
        const auto is_version = [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.';
        };
        while (at < begin_text.size() + begin_string_bytes_max && have(at + 1) &&
               is_version(buffer_[at_ + at])) {
            ++at;
        }
        const separator between = separator_at(at);
        if (between == separator::none) {
            pass_over(1);
            continue;
        }
        extent found = by_length(between);
        if (found.size == 0) {
            found = find_end(between);
        }
        message.prefix = trimmed(line_begin_);
        if (message.prefix.ends_with(':')) {  // QuickFIX's logs
            message.prefix =
                trimmed(std::string_view(message.prefix).substr(0, message.prefix.size() - 1));
        }
        message.offset = offset_;
        message.line = line_;
        message.is_whole = found.is_whole;
        convert(std::string_view(buffer_).substr(at_, found.size), between, message.bytes);
        if (found.is_whole && message.bytes.back() != soh) {
            message.bytes += soh;  // the end of the line stood for it
        }
        pass_over(found.size);
        line_begin_.clear();  // what stood there is the message's
        last_passed_ = '\n';
        return true;
    }
    return false;
}

}  // namespace millrace::tools
