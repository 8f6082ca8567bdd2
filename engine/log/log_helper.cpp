#include "engine/log/log_helper.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "engine/core/error.hpp"
#include "engine/log/cold_thread.hpp"

namespace millrace::engine::detail {

namespace {

// With no log open there is nothing to look for; add rings.
constexpr std::int64_t idle_interval_ns = 3'600'000'000'000;

struct helper_of_device {
    dev_t device = 0;
    log_helper* helper = nullptr;
};

struct helpers_of_process {
    pid_t process = 0;
    std::vector<helper_of_device> all;
};

}  // namespace

log_helper& log_helper::of(const std::filesystem::path& directory) {
    static cold_lock lock;
    static helpers_of_process current;
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) {
        throw io_error("stat", directory.native(), errno);
    }
    const std::lock_guard<cold_lock> held(lock);
    if (current.process != ::getpid()) {
        // Never destroyed: a parent's belong to threads that are not in this process, and this
        // process's threads end with it, when the last log has long been closed.
        current = {::getpid(), {}};
    }
    for (const helper_of_device& one : current.all) {
        if (one.device == status.st_dev) {
            return *one.helper;
        }
    }
    current.all.push_back({status.st_dev, new log_helper});
    return *current.all.back().helper;
}

log_helper::log_helper() {
    start_cold_thread("log-helper", [this] { run(); }).detach();
}

void log_helper::give(command next) {
    {
        const std::lock_guard<cold_lock> held(commands_lock_);
        commands_.push_back(std::move(next));
    }
    bell_.ring();
}

void log_helper::add(segment_supply& supply) {
    give({&supply, nullptr, {}});
}

void log_helper::remove(segment_supply& supply) {
    command removal{nullptr, &supply, {}};
    const std::future<void> is_done = removal.done.get_future();
    give(std::move(removal));
    is_done.wait();
}

void log_helper::take_commands() noexcept {
    std::vector<command> taken;
    {
        const std::lock_guard<cold_lock> held(commands_lock_);
        taken.swap(commands_);
    }
    for (command& next : taken) {
        if (next.added != nullptr) {
            supplies_.push_back(next.added);
        } else {
            std::erase(supplies_, next.removed);
            next.done.set_value();
        }
    }
}

void log_helper::run() noexcept {
    while (true) {
        const std::uint32_t ticket = bell_.ticket();
        take_commands();
        bool has_worked = false;
        for (segment_supply* supply : supplies_) {
            has_worked = supply->work() || has_worked;
        }
        if (!has_worked) {
            bell_.wait(ticket, interval_ns());
        }
    }
}

std::int64_t log_helper::interval_ns() const noexcept {
    std::int64_t shortest = idle_interval_ns;
    for (const segment_supply* supply : supplies_) {
        shortest = std::min(shortest, supply->work_interval_ns());
    }
    return shortest;
}

}  // namespace millrace::engine::detail
