#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/core/error.hpp"
#include "gateway/session/password_hash.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/not_empty.hpp"
#include "tools/millrace/standard_output.hpp"

namespace millrace::tools {

namespace {

struct password_options {
    std::string session;
    std::string user;
    unsigned cost = 0;
};

// What is typed is not shown. Nor does a signal end the command in the middle of it, which would
// leave a terminal that shows nothing: the keys of signals are bytes meanwhile.
class hidden_typing {
public:
    hidden_typing() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (is_terminal_) {
            termios hidden = before_;
            hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
            hidden.c_lflag |= ECHONL;
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
        }
    }
    ~hidden_typing() {
        if (is_terminal_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        }
    }
    hidden_typing(const hidden_typing&) = delete;
    hidden_typing& operator=(const hidden_typing&) = delete;

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }

private:
    termios before_{};
    bool is_terminal_;
};

std::string read_line() {
    std::string line;
    int byte = 0;
    constexpr int interrupt_key = 3;
    while ((byte = std::getchar()) != EOF && byte != '\n') {
        if (byte == interrupt_key) {
            throw engine::error("given up");
        }
        if (line.size() > gateway::password_bytes_max) {
            break;  // longer than any password: the hash refuses it
        }
        line += static_cast<char>(byte);
    }
    return line;
}

std::string read_password() {
    const hidden_typing typing;
    if (!typing.is_terminal()) {
        return read_line();
    }
    std::fputs("password: ", stderr);
    const std::string password = read_line();
    std::fputs("once more: ", stderr);
    if (read_line() != password) {
        throw usage_error("the two are not equal");
    }
    return password;
}

int print_line(const password_options& options) {
    std::string line = options.session + " " + options.user + " " +
                       gateway::hash_password(read_password(), options.cost) + "\n";
    static_cast<void>(write_output(line));
    return exit_ok;
}

// What the file could not tell from its other parts.
std::string problem_with_name(const std::string& text) {
    return text.find_first_of("\n\r\t") != std::string::npos || text.front() == ' ' ||
                   text.back() == ' '
               ? "no tabs or line ends, and no blanks at its ends"
               : "";
}

}  // namespace

void add_password_command(CLI::App& program, command& chosen) {
    auto options = std::make_shared<password_options>();
    CLI::App* verb = program.add_subcommand(
        "password", "Ask for a password, and print a line for a gateway's file of users");
    verb->add_option("SESSION", options->session,
                     "FIX.4.4:OURS->THEIRS, or OURS->THEIRS whatever the version")
        ->required()
        ->check(not_empty())
        ->check([](const std::string& text) {
            return text.find(' ') != std::string::npos ? std::string("a blank ends a session")
                                                       : problem_with_name(text);
        });
    verb->add_option("USER", options->user, "As Username (553) of the Logon says it")
        ->required()
        ->check(not_empty())
        ->check(problem_with_name);
    verb->add_option("--cost", options->cost,
                     "1 to 11: each twice the work of the one before, for us and for who guesses")
        ->check(CLI::Range(1, 11));
    verb->final_callback(
        [&chosen, options] { chosen = [options] { return print_line(*options); }; });
}

}  // namespace millrace::tools
