#include "gateway/pipeline/stamp_log.hpp"

#include <span>

namespace millrace::gateway {

namespace {

engine::log_options options_of(std::size_t segment_bytes) {
    engine::log_options options;
    options.segment_bytes = segment_bytes;
    options.schema = stamps_schema;
    options.purpose = "stage stamps";
    options.sync_on_close = false;  // figures, and no part of the audit
    return options;
}

}  // namespace

stamp_log::stamp_log(const std::filesystem::path& directory, std::size_t segment_bytes)
    : log_(directory, options_of(segment_bytes)) {
    static_assert(engine::record_header_bytes + sizeof(batch_) <=
                  engine::record_bytes_limit(engine::segment_bytes_min));
    log_.detach();
}

void stamp_log::flush() noexcept {
    const std::span<const stage_stamp> batch = std::span(batch_).first(batch_count_);
    batch_count_ = 0;
    if (batch.empty()) {
        return;
    }
    const engine::append_result result = log_.try_append(stamps_record_type, std::as_bytes(batch));
    (result.status == engine::append_status::ok ? written : refused).add(batch.size());
}

std::size_t stamp_log::write() noexcept {
    std::size_t taken = 0;
    for (stamp_ring* const ring : rings_) {
        taken += ring->drain(
            [&](const stage_stamp& stamp) {
                batch_[batch_count_++] = stamp;
                if (batch_count_ == batch_stamps) {
                    flush();
                }
            },
            stamp_ring::capacity);
    }
    flush();
    return taken;
}

void stamp_log::close() noexcept {
    static_cast<void>(write());
    log_.close();
}

}  // namespace millrace::gateway
