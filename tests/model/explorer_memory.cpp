// What the threads of an explored program see of memory.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/model/explorer.hpp"
#include "tests/model/explorer_fiber.hpp"

namespace millrace::model {

void explorer::wait_for_change() {
    const fiber& own = *fibers_[running_];
    if (own.last_read == nullptr) {
        fail("waits without having read anything");
    }
    if (own.last_read->plain_writes != own.last_plain_writes) {
        return;  // what was read is gone
    }
    std::size_t& lowest = own.last_read->lowest[running_];
    lowest = std::max(lowest, own.last_index + 1);
}

// Whether a thread may still write there; of a word that has a writer, it alone may, and who
// punches.
bool explorer::others_can_write(const location& place) const {
    const bool has_writer = place.writer != nobody && !place.stores.back().is_plain;
    for (std::size_t thread = 0; thread < thread_count_; ++thread) {
        const fiber& other = *fibers_[thread];
        if (thread != running_ && !other.is_done &&
            (!has_writer || thread == place.writer || other.punches)) {
            return true;
        }
    }
    return false;
}

void explorer::create(const void* address, std::uint64_t value) {
    location& place = locations_[address];
    place = {};
    place.stores.push_back({.value = value});
}

// A location nobody created is a word of zeroed memory.
explorer::location& explorer::location_at(const void* address) {
    location& place = locations_[address];
    if (place.stores.empty()) {
        place.stores.push_back({});
    }
    return place;
}

void explorer::note_site(const site& at, std::memory_order order, bool is_store) {
    const bool is_relaxed = order == std::memory_order_relaxed;
    sites_.try_emplace(
        at, is_store ? (is_relaxed ? access_kind::relaxed_store : access_kind::release_store)
                     : (is_relaxed ? access_kind::relaxed_load : access_kind::acquire_load));
}

bool explorer::is_strong(std::memory_order order, const site& at) const {
    return order != std::memory_order_relaxed &&
           (change_.what != mutation::kind::relaxed || !(change_.where == at));
}

void explorer::add_view(const void* view, std::size_t size, const void* original) {
    views_.push_back(
        {reinterpret_cast<std::uintptr_t>(view), size, reinterpret_cast<std::uintptr_t>(original)});
}

const void* explorer::original(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const mapped_view& view : views_) {
        if (at - view.begin < view.size) {
            return reinterpret_cast<const void*>(view.original + (at - view.begin));
        }
    }
    return address;
}

// Whether it lies before what the running thread does now.
bool explorer::is_known(const written& store) const {
    return store.thread == nobody || store.epoch <= fibers_[running_]->seen[store.thread];
}

std::size_t explorer::lowest_readable(const location& place) const {
    std::size_t index = place.lowest[running_];
    while (index + 1 < place.stores.size() && is_known(place.stores[index + 1])) {
        ++index;
    }
    return index;
}

std::uint64_t explorer::load(const void* address, std::memory_order order, const site& at,
                             const void* bytes) {
    const void* const known = original(address);
    if (running_ == nobody) {
        return location_at(known).stores.back().value;
    }
    perform_delayed_to(known);
    note_site(at, order, false);
    location& place = location_at(known);
    fiber& own = *fibers_[running_];
    ++own.seen[running_];
    note_access(known, false, true);
    const std::size_t index = choose_store(place);
    const std::uint64_t value = value_of(place, index, at, bytes);
    place.lowest[running_] = std::max(place.lowest[running_], index);
    own.last_read = &place;
    own.last_index = index;
    own.last_plain_writes = place.plain_writes;
    take(place, index, is_strong(order, at));
    return value;
}

// What the store released is known now, or behind a fence.
void explorer::take(const location& place, std::size_t index, bool is_acquired) {
    const written& source = place.stores[index];
    if (!source.is_release) {
        return;
    }
    fiber& own = *fibers_[running_];
    clock& to = is_acquired ? own.seen : own.behind_a_fence;
    for (std::size_t thread = 0; thread < threads_max; ++thread) {
        to[thread] = std::max(to[thread], source.released[thread]);
    }
}

