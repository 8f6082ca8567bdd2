#include "tests/model/explorer.hpp"

#include <ucontext.h>

#include <algorithm>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace millrace::model {

namespace {

constexpr std::size_t stack_bytes = 256 * 1024;
explorer* active = nullptr;

// Tells the sanitizers that the stack changes; nothing without them.
struct stack_switch {
#if defined(__SANITIZE_ADDRESS__)
    void* fake_stack = nullptr;
    void begin(const void* bottom, std::size_t size) {
        __sanitizer_start_switch_fiber(&fake_stack, bottom, size);
    }
    void end(const void** bottom, std::size_t* size) {
        __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
    }
#else
    void begin(const void*, std::size_t) {}
    void end(const void**, std::size_t*) {}
#endif
};

}  // namespace

struct explorer::scheduler_context {
    ucontext_t context{};
    const void* stack_bottom = nullptr;
    std::size_t stack_size = 0;
#if defined(__SANITIZE_THREAD__)
    void* tsan_fiber = __tsan_get_current_fiber();
#endif
};

struct explorer::fiber {
    std::vector<char> stack = std::vector<char>(stack_bytes);
    ucontext_t context{};
    std::function<void()> body;
    bool is_done = false;
    const location* waits_for = nullptr;  // until it has more stores than `waits_beyond`
    std::size_t waits_beyond = 0;
    bool waits_by_choice = false;
    location* last_read = nullptr;
    std::size_t last_index = 0;
    clock seen{};
#if defined(__SANITIZE_THREAD__)
    void* tsan_fiber = __tsan_create_fiber(0);
    ~fiber() {
        __tsan_destroy_fiber(tsan_fiber);
    }
#endif
};

explorer::explorer(const program& build, unsigned weakened_line)
    : build_(build),
      weakened_line_(weakened_line),
      scheduler_(std::make_unique<scheduler_context>()) {}

explorer::~explorer() = default;

explorer& explorer::current() {
    if (active == nullptr) {
        std::abort();  // explored_memory outside of explore()
    }
    return *active;
}

explorer::outcome explorer::explore(const program& build, unsigned weakened_line) {
    explorer self(build, weakened_line);
    active = &self;
    outcome result;
    do {
        switch (self.run()) {
            case ending::complete:
                ++result.runs;
                break;
            case ending::dead_end:
                ++result.dead_ends;
                break;
            case ending::failed:
                result.failure = self.failure_;
                break;
        }
    } while (result.failure.empty() && self.next_choices());
    active = nullptr;
    result.ordered_lines = self.ordered_lines_;
    return result;
}

// Depth first: the last choice that has an alternative left takes it, and what came behind is
// forgotten.
bool explorer::next_choices() {
    while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count) {
        choices_.pop_back();
    }
    if (choices_.empty()) {
        return false;
    }
    ++choices_.back().taken;
    return true;
}

std::size_t explorer::choose(std::size_t count) {
    if (choice_index_ == choices_.size()) {
        choices_.push_back({0, count});
    }
    const alternative& choice = choices_[choice_index_++];
    if (choice.count != count) {
        std::abort();  // the program under test is not deterministic
    }
    return choice.taken;
}

void explorer::add_thread(std::function<void()> body) {
    if (thread_count_ == threads_max) {
        std::abort();
    }
    if (thread_count_ == fibers_.size()) {
        fibers_.push_back(std::make_unique<fiber>());
    }
    fiber& added = *fibers_[thread_count_++];
    added.body = std::move(body);
    added.is_done = false;
    added.waits_for = nullptr;
    added.last_read = nullptr;
    added.seen = {};
#if defined(__SANITIZE_ADDRESS__)
    // A run that was abandoned left its frames' marks behind.
    __asan_unpoison_memory_region(added.stack.data(), added.stack.size());
#endif
    ::getcontext(&added.context);
    added.context.uc_stack.ss_sp = added.stack.data();
    added.context.uc_stack.ss_size = added.stack.size();
    added.context.uc_link = nullptr;
    ::makecontext(&added.context, &explorer::enter_fiber, 0);
}

void explorer::enter_fiber() {
    explorer& self = current();
    stack_switch().end(&self.scheduler_->stack_bottom, &self.scheduler_->stack_size);
    fiber& own = *self.fibers_[self.running_];
    own.body();
    own.is_done = true;
    self.leave();
}

void explorer::switch_to(std::size_t thread) {
    fiber& target = *fibers_[thread];
    running_ = thread;
    stack_switch marks;
    marks.begin(target.stack.data(), target.stack.size());
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(target.tsan_fiber, 0);
#endif
    ::swapcontext(&scheduler_->context, &target.context);
    marks.end(nullptr, nullptr);
    running_ = nobody;
}

// Back to the scheduler; returns when it switches here again, which after an end it does not.
void explorer::leave() {
    fiber& own = *fibers_[running_];
    stack_switch marks;
    marks.begin(scheduler_->stack_bottom, scheduler_->stack_size);
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(scheduler_->tsan_fiber, 0);
#endif
    ::swapcontext(&own.context, &scheduler_->context);
    marks.end(&scheduler_->stack_bottom, &scheduler_->stack_size);
}

// Takes plain text: a string of the caller's would be lost with its stack.
void explorer::fail(const char* message, unsigned line) {
    failure_ = "thread " + std::to_string(running_) + ": " + message;
    if (line != 0) {
        failure_ += ", line " + std::to_string(line);
    }
    leave();
    std::abort();  // a failed run is not resumed
}

