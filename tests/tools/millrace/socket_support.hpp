// An engine that serves ORDER_OUT on a socket, and the Python examples that talk to it.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {

// ORDER_OUT is written by what comes in by the socket, and copied on to COPY.
class SocketCommandLine : public CommandLine {
protected:
    SocketCommandLine() {
        write("listen.toml", std::string(tables_text) + std::string(copying_text) +
                                 "\n[[listener]]\nname = \"orders\"\ntable = \"ORDER_OUT\"\n" +
                                 "path = \"orders.sock\"\nlevel = \"durable\"\n");
    }
    [[nodiscard]] std::string socket() const { return file("orders.sock"); }
    [[nodiscard]] std::unique_ptr<millrace_process> start() const {
        auto process = std::make_unique<millrace_process>(
            std::vector<std::string>{"run", file("listen.toml")}, path());
        wait_until("it runs", [&] { return bool(has(process->said(), "running")); });
        return process;
    }
    [[nodiscard]] static std::string rows(int first, int last) {
        std::string text;
        for (int number = first; number <= last; ++number) {
            text += "{\"CL_ORD_ID\":\"A" + std::to_string(number) +
                    "\",\"QUANTITY\":" + std::to_string(number) + "}\n";
        }
        return text;
    }
    // Starts a Python example: the socket and `more` are its arguments, files its standard input
    // and output.
    [[nodiscard]] pid_t start_python(const char* example, const std::string& in,
                                     const std::string& out, std::vector<std::string> more) const {
        const std::string script = std::string(MILLRACE_SOURCE_ROOT "/docs/examples/") + example;
        std::vector<std::string> arguments = {"python3", script, socket()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        std::vector<char*> pointers;
        for (std::string& argument : arguments) {
            pointers.push_back(argument.data());
        }
        pointers.push_back(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            const bool is_set = std::freopen(in.c_str(), "r", stdin) != nullptr &&
                                std::freopen(out.c_str(), "w", stdout) != nullptr;
            if (is_set) {
                ::execvp("python3", pointers.data());
            }
            ::_exit(127);
        }
        return child;
    }
    // Appends the rows of a file, and says so in NAME.out.
    [[nodiscard]] pid_t start_appending(const std::string& name) const {
        return start_python("append_rows.py", file(name), file(name + ".out"), {"committed"});
    }
    [[nodiscard]] static int wait_for(pid_t child) {
        int status = -1;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    void wait_for_rows(std::string_view table, std::size_t count) const {
        wait_until("rows in " + std::string(table), [&] {
            return std::filesystem::exists(log(table)) && dump(table).size() == count;
        });
    }
};

}  // namespace millrace::tests
