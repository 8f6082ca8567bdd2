// A log that lives through losses of power, as disk_model.hpp works them out: opens each state with
// the recovery that users have, and compares it with what was committed and what was promised. In
// depth it is verified as well, opened by writers of all ways, and read through what index it has.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/core/crc32c.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/verify.hpp"
#include "tests/engine/log/disk_model.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

// As if the segment had been begun before the host was last started, each life under its own boot.
inline void change_boot_id(file_bytes& bytes) {
    segment_activation active;
    if (bytes.size() < schema_offset) {
        return;
    }
    std::memcpy(&active, bytes.data() + sizeof(segment_static), sizeof active);
    if (active.crc == 0 || active.crc != crc32c(0, &active, offsetof(segment_activation, crc))) {
        return;
    }
    std::fill(std::begin(active.boot_id), std::end(active.boot_id),
              static_cast<std::uint8_t>(0x80 + active.epoch % 0x80));
    active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
    std::memcpy(bytes.data() + sizeof(segment_static), &active, sizeof active);
}

inline void change_boot_line(file_bytes& bytes) {
    constexpr std::string_view line = "\nboot ";
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (const std::size_t at = text.find(line); at != std::string::npos) {
        text.replace(at + line.size(), 8, "eeeeeeee");
        std::memcpy(bytes.data(), text.data(), text.size());
    }
}

// A log on a disk whose power may go, and what was committed to it.
class powered_log {
public:
    explicit powered_log(way how) : how_(how) { fs::create_directories(root()); }

    // Puts the state on the disk, opens it, and looks. Returns what recovery noted.
    std::string check(const power_cut_moment& at, const survivors& which) {
        restore(content_after(at, which));
        if (!fs::exists(log())) {
            EXPECT_EQ(at.promise, 0u) << "the directory of a log with durable records is gone";
            return "no directory";
        }
        std::uint64_t kept = 0;
        std::string note;
        try {
            log_writer writer(log(), small_log());
            kept = writer.last_sequence().value;
            note = writer.recovery_note();
            EXPECT_EQ(append(writer, 30).status, append_status::ok);
        } catch (const std::exception& failure) {
            ADD_FAILURE() << "recovery refused a state that a loss of power may leave: "
                          << failure.what();
            return "refused";
        }
        EXPECT_GE(kept, at.promise) << "a durable record was lost; " << note;
        EXPECT_LE(kept, journal_.size()) << "a record that never was";
        check_records(kept);
        return note;
    }

    // As check, and: no loss of power looks like damage, and neither an index nor seals that
    // survived it mislead anybody, whoever goes on with the log.
    void check_in_depth(const power_cut_moment& at, const survivors& which) {
        const disk_content content = content_after(at, which);
        restore(content);
        if (!fs::exists(log()) || list_segments(log()).empty()) {
            return;  // check() has looked at what was promised
        }
        expect_no_damage("as the power left it", at.promise);
        for (const way how : {way::synchronous, way::direct_ahead, way::hot}) {
            SCOPED_TRACE("gone on with: " + to_text(how));
            restore(content);
            std::uint64_t kept = 0;
            try {
                log_writer writer(log(), options_of(how, directory_.path()));
                kept = writer.last_sequence().value;
                EXPECT_EQ(append_when_ready(writer, 30).status, append_status::ok);
                EXPECT_EQ(wait_for_the_disk(writer), durable_wait::durable);
                writer.close();
            } catch (const std::exception& failure) {
                ADD_FAILURE() << "recovery refused it: " << failure.what();
                return;
            }
            EXPECT_GE(kept, at.promise) << "a durable record was lost";
            ASSERT_LE(kept, journal_.size()) << "a record that never was";
            check_records(kept);
            check_seeks(kept);
            expect_no_damage("gone on with", 1);
        }
    }

    // A writer opened the log, and what it kept is what there is.
    void begin_life(const log_writer& writer) {
        ASSERT_GE(writer.last_sequence().value, promised_) << writer.recovery_note();
        ASSERT_LE(writer.last_sequence().value, journal_.size());
        journal_.resize(writer.last_sequence().value);
        ++life_;
        writer_.store(&writer, std::memory_order_release);
    }

    // What it said to be durable stays said.
    void end_life() {
        promised_ = promise();
        writer_.store(nullptr, std::memory_order_release);
    }

    [[nodiscard]] append_status append_one(log_writer& writer, std::size_t size) {
        const std::uint64_t seq = writer.last_sequence().value + 1;
        std::vector<std::byte> payload = pattern(seq + 1'000'003 * life_, size);
        const append_result result = writer.try_append(1, payload);
        if (result.status == append_status::ok) {
            journal_.push_back({result.at, result.time, std::move(payload)});
        }
        return result.status;
    }

    // Sequence of the last record that was said to be durable. Any thread.
    [[nodiscard]] std::uint64_t promise() const {
        const log_writer* writer = writer_.load(std::memory_order_acquire);
        const std::uint64_t promised = promised_.load(std::memory_order_acquire);
        return writer == nullptr ? promised : std::max(promised, writer->durable_sequence().value);
    }

    // The log goes on from this state in its next life.
    void go_on_from(const power_cut_moment& at, const survivors& which) {
        restore(content_after(at, which));
        promised_ = at.promise;
        fs::create_directories(root());
    }

