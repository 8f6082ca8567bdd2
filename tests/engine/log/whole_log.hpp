// A log read from its first record to its end, whoever writes it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/log/log_reader.hpp"

namespace millrace::test {

// visit(record) for each; damage fails the test and ends the reading.
template <class Visit>
void for_each_record(const std::filesystem::path& directory, Visit&& visit) {
    engine::log_reader reader(directory, engine::read_from::first());
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    // A reader at a segment's torn end looks for the next one only now and then.
    for (int idle = 0; idle < 100; idle += status == engine::read_status::none ? 1 : 0) {
        status = reader.poll(record);
        if (status == engine::read_status::damaged) {
            ADD_FAILURE() << reader.damage().text();
            break;
        }
        if (status == engine::read_status::record) {
            visit(record);
        }
    }
}

}  // namespace millrace::test
