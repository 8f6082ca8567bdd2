#include "engine/stream/retention.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/archive_gap.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/table/schema.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

bool opens_with_snapshot(const fs::path& directory, std::uint64_t index) {
    const segment candidate = segment::open(directory, index, access::read_only);
    segment_cursor cursor(candidate);
    record_view record;
    return cursor.next(record) == damage_kind::none && record.payload != nullptr &&
           record.is_control(control_type::snapshot);
}

bool is_table(const std::string& schema) {
    try {
        static_cast<void>(row_schema::parse(schema));
        return true;
    } catch (const config_error&) {
        return false;
    }
}

struct hard_floor {
    std::uint64_t first_kept = 0;  // segments from here on stay
    std::string reason;
};

// What the next opening reads: from the newest snapshot that opens a segment, and what is not on
// the disk, durably, yet. The newest segment stays in any case.
hard_floor find_hard_floor(const fs::path& directory, const std::vector<std::uint64_t>& indexes,
                           const segment_info& newest) {
    hard_floor floor{newest.index, "the newest segment"};
    if (is_table(newest.schema)) {
        const auto opener = std::find_if(
            indexes.rbegin(), indexes.rend(),
            [&](std::uint64_t index) { return opens_with_snapshot(directory, index); });
        floor = opener == indexes.rend()
                    ? hard_floor{indexes.front(), "recovery: no segment opens with a snapshot"}
                    : hard_floor{*opener, "recovery, which begins at the newest snapshot"};
    }
    const durable_mark mark = durable_mark::open(directory, newest.uuid);
    const auto lower = [&](std::uint64_t index, const char* reason) {
        if (index < floor.first_kept) {
            floor = {index, reason};
        }
    };
    const bool is_written = is_lock_held(directory / "writer.lock");
    if (is_written && !mark.is_open() && fs::exists(directory / durable_mark_name)) {
        throw damage_error((directory / durable_mark_name).native() +
                           ": cannot be read beside the log's writer, so nobody knows what is "
                           "durable; nothing is removed. Try again, or once the writer has closed");
    }
    if (mark.is_open() && is_written) {
        lower(mark.durable_position().value / newest.segment_bytes,
              "what the writer has not made durable yet");
    }
    if (detail::read_hot_location(directory)) {
        lower(mark.retired_below(), "what is still in the hot tier");
    }
    return floor;
}

// How many of the oldest segments the policy would have go; the newest never does.
std::size_t count_wanted(const std::vector<segment_info>& infos, const retention_policy& policy,
                         timestamp now) {
    std::size_t wanted = 0;
    const std::size_t all = infos.size();
    for (std::size_t i = 0; i + 1 < all; ++i) {
        const std::uint64_t count = all - i;  // if those before it are gone
        const bool is_old =
            policy.age_max_ns && infos[i + 1].base_timestamp.ns < now.ns - *policy.age_max_ns;
        const bool is_much = policy.bytes_max && count * infos[i].segment_bytes > *policy.bytes_max;
        const bool are_many = policy.segments_max && count > *policy.segments_max;
        if (!is_old && !is_much && !are_many) {
            break;
        }
        wanted = i + 1;
    }
    return wanted;
}

void unlink_if_there(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        throw io_error("unlink", path.native(), errno);
    }
}

void remove_sidecars(const fs::path& directory, std::uint64_t index) {
    unlink_if_there(directory / index_file_name(index));
    MILLRACE_CRASH_POINT("retain.unindexed");
    unlink_if_there(directory / seal_file_name(index));
}

// Of segments before `first_kept`, which a killed retention left.
void remove_orphans(const fs::path& directory, std::uint64_t first_kept) {
    std::vector<fs::path> orphans;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        const std::string extension = entry.path().extension().native();
        const std::string stem = entry.path().stem().native();
        if ((extension == ".idx" || extension == ".seal") && stem.size() == 12 &&
            stem < segment_file_name(first_kept).substr(0, 12) &&
            !fs::exists(directory / (stem + ".alog"))) {
            orphans.push_back(entry.path());
        }
    }
    std::for_each(orphans.begin(), orphans.end(), unlink_if_there);
}

void check_unbroken(const fs::path& directory, const std::vector<std::uint64_t>& indexes) {
    for (std::size_t i = 1; i < indexes.size(); ++i) {
        if (indexes[i] != indexes[i - 1] + 1) {
            throw damage_error((directory / segment_file_name(indexes[i] - 1)).native() +
                               ": a segment between others is missing; nothing is removed from a "
                               "damaged log");
        }
    }
}

