#include "tools/venue/script_frame.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace millrace::tools {

namespace {

constexpr char soh = '\x01';

unsigned sum_of(std::string_view bytes) {
    unsigned sum = 0;
    for (const char byte : bytes) {
        sum += static_cast<unsigned char>(byte);
    }
    return sum % 256;
}

std::string three_digits(unsigned value) {
    return std::to_string(1000 + value % 256).substr(1);
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char byte) { return byte >= '0' && byte <= '9'; });
}

// Where 10= begins; the end if there is none.
std::size_t trailer_at(std::string_view bytes) {
    const std::size_t mark = bytes.rfind(
        "\x01"
        "10=");
    return mark == std::string_view::npos ? bytes.size() : mark + 1;
}

// What a variable stands for, with the +N or -N behind it; the variable's place is filled.
void fill(std::string& bytes, std::string_view name, unsigned value, bool is_sum) {
    for (std::size_t at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at)) {
        std::size_t end = at + name.size();
        int change = 0;
        if (end + 1 < bytes.size() && (bytes[end] == '+' || bytes[end] == '-')) {
            const char* const digits = bytes.data() + end + 1;
            int by = 0;
            const auto read = std::from_chars(digits, bytes.data() + bytes.size(), by);
            change = bytes[end] == '+' ? by : -by;
            end = static_cast<std::size_t>(read.ptr - bytes.data());
        }
        const int changed = static_cast<int>(value) + change;
        bytes.replace(
            at, end - at,
            is_sum ? three_digits(static_cast<unsigned>(changed + 256)) : std::to_string(changed));
    }
}

taken_frame malformed(std::string&& problem) {
    taken_frame taken;
    taken.result = take_result::malformed;
    taken.problem = std::move(problem);
    return taken;
}

// Fields whose value may hold a SOH; the one before each says how long it is.
constexpr std::string_view data_tags[] = {"89",  "91",  "96",   "213",  "349",  "351", "353",
                                          "355", "357", "359",  "361",  "363",  "365", "446",
                                          "619", "622", "1185", "1398", "1402", "1404"};

// Where the value's SOH is.
std::size_t end_of_field(std::string_view frame, const frame_fields& before) {
    const std::size_t first = frame.find(soh);
    const std::size_t equals = frame.substr(0, first).find('=');
    if (equals == std::string_view::npos) {
        return first;
    }
    const std::string_view tag = frame.substr(0, equals);
    std::size_t size = 0;
    if (!before.empty() && is_number(before.back().second) &&
        std::find(std::begin(data_tags), std::end(data_tags), tag) != std::end(data_tags)) {
        const std::string& length = before.back().second;
        std::from_chars(length.data(), length.data() + length.size(), size);
    }
    return size < frame.size() ? frame.find(soh, equals + 1 + size) : std::string_view::npos;
}

bool read_fields(std::string_view frame, frame_fields& fields, std::string& problem) {
    while (!frame.empty()) {
        const std::size_t end = end_of_field(frame, fields);
        const std::string_view field = frame.substr(0, end);
        const std::size_t equals = field.find('=');
        if (end == std::string_view::npos || equals == std::string_view::npos ||
            !is_number(field.substr(0, equals))) {
            problem = "'" + readable(field) + "' is no field";
            return false;
        }
        fields.emplace_back(field.substr(0, equals), field.substr(equals + 1));
        frame.remove_prefix(end + 1);
    }
    return true;
}

}  // namespace

std::string compose_frame(const std::string& begin_string, const frame_fields& fields) {
    std::string body;
    std::string begin = begin_string;
    std::string length;
    std::string sum;
    for (const auto& [tag, value] : fields) {
        if (tag == "8" || tag == "9" || tag == "10") {
            (tag == "8" ? begin : tag == "9" ? length : sum) = value;
        } else {
            body += tag + "=" + value + soh;
        }
    }
    const std::string frame = "8=" + begin + soh +
                              "9=" + (length.empty() ? std::to_string(body.size()) : length) + soh +
                              body;
    return frame + "10=" + (sum.empty() ? three_digits(sum_of(frame)) : sum) + soh;
}

