// Runs the installed programs as a user would, kills them, and reads what they left.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace millrace::tests {

// The directory of the test's own program, where `millrace` lies too.
[[nodiscard]] std::filesystem::path program_directory();

class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct exit_result {
    bool was_killed = false;
    int code = -1;
    std::string out;
    std::string err;
};

// One running `millrace ARGUMENTS...`; its output goes to files. Killed with the test if it still
// runs.
class millrace_process {
public:
    millrace_process(std::vector<std::string> arguments, const std::filesystem::path& directory);
    ~millrace_process();
    millrace_process(const millrace_process&) = delete;
    millrace_process& operator=(const millrace_process&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool has_ended();
    [[nodiscard]] std::string said() const;  // on standard error, so far
    void kill_hard();                        // SIGKILL, and waits
    void ask_to_stop();                      // SIGTERM
    // Waits until it ends; kills it after the time and fails then.
    [[nodiscard]] exit_result wait(int seconds);

private:
    bool reap(int options);

    pid_t pid_ = -1;
    bool has_ended_ = false;
    int status_ = 0;
    std::filesystem::path out_;
    std::filesystem::path err_;
};

// Runs to the end.
[[nodiscard]] exit_result run_millrace(std::vector<std::string> arguments,
                                       const std::filesystem::path& directory, int seconds = 60);

// The pid in DIR/venue.pid, or -1.
[[nodiscard]] pid_t venue_pid(const std::filesystem::path& demo_directory);
// Stops it without a word, as a host does that is too busy, and lets it go on.
void freeze_venue(const std::filesystem::path& demo_directory);
void thaw_venue(const std::filesystem::path& demo_directory);
// SIGKILLs the demo's venue, if it lives, and waits until it is gone.
void kill_venue(const std::filesystem::path& demo_directory);

// Since the process or thread began.
struct thread_time {
    double cpu_s = 0;
    std::uint64_t wakeups = 0;  // how often it had waited, and went on
};
struct cpu_time {
    double process_s = 0;
    std::map<pid_t, thread_time> threads;  // those that live
};
// Throws runtime_error if there is no such process.
[[nodiscard]] cpu_time cpu_time_of(pid_t pid);

// Bytes allocated on the disk for the files below a directory.
[[nodiscard]] std::uint64_t disk_bytes(const std::filesystem::path& directory);

// What a demo directory's logs say while nobody runs.
struct demo_state {
    std::uint64_t orders = 0;      // in ORDER_OUT
    std::uint64_t numbered = 0;    // application messages in FIX_OUT
    std::uint64_t answered = 0;    // of those, with a report in FIX_IN
    std::uint64_t reports = 0;     // application messages in FIX_IN
    std::uint64_t executions = 0;  // rows of EXECUTION
    std::uint64_t resent = 0;      // messages that FIX_OUT says were sent again
    std::uint32_t generation = 0;  // the last in FIX_OUT
    [[nodiscard]] std::uint64_t unanswered() const { return numbered - answered; }
};
[[nodiscard]] demo_state read_demo_state(const std::filesystem::path& demo_directory);

// MILLRACE_TEST_SEED, or one of its own, printed.
[[nodiscard]] std::uint64_t test_seed();

}  // namespace millrace::tests
