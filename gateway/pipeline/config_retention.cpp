#include <charconv>
#include <limits>

#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway {

bool parse_age(std::string_view text, std::int64_t& age_ns) noexcept {
    constexpr std::int64_t ns_per_second = 1'000'000'000;
    std::int64_t count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const std::int64_t seconds = unit == "s"   ? 1
                                 : unit == "m" ? 60
                                 : unit == "h" ? 60 * 60
                                 : unit == "d" ? 24 * 60 * 60
                                               : 0;
    if (code != std::errc{} || count <= 0 || seconds == 0 ||
        count > std::numeric_limits<std::int64_t>::max() / ns_per_second / seconds) {
        return false;
    }
    age_ns = count * seconds * ns_per_second;
    return true;
}

engine::retention_policy detail::read_retention(const config_section& section) {
    engine::retention_policy policy;
    if (!section.has("retain")) {
        return policy;
    }
    constexpr std::int64_t segments_max = 1'000'000'000;
    constexpr std::size_t bytes_max = std::size_t{1} << 50;
    const config_section retain(section.file(), section.require("retain"), "'retain'",
                                {"age", "bytes", "segments"});
    if (retain.has("age")) {
        std::int64_t age_ns = 0;
        if (!parse_age(retain.text("age"), age_ns)) {
            retain.fail("age",
                        "'age' must be a number and a unit: \"30d\", \"12h\", \"90m\", "
                        "\"45s\"");
        }
        policy.age_max_ns = age_ns;
    }
    if (retain.has("bytes")) {
        policy.bytes_max = retain.bytes_or("bytes", 0, 1, bytes_max);
    }
    if (retain.has("segments")) {
        policy.segments_max =
            static_cast<std::uint64_t>(retain.integer_or("segments", 1, 1, segments_max));
    }
    if (!policy.is_set()) {
        section.fail("retain", "'retain' says nothing; give it age, bytes or segments");
    }
    return policy;
}

}  // namespace millrace::gateway
