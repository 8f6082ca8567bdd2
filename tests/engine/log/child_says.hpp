// A child that says one character, and ends.
#pragma once

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace millrace::engine::test {

inline void say_and_end_thread(int pipe, char what) {
    if (::write(pipe, &what, 1) == 1) {
        ::syscall(SYS_exit, 0);
    }
}

// What the child says through the pipe: 0 if it was killed before it said anything.
template <class Child>
char said_by(Child&& child_main) {
    int pipe[2];
    if (::pipe(pipe) != 0) {
        return 0;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(pipe[0]);
        child_main(pipe[1]);
        ::_exit(1);
    }
    ::close(pipe[1]);
    char said = 0;
    // A thread that was killed for a system call leaves its process, and the pipe, as they are.
    pollfd is_said{pipe[0], POLLIN, 0};
    if (::poll(&is_said, 1, 20'000) == 1) {
        (void)!::read(pipe[0], &said, 1);
    }
    ::close(pipe[0]);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return said;
}

}  // namespace millrace::engine::test
