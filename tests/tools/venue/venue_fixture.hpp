// A temporary directory with a venue's settings file, and the child process that plays it.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tools/venue/temporary_directory.hpp"

namespace millrace::tools {

inline std::string write_venue_config(const std::filesystem::path& directory,
                                      const std::string& extra_default = "",
                                      const std::string& extra_session = "") {
    const std::filesystem::path config = directory / "venue.cfg";
    std::ofstream file(config);
    file << "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptPort=0\nStartTime=00:00:00\n"
         << "EndTime=00:00:00\nDataDictionary=" << MILLRACE_TEST_DICTIONARY << "\n"
         << "VenueDirectory=" << (directory / "venue").string() << "\n"
         << extra_default
         << "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=VENUE\nTargetCompID=CLIENT\n"
         << extra_session;
    return config.string();
}

// True as soon as the condition holds, false after the time limit.
inline bool wait_until(const std::function<bool()>& condition,
                       std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

class venue_process {
public:
    explicit venue_process(std::string config) : config_(std::move(config)) {}
    ~venue_process() {
        if (pid_ > 0) {
            end(SIGKILL);
        }
    }
    venue_process(const venue_process&) = delete;
    venue_process& operator=(const venue_process&) = delete;

    // Returns the port, or 0 if the venue did not come up.
    int start() {
        const std::filesystem::path directory =
            std::filesystem::path(config_).parent_path() / "venue";
        std::filesystem::remove(directory / "pid");
        std::string program = MILLRACE_TEST_VENUE_CHILD;
        char* arguments[] = {program.data(), config_.data(), nullptr};
        if (::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments, environ) != 0) {
            return 0;
        }
        // The pid file is written after the port file.
        if (!wait_until([&] { return std::filesystem::exists(directory / "pid"); })) {
            return 0;
        }
        int port = 0;
        std::ifstream(directory / "port") >> port;
        return port;
    }

    // The exit status; 128 + signal if it was killed.
    int end(int signal_number) {
        ::kill(pid_, signal_number);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    std::string config_;
    pid_t pid_ = -1;
};

}  // namespace millrace::tools
