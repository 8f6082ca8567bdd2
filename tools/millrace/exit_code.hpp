// What every command answers to its caller; docs/operations.md has the table for users.
#pragma once

#include <stdexcept>

#include "engine/core/error.hpp"

namespace millrace::tools {

// The command line is wrong, which was seen only when what it speaks of was at hand.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Runs what takes its arguments from the command line alone: a misfit of theirs is the caller's.
template <class Call>
auto with_arguments(Call&& call) {
    try {
        return call();
    } catch (const engine::config_error& failure) {
        throw usage_error(failure.what());
    }
}

enum exit_code : int {
    exit_ok = 0,
    exit_negative =
        1,             // the command ran; its answer is no: not reconciled, the check found faults,
                       // a route was halted when `run` stopped
    exit_failure = 2,  // the operating system or the environment failed
    exit_torn = 3,     // a log ends in what its writer was at when it died; nothing else is wrong
    exit_damaged = 4,  // a log is damaged
    exit_usage = 64,   // the command line is wrong
    exit_data = 65,    // input data is wrong
    exit_locked = 75,  // another process holds what must have one holder
    exit_configuration = 78,  // the configuration is wrong
};

}  // namespace millrace::tools
