// Makes a log durable behind its writer: one thread per log, which walks what was committed, brings
// it to the disk, syncs, and only then says so.
//
// Threading  begun: the writer pushes; start, stop and construction: whoever set the log up, one
//            at a time; wait and the observers: any thread
// Progress   to push is wait-free and makes no system call; wait sleeps
// Invariant  the durable position never passes a byte whose sync did not succeed, and a segment is
//            not begun on the disk before the one in front of it is durable whole
// Errors     a failed sync is never repeated: in hot mode the segment is written again, to a fresh
//            file that takes the old one's place; in direct mode durability halts, and says so
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "engine/core/published_word.hpp"
#include "engine/log/cold_sync.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/log_options.hpp"
#include "engine/log/persist_walk.hpp"
#include "engine/log/segment_supply.hpp"

namespace millrace::engine::detail {

struct persister_settings {
    std::filesystem::path directory;
    std::int64_t sync_delay_max_ns = 0;
    std::size_t sync_bytes_max = 0;
    durable_observer* observer = nullptr;
    // Set to 0 to make the writer look up: its segment's file has lost its name.
    std::atomic<std::size_t>* records_end = nullptr;
};

class persister {
public:
    // `mark` says what is durable already.
    persister(persister_settings settings, segment_supply& supply, durable_mark mark);
    persister(const persister&) = delete;
    persister& operator=(const persister&) = delete;
    ~persister() { stop(); }

    void start(const std::string& thread_name);
    // For the segments the writer begins on, in order.
    [[nodiscard]] auto& begun() noexcept { return walk_.begun(); }
    // One the writer goes on in, from `offset` on.
    void resume(stored_segment* open_one, std::size_t offset);
    // Brings everything to the disk, as far as it can, and ends the thread.
    // REQUIRES that the writer appends no more.
    void stop() noexcept;

    [[nodiscard]] position durable_position() const noexcept { return mark_.durable_position(); }
    [[nodiscard]] sequence durable_sequence() const noexcept { return mark_.durable_sequence(); }
    [[nodiscard]] durable_wait wait(position until, std::int64_t timeout_ns) noexcept;
    // Syncs what is there without waiting out the delay. One system call.
    void request_sync() noexcept;
    // The writer should leave this segment at once; any other index means it need not.
    [[nodiscard]] std::uint64_t segment_to_leave() const noexcept {
        // relaxed: a wish, and nothing stands behind it; one that is seen late is said again
        return segment_to_leave_.load(std::memory_order_relaxed);
    }
    // Everything that was pushed is durable, and no hot file is left. REQUIRES a stop.
    [[nodiscard]] bool is_all_home() const noexcept { return is_all_home_; }
    [[nodiscard]] int error_number() const noexcept {
        return error_number_.load(std::memory_order_relaxed);
    }
    void report(storage_report& to) const;

private:
    void run() noexcept;
    // What persist_walk asks.
    friend class persist_walk<persister>;
    void look_around() noexcept;
    void entered() noexcept;
    void walked() noexcept;
    void damaged(damage_kind kind) noexcept;
    [[nodiscard]] bool is_halted() const noexcept { return is_halted_.own(); }
    [[nodiscard]] homecoming bring_home(bool has_more, bool is_forced) noexcept;
    void say_durable(position end, sequence last) noexcept;
    [[nodiscard]] bool retire_front() noexcept;
    void free_front() noexcept;
    [[nodiscard]] bool may_drop_front() const noexcept { return !walk_.front().is_hot(); }
    void give_back(stored_segment* done) noexcept { supply_.give_back(done); }

    [[nodiscard]] bool is_sync_due() const noexcept;
    [[nodiscard]] bool write_walked() noexcept;
    [[nodiscard]] bool sync_walked() noexcept;
    [[nodiscard]] bool rewrite_segment() noexcept;
    void tell_observer() noexcept;
    void halt() noexcept;
    [[nodiscard]] bool has_lost_its_name(stored_segment& one) noexcept;
    void fail(std::string_view what, int error_number) noexcept;
    void alarm(const std::string& text) noexcept;

    persister_settings settings_;
    segment_supply& supply_;
    durable_mark mark_;

    cold_event work_bell_;
    cold_event durable_bell_;
    std::atomic<bool> is_sync_wanted_{false};  // waiters set it, the persister clears it
    published_word<bool> is_stopping_;
    published_word<bool> is_halted_;
    published_word<bool> is_stopped_;
    std::atomic<std::uint64_t> segment_to_leave_{UINT64_MAX};
    std::atomic<std::uint64_t> sync_count_{0};
    std::atomic<std::uint64_t> sync_failure_count_{0};
    std::atomic<std::uint64_t> lost_name_count_{0};
    std::atomic<std::int64_t> sync_ns_max_{0};
    std::atomic<int> error_number_{0};
    mutable cold_lock text_lock_;
    std::string text_;  // under the lock

    // Of the persister's thread.
    persist_walk<persister> walk_;
    segment_cursor told_;                // behind the last record the observer was told of
    std::int64_t pending_since_ns_ = 0;  // 0: nothing is pending
    std::int64_t rewrite_after_ns_ = 0;
    std::int64_t name_check_ns_ = 0;
    std::int64_t interval_ns_ = 0;
    std::int64_t idle_interval_ns_ = 0;  // between looks once nothing has come for a while
    std::int64_t waited_ns_ = 0;         // before this pass, at most
    std::uint32_t idle_pass_count_ = 0;
    bool must_rewrite_ = false;  // its file may have lost what was written to it
    bool is_wanted_ = false;     // somebody waits
    bool is_all_home_ = false;
    std::thread thread_;
};

}  // namespace millrace::engine::detail
