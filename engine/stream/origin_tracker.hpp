// How far each route has come into a log: the highest origin its records carry. This is the route's
// checkpoint.
//
// Threading  the log's writer thread
// Progress   observe() and highest() allocate nothing once a route is known
// Invariant  a route's sequence goes back by cut_back() alone, and a snapshot read says how far a
//            route had come when it was written, whatever records before it said
// Units      sequences are those of the route's source log
// Errors     a route whose records name another source log than before is refused by bind()
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stream/snapshot.hpp"
#include "engine/table/record.hpp"

namespace millrace::engine {

inline constexpr std::size_t route_name_size_max = 62;

struct route_progress {
    std::uint64_t route = 0;
    log_uuid source;
    sequence highest;
    std::string name;  // as far as known; records carry only its hash
};

class origin_tracker {
public:
    // Names a route and its source log before it writes. Throws config_error if the log holds
    // origins of this route from another source, or of another route whose name has the same hash.
    // `start_after` counts only where the log knows nothing of the route: it begins behind that
    // sequence.
    void bind(std::string_view route_name, const log_uuid& source, sequence start_after = {});
    // Whether the log has ever heard of the route; a route without history begins where its `start`
    // says.
    [[nodiscard]] bool knows(std::string_view route_name) const noexcept;

    void observe(const row_envelope& envelope) {
        if (envelope.has_origin()) {
            advance(envelope.origin);
        }
    }

    // The source lost its end: what the route did behind `last` has no record any more, and other
    // records will have those sequences. Nothing if the route has not come so far.
    void cut_back(std::uint64_t route, sequence last) noexcept;

    // sequence 0 if the route has never written here.
    [[nodiscard]] sequence highest(std::uint64_t route) const noexcept;
    [[nodiscard]] std::span<const route_progress> routes() const noexcept { return routes_; }
    [[nodiscard]] std::string_view route_name(std::uint64_t route) const noexcept;

    [[nodiscard]] std::size_t snapshot_bytes() const noexcept;
    void write_snapshot(std::span<std::byte>& room) const noexcept;
    // REQUIRES: the content of a route_origins section. False if it is not well-formed.
    [[nodiscard]] bool read_snapshot(std::span<const std::byte> content);

private:
    void advance(const origin& from);
    [[nodiscard]] route_progress* find(std::uint64_t route) noexcept;

    std::vector<route_progress> routes_;  // few; searched in order
};

// What a table's log holds of its routes, read beside its writer. Throws damage_error.
[[nodiscard]] origin_tracker read_origins(const std::filesystem::path& directory);

}  // namespace millrace::engine
