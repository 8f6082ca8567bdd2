// An agent that writes down what happens to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::engine {

struct recording_agent {
    recording_agent(std::string given_name, std::vector<std::string>& given_journal)
        : label(std::move(given_name)), journal(given_journal) {}

    [[nodiscard]] const std::string& name() const { return label; }
    void on_start() {
        if (fails_to_start) {
            throw std::runtime_error(label + " cannot start");
        }
        journal.push_back("start " + label);
        thread = std::this_thread::get_id();
    }
    int do_work() noexcept {
        ran_elsewhere = ran_elsewhere || thread != std::this_thread::get_id();
        cycles.fetch_add(1, std::memory_order_relaxed);
        const int available = work.load(std::memory_order_relaxed);
        return available > 0 ? work.exchange(0, std::memory_order_relaxed) : 0;
    }
    void on_close() noexcept {
        ran_elsewhere = ran_elsewhere || thread != std::this_thread::get_id();
        journal.push_back("close " + label);
    }

    std::string label;
    std::vector<std::string>& journal;
    bool fails_to_start = false;
    bool ran_elsewhere = false;
    std::thread::id thread;
    std::atomic<int> work{0};
    std::atomic<std::uint64_t> cycles{0};
};

}  // namespace millrace::engine
