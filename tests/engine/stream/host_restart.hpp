// A host that lost power, as the logs and lives below a directory see it afterwards.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/core/crc32c.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/stream/life_file.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

// Another one at each call, and never the host's.
inline log_uuid next_past_boot() {
    static std::uint8_t count = 0;
    log_uuid boot;
    boot.bytes.fill(0xbb);
    boot.bytes[0] = ++count;
    return boot;
}

inline void set_boot(const fs::path& segment, const log_uuid& boot) {
    segment_activation active;
    const std::string text = read_whole_file(segment);
    std::memcpy(&active, text.data() + sizeof(segment_static), sizeof active);
    std::memcpy(active.boot_id, boot.bytes.data(), sizeof active.boot_id);
    active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
    overwrite(segment, sizeof(segment_static),
              {reinterpret_cast<const std::byte*>(&active), sizeof active});
}

// What was written under this boot was written under one before.
inline void restart_host_under(const fs::path& root) {
    const log_uuid boot = next_past_boot();
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
        const fs::path& path = entry.path();
        if (path.extension() == ".alog") {
            const std::uint64_t index = std::stoull(path.stem().native());
            const std::vector<std::uint64_t> begun = list_segments(path.parent_path());
            if (std::find(begun.begin(), begun.end(), index) != begun.end() &&
                read_segment_info(path.parent_path(), index).boot_id ==
                    detail::read_host_identity().boot_id) {
                set_boot(path, boot);
            }
        } else if (path.parent_path().filename() == "lives") {
            std::string text = read_whole_file(path);
            if (const std::size_t at = text.find(current_boot()); at != std::string::npos) {
                write_file_atomically(path,
                                      text.replace(at, current_boot().size(), to_string(boot)));
            }
        }
    }
}

// Takes all that stands behind `at` from a log's files.
inline void lose_bytes_behind(const fs::path& log, position at) {
    for (const std::uint64_t index : list_segment_names(log)) {
        const fs::path segment = segment_path(log, index);
        const std::uint64_t bytes = fs::file_size(segment);
        if (index > at.value / bytes) {
            fs::remove(segment);
        } else if (index == at.value / bytes) {
            overwrite(segment, at.value % bytes, std::vector<std::byte>(bytes - at.value % bytes));
        }
    }
}

// Takes the records behind `last` from a log, as a loss of power takes what was not durable: its
// mark, where it has one, then never came farther, and neither did index and seals.
inline void lose_records_behind(const fs::path& log, std::uint64_t last) {
    position at;
    log_uuid uuid;
    {
        log_reader reader(log, read_from::at_sequence({last + 1}));
        record_view record;
        ASSERT_EQ(reader.poll(record), read_status::record);
        at = record.at;
        uuid = reader.uuid();
    }
    if (durable_mark::open(log, uuid).is_open()) {
        fs::remove(log / durable_mark_name);  // else it refuses to go back
        durable_mark::open_for_writing(log, uuid).set_durable(at, {last});
    }
    for (const std::uint64_t index : list_segment_names(log)) {
        const fs::path segment = segment_path(log, index);
        if (index >= at.value / fs::file_size(segment)) {
            fs::remove(fs::path(segment).replace_extension(".idx"));
            fs::remove(fs::path(segment).replace_extension(".seal"));
        }
    }
    lose_bytes_behind(log, at);
}

}  // namespace millrace::engine::test
