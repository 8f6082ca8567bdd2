#include "engine/log/log_options.hpp"

namespace millrace::engine {

std::string_view describe(append_status status) {
    switch (status) {
        case append_status::ok:
            return "ok";
        case append_status::too_large:
            return "record is larger than an eighth of a segment";
        case append_status::no_space:
            return "no space for the next segment";
        case append_status::back_pressured:
            return "the next segment is not ready yet";
        case append_status::closed:
            return "log is closed";
    }
    return "unknown";
}

std::string_view describe(durable_wait outcome) {
    switch (outcome) {
        case durable_wait::durable:
            return "durable";
        case durable_wait::timed_out:
            return "not durable within the time given";
        case durable_wait::halted:
            return "a sync failed; the log is no longer made durable";
        case durable_wait::closed:
            return "log is closed";
    }
    return "unknown";
}

}  // namespace millrace::engine
