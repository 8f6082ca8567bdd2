#include "engine/stream/origin_tracker.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/read_to_end.hpp"
#include "engine/log/recovery.hpp"

namespace millrace::engine {

namespace {

//   0       8                24        32                 96
//   | route | source uuid    | highest | name, zero-padded |
struct stored_route {
    std::uint64_t route;
    std::uint8_t source[16];
    std::uint64_t highest;
    char name[64];
};
static_assert(sizeof(stored_route) == 96);
static_assert(route_name_size_max <= sizeof(stored_route::name));

}  // namespace

route_progress* origin_tracker::find(std::uint64_t route) noexcept {
    const auto it = std::find_if(routes_.begin(), routes_.end(),
                                 [&](const route_progress& r) { return r.route == route; });
    return it == routes_.end() ? nullptr : &*it;
}

bool origin_tracker::knows(std::string_view route_name) const noexcept {
    const std::uint64_t id = route_id(route_name);
    return std::any_of(routes_.begin(), routes_.end(),
                       [&](const route_progress& known) { return known.route == id; });
}

void origin_tracker::bind(std::string_view route_name, const log_uuid& source,
                          sequence start_after) {
    if (route_name.empty() || route_name.size() > route_name_size_max) {
        throw config_error("route name '" + std::string(route_name) + "': expected 1 to " +
                           std::to_string(route_name_size_max) + " bytes");
    }
    const std::uint64_t id = route_id(route_name);
    route_progress* known = find(id);
    if (known == nullptr) {
        routes_.push_back({id, source, start_after, std::string(route_name)});
        return;
    }
    if (!known->name.empty() && known->name != route_name) {
        throw config_error("routes '" + known->name + "' and '" + std::string(route_name) +
                           "' have the same hash; rename one of them");
    }
    if (!known->source.is_none() && known->source != source) {
        throw config_error("route '" + std::string(route_name) + "' has come to sequence " +
                           std::to_string(known->highest.value) + " of log " +
                           to_string(known->source) + ", but now reads log " + to_string(source) +
                           "; restore the old source, or give the route a new name");
    }
    known->name = route_name;
    known->source = source;
}

void origin_tracker::advance(const origin& from) {
    route_progress* known = find(from.route);
    if (known == nullptr) {
        routes_.push_back({from.route, from.log, {}, {}});
        known = &routes_.back();
    }
    known->source = from.log;
    known->highest = std::max(known->highest, sequence{from.sequence});
}

void origin_tracker::cut_back(std::uint64_t route, sequence last) noexcept {
    if (route_progress* const known = find(route); known != nullptr) {
        known->highest = std::min(known->highest, last);
    }
}

sequence origin_tracker::highest(std::uint64_t route) const noexcept {
    for (const route_progress& known : routes_) {
        if (known.route == route) {
            return known.highest;
        }
    }
    return {};
}

std::string_view origin_tracker::route_name(std::uint64_t route) const noexcept {
    for (const route_progress& known : routes_) {
        if (known.route == route) {
            return known.name;
        }
    }
    return {};
}

std::size_t origin_tracker::snapshot_bytes() const noexcept {
    return snapshot_section_bytes(routes_.size() * sizeof(stored_route));
}

void origin_tracker::write_snapshot(std::span<std::byte>& room) const noexcept {
    auto content = put_snapshot_section(room, snapshot_section::route_origins,
                                        routes_.size() * sizeof(stored_route));
    for (const route_progress& known : routes_) {
        stored_route stored{};
        stored.route = known.route;
        std::copy(known.source.bytes.begin(), known.source.bytes.end(), stored.source);
        stored.highest = known.highest.value;
        std::copy_n(known.name.data(), std::min(known.name.size(), sizeof stored.name),
                    stored.name);
        std::memcpy(content.data(), &stored, sizeof stored);
        content = content.subspan(sizeof stored);
    }
}

bool origin_tracker::read_snapshot(std::span<const std::byte> content) {
    if (content.size() % sizeof(stored_route) != 0) {
        return false;
    }
    for (; !content.empty(); content = content.subspan(sizeof(stored_route))) {
        stored_route stored{};
        std::memcpy(&stored, content.data(), sizeof stored);
        origin from;
        from.route = stored.route;
        std::copy(std::begin(stored.source), std::end(stored.source), from.log.bytes.begin());
        from.sequence = stored.highest;
        advance(from);
        find(stored.route)->highest = {stored.highest};  // lower than before: it was cut back
        char* const end = std::find(stored.name, stored.name + sizeof stored.name, '\0');
        if (end != stored.name) {
            find(stored.route)
                ->name.assign(stored.name, static_cast<std::size_t>(end - stored.name));
        }
    }
    return true;
}

origin_tracker read_origins(const std::filesystem::path& directory) {
    origin_tracker found;
    const position end = recover_tail(directory).end();
    log_reader reader(directory, read_from::last_snapshot(), true);
    record_view record;
    read_to_end reading(reader, end);
    while (reading.next(record)) {
        if (record.is_control(control_type::snapshot)) {
            bool is_sound = true;
            is_sound =
                visit_snapshot(record.bytes(),
                               [&](snapshot_section kind, std::span<const std::byte> content) {
                                   if (kind == snapshot_section::route_origins) {
                                       is_sound = found.read_snapshot(content) && is_sound;
                                   }
                               }) &&
                is_sound;
            if (!is_sound) {
                throw damage_error(directory.native() + ": position " +
                                   std::to_string(record.at.value) + ": malformed snapshot");
            }
        } else if (record.type == row_record_type && record.payload_size >= row_envelope_size) {
            row_envelope envelope;
            std::memcpy(&envelope, record.payload, sizeof envelope);
            found.observe(envelope);
        }
    }
    return found;
}

}  // namespace millrace::engine
