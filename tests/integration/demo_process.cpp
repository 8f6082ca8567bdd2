#include "tests/integration/demo_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "engine/log/hot_tier.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"

namespace millrace::tests {

namespace {

void sleep_ms(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// utime and stime, the 14th and 15th field of a stat file; the 2nd, a name, may hold anything.
double cpu_seconds(const std::filesystem::path& stat) {
    const std::string text = read_file(stat);
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        throw std::runtime_error(stat.native() + " is not there or not as proc(5) says");
    }
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) {
        fields >> skipped;
    }
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    if (!(fields >> user_ticks >> system_ticks)) {
        throw std::runtime_error(stat.native() + " is not as proc(5) says");
    }
    return static_cast<double>(user_ticks + system_ticks) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t wakeups(const std::filesystem::path& status) {
    const std::string text = read_file(status);
    const std::string label = "\nvoluntary_ctxt_switches:";
    const std::size_t at = text.find(label);
    if (at == std::string::npos) {
        throw std::runtime_error(status.native() + " is not there or not as proc(5) says");
    }
    return std::strtoull(text.c_str() + at + label.size(), nullptr, 10);
}

template <class Visitor>
void for_each_row(const std::filesystem::path& directory, Visitor&& visit) {
    if (engine::list_segments(directory).empty()) {
        return;
    }
    engine::log_reader reader(directory, engine::read_from::first());
    const engine::row_schema schema = engine::row_schema::parse(reader.schema());
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    // Passing the torn end that a killed writer left takes a few looks.
    for (int idle = 0; idle < 1000;) {
        status = reader.poll(record);
        if (status == engine::read_status::damaged) {
            throw std::runtime_error(reader.damage().text());
        }
        if (status == engine::read_status::none) {
            ++idle;
            continue;
        }
        idle = 0;
        visit(engine::row_view(schema, record.bytes()), schema);
    }
}

// A log whose writer was killed has its newest segments in memory, where nobody would miss them.
void remove_hot_tiers(const std::filesystem::path& below) noexcept {
    try {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(below)) {
            if (entry.path().filename() != engine::hot_tier_name) {
                continue;
            }
            if (const auto where = engine::detail::read_hot_location(entry.path().parent_path())) {
                std::filesystem::remove_all(where->directory);
            }
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "hot tiers may be left: %s\n", failure.what());  // fails no test
    }
}

}  // namespace

std::filesystem::path program_directory() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

temporary_directory::temporary_directory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "millrace-test-XXXXXX").native();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("mkdtemp failed");
    }
    path_ = pattern;
}

temporary_directory::~temporary_directory() {
    std::error_code code;
    if (std::getenv("MILLRACE_TEST_KEEP") == nullptr) {
        remove_hot_tiers(path_);
        std::filesystem::remove_all(path_, code);
    }
}

millrace_process::millrace_process(std::vector<std::string> arguments,
                                   const std::filesystem::path& directory) {
    static int counter = 0;
    const std::string stem = "process-" + std::to_string(++counter);
    out_ = directory / (stem + ".out");
    err_ = directory / (stem + ".err");
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 1, out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0640);
    ::posix_spawn_file_actions_addopen(&files, 2, err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0640);
    const std::string program = (program_directory() / "millrace").native();
    std::vector<char*> argv;
    std::string name = "millrace";
    argv.push_back(name.data());
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    const int code = ::posix_spawn(&pid_, program.c_str(), &files, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (code != 0) {
        throw std::runtime_error("cannot start " + program);
    }
}

millrace_process::~millrace_process() {
    kill_hard();
}

bool millrace_process::reap(int options) {
    has_ended_ = has_ended_ || ::waitpid(pid_, &status_, options) == pid_;
    return has_ended_;
}

std::string millrace_process::said() const {
    return read_file(err_);
}

bool millrace_process::has_ended() {
    return reap(WNOHANG);
}

void millrace_process::kill_hard() {
    if (!has_ended()) {
        ::kill(pid_, SIGKILL);
        reap(0);
    }
}

void millrace_process::ask_to_stop() {
    ::kill(pid_, SIGTERM);
}

