// Which system calls a piece of a program's main thread makes, counted by the kernel.
//
// A child runs the program under ptrace and marks the pieces; the parent counts. What other threads
// of it do is not counted. Not for sanitizer builds, whose runtimes call too.
#pragma once

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <vector>

namespace millrace::test {

// Between two of these lies a piece: nothing else of ours asks for the parent.
inline void mark_piece() noexcept {
    ::syscall(SYS_getppid);
}

struct traced_run {
    bool may_trace = false;
    int exit_status = -1;
    std::vector<std::map<long, int>> pieces;  // of each: how often each call, by number
    std::vector<std::vector<long>> in_order;  // of each: its calls
};

// `program` is run in a child and returns its exit status.
template <class Program>
[[nodiscard]] traced_run trace_pieces(Program program) {
    traced_run run;
    const pid_t child = ::fork();
    if (child == 0) {
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
            ::_exit(125);
        }
        ::raise(SIGSTOP);
        ::_exit(program());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) {
        return run;
    }
    run.may_trace = true;
    ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    bool is_counting = false;
    bool is_entry = true;
    for (int signal = 0;;) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
        ::waitpid(child, &status, 0);
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            run.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return run;
        }
        signal = WSTOPSIG(status);
        if (signal != (SIGTRAP | 0x80)) {
            continue;  // a signal of the program's own goes on to it
        }
        signal = 0;
        if (!is_entry) {
            is_entry = true;
            continue;
        }
        is_entry = false;
        user_regs_struct registers{};
        ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
        const long call = static_cast<long>(registers.orig_rax);
        if (call == SYS_getppid) {
            is_counting = !is_counting;
            if (is_counting) {
                run.pieces.emplace_back();
                run.in_order.emplace_back();
            }
        } else if (is_counting) {
            ++run.pieces.back()[call];
            run.in_order.back().push_back(call);
        }
    }
}

}  // namespace millrace::test
