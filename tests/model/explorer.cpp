#include "tests/model/explorer.hpp"

#include <ucontext.h>

#include <cstdlib>

#include "tests/model/explorer_fiber.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace millrace::model {

namespace {

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

explorer::explorer(const program& build, const mutation& change)
    : build_(build), change_(change), scheduler_(std::make_unique<scheduler_context>()) {}

explorer::~explorer() = default;

explorer& explorer::current() {
    if (active == nullptr) {
        std::abort();  // explored_memory outside of explore()
    }
    return *active;
}

explorer::outcome explorer::explore(const program& build, const mutation& change) {
    explorer self(build, change);
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
    result.sites = self.sites_;
    result.swaps = self.swaps_;
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

void explorer::add_thread(std::function<void()> body, bool punches) {
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
    added.behind_a_fence = {};
    added.punches = punches;
    added.delayed.clear();
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
    self.perform_delayed();
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
void explorer::fail(const char* message) {
    failure_ = "thread " + std::to_string(running_) + ": " + message;
    leave();
    std::abort();  // a failed run is not resumed
}

void explorer::fail(const char* message, const site& at) {
    const std::string_view file(at.file);
    failure_ = "thread " + std::to_string(running_) + ": " + message + ", " +
               std::string(file.substr(file.rfind('/') + 1)) + ":" + std::to_string(at.line);
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
    views_.clear();
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

}  // namespace millrace::model
