#include "gateway/session/time_zone.hpp"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/table/nearest.hpp"

namespace millrace::gateway {

namespace {

constexpr std::size_t name_bytes_max = 64;

const absl::CivilSecond& local_epoch() {
    static const absl::CivilSecond epoch(1970, 1, 1);
    return epoch;
}

// Names that Abseil would take for a path or for something of its own are none of the database.
bool is_zone_name(std::string_view name) {
    constexpr std::string_view marks = "/_+-";
    return !name.empty() && name.size() <= name_bytes_max && name.front() != '/' &&
           name.find("//") == std::string_view::npos && !name.starts_with("Fixed/") &&
           name != "localtime" && std::all_of(name.begin(), name.end(), [&](char byte) {
               return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                      (byte >= '0' && byte <= '9') || marks.find(byte) != std::string_view::npos;
           });
}

std::filesystem::path zone_directory() {
    const char* const given = std::getenv("TZDIR");
    return given != nullptr && *given != '\0' ? given : "/usr/share/zoneinfo";
}

bool is_zone_file(const std::filesystem::path& path) {
    char magic[4] = {};
    std::ifstream file(path, std::ios::binary);
    return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "TZif";
}

// Read only to say what was meant.
std::vector<std::string> zones_of_host() {
    std::vector<std::string> names;
    const std::filesystem::path top = zone_directory();
    std::error_code code;
    std::filesystem::recursive_directory_iterator it(top, code);
    for (const std::filesystem::recursive_directory_iterator end; !code && it != end;
         it.increment(code)) {
        const std::string name = it->path().lexically_relative(top).native();
        if (it->is_directory(code)) {
            if (name == "posix" || name == "right") {
                it.disable_recursion_pending();  // the others again
            }
        } else if (is_zone_name(name) && is_zone_file(it->path())) {
            names.push_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

struct time_zone::zone {
    absl::TimeZone held = absl::UTCTimeZone();
};

time_zone::time_zone() : zone_(std::make_unique<zone>()) {}

time_zone::~time_zone() = default;

time_zone::time_zone(time_zone&&) noexcept = default;

time_zone& time_zone::operator=(time_zone&&) noexcept = default;

time_zone time_zone::load(const std::string& name) {
    time_zone loaded;
    if (is_zone_name(name) && absl::LoadTimeZone(name, &loaded.zone_->held)) {
        loaded.name_ = name;
        return loaded;
    }
    const std::vector<std::string> names = zones_of_host();
    if (names.empty()) {
        throw engine::config_error("the host has no time zones in " + zone_directory().native() +
                                   "; install tzdata");
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    throw engine::config_error("the host knows no time zone '" + name + "'" +
                               engine::did_you_mean(name, known));
}

time_zone time_zone::of_host() {
    time_zone loaded;
    loaded.zone_->held = absl::LocalTimeZone();
    loaded.name_ = "local time of the host";
    return loaded;
}

local_time time_zone::at(std::int64_t utc_s) const noexcept {
    return {zone_->held.At(absl::FromUnixSeconds(utc_s)).cs - local_epoch()};
}

std::int64_t time_zone::when_reached(local_time wanted) const noexcept {
    const absl::TimeZone::TimeInfo found = zone_->held.At(local_epoch() + wanted.s);
    return absl::ToUnixSeconds(found.kind == absl::TimeZone::TimeInfo::SKIPPED ? found.trans
                                                                               : found.pre);
}

}  // namespace millrace::gateway