exit_result millrace_process::wait(int seconds) {
    for (int waited = 0; waited < seconds * 100 && !has_ended(); ++waited) {
        sleep_ms(10);
    }
    exit_result result;
    if (!has_ended()) {
        kill_hard();
        result.err = "did not end in " + std::to_string(seconds) + " s\n";
    }
    result.was_killed = WIFSIGNALED(status_);
    result.code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
    result.out = read_file(out_);
    result.err += read_file(err_);
    return result;
}

exit_result run_millrace(std::vector<std::string> arguments, const std::filesystem::path& directory,
                         int seconds) {
    millrace_process process(std::move(arguments), directory);
    return process.wait(seconds);
}

pid_t venue_pid(const std::filesystem::path& demo_directory) {
    std::ifstream file(demo_directory / "venue.pid");
    pid_t pid = -1;
    return file >> pid ? pid : -1;
}

void freeze_venue(const std::filesystem::path& demo_directory) {
    ::kill(venue_pid(demo_directory), SIGSTOP);
}

void thaw_venue(const std::filesystem::path& demo_directory) {
    ::kill(venue_pid(demo_directory), SIGCONT);
}

void kill_venue(const std::filesystem::path& demo_directory) {
    const pid_t pid = venue_pid(demo_directory);
    if (pid <= 0 || ::kill(pid, SIGKILL) != 0) {
        return;
    }
    // It may be the engine's child, and then stays a zombie until that looks; its files are free
    // all the same.
    for (int waited = 0; waited < 200; ++waited) {
        const std::string status = read_file("/proc/" + std::to_string(pid) + "/stat");
        const std::size_t end = status.rfind(')');
        if (status.empty() || (end != std::string::npos && status.compare(end, 3, ") Z") == 0)) {
            return;
        }
        sleep_ms(10);
    }
}

cpu_time cpu_time_of(pid_t pid) {
    const std::filesystem::path process = "/proc/" + std::to_string(pid);
    cpu_time used;
    used.process_s = cpu_seconds(process / "stat");
    for (const auto& task : std::filesystem::directory_iterator(process / "task")) {
        used.threads[std::stoi(task.path().filename().native())] = {
            cpu_seconds(task.path() / "stat"), wakeups(task.path() / "status")};
    }
    return used;
}

std::uint64_t disk_bytes(const std::filesystem::path& directory) {
    constexpr std::uint64_t block_bytes = 512;  // st_blocks counts these, whatever the file system
    std::uint64_t blocks = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        struct stat status {};
        if (::lstat(entry.path().c_str(), &status) == 0) {
            blocks += static_cast<std::uint64_t>(status.st_blocks);
        }
    }
    return blocks * block_bytes;
}

demo_state read_demo_state(const std::filesystem::path& directory) {
    demo_state state;
    std::set<std::string, std::less<>> sent;
    std::set<std::string, std::less<>> reported;
    for_each_row(directory / "ORDER_OUT", [&](const auto&, const auto&) { ++state.orders; });
    for_each_row(directory / "EXECUTION", [&](const auto&, const auto&) { ++state.executions; });
    for_each_row(directory / "fix" / "FIX_OUT", [&](const auto& row, const auto& schema) {
        const std::string_view kind = row.text(schema.index_of("KIND"));
        if (kind == "application") {
            ++state.numbered;
            sent.emplace(row.text(schema.index_of("CL_ORD_ID")));
        }
        state.resent += kind == "resent" ? 1 : 0;
        state.generation =
            static_cast<std::uint32_t>(row.unsigned_integer(schema.index_of("GENERATION")));
    });
    for_each_row(directory / "fix" / "FIX_IN", [&](const auto& row, const auto& schema) {
        if (row.text(schema.index_of("KIND")) == "application") {
            ++state.reports;
            reported.emplace(row.text(schema.index_of("CL_ORD_ID")));
        }
    });
    for (const std::string& id : sent) {
        state.answered += reported.contains(id) ? 1 : 0;
    }
    return state;
}

std::uint64_t test_seed() {
    const char* given = std::getenv("MILLRACE_TEST_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("MILLRACE_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return seed;
}

}  // namespace millrace::tests
