#include "engine/log/read_to_end.hpp"

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

bool read_to_end::next(record_view& record) {
    std::int64_t give_up_ns = 0;
    while (reader_->next_position() < end_) {
        switch (reader_->poll(record)) {
            case read_status::record:
                return true;
            case read_status::damaged:
                throw damage_error(reader_->damage().text());
            case read_status::none:
                break;
        }
        const std::int64_t now = monotonic_now_ns();
        give_up_ns = give_up_ns == 0 ? now + patience_ns_ : give_up_ns;
        if (now > give_up_ns) {
            throw damage_error(reader_->directory().native() +
                               ": reading comes no further than "
                               "position " +
                               std::to_string(reader_->next_position().value) +
                               ", and the log ends at " + std::to_string(end_.value) +
                               "; verify the log");
        }
    }
    return false;
}

}  // namespace millrace::engine