void explorer::acquire_fence(const site& at) {
    if (running_ == nobody) {
        return;
    }
    sites_.try_emplace(at, access_kind::acquire_fence);
    if (!is_strong(std::memory_order_acquire, at)) {
        return;
    }
    fiber& own = *fibers_[running_];
    for (std::size_t thread = 0; thread < threads_max; ++thread) {
        own.seen[thread] = std::max(own.seen[thread], own.behind_a_fence[thread]);
    }
}

void explorer::copy(void* to, const void* from, std::size_t size, const site& at) {
    if (running_ == nobody || size % 8 != 0) {
        std::abort();  // words are what is copied
    }
    note_site(at, std::memory_order_relaxed, false);
    for (std::size_t offset = 0; offset < size; offset += 8) {
        const void* const known = original(static_cast<const char*>(from) + offset);
        location& place = location_at(known);
        ++fibers_[running_]->seen[running_];
        note_access(known, false, true);
        const std::size_t index = choose_store(place);
        place.lowest[running_] = std::max(place.lowest[running_], index);
        std::uint64_t value = place.stores[index].value;
        if (place.stores[index].is_plain && index + 1 == place.stores.size()) {
            std::memcpy(&value, known, sizeof value);
        }
        take(place, index, false);
        std::memcpy(static_cast<char*>(to) + offset, &value, sizeof value);
    }
}

// One that the running thread may read, or, after a wait, one that was not written yet.
std::size_t explorer::choose_store(location& place) {
    if (place.writer == running_) {
        return place.stores.size() - 1;
    }
    fiber& own = *fibers_[running_];
    std::size_t lowest = lowest_readable(place);
    while (true) {
        const std::size_t available =
            place.stores.size() > lowest ? place.stores.size() - lowest : 0;
        const bool may_wait = available == 0 || others_can_write(place);
        const std::size_t chosen = available == 0 ? 0 : choose(available + (may_wait ? 1 : 0));
        if (chosen < available) {
            return lowest + chosen;
        }
        perform_delayed();
        lowest = std::max(lowest, place.stores.size());
        own.waits_for = &place;
        own.waits_beyond = lowest;
        own.waits_by_choice = available != 0;
        leave();
        own.waits_for = nullptr;
    }
}

// Plain bytes are still in place unless the same thread has stored there since, and then were kept.
std::uint64_t explorer::value_of(const location& place, std::size_t index, const site& at,
                                 const void* bytes) {
    const written& source = place.stores[index];
    std::uint64_t value = source.value;
    if (source.is_plain && bytes != nullptr && index + 1 == place.stores.size()) {
        std::memcpy(&value, bytes, sizeof value);
    }
    if (source.is_plain && (bytes == nullptr || value != 0)) {
        fail("takes bytes written plainly for a word", at);
    }
    return value;
}

void explorer::store(const void* address, std::uint64_t value, std::memory_order order,
                     const site& at, void* bytes) {
    const pending_store what{original(address), value, order, at, bytes};
    if (running_ == nobody) {
        perform(what);
        return;
    }
    note_site(at, order, true);
    if (change_.what == mutation::kind::delayed && change_.where == at) {
        fibers_[running_]->delayed.push_back(what);
        return;
    }
    perform_delayed_to(what.address);
    perform(what);
    if (order != std::memory_order_relaxed) {
        swaps_ += fibers_[running_]->delayed.size();
        perform_delayed();
    }
}

