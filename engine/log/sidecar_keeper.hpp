// Keeps the index and the seals of a log while it is written, behind what is durable.
//
// It reads the log for itself, like any reader, from where the newest seal ends: so what a crash, a
// failure, a synchronous writer or an older program left without seals is sealed next, and only
// then what is new. A large log that never had seals gets them from its newest segment on.
//
// Threading  keeper: one thread at a time; thread: set up and stopped by one, the observers any
// Progress   never in the way of the writer or the persister: a thread of its own, which sleeps
// Invariant  neither file speaks of a byte that is not on stable storage
// Errors     none is thrown: what fails is counted, said and tried again from what the files hold;
//            what is damaged is not sealed, and then nothing more is in this writer's life
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "engine/core/published_word.hpp"
#include "engine/log/cold_sync.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_options.hpp"
#include "engine/log/seal_file.hpp"

namespace millrace::engine::detail {

class persister;

struct sidecar_settings {
    std::filesystem::path directory;
    std::uint64_t segment_bytes = 0;
    std::uint64_t begin_index = 0;  // where a log begins to be sealed that never was
    std::optional<seal_key> key{};
};

// Where a log begins to be sealed that never was: at its oldest segment, or, if it is a large one,
// at its newest.
[[nodiscard]] std::uint64_t choose_first_sealed(std::uint64_t oldest, std::uint64_t newest,
                                                std::uint64_t segment_bytes) noexcept;

class sidecar_keeper {
public:
    explicit sidecar_keeper(sidecar_settings settings) : settings_(std::move(settings)) {}
    sidecar_keeper(const sidecar_keeper&) = delete;
    sidecar_keeper& operator=(const sidecar_keeper&) = delete;
    ~sidecar_keeper() = default;

    // Brings index and seals up to `durable`, or until the clock passes `deadline_ns` (monotonic).
    // `is_last`: seals the rest too, however young. False: not all was done.
    bool follow(position durable, bool is_last, std::int64_t deadline_ns = INT64_MAX) noexcept;

    // From here on any thread.
    [[nodiscard]] sequence sealed_sequence() const noexcept { return {sealed_sequence_.read()}; }
    void report(storage_report& to) const;

private:
    void follow_or_throw(position durable, bool is_last, std::int64_t deadline_ns);
    void find_start(position durable);
    void enter();
    [[nodiscard]] bool walk(position durable, std::int64_t deadline_ns);
    void leave();
    void check_end() const;
    void remove_if_segment_is_gone() const;
    void flush_index();
    void write_pending(bool is_last);
    void sync_seals();
    void start_over(const char* what, bool is_permanent) noexcept;
    [[nodiscard]] std::uint64_t end_of_segment() const {
        return (index_ + 1) * settings_.segment_bytes;
    }

    sidecar_settings settings_;
    segment where_;  // segment index_, if it was entered
    std::optional<index_writer> index_writer_;
    std::optional<seal_writer> seals_;
    segment_cursor cursor_;
    std::uint64_t index_ = 0;
    digest head_;  // of the seals before index_
    std::size_t synced_seal_count_ = 0;
    std::int64_t retry_after_ns_ = 0;
    bool is_started_ = false;
    bool is_inside_ = false;
    bool is_ended_ = false;     // the segment's end record was passed
    bool is_complete_ = false;  // all that was asked for is done

    published_word<std::uint64_t> sealed_sequence_;
    // Written by the keeper's thread alone, under the lock; so that thread reads without it.
    mutable cold_lock failure_lock_;
    std::uint64_t failure_count_ = 0;
    bool is_sealing_halted_ = false;
    std::string failure_text_;
};

// The thread that lets a keeper follow a persister.
class sidecar_thread {
public:
    sidecar_thread(sidecar_settings settings, const persister& source)
        : keeper_(std::move(settings)), source_(source) {}
    sidecar_thread(const sidecar_thread&) = delete;
    sidecar_thread& operator=(const sidecar_thread&) = delete;
    ~sidecar_thread() { stop(); }

    void start();
    // Takes all that is durable along, for as long as a close may take. REQUIRES that the persister
    // has stopped.
    void stop() noexcept;
    [[nodiscard]] const sidecar_keeper& keeper() const { return keeper_; }

private:
    void run() noexcept;

    sidecar_keeper keeper_;
    const persister& source_;
    cold_event bell_;
    published_word<bool> is_stopping_;
    std::thread thread_;
};

}  // namespace millrace::engine::detail
