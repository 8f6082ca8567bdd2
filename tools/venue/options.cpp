#include "tools/venue/options.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/error.hpp"

namespace millrace {
namespace tools {

namespace {

// QuickFIX reads lines into 1024 bytes and silently stops at a longer one.
constexpr std::size_t line_bytes_max = 1000;

struct number_target {
    std::uint64_t low;
    std::uint64_t high;
    void (*set)(venue_options&, std::uint64_t);
};
using text_target = std::string venue_options::*;
using flag_target = bool venue_options::*;

struct key {
    std::string_view name;
    std::variant<number_target, text_target, flag_target> target;
};

constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

template <std::uint32_t venue_options::*Member>
void set_u32(venue_options& options, std::uint64_t value) {
    options.*Member = static_cast<std::uint32_t>(value);
}

template <std::uint64_t venue_options::*Member>
void set_u64(venue_options& options, std::uint64_t value) {
    options.*Member = value;
}

const std::vector<key>& keys() {
    static const std::vector<key> all{
        {"VenueDirectory", &venue_options::directory},
        {"VenueSeed", number_target{0, u64_max, set_u64<&venue_options::seed>}},
        {"VenueFillParts", number_target{1, 100, set_u32<&venue_options::fill_parts>}},
        {"VenueRejectPerMille", number_target{0, 1000, set_u32<&venue_options::reject_per_mille>}},
        {"VenueCancelPerMille", number_target{0, 1000, set_u32<&venue_options::cancel_per_mille>}},
        {"VenueRestPerMille", number_target{0, 1000, set_u32<&venue_options::rest_per_mille>}},
        {"VenueProbeReports", number_target{0, u32_max, set_u32<&venue_options::probe_reports>}},
        {"VenueIdleExitSeconds",
         number_target{0, u32_max, set_u32<&venue_options::idle_exit_seconds>}},
        {"VenueRequestsMax", number_target{1, u32_max, set_u64<&venue_options::requests_max>}},
        {"VenueResetOnStart", &venue_options::reset_on_start},
        {"VenueResendAfterReset", &venue_options::resend_after_reset},
        {"VenuePortFile", &venue_options::port_file},
        {"VenuePidFile", &venue_options::pid_file},
    };
    return all;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::string strip(const std::string& text) {
    constexpr const char* blanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string::npos) {
        return std::string();
    }
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::size_t edit_distance(const std::string& left, const std::string& right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j < row.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min(
                {above + 1, row[j - 1] + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

std::string nearest_key(const std::string& name) {
    const auto nearer = [&name](const key& a, const key& b) {
        return edit_distance(lower(name), lower(a.name)) <
               edit_distance(lower(name), lower(b.name));
    };
    return std::string(std::min_element(keys().begin(), keys().end(), nearer)->name);
}

class reader {
public:
    explicit reader(const std::string& path) { options_.config_path = path; }

    void take(const std::string& raw, long line) {
        line_ = line;
        if (raw.size() > line_bytes_max) {
            refuse("line is longer than " + std::to_string(line_bytes_max) +
                   " bytes, which QuickFIX cannot read; shorten it");
        }
        const std::string text = strip(raw);
        if (text.empty() || text[0] == '#') {
            return;
        }
        if (text.front() == '[' && text.back() == ']') {
            section_ = lower(strip(text.substr(1, text.size() - 2)));
            return;
        }
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) {
            return;  // QuickFIX ignores it too
        }
        take_key(strip(text.substr(0, equals)), strip(text.substr(equals + 1)));
    }

    venue_options finish() {
        line_ = 0;
        if (options_.directory.empty()) {
            refuse("VenueDirectory is missing in [DEFAULT]; name the folder for the venue's files");
        }
        if (options_.reject_per_mille + options_.cancel_per_mille + options_.rest_per_mille >
            1000) {
            refuse(
                "VenueRejectPerMille, VenueCancelPerMille and VenueRestPerMille add up to more "
                "than 1000");
        }
        options_.directory = beside_file(options_.directory);
        options_.port_file = options_.port_file.empty() ? options_.directory + "/port"
                                                        : beside_file(options_.port_file);
        options_.pid_file = options_.pid_file.empty() ? options_.directory + "/pid"
                                                      : beside_file(options_.pid_file);
        return std::move(options_);
    }

private:
    [[noreturn]] void refuse(const std::string& reason) const {
        throw engine::config_error(options_.config_path, line_, reason);
    }

    // So that the file and what it names can be moved together.
    std::string beside_file(const std::string& path) const {
        const auto folder = std::filesystem::path(options_.config_path).parent_path();
        return (folder / path).lexically_normal().native();
    }

    void take_key(const std::string& name, const std::string& value) {
        const std::string lowered = lower(name);
        if (lowered == "persistmessages" && lower(value) == "n") {
            refuse("PersistMessages=N: the venue resends from its store; remove the key");
        }
        if (lowered == "httpacceptport") {
            refuse(
                "HttpAcceptPort: QuickFIX's HTTP server has no authentication and listens on "
                "every interface; remove the key");
        }
        if (lowered == "connectiontype" && lower(value) != "acceptor") {
            refuse("ConnectionType=" + value + ": expected acceptor");
        }
        if (lowered == "beginstring" && value != "FIX.4.4") {
            refuse("BeginString=" + value + ": expected FIX.4.4");
        }
        if (lowered.rfind("venue", 0) != 0) {
            return;
        }
        const auto found = std::find_if(keys().begin(), keys().end(), [&](const key& each) {
            return lower(each.name) == lowered;
        });
        if (found == keys().end()) {
            refuse("unknown key " + name + "; did you mean " + nearest_key(name) + "?");
        }
        if (section_ != "default") {
            refuse(name + " belongs into [DEFAULT]");
        }
        if (std::find(seen_.begin(), seen_.end(), lowered) != seen_.end()) {
            refuse(name + " is given twice");
        }
        seen_.push_back(lowered);
        set(*found, value);
    }

    void set(const key& known, const std::string& value) {
        const std::string where = std::string(known.name) + "=" + value + ": ";
        if (const auto* text = std::get_if<text_target>(&known.target)) {
            if (value.empty()) {
                refuse(where + "expected a path");
            }
            options_.** text = value;
            return;
        }
        if (const auto* flag = std::get_if<flag_target>(&known.target)) {
            if (value != "Y" && value != "N") {
                refuse(where + "expected Y or N");
            }
            options_.** flag = value == "Y";
            return;
        }
        const auto& number = std::get<number_target>(known.target);
        std::uint64_t parsed = 0;
        const char* end = value.data() + value.size();
        const auto result = std::from_chars(value.data(), end, parsed);
        if (value.empty() || result.ec != std::errc() || result.ptr != end || parsed < number.low ||
            parsed > number.high) {
            refuse(where + "expected a whole number from " + std::to_string(number.low) + " to " +
                   std::to_string(number.high));
        }
        number.set(options_, parsed);
    }

    venue_options options_;
    std::string section_;
    std::vector<std::string> seen_;
    long line_ = 0;
};

}  // namespace

venue_options load_venue_options(const std::string& config_path) {
    std::ifstream file(config_path);
    if (!file) {
        throw engine::io_error("open", config_path, errno);
    }
    reader settings(config_path);
    std::string line;
    for (long number = 1; std::getline(file, line); ++number) {
        settings.take(line, number);
    }
    return settings.finish();
}

}  // namespace tools
}  // namespace millrace