// Sets `first_known` to what retained.from says; returns what is wrong with it.
std::string look_into_retained(const fs::path& directory, const log_uuid& uuid,
                               std::uint64_t& first_known) {
    try {
        const std::optional<retained_from> kept = read_retained(directory);
        if (kept && kept->uuid != uuid) {
            return "is of log " + to_string(kept->uuid);
        }
        first_known = kept ? kept->first_segment : 0;
        return {};
    } catch (const damage_error&) {
        return "is not as it was written";
    }
}

}  // namespace

std::optional<missing_beginning> find_missing_beginning(const fs::path& directory) {
    if (list_segments(directory).empty()) {
        refuse_without_segments(directory);
    }
    const std::vector<std::uint64_t> indexes = list_readable_segments(directory);
    check_unbroken(directory, indexes);
    const segment_info oldest = read_segment_info(directory, indexes.front());
    if (const auto gap = find_archive_gap(directory, oldest.uuid, oldest.index);
        gap && gap->is_archived) {
        throw damage_error(gap->text);
    }
    std::uint64_t first_known = 0;
    std::string fault = look_into_retained(directory, oldest.uuid, first_known);
    if (fault.empty() && first_known >= oldest.index) {
        return std::nullopt;
    }
    return missing_beginning{oldest.uuid, oldest.index, oldest.previous_last_sequence,
                             std::move(fault)};
}

void accept_missing_beginning(const fs::path& directory, const missing_beginning& missing) {
    const file_lock lock(directory / "retention.lock", "retention");
    replace_retained(directory, {missing.uuid, missing.first_segment});
}

std::uint64_t removable_below(const fs::path& directory) {
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    if (indexes.empty()) {
        refuse_without_segments(directory);
    }
    return find_hard_floor(directory, indexes, read_segment_info(directory, indexes.back()))
        .first_kept;
}

sequence last_sequence_before(const fs::path& directory, std::uint64_t segment_index) {
    return read_segment_info(directory, segment_index).previous_last_sequence;
}

retention_plan plan_retention(const fs::path& directory, const retention_policy& policy,
                              std::span<const retention_floor> floors, timestamp now,
                              bool is_forced) {
    const std::vector<std::uint64_t> indexes = list_segments(directory);
    if (indexes.empty()) {
        refuse_without_segments(directory);
    }
    check_unbroken(directory, indexes);
    std::vector<segment_info> infos;
    infos.reserve(indexes.size());
    for (const std::uint64_t index : indexes) {
        infos.push_back(read_segment_info(directory, index));
    }
    const hard_floor hard = find_hard_floor(directory, indexes, infos.back());
    retention_plan plan;
    const std::size_t wanted = count_wanted(infos, policy, now);
    plan.wanted_count = wanted;
    for (std::size_t i = 0; i < wanted; ++i) {
        const sequence last = infos[i + 1].previous_last_sequence;
        if (indexes[i] >= hard.first_kept) {
            plan.kept_for = hard.reason;
            break;
        }
        const auto stopping = std::find_if(floors.begin(), floors.end(),
                                           [&](const auto& one) { return one.done < last; });
        if (stopping != floors.end() && !is_forced) {
            plan.kept_for = stopping->who;
            plan.is_forceable = true;
            break;
        }
        plan.doomed.push_back(indexes[i]);
        plan.bytes += infos[i].segment_bytes;
        plan.last_doomed = last;
    }
    plan.first_kept = indexes[plan.doomed.size()];
    for (const retention_floor& one : floors) {
        if (!plan.doomed.empty() && one.done < plan.last_doomed) {
            plan.given_up.push_back(one.who);
        }
    }
    return plan;
}

void apply_retention(const fs::path& directory, const retention_plan& plan) {
    const file_lock lock(directory / "retention.lock", "retention");
    // A loss of power takes any set of names back that was not synced, and a log with a hole does
    // not open. So each removal is durable before the next, that of a retention killed before too.
    sync_directory(directory);
    if (!plan.doomed.empty()) {
        // Before any of them goes, or what is gone could not be told from what was lost.
        write_retained(directory,
                       {read_segment_info(directory, plan.first_kept).uuid, plan.first_kept});
        MILLRACE_CRASH_POINT("retain.noted");
    }
    for (const std::uint64_t index : plan.doomed) {
        unlink_if_there(directory / segment_file_name(index));
        MILLRACE_CRASH_POINT("retain.unlinked");
        sync_directory(directory);
        MILLRACE_CRASH_POINT("retain.synced");
        remove_sidecars(directory, index);
    }
    remove_orphans(directory, plan.first_kept);
    sync_directory(directory);
}

}  // namespace millrace::engine