void explorer::perform(const pending_store& what) {
    location& place = location_at(what.address);
    written& latest = place.stores.back();
    if (running_ == nobody) {
        latest.value = what.value;
    } else {
        if (place.writer != running_ && !latest.is_plain && !is_known(latest)) {
            fail("a second writer of this location", what.at);
        }
        fiber& own = *fibers_[running_];
        const std::uint32_t epoch = ++own.seen[running_];
        note_access(what.address, true, true);
        place.writer = running_;
        if (latest.is_plain && what.bytes != nullptr) {
            std::memcpy(&latest.value, what.bytes, sizeof latest.value);
        }
        place.stores.push_back(
            {what.value, epoch, running_, is_strong(what.order, what.at), false, own.seen});
        place.lowest[running_] = place.stores.size() - 1;
    }
    if (what.bytes != nullptr) {
        std::memcpy(what.bytes, &what.value, sizeof what.value);
    }
}

void explorer::perform_delayed() {
    std::vector<pending_store>& delayed = fibers_[running_]->delayed;
    for (const pending_store& what : delayed) {
        perform(what);
    }
    delayed.clear();
}

// A thread's own accesses to one location stay in their order, whatever is delayed.
void explorer::perform_delayed_to(const void* address) {
    const std::vector<pending_store>& delayed = fibers_[running_]->delayed;
    if (std::any_of(delayed.begin(), delayed.end(),
                    [address](const pending_store& what) { return what.address == address; })) {
        perform_delayed();
    }
}

void explorer::plain(const void* bytes, std::size_t size, bool is_write) {
    if (running_ == nobody || size == 0) {
        return;
    }
    fiber& own = *fibers_[running_];
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes) / 8 * 8;
    const auto end = reinterpret_cast<std::uintptr_t>(bytes) + size;
    for (std::uintptr_t at = begin; at < end && !own.delayed.empty(); at += 8) {
        perform_delayed_to(original(reinterpret_cast<const void*>(at)));
    }
    const std::uint32_t epoch = ++own.seen[running_];
    for (std::uintptr_t at = begin; at < end; at += 8) {
        const void* const known = original(reinterpret_cast<const void*>(at));
        note_access(known, is_write, false);
        if (!is_write) {
            continue;
        }
        // All earlier accesses lie before this one, so nobody may read older values any more.
        location& place = locations_[known];
        place.writer = running_;
        place.stores.assign(1, {0, epoch, running_, false, true, {}});
        place.lowest = {};
        ++place.plain_writes;
    }
}

void explorer::unmap(const void* bytes, std::size_t size) {
    ++fibers_[running_]->seen[running_];
    for (std::size_t offset = 0; offset < size; offset += 8) {
        note_access(original(static_cast<const char*>(bytes) + offset), true, false);
    }
}

void explorer::punch(void* bytes, std::size_t size) {
    for (std::size_t offset = 0; offset < size; offset += 8) {
        void* const at = static_cast<char*>(bytes) + offset;
        store(at, 0, std::memory_order_release, {__FILE__, __LINE__, 0, "punch"}, at);
    }
}

// The other threads' conflicting accesses to this word must lie before this one.
void explorer::note_access(const void* address, bool is_write, bool is_atomic) {
    word& target = words_[address];
    const clock& seen = fibers_[running_]->seen;
    const auto is_unordered = [&](const clock& accesses) {
        for (std::size_t thread = 0; thread < threads_max; ++thread) {
            if (thread != running_ && accesses[thread] > seen[thread]) {
                return true;
            }
        }
        return false;
    };
    const bool is_race = is_unordered(target.plain_writes) ||
                         (is_write && is_unordered(target.plain_reads)) ||
                         (!is_atomic && is_unordered(target.atomic_writes)) ||
                         (!is_atomic && is_write && is_unordered(target.atomic_reads));
    if (is_race) {
        fail(is_write ? "writes what another thread accesses at the same time"
                      : "reads what another thread writes at the same time");
    }
    clock& kind = is_atomic ? (is_write ? target.atomic_writes : target.atomic_reads)
                            : (is_write ? target.plain_writes : target.plain_reads);
    kind[running_] = seen[running_];
}

}  // namespace millrace::model
