// A time zone of the host's tz database, or UTC: what its clocks show when, and when first.
//
// A local time is reached at the first instant at which the clocks show it or a later one. One that
// is skipped is therefore reached when the clocks jump over it, and one that comes twice when it
// comes first. So later local times are never reached earlier.
//
// Threading  const calls from any thread
// Progress   const calls neither allocate nor read files
// Units      local seconds: since 1970-01-01 00:00:00 as the clocks show it; UTC seconds
// Errors     load() throws engine::config_error, which names the nearest zone that there is
// Source     Abseil's civil time; the files of tzdata below TZDIR, else /usr/share/zoneinfo
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace millrace::gateway {

struct local_time {
    std::int64_t s = 0;
    friend auto operator<=>(const local_time&, const local_time&) = default;
};

class time_zone {
public:
    time_zone();  // UTC
    ~time_zone();
    time_zone(time_zone&&) noexcept;
    time_zone& operator=(time_zone&&) noexcept;

    [[nodiscard]] static time_zone load(const std::string& name);
    // TZ, else /etc/localtime, as they are now.
    [[nodiscard]] static time_zone of_host();

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] local_time at(std::int64_t utc_s) const noexcept;
    [[nodiscard]] std::int64_t when_reached(local_time wanted) const noexcept;

private:
    struct zone;
    std::unique_ptr<zone> zone_;
    std::string name_ = "UTC";
};

}  // namespace millrace::gateway
