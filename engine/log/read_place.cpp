#include "engine/log/read_place.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

segment_info oldest_of(const fs::path& directory) {
    const std::vector<std::uint64_t> indexes = list_readable_segments(directory);
    if (indexes.empty()) {
        refuse_without_segments(directory);
    }
    return read_segment_info(directory, indexes.front());
}

// Control records may stand between the record and the next one, and the place behind any of them.
bool is_there(const fs::path& directory, const read_place& place) {
    const bool is_time_known = place.time.ns != 0;
    log_reader reader(directory, read_from::at_sequence(place.done));
    record_view record;
    if (const read_status status = reader.poll(record); status != read_status::record) {
        return status == read_status::damaged;
    }
    if (record.end > place.end || (is_time_known && record.time > place.time)) {
        return false;
    }
    if (reader.poll(record) != read_status::record) {
        return true;
    }
    return record.at >= place.end && (!is_time_known || record.time > place.time);
}

// New records are later than all that were lost, as long as the clock was not set back.
sequence last_until(const fs::path& directory, timestamp time) {
    log_reader reader(directory, read_from::at_time({time.ns + 1}));
    record_view record;
    return reader.poll(record) == read_status::record ? sequence{record.seq.value - 1}
                                                      : reader.last_sequence();
}

// The segment was begun by a clock that stood behind the log's last record.
bool is_clock_behind(const fs::path& directory, const segment_info& info) {
    const segment where = segment::open(directory, info.index, access::read_only);
    segment_activation active;
    std::memcpy(&active, where.data() + sizeof(segment_static), sizeof active);
    return timestamp{active.clock_realtime_ns} < info.base_timestamp;
}

// What is written under another boot of the host, or behind an accepted loss, stands in segments of
// its own, and the one behind the loss begins no further on than the next to what was lost. So the
// newest of those that come into question tells, whatever the clock; but it may be of a boot before
// the loss, so it is asked only where times tell nothing.
std::optional<sequence> last_before_loss(const fs::path& directory, const read_place& place) {
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    for (std::size_t i = indexes.size(); i-- > 1;) {
        const segment_info info = read_segment_info(directory, indexes[i]);
        if (indexes[i] > place.end.value / info.segment_bytes + 1 ||
            info.previous_last_sequence >= place.done) {
            continue;
        }
        const segment_info before = read_segment_info(directory, indexes[i - 1]);
        const bool is_behind_loss = info.boot_id != before.boot_id ||
                                    accepted_losses(info.epoch) != accepted_losses(before.epoch);
        if (is_behind_loss && (place.time.ns == 0 || is_clock_behind(directory, info))) {
            return info.previous_last_sequence;
        }
    }
    return {};
}

sequence find_survivor(const fs::path& directory, const read_place& place) {
    const std::optional<sequence> before_loss = last_before_loss(directory, place);
    const sequence oldest_done{oldest_of(directory).base_sequence.value - 1};
    sequence survivor{place.done.value - 1};
    if (place.time.ns != 0) {
        survivor = std::min(survivor, last_until(directory, place.time));
    } else if (!before_loss) {
        return oldest_done;
    }
    return std::max(oldest_done, std::min(survivor, before_loss.value_or(survivor)));
}

}  // namespace

read_place surviving_place(const fs::path& directory, const read_place& place) {
    const segment_info oldest = oldest_of(directory);
    if (oldest.uuid != place.log) {
        throw config_error(directory.native() + ": the reader's place is in log " +
                           to_string(place.log) + ", and this is log " + to_string(oldest.uuid));
    }
    if (place.done == sequence{} || place.done < oldest.base_sequence) {
        return place;
    }
    try {
        return is_there(directory, place)
                   ? place
                   : place_behind(directory, find_survivor(directory, place));
    } catch (const error&) {
        if (oldest_of(directory).base_sequence <= place.done) {
            throw;
        }
        return place;  // it was removed meanwhile
    }
}

read_place place_behind(const fs::path& directory, sequence done) {
    log_reader next(directory, read_from::at_sequence(done.next()));
    read_place place{next.uuid(), done, {}, {}};
    record_view record;
    place.end = next.poll(record) == read_status::record ? record.at : next.next_position();
    if (done != sequence{} && oldest_of(directory).base_sequence <= done) {
        log_reader reader(directory, read_from::at_sequence(done));
        if (reader.poll(record) == read_status::record && record.seq == done) {
            place.time = record.time;
            place.end = record.end;
        }
    }
    return place;
}

}  // namespace millrace::engine