    [[nodiscard]] fs::path root() const { return directory_ / "disk"; }  // what the power takes
    [[nodiscard]] fs::path log() const { return root() / "log"; }
    [[nodiscard]] const fs::path& directory() const { return directory_.path(); }
    [[nodiscard]] log_options options() const { return options_of(how_, directory_.path()); }
    [[nodiscard]] std::size_t committed_count() const { return journal_.size(); }

    // These, and one more that was appended since.
    void check_records(std::uint64_t kept) const {
        log_reader reader(log(), read_from::first());
        record_view view;
        std::uint64_t seq = 0;
        read_status status = read_status::none;
        while ((status = reader.poll(view)) == read_status::record) {
            ASSERT_EQ(view.seq.value, ++seq);
            if (seq > kept) {
                continue;
            }
            const entry& wanted = journal_[seq - 1];
            ASSERT_EQ(view.at, wanted.at);
            ASSERT_EQ(view.time, wanted.time);
            ASSERT_TRUE(is_same(view.bytes(), wanted.payload)) << "sequence " << seq;
        }
        ASSERT_EQ(status, read_status::none) << reader.damage().text();
        ASSERT_EQ(seq, kept + 1);
    }

private:
    static bool is_same(std::span<const std::byte> left, const file_bytes& right) {
        return left.size() == right.size() &&
               (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0);
    }

    // Through the index, where there is one: a false one would lead elsewhere.
    void check_seeks(std::uint64_t kept) const {
        for (const std::uint64_t seq : {std::uint64_t{1}, kept / 3, kept / 2, kept}) {
            if (seq == 0 || seq > kept) {
                continue;
            }
            const entry& wanted = journal_[seq - 1];
            for (const read_from& from :
                 {read_from::at_sequence({seq}), read_from::at_time(wanted.time),
                  read_from::at_position(wanted.at)}) {
                log_reader reader(log(), from);
                record_view view;
                ASSERT_EQ(reader.poll(view), read_status::record) << reader.damage().text();
                ASSERT_EQ(view.seq.value, seq);
                ASSERT_EQ(view.at, wanted.at);
                ASSERT_TRUE(is_same(view.bytes(), wanted.payload));
            }
        }
    }

    // Where nothing was promised, nothing of the log need be readable. A segment's first seal
    // covers its boot id, which is written over here: it is false if it fits neither of the two.
    void expect_no_damage(const char* when, std::uint64_t promised) const {
        try {
            std::set<std::string> misfits;
            for (const finding& one : verify_log(log(), {.thread_count = 1}).findings) {
                if (one.kind == finding_kind::wrong_seal) {
                    misfits.insert(one.text());
                } else if (one.is_damage()) {
                    ADD_FAILURE() << when << ": " << one.text();
                }
            }
            if (misfits.empty()) {
                return;
            }
            put_boot_ids_back();
            for (const finding& one : verify_log(log(), {.thread_count = 1}).findings) {
                EXPECT_FALSE(misfits.contains(one.text())) << when << ": " << one.text();
            }
        } catch (const std::exception& failure) {
            EXPECT_EQ(promised, 0u) << when << ": " << failure.what();
        }
    }

    void put_boot_ids_back() const {
        for (const std::uint64_t index : list_segment_names(log())) {
            const std::string now = read_whole_file(segment_path(log(), index));
            const auto found = headers_.find(now.substr(0, schema_offset));
            if (found != headers_.end()) {
                overwrite(segment_path(log(), index), 0, found->second);
            }
        }
    }

    struct entry {
        position at;
        timestamp time;
        std::vector<std::byte> payload;
    };

    void restore(disk_content content) {
        std::error_code ignored;
        fs::remove_all(directory_ / "hot", ignored);  // memory
        if (!content.contains("log")) {
            fs::remove_all(log());
            return;
        }
        fs::create_directory(log(), ignored);
        for (const fs::directory_entry& old : fs::directory_iterator(log())) {
            if (!content.contains("log/" + old.path().filename().native())) {
                fs::remove(old.path());
            }
        }
        for (auto& [name, bytes] : content) {
            if (name == "log") {
                continue;
            }
            if (name.ends_with(".alog")) {
                note_header_and_change(bytes);
            } else if (name.ends_with(hot_tier_name)) {
                change_boot_line(bytes);
            }
            // Over the old bytes, which is quicker than new pages.
            const unique_fd fd = open_file(root() / name, O_WRONLY | O_CREAT);
            ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(bytes.size())), 0);
            write_at(fd.get(), bytes, 0, name);
        }
    }

    void note_header_and_change(file_bytes& bytes) {
        const std::size_t size = std::min(bytes.size(), schema_offset);
        const file_bytes before(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        change_boot_id(bytes);
        const std::string after(reinterpret_cast<const char*>(bytes.data()), size);
        if (std::memcmp(after.data(), before.data(), size) != 0) {
            headers_[after] = before;
        }
    }

    way how_;
    temporary_directory directory_;
    std::atomic<const log_writer*> writer_{nullptr};
    std::atomic<std::uint64_t> promised_{0};
    std::uint64_t life_ = 0;
    std::map<std::string, file_bytes> headers_;  // as they were, by what they were changed to
    std::vector<entry> journal_;                 // of what was committed and not lost since
};

}  // namespace millrace::engine::test
