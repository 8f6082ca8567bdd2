#include "engine/stream/lost_tail.hpp"

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include "engine/core/error.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::engine {

namespace {

constexpr int look_every_ms = 10;

segment_info newest_info(const std::filesystem::path& directory) {
    return read_segment_info(directory, list_segments(directory).back());
}

bool is_settled(const std::filesystem::path& directory) {
    const auto indexes = list_segments(directory);
    return indexes.empty() || (read_segment_info(directory, indexes.back()).boot_id ==
                                   detail::read_host_identity().boot_id &&
                               !detail::is_loss_accepted(directory));
}

}  // namespace

std::uint64_t newest_epoch(const std::filesystem::path& directory) {
    return newest_info(directory).epoch;
}

bool may_have_lost_records(const std::filesystem::path& directory, const life_note& note) {
    return note.boot != current_boot() || detail::is_loss_accepted(directory) ||
           accepted_losses(newest_epoch(directory)) > accepted_losses(note.epoch);
}

sequence last_survivor(const std::filesystem::path& directory, const life_note& note) {
    log_uuid noted;
    static_cast<void>(parse(note.boot, noted));  // zeros where unknown, as in headers
    const auto now = detail::read_host_identity().boot_id;
    const bool is_of_other_boot = noted.bytes != now;
    const auto indexes = list_segments(directory);
    std::optional<sequence> survivor;
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
        const segment_info info = read_segment_info(directory, *index);
        // Epochs alone would not do: a loss of whole segments gives theirs out a second time.
        const bool is_newer = (is_of_other_boot && info.boot_id == now) ||
                              (info.boot_id != noted.bytes && info.epoch > note.epoch) ||
                              accepted_losses(info.epoch) > accepted_losses(note.epoch);
        if (!is_newer) {
            break;
        }
        survivor = info.previous_last_sequence;
    }
    return survivor ? *survivor : log_reader(directory, read_from::tail()).last_sequence();
}

void settle_tail(const std::filesystem::path& directory, std::string_view purpose,
                 int patience_ms) {
    for (int waited_ms = 0; !is_settled(directory); waited_ms += look_every_ms) {
        try {
            log_options options;
            options.purpose = purpose;
            log_writer writer(directory, std::move(options));
            writer.close();
            if (writer.last_error() != 0) {
                throw io_error("sync", directory.native(), writer.last_error());
            }
            return;
        } catch (const locked_error&) {
            if (waited_ms >= patience_ms) {
                throw locked_error(directory.native() +
                                   ": the host was started anew, or a hot tier was given up, and "
                                   "the writer that holds the log has begun no segment since; "
                                   "what the log lost cannot be told before. Start again when it "
                                   "runs");
            }
        } catch (const io_error& failure) {
            const int number = failure.error_number();
            if (number != EACCES && number != EPERM && number != EROFS) {
                throw;
            }
            throw error(directory.native() +
                        ": the host was started anew, or a hot tier was given up, and this process "
                        "may not write here to end what was broken off; start the log's writer "
                        "first (" +
                        failure.what() + ")");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(look_every_ms));
    }
}

}  // namespace millrace::engine
