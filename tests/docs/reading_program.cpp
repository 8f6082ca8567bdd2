#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>
#include "engine/agent/idle.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "engine/table/typed.hpp"
using namespace millrace::engine;
struct order {
    text<20> id;
    char side = 0;
    std::int64_t qty = 0;
};

bool parse_start(std::string_view word, std::string_view value, read_from& from) {
    const std::uint64_t number = std::strtoull(value.data(), nullptr, 10);
    timestamp time;
    if (word == "first" || word == "tail") {
        from = word == "first" ? read_from::first() : read_from::tail();
    } else if (word == "sequence" || word == "offset") {
        from = word == "sequence" ? read_from::at_sequence({number})
                                  : read_from::at_position({number});
    } else if (word == "time" && parse(value, time)) {
        from = read_from::at_time(time);
    } else {
        return false;
    }
    return true;
}

// Prints `left` rows of the log and follows it until it has so many.
int follow(log_reader& reader, reader_cursor* cursor, std::uint64_t left) {
    const auto table = table_of<order>("ORDERS", key("ID", &order::id),
                                       column("SIDE", &order::side), column("QTY", &order::qty));
    const durable_mark mark = durable_mark::open(reader.directory(), reader.uuid());
    idle_strategy idle({.kind = idle_kind::backoff});
    record_view record;
    while (left > 0) {
        const read_status status = reader.poll(record);
        idle.idle(status == read_status::record ? 1 : 0, monotonic_now_ns());
        if (status == read_status::none) {
            continue;  // the tail: what is appended next comes next
        }
        if (status == read_status::damaged) {
            return std::cerr << reader.damage().text() << '\n', 4;
        }
        if (reader.segment_schema() != table.schema().to_text() ||
            table.check(record.bytes()) != row_status::ok) {
            return std::cerr << "sequence " << record.seq.value << " is no row of ours\n", 4;
        }
        const order& row = as<order>(record);  // in the mapped file
        std::cout << record.seq.value << ' ' << row.id.view() << ' ' << row.side << ' ' << row.qty
                  << (record.seq <= mark.durable_sequence() ? " durable\n" : " committed\n");
        if (cursor != nullptr) {
            cursor->update(record);  // behind the effect
        }
        --left;
    }
    return 0;
}

int main(int argc, char** argv) {
    const std::string_view start = argc == 4 ? argv[2] : "";
    const std::size_t colon = std::min(start.find(':'), start.size());
    const std::string_view word = start.substr(0, colon);
    const std::string_view value = start.substr(std::min(colon + 1, start.size()));
    read_from from;
    if (word != "cursor" && !parse_start(word, value, from)) {
        return std::cerr << "usage: reading_program FOLDER "
                            "first|tail|sequence:N|time:T|offset:N|cursor:NAME COUNT\n",
               2;
    }
    try {
        std::optional<reader_cursor> cursor;
        if (word == "cursor") {
            from = cursor.emplace(argv[1], value).next();
            if (!cursor->lost().is_none()) {
                std::cerr << "take back " << cursor->lost().first.value << " to "
                          << cursor->lost().last.value << ": the log has lost them\n";
            }
        }
        log_reader reader(argv[1], from);
        return follow(reader, cursor ? &*cursor : nullptr, std::strtoull(argv[3], nullptr, 10));
    } catch (const error& failure) {
        return std::cerr << failure.what() << '\n', 1;
    }
}