frame_fields split_fields(std::string_view text) {
    frame_fields fields;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('|'), text.size());
        const std::string_view part = text.substr(0, end);
        const std::size_t equals = part.find('=');
        if (equals != std::string_view::npos) {
            fields.emplace_back(part.substr(0, equals), part.substr(equals + 1));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return fields;
}

std::string compose_raw(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '|') {
            bytes += text[++at];
        } else {
            bytes += text[at] == '|' ? soh : text[at];
        }
    }
    const std::size_t length_at = bytes.find(
        "\x01"
        "9=");
    const std::size_t body_at =
        length_at == std::string::npos ? 0 : bytes.find(soh, length_at + 1) + 1;
    fill(bytes, "$length",
         static_cast<unsigned>(trailer_at(bytes) - std::min(body_at, trailer_at(bytes))), false);
    fill(bytes, "$sum", sum_of(std::string_view(bytes).substr(0, trailer_at(bytes))), true);
    return bytes;
}

taken_frame take_frame(std::string& bytes) {
    const std::size_t begin_end = bytes.find(soh);
    if (begin_end == std::string::npos) {
        return bytes.size() < 32 ? taken_frame() : malformed("a stream without fields");
    }
    const std::size_t length_end = bytes.find(soh, begin_end + 1);
    if (bytes.compare(0, 2, "8=") != 0) {
        return malformed("a frame does not begin with BeginString (8)");
    }
    if (length_end == std::string::npos) {
        return {};
    }
    const std::string_view length(bytes.data() + begin_end + 1, length_end - begin_end - 1);
    std::size_t size = 0;
    if (!length.starts_with("9=") || !is_number(length.substr(2)) || length.size() > 9) {
        return malformed("BodyLength (9) is not the second field");
    }
    std::from_chars(length.data() + 2, length.data() + length.size(), size);
    const std::size_t trailer = length_end + 1 + size;
    constexpr std::size_t trailer_bytes = 7;
    if (bytes.size() < trailer + trailer_bytes) {
        return {};
    }
    taken_frame taken;
    taken.bytes = bytes.substr(0, trailer + trailer_bytes);
    bytes.erase(0, trailer + trailer_bytes);
    const std::string wanted =
        "10=" + three_digits(sum_of(std::string_view(taken.bytes).substr(0, trailer))) + soh;
    if (taken.bytes[trailer - 1] != soh || taken.bytes.compare(trailer, 3, "10=") != 0) {
        return malformed("BodyLength (9) does not lead to the CheckSum: " + readable(taken.bytes));
    }
    if (taken.bytes.compare(trailer, trailer_bytes, wanted) != 0) {
        return malformed("CheckSum (10) is not the sum of the bytes: " + readable(taken.bytes));
    }
    if (!read_fields(taken.bytes, taken.fields, taken.problem)) {
        return malformed(taken.problem + " in " + readable(taken.bytes));
    }
    if (taken.fields.size() < 4 || taken.fields[2].first != "35") {
        return malformed("MsgType (35) is not the third field: " + readable(taken.bytes));
    }
    taken.result = take_result::frame;
    return taken;
}

const std::string* find_value(const frame_fields& fields, std::string_view tag, std::size_t n) {
    for (const auto& [found, value] : fields) {
        if (found == tag && n-- == 0) {
            return &value;
        }
    }
    return nullptr;
}

std::string readable(std::string_view bytes) {
    std::string text(bytes);
    std::replace(text.begin(), text.end(), soh, '|');
    return text;
}

std::string timestamp_text(std::int64_t utc_ns) {
    const std::time_t seconds = static_cast<std::time_t>(utc_ns / 1'000'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%d-%H:%M:%S", &parts);
    return text;
}

bool is_timestamp(std::string_view text) {
    constexpr std::string_view shape = "dddddddd-dd:dd:dd";
    if (text.size() < shape.size()) {
        return false;
    }
    for (std::size_t at = 0; at < shape.size(); ++at) {
        const bool is_digit = text[at] >= '0' && text[at] <= '9';
        if (shape[at] == 'd' ? !is_digit : text[at] != shape[at]) {
            return false;
        }
    }
    const std::string_view fraction = text.substr(shape.size());
    return fraction.empty() || (fraction.front() == '.' && is_number(fraction.substr(1)));
}

}  // namespace millrace::tools
