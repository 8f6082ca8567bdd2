// What an agent is, and a way to hold agents of different types without owning them.
//
// Threading  on_start, do_work and on_close run on the thread that drives the agent, on no other
// Progress   one indirect call per duty cycle; nothing is allocated
// Units      work count: whatever the agent counts as done; 0 means it found nothing to do
// Errors     on_start may throw, which the starter gets; do_work and on_close may not: a fault is a
//            state
// Source     Agrona's Agent: onStart, doWork, onClose
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

namespace millrace::engine {

// clang-format 14 does not lay out requires-expressions well.
// clang-format off
template <class Type>
concept agent = requires(Type& type) {
    { type.name() } -> std::convertible_to<std::string_view>;
    { type.do_work() } noexcept -> std::same_as<int>;
    { type.on_start() };
    { type.on_close() } noexcept;
};
// clang-format on

// Refers to an agent, which must outlive it. name() must return text that lives as long as the
// agent.
class agent_ref {
public:
    template <class Agent>
    requires agent<Agent> &&(!std::same_as<Agent, agent_ref>)
        // NOLINTNEXTLINE(google-explicit-constructor): it stands wherever an agent does
        agent_ref(Agent& target) noexcept
        : target_(&target), do_work_(&work<Agent>), rare_(&rare_calls_of<Agent>) {}

    [[nodiscard]] std::string_view name() const { return rare_->name(target_); }
    void on_start() { rare_->on_start(target_); }
    int do_work() noexcept { return do_work_(target_); }
    void on_close() noexcept { rare_->on_close(target_); }

private:
    struct rare_calls {
        std::string_view (*name)(void*);
        void (*on_start)(void*);
        void (*on_close)(void*) noexcept;
    };

    template <class Agent>
    static int work(void* target) noexcept {
        return static_cast<Agent*>(target)->do_work();
    }
    template <class Agent>
    static constexpr rare_calls rare_calls_of{
        [](void* target) { return std::string_view(static_cast<Agent*>(target)->name()); },
        [](void* target) { static_cast<Agent*>(target)->on_start(); },
        [](void* target) noexcept { static_cast<Agent*>(target)->on_close(); }};

    void* target_;
    int (*do_work_)(void*) noexcept;
    const rare_calls* rare_;
};

}  // namespace millrace::engine
