#include "tools/millrace/demo_venue.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::tools {

namespace {

constexpr int wait_step_ms = 10;
constexpr int start_wait_ms = 10'000;
constexpr int start_attempts = 3;
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

void wait_ms(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

pid_t pid_in(std::istream&& text) {
    std::string word;
    pid_t pid = -1;
    return text >> word >> pid ? pid : -1;
}

std::filesystem::path lock_path(const demo_directory& directory) {
    return directory.venue() / "lock";
}

// What the lock file says, "pid N, host ...": of an earlier holder, if the present one has just
// taken the lock. -1: nothing.
pid_t last_lock_owner(const demo_directory& directory) {
    return pid_in(std::istringstream(engine::lock_holder(lock_path(directory))));
}

// The living process that holds the venue folder's lock, or -1.
pid_t lock_owner(const demo_directory& directory) {
    if (!engine::is_lock_held(lock_path(directory))) {
        return -1;
    }
    const pid_t pid = last_lock_owner(directory);
    return pid > 0 && is_alive(pid) ? pid : -1;
}

// The settings file a `millrace venue FILE` was started with, or an empty path.
std::filesystem::path settings_of(pid_t pid) {
    const std::filesystem::path process = "/proc/" + std::to_string(pid);
    std::ifstream file(process / "cmdline", std::ios::binary);
    std::string program;
    std::string verb;
    std::string settings;
    if (!std::getline(file, program, '\0') || !std::getline(file, verb, '\0') || verb != "venue" ||
        !std::getline(file, settings, '\0')) {
        return {};
    }
    std::error_code code;
    return std::filesystem::read_symlink(process / "cwd", code) / settings;
}

// Whether it was started for this directory where the directory lies now.
bool is_in_place(const demo_directory& directory, pid_t pid) {
    std::error_code code;
    return std::filesystem::equivalent(settings_of(pid).parent_path() / "venue" / "lock",
                                       lock_path(directory), code);
}

// Whether its port is open: it writes its pid behind that.
bool is_ready(const demo_directory& directory, pid_t pid) {
    std::ifstream file(directory.venue_pid());
    pid_t written = -1;
    return file >> written && written == pid;
}

std::string last_line_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string last;
    for (std::string line; std::getline(file, line);) {
        last = line.empty() ? last : line;
    }
    return last.empty() ? "none" : last;
}

bool wait_until_gone(pid_t pid, int limit_ms) {
    for (int waited = 0; waited < limit_ms && is_alive(pid); waited += wait_step_ms) {
        wait_ms(wait_step_ms);
    }
    return !is_alive(pid);
}

void kill_hard(pid_t pid) {
    ::kill(pid, SIGKILL);
    if (!wait_until_gone(pid, stop_wait_ms)) {
        throw engine::error("the venue (pid " + std::to_string(pid) + ") cannot be killed");
    }
}

// A venue that was started before the directory was moved still writes its last words to where the
// directory was. It survives a kill, whatever may lie there by now.
void remove_displaced(const demo_directory& directory) {
    const pid_t pid = lock_owner(directory);
    if (pid < 0 || is_in_place(directory, pid)) {
        return;
    }
    if (settings_of(pid).empty()) {
        throw engine::locked_error(directory.venue().native() + ": in use by " +
                                   engine::lock_holder(lock_path(directory)) + "; stop it first");
    }
    std::fprintf(stderr, "venue: pid %d was started as %s; killed, since the directory has moved\n",
                 static_cast<int>(pid), settings_of(pid).c_str());
    kill_hard(pid);
}

}  // namespace

demo_venue::demo_venue(const demo_directory& directory) : directory_(directory) {
    remove_displaced(directory_);
    pid_ = lock_owner(directory_);
    was_running_ = pid_ > 0;
    if (was_running_ && wait_for_port()) {
        return;
    }
    if (was_running_) {
        kill_hard(pid_);
        was_running_ = false;
    }
    open();
}

demo_venue::~demo_venue() {
    try {
        stop();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "millrace: %s\n", failure.what());
    }
}

bool demo_venue::is_alive() const {
    return tools::is_alive(pid_);
}

bool demo_venue::adopt() {
    const pid_t pid = lock_owner(directory_);
    if (pid < 0 || !is_ready(directory_, pid)) {
        return false;
    }
    pid_ = pid;
    return true;
}

void demo_venue::open() {
    for (int left = start_attempts; left > 0; --left) {
        spawn();
        const pid_t child = pid_;
        if (wait_for_port()) {
            return;
        }
        if (tools::is_alive(child)) {
            kill_hard(child);
            break;
        }
        if (last_lock_owner(directory_) == child) {
            break;
        }
        // Another one had the folder's lock, and has died since.
    }
    throw engine::error("the venue did not open its port; its own words are in " +
                        directory_.venue_log().native() +
                        ", the last of them: " + last_line_of(directory_.venue_log()));
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
        pid_ = -1;
        throw engine::io_error("start the venue", directory_.venue_config().native(), code);
    }
}

// Of the child, or of another venue that took the folder's lock before it.
bool demo_venue::wait_for_port() {
    for (int waited = 0; waited < start_wait_ms; waited += wait_step_ms) {
        if (adopt()) {
            return true;
        }
        if (!tools::is_alive(pid_) && !engine::is_lock_held(lock_path(directory_))) {
            return adopt();
        }
        wait_ms(wait_step_ms);
    }
    return false;
}

void demo_venue::stop() {
    if (is_stopped_) {
        return;
    }
    is_stopped_ = true;
    const pid_t pid = lock_owner(directory_);
    if (pid < 0) {
        return;
    }
    ::kill(pid, SIGTERM);
    if (!wait_until_gone(pid, stop_wait_ms)) {
        std::fprintf(stderr, "venue: pid %d did not stop; killed\n", static_cast<int>(pid));
        kill_hard(pid);
    }
}

}  // namespace millrace::tools
