// What stands behind a log's writer when it is not synchronous: the supply of segments, the
// persister, and in hot mode the hot tier. One per open log.
//
// Threading  construction, first_segment, resume and close: one at a time, in a writer's life;
//            try_next: the writer; wait and the observers: any thread
// Progress   try_next is wait-free and makes no system call
// Errors     construction and first_segment throw; try_next answers a status
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "engine/core/file.hpp"
#include "engine/log/append_place.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_options.hpp"
#include "engine/log/persister.hpp"
#include "engine/log/segment_supply.hpp"
#include "engine/log/sidecar_keeper.hpp"

namespace millrace::engine::detail {

class log_helper;

class log_storage {
public:
    // `first` describes the next segment to be made; what the log holds up to `durable` is synced.
    log_storage(const std::filesystem::path& directory, const log_options& options,
                const segment_info& first, position durable, sequence durable_last,
                std::atomic<std::size_t>* records_end);
    log_storage(const log_storage&) = delete;
    log_storage& operator=(const log_storage&) = delete;
    ~log_storage() { close(); }

    // For a writer that goes on in a segment of before.
    [[nodiscard]] stored_segment* resume(segment open_one, std::size_t offset);
    void start();
    // Waits until a segment is ready.
    [[nodiscard]] stored_segment* first_segment();
    // Null: not ready; `status` says why, and it is counted.
    [[nodiscard]] stored_segment* try_next(append_status& status) noexcept;
    // The writer's first segment of its life.
    void begin(stored_segment* next, const segment_start& start) noexcept;
    // From one segment to the next: it is begun, and then the end record stands.
    void roll(append_place<>& place, stored_segment& next, const segment_start& start) noexcept;
    [[nodiscard]] bool must_leave(std::uint64_t index) const noexcept {
        return persister_.segment_to_leave() == index;
    }
    // Returns errno of what kept something from the disk, or 0. In that case a hot tier stays, for
    // the next writer. REQUIRES that the writer appends no more.
    int close() noexcept;

    [[nodiscard]] int error_number() const noexcept { return supply_->error_number(); }
    [[nodiscard]] position durable_position() const noexcept {
        return persister_.durable_position();
    }
    [[nodiscard]] sequence durable_sequence() const noexcept {
        return persister_.durable_sequence();
    }
    [[nodiscard]] durable_wait wait(position until, std::int64_t timeout_ns) noexcept {
        return persister_.wait(until, timeout_ns);
    }
    void request_sync() noexcept { persister_.request_sync(); }
    [[nodiscard]] storage_report report() const;

private:
    struct hot_place {
        hot_location where;
        file_lock lock;
    };

    [[nodiscard]] static durable_mark make_mark(const std::filesystem::path& directory,
                                                const segment_info& first, position durable,
                                                sequence durable_last);
    [[nodiscard]] static std::optional<hot_place> make_hot_place(
        const std::filesystem::path& directory, const log_options& options,
        const segment_info& first);

    std::filesystem::path directory_;
    host_identity host_ = read_host_identity();
    durable_mark mark_;  // until the persister has it; right before the hot tier is named
    std::optional<hot_place> hot_;
    bool has_swap_ = false;  // when it was opened; only asked for a hot log
    std::optional<segment_supply> supply_;
    persister persister_;
    std::optional<sidecar_thread> sidecars_;
    std::atomic<std::uint64_t> back_pressured_count_{0};  // writer
    std::atomic<std::uint64_t> no_space_count_{0};        // writer
    log_helper* helper_ = nullptr;                        // once it makes segments
    bool is_closed_ = false;
    int close_error_ = 0;
};

// Throws config_error: options that contradict themselves or the size of the log's segments.
void check_storage_options(const std::filesystem::path& directory, const log_options& options,
                           std::size_t segment_bytes);

// Whether /proc/swaps, of which this is the text, names any.
[[nodiscard]] bool is_swap_listed(std::string_view swaps);

// A directory made by somebody else may not be durable yet, and the log goes with it.
void sync_name_of(const std::filesystem::path& directory);

// Writes these segments again, each to a fresh file in the old one's place, from what the page
// cache holds. Where a sync failed before, one more of the old file would prove nothing: the kernel
// reports a failure once.
void rewrite_segments(const std::filesystem::path& directory, std::uint64_t first,
                      std::uint64_t last);

// Leaves word, where the disk takes it, that what lies from that segment on may not be there, even
// if a later sync succeeds: the next writer rewrites it.
void note_failed_sync(const std::filesystem::path& directory, const log_uuid& uuid,
                      std::uint64_t first) noexcept;

// Syncs the files of these segments and their names.
void sync_segments(const std::filesystem::path& directory, std::uint64_t first, std::uint64_t last);

}  // namespace millrace::engine::detail
