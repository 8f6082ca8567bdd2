#include "tools/millrace/demo_venue.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::tools {

namespace {

constexpr int wait_step_ms = 10;
constexpr int start_wait_ms = 10'000;
constexpr int stop_wait_ms = 10'000;

// A process that has ended but was not waited for, by whoever started it, is not alive.
bool is_alive(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid || ::kill(pid, 0) != 0) {
        return false;
    }
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t end = text.rfind(')');  // of the name, which may hold anything
    return end != std::string::npos && text.compare(end, 3, ") Z") != 0;
}

// The pid in the file, if that process lives and is a venue of this directory.
pid_t running_venue(const demo_directory& directory) {
    std::ifstream file(directory.venue_pid());
    pid_t pid = -1;
    if (!(file >> pid) || pid <= 0 || !is_alive(pid)) {
        return -1;
    }
    const std::string command =
        engine::read_whole_file("/proc/" + std::to_string(pid) + "/cmdline");
    const bool is_ours = command.find("venue") != std::string::npos &&
                         command.find(directory.venue_config().native()) != std::string::npos;
    return is_ours ? pid : -1;
}

}  // namespace

demo_venue::demo_venue(const demo_directory& directory) : directory_(directory) {
    pid_ = running_venue(directory_);
    was_running_ = pid_ > 0;
    if (!was_running_) {
        std::error_code code;
        std::filesystem::remove(directory_.venue_port(), code);
        spawn();
    }
    wait_for_port();
}

void demo_venue::spawn() {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    const std::string log = directory_.venue_log().native();
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
    ::posix_spawn_file_actions_adddup2(&files, 1, 2);
    // A session of its own: a Ctrl-C at the terminal is the engine's to handle.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::string program = "millrace";
    std::string verb = "venue";
    std::string config = directory_.venue_config().native();
    char* arguments[] = {program.data(), verb.data(), config.data(), nullptr};
    const int code =
        ::posix_spawn(&pid_, "/proc/self/exe", &files, &attributes, arguments, environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    if (code != 0) {
        throw engine::io_error("start the venue", directory_.venue_config().native(), code);
    }
}

void demo_venue::wait_for_port() const {
    for (int waited = 0; waited < start_wait_ms; waited += wait_step_ms) {
        std::ifstream file(directory_.venue_port());
        int port = 0;
        if (file >> port && port > 0) {
            return;
        }
        if (!is_alive(pid_)) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(wait_step_ms));
    }
    throw engine::error("the venue did not open its port; its own words are in " +
                        directory_.venue_log().native());
}

void demo_venue::stop() {
    const pid_t pid = running_venue(directory_);
    if (pid < 0) {
        return;
    }
    ::kill(pid, SIGTERM);
    for (int waited = 0; waited < stop_wait_ms && is_alive(pid); waited += wait_step_ms) {
        std::this_thread::sleep_for(std::chrono::milliseconds(wait_step_ms));
    }
    if (is_alive(pid)) {
        throw engine::error("the venue (pid " + std::to_string(pid) + ") did not stop");
    }
}

}  // namespace millrace::tools
