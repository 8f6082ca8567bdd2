#include "engine/log/log_storage.hpp"

#include <fcntl.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "engine/core/error.hpp"
#include "engine/log/clock_keeper.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/log_helper.hpp"
#include "engine/log/segment_round.hpp"

namespace millrace::engine::detail {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t direct_segments_max = 16;

std::size_t segments_max_of(const log_options& options, std::size_t segment_bytes) {
    return options.storage == storage_mode::direct
               ? direct_segments_max
               : std::min(hot_bytes_limit(options.hot_bytes_max, segment_bytes) / segment_bytes,
                          stored_segments_max);
}

supply_settings settings_of(const fs::path& directory, const log_options& options,
                            const segment_info& first, const fs::path& hot_directory) {
    supply_settings settings;
    settings.directory = directory;
    settings.hot_directory = hot_directory;
    settings.first = first;
    settings.segments_max = segments_max_of(options, first.segment_bytes);
    settings.low_space_bytes = options.low_space_bytes;
    settings.can_wait = options.can_wait;
    return settings;
}

// A file that cannot be read says nothing against it.
bool has_swap() {
    std::ifstream file("/proc/swaps");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return text.empty() || is_swap_listed(text);
}

void raise(std::atomic<std::uint64_t>& count) {
    // relaxed: a figure for itself, of one writing thread
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

bool is_swap_listed(std::string_view swaps) {
    const std::size_t heading = swaps.find('\n');
    return heading != std::string_view::npos &&
           swaps.find_first_not_of(" \n", heading) != std::string_view::npos;
}

void check_storage_options(const fs::path& directory, const log_options& options,
                           std::size_t segment_bytes) {
    const std::string name = directory.native();
    if (options.sync_delay_max_ns < 0 || options.sync_bytes_max == 0) {
        throw config_error(name + ": sync_delay_max_ns must not be negative, nor sync_bytes_max 0");
    }
    if (options.is_synchronous && options.observer != nullptr) {
        throw config_error(name + ": a synchronous log has no persister to tell the observer");
    }
    if (!options.seal_key_file.empty() && (options.is_synchronous || !options.keeps_sidecars)) {
        throw config_error(name +
                           ": seal_key_file is set and nothing seals: a synchronous log, or "
                           "one without keeps_sidecars; remove it, or use `millrace log "
                           "seal --key`");
    }
    if (options.storage == storage_mode::direct) {
        return;
    }
    if (options.is_synchronous) {
        throw config_error(name +
                           ": storage mode \"hot\" needs its threads (is_synchronous = false); use "
                           "\"direct\" for a synchronous log");
    }
    if (hot_bytes_limit(options.hot_bytes_max, segment_bytes) / segment_bytes <= spares_max) {
        throw config_error(name + ": hot_bytes_max is " + std::to_string(options.hot_bytes_max) +
                           ", expected at least " + std::to_string(spares_max + 1) +
                           " segments of " + std::to_string(segment_bytes) +
                           " bytes; give it more, or use storage mode \"direct\"");
    }
}

void sync_name_of(const fs::path& directory) {
    try {
        const fs::path whole = fs::absolute(directory);
        sync_directory((whole.has_filename() ? whole : whole.parent_path()).parent_path());
    } catch (const io_error& failure) {
        if (failure.error_number() != EACCES) {  // we may not look there, and did not make it
            throw;
        }
    }
}

void rewrite_segments(const fs::path& directory, std::uint64_t first, std::uint64_t last) {
    for (const std::uint64_t index : list_segment_names(directory)) {
        if (index < first || index > last) {
            continue;
        }
        const fs::path path = directory / segment_file_name(index);
        const unique_fd fd = open_file(path, O_RDONLY);
        const mapping bytes(fd.get(), file_size(fd.get(), path.native()), access::read_only,
                            path.native());
        const std::size_t used = used_bytes({bytes.data(), bytes.size()}, 0);
        (void)replace_segment_file(directory, index, {bytes.data(), used}, bytes.size());
        MILLRACE_CRASH_POINT("recover.rewritten");
    }
}

void note_failed_sync(const fs::path& directory, const log_uuid& uuid,
                      std::uint64_t first) noexcept {
    try {
        const segment_info info = read_segment_info(directory, first);
        durable_mark mark = durable_mark::open_for_writing(directory, uuid);
        if (mark.durable_position() < info.first_position()) {
            mark.set_durable(info.first_position(), info.previous_last_sequence);
        }
    } catch (const std::exception&) {
        // The disk takes nothing at all: whoever asked to sync is told that.
    }
}

void sync_segments(const fs::path& directory, std::uint64_t first, std::uint64_t last) {
    for (const std::uint64_t index : list_segment_names(directory)) {
        if (index < first || index > last) {
            continue;
        }
        const fs::path path = directory / segment_file_name(index);
        sync_file(open_file(path, O_RDWR).get(), path.native());
    }
    sync_directory(directory);
}

durable_mark log_storage::make_mark(const fs::path& directory, const segment_info& first,
                                    position durable, sequence durable_last) {
    durable_mark mark = durable_mark::open_for_writing(directory, first.uuid);
    if (mark.durable_position() < durable) {
        mark.set_durable(durable, durable_last);
    }
    mark.set_retired_below(std::max(mark.retired_below(), first.index));
    return mark;
}

std::optional<log_storage::hot_place> log_storage::make_hot_place(const fs::path& directory,
                                                                  const log_options& options,
                                                                  const segment_info& first) {
    if (options.storage == storage_mode::direct) {
        return std::nullopt;
    }
    const fs::path root =
        options.hot_directory.empty() ? default_hot_directory() : options.hot_directory;
    check_hot_directory(root, (spares_max + 1) * first.segment_bytes);
    hot_place made;
    made.where = {fs::absolute(root) / to_string(first.uuid), first.uuid, true};
    ensure_directory(made.where.directory);
    // Another log with this uuid is a copy of this one, or this one a copy of it.
    made.lock = file_lock(made.where.directory / "owner.lock", options.purpose);
    write_hot_location(directory, made.where);
    MILLRACE_CRASH_POINT("open.located");
    return made;
}

log_storage::log_storage(const fs::path& directory, const log_options& options,
                         const segment_info& first, position durable, sequence durable_last,
                         std::atomic<std::size_t>* records_end)
    : directory_(directory),
      mark_(make_mark(directory, first, durable, durable_last)),
      hot_(make_hot_place(directory, options, first)),
      has_swap_(hot_ && has_swap()),
      supply_(std::in_place,
              settings_of(directory, options, first, hot_ ? hot_->where.directory : fs::path())),
      persister_({directory, options.sync_delay_max_ns, options.sync_bytes_max, options.observer,
                  records_end},
                 *supply_, std::move(mark_)) {
    if (options.keeps_sidecars) {
        const std::vector<std::uint64_t> indexes = list_segments(directory);
        const std::uint64_t newest = durable.value / first.segment_bytes;
        sidecar_settings settings{directory, first.segment_bytes,
                                  choose_first_sealed(indexes.empty() ? newest : indexes.front(),
                                                      newest, first.segment_bytes),
                                  std::nullopt};
        if (!options.seal_key_file.empty()) {
            settings.key.emplace(seal_key::load(options.seal_key_file));
        }
        sidecars_.emplace(std::move(settings), persister_);
    }
}

stored_segment* log_storage::resume(segment open_one, std::size_t offset) {
    auto existing = std::make_unique<stored_segment>();
    existing->disk_path = directory_ / segment_file_name(open_one.info().index);
    existing->disk = open_file(existing->disk_path, O_RDWR);
    existing->bytes = std::move(open_one);
    stored_segment* held = supply_->adopt(std::move(existing));
    persister_.resume(held, offset);
    return held;
}

void log_storage::start() {
    persister_.start("log-persister");
    if (sidecars_) {
        sidecars_->start();
    }
    keep_clock();
    helper_ = &log_helper::of(directory_);
    helper_->add(*supply_);
}

stored_segment* log_storage::first_segment() {
    while (true) {
        if (stored_segment* ready = supply_->try_take()) {
            return ready;
        }
        if (const segment_supply::failure why = supply_->last_failure(); why.error_number != 0) {
            throw io_error(why.call, "", why.error_number);
        }
        const timespec pause{0, 100'000};
        ::nanosleep(&pause, nullptr);
    }
}

stored_segment* log_storage::try_next(append_status& status) noexcept {
    stored_segment* ready = supply_->try_take();
    if (ready != nullptr) {
        status = append_status::ok;
    } else if (supply_->error_number() != 0) {
        status = append_status::no_space;
        raise(no_space_count_);
    } else {
        status = append_status::back_pressured;
        raise(back_pressured_count_);
    }
    return ready;
}

void log_storage::begin(stored_segment* next, const segment_start& start) noexcept {
    begin_segment(*next, start, host_, persister_.begun());
}

void log_storage::roll(append_place<>& place, stored_segment& next,
                       const segment_start& start) noexcept {
    roll_over(place, next, start, host_, persister_.begun());
}

int log_storage::close() noexcept {
    if (is_closed_) {
        return close_error_;
    }
    is_closed_ = true;
    persister_.stop();
    MILLRACE_CRASH_POINT("close.persisted");
    if (sidecars_) {
        sidecars_->stop();
    }
    if (helper_ != nullptr) {
        helper_->remove(*supply_);
    }
    supply_->discard();
    if (!persister_.is_all_home()) {
        close_error_ = persister_.error_number() != 0 ? persister_.error_number() : EIO;
    } else if (hot_) {
        try {
            remove_hot_location(directory_);
            MILLRACE_CRASH_POINT("close.unlocated");
            remove_hot_directory(hot_->where.directory);
        } catch (const io_error& failure) {
            close_error_ = failure.error_number();
        }
    }
    if (hot_) {
        hot_->lock.release();  // the next writer may join what was left
    }
    return close_error_;
}

storage_report log_storage::report() const {
    storage_report made;
    persister_.report(made);
    made.back_pressured_count = back_pressured_count_.load(std::memory_order_relaxed);
    made.no_space_count = no_space_count_.load(std::memory_order_relaxed);
    made.is_space_low = supply_->is_space_low();
    // It stands in the way now; what the persister said last is older.
    if (const segment_supply::failure why = supply_->last_failure(); why.error_number != 0) {
        made.text = io_error(why.call, "", why.error_number).what();
    }
    made.unlocked_count = supply_->unlocked_count();
    made.is_memory_locked = hot_.has_value() && made.unlocked_count == 0;
    if (made.unlocked_count > 0 && made.text.empty() && has_swap_) {
        made.text = directory_.native() + ": the log's hot tier cannot be locked in memory (" +
                    std::strerror(supply_->lock_error()) +
                    "), so the writer may have to wait for swap; allow the process at least "
                    "hot_bytes_max (LimitMEMLOCK, memlock in limits.conf), or turn swap off";
    }
    if (sidecars_) {
        sidecars_->keeper().report(made);
    }
    return made;
}

}  // namespace millrace::engine::detail
