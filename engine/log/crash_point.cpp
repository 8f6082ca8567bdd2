#include "engine/log/crash_point.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>

#include "engine/core/assert.hpp"

namespace millrace::engine {

namespace {

constexpr std::array<std::string_view, 52> names = {
    "commit.before_word",  // a record stands whole but for its commit word
    "commit.after_word",
    "create.begun",          // synchronous: a segment is whole under its temporary name
    "create.named",          // it has its name, and the one before has no end record
    "mark.half_stored",      // the mark's durable sequence is new, its position old
    "spare.allocated",       // a segment under its temporary name, without a header
    "spare.twin_named",      // hot: the disk's file has its name, the hot one not yet
    "spare.named",           // named and not begun
    "roll.before_begin",     // a spare is taken
    "roll.after_begin",      // the next segment is begun, no end record stands yet
    "roll.after_end",        // the end record stands
    "persist.before_write",  // hot: records walked and not on their way to the disk
    "persist.after_write",   // written and not synced
    "persist.after_sync",    // synced and not published
    "persist.after_publish",
    "replace.written",  // after a failed sync: the fresh file is whole and has no name
    "replace.named",    // it stands in the old one's place
    "retire.marked",    // readers are told to read the disk
    "retire.replaced",  // mappings of this process show the disk's file
    "retire.punched",   // the hot file holds nothing any more
    "retire.unlinked",
    "join.copied",  // recovery: a hot segment is on the disk, the hot file still there
    "join.marked",
    "recover.rewritten",  // recovery: a segment that was not durable is written again
    "open.located",       // the hot tier is named in the log's directory
    "close.recorded",     // the close record stands, nothing is synced
    "close.persisted",
    "close.unlocated",  // the hot tier is named no more
    "wait.requested",
    "sidecar.entered",          // a segment's index and seals have their files
    "sidecar.indexed",          // entries are written
    "sidecar.sealed",           // a seal is written and not synced
    "sidecar.left",             // the segment is sealed to its end, the next one has no seals
    "checkpoint.half_written",  // engine/stream: a slot that fails its checksum
    "checkpoint.written",
    "cursor.half_written",  // engine/stream: a reader's slot that fails its checksum
    "cursor.written",
    "retain.noted",      // engine/stream: what retention removes is said, and all is there yet
    "retain.unlinked",   // engine/stream: a segment has no name, which is not durable yet
    "retain.synced",     // it is gone for good, its index and seals are there
    "retain.unindexed",  // its seals alone are
    "archive.packed",    // engine/stream: a copy is whole under its temporary name
    "archive.named",     // it has its name, its index and seals are not copied
    "archive.copied",    // nor does the manifest know any of the three
    "archive.listed",    // the manifest does, and nothing is removed
    "archive.linked",    // the log says where its older segments are, and still has them
    "copy.begun",        // a new log's place is there, and nothing in it
    "salvage.rolled",    // a segment of it is whole and durable, and the log may not be
    "migrate.rolled",    // engine/stream: the same
    "copy.durable",      // all of it is, and has no name
    "copy.named",        // it has its name, which is not durable yet
    "copy.synced",       // it is, and the place it was made in is still there
};

std::atomic<const std::string_view*> armed{nullptr};
std::atomic<std::uint64_t> passes_left{0};

}  // namespace

std::span<const std::string_view> crash_point_names() {
    return names;
}

void arm_crash_point(std::string_view name, std::uint64_t nth) {
    const auto* const found = std::find(names.begin(), names.end(), name);
    MILLRACE_ASSERT(found != names.end(), "no crash point has this name");
    MILLRACE_ASSERT(nth > 0, "crash points are counted from 1");
    passes_left.store(nth, std::memory_order_relaxed);
    // release: pairs with crash_point.cpp: pass_crash_point
    armed.store(found, std::memory_order_release);
}

void detail::pass_crash_point(std::string_view name) noexcept {
    const std::string_view* wanted = armed.load(std::memory_order_acquire);
    if (wanted != nullptr && *wanted == name &&
        passes_left.fetch_sub(1, std::memory_order_relaxed) == 1) {
        ::kill(::getpid(), SIGKILL);
        ::pause();
    }
}

}  // namespace millrace::engine