void explorer::check(bool condition, const char* message) {
    if (condition) {
        return;
    }
    if (running_ == nobody) {
        failure_ = message;
        return;
    }
    fail(message);
}

bool explorer::can_go_on(const fiber& thread) const {
    return !thread.is_done &&
           (thread.waits_for == nullptr || thread.waits_for->stores.size() > thread.waits_beyond);
}

explorer::ending explorer::run() {
    choice_index_ = 0;
    thread_count_ = 0;
    locations_.clear();
    words_.clear();
    failure_.clear();
    at_end_ = nullptr;
    build_(*this);
    bool has_moved = true;
    while (has_moved) {
        has_moved = false;
        for (std::size_t thread = 0; thread < thread_count_; ++thread) {
            if (can_go_on(*fibers_[thread])) {
                switch_to(thread);
                has_moved = true;
                if (!failure_.empty()) {
                    return ending::failed;
                }
            }
        }
    }
    bool is_complete = true;
    for (std::size_t thread = 0; thread < thread_count_; ++thread) {
        const fiber& waiting = *fibers_[thread];
        if (!waiting.is_done && waiting.waits_by_choice) {
            return ending::dead_end;
        }
        is_complete = is_complete && waiting.is_done;
    }
    if (!is_complete) {
        failure_ = "threads wait for each other, or for something that never comes";
        return ending::failed;
    }
    if (at_end_) {
        at_end_();
    }
    return failure_.empty() ? ending::complete : ending::failed;
}

void explorer::wait_for_change() {
    const fiber& own = *fibers_[running_];
    if (own.last_read == nullptr) {
        fail("waits without having read anything");
    }
    std::size_t& lowest = own.last_read->lowest[running_];
    lowest = std::max(lowest, own.last_index + 1);
}

bool explorer::others_can_write() const {
    for (std::size_t thread = 0; thread < thread_count_; ++thread) {
        if (thread != running_ && !fibers_[thread]->is_done) {
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

bool explorer::is_strong(std::memory_order order, unsigned line) {
    if (order == std::memory_order_relaxed) {
        return false;
    }
    ordered_lines_.insert(line);
    return line != weakened_line_;
}

std::size_t explorer::lowest_readable(const location& place) const {
    std::size_t index = place.lowest[running_];
    if (place.writer != nobody) {
        const std::uint32_t known = fibers_[running_]->seen[place.writer];
        while (index + 1 < place.stores.size() && place.stores[index + 1].epoch <= known) {
            ++index;
        }
    }
    return index;
}

std::uint64_t explorer::load(const void* address, std::memory_order order, unsigned line) {
    location& place = location_at(address);
    if (running_ == nobody) {
        return place.stores.back().value;
    }
    const bool is_acquire = is_strong(order, line);
    fiber& own = *fibers_[running_];
    ++own.seen[running_];
    note_access(address, false, true);
    std::size_t index = place.stores.size() - 1;
    std::size_t lowest = lowest_readable(place);
    while (place.writer != running_) {
        const std::size_t available =
            place.stores.size() > lowest ? place.stores.size() - lowest : 0;
        const bool may_wait = available == 0 || others_can_write();
        const std::size_t chosen = available == 0 ? 0 : choose(available + (may_wait ? 1 : 0));
        if (chosen < available) {
            index = lowest + chosen;
            break;
        }
        lowest = std::max(lowest, place.stores.size());
        own.waits_for = &place;
        own.waits_beyond = lowest;
        own.waits_by_choice = available != 0;
        leave();
        own.waits_for = nullptr;
    }
    const written& source = place.stores[index];
    if (source.is_plain) {
        fail("an atomic load reads bytes written plainly", line);
    }
    place.lowest[running_] = std::max(place.lowest[running_], index);
    own.last_read = &place;
    own.last_index = index;
    if (is_acquire && source.is_release) {
        for (std::size_t thread = 0; thread < threads_max; ++thread) {
            own.seen[thread] = std::max(own.seen[thread], source.released[thread]);
        }
    }
    return source.value;
}

void explorer::store(const void* address, std::uint64_t value, std::memory_order order,
                     unsigned line) {
    location& place = location_at(address);
    if (running_ == nobody) {
        place.stores.back().value = value;
        return;
    }
    if (place.writer != nobody && place.writer != running_) {
        fail("a second writer of this location", line);
    }
    place.writer = running_;
    const bool is_release = is_strong(order, line);
    fiber& own = *fibers_[running_];
    const std::uint32_t epoch = ++own.seen[running_];
    note_access(address, true, true);
    place.stores.push_back({value, epoch, is_release, false, own.seen});
    place.lowest[running_] = place.stores.size() - 1;
}

void explorer::plain(const void* bytes, std::size_t size, bool is_write) {
    if (running_ == nobody || size == 0) {
        return;
    }
    fiber& own = *fibers_[running_];
    const std::uint32_t epoch = ++own.seen[running_];
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes) / 8 * 8;
    const auto end = reinterpret_cast<std::uintptr_t>(bytes) + size;
    for (std::uintptr_t at = begin; at < end; at += 8) {
        const void* const address = reinterpret_cast<const void*>(at);
        note_access(address, is_write, false);
        if (is_write) {
            location& place = location_at(address);
            if (place.writer != nobody && place.writer != running_) {
                fail("bytes with two writing threads");
            }
            place.writer = running_;
            place.stores.push_back({0, epoch, false, true, {}});
            place.lowest[running_] = place.stores.size() - 1;
        }
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
