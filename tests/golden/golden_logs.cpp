#include "tests/golden/golden_logs.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "engine/log/archive_source.hpp"
#include "engine/log/durable_mark.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/salvage.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/stream/archive_log.hpp"
#include "engine/stream/table_log.hpp"
#include "engine/table/typed.hpp"
#include "tests/golden/fixed_clock.hpp"
#include "tests/golden/fixed_inputs.hpp"
#include "tests/golden/hex_files.hpp"

namespace millrace::golden {

namespace fs = std::filesystem;
using namespace engine;

namespace {

struct order {
    std::uint64_t number = 0;
    text<14> symbol{};
    char side = 0;
    decimal price{};
};
const auto order_table = table_of<order>(
    "ORDER", key("NUMBER", &order::number), column("SYMBOL", &order::symbol),
    column("SIDE", &order::side), column("PRICE", &order::price), trailing_text("NOTE"));

struct order_with_venue {
    std::uint64_t number = 0;
    text<14> symbol{};
    char side = 0;
    decimal price{};
    text<6> venue{};
};
const auto order_with_venue_table = table_of<order_with_venue>(
    "ORDER", key("NUMBER", &order_with_venue::number), column("SYMBOL", &order_with_venue::symbol),
    column("SIDE", &order_with_venue::side), column("PRICE", &order_with_venue::price),
    column("VENUE", &order_with_venue::venue), trailing_text("NOTE"));

void require(bool is_true, const char* what) {
    if (!is_true) {
        throw std::runtime_error(std::string("golden log: ") + what);
    }
}

template <class Row>
Row order_of(std::uint64_t number) {
    Row row;
    row.number = number;
    require(row.symbol.assign("SYM" + std::to_string(number)), "a symbol is too long");
    row.side = number % 2 == 0 ? '2' : '1';
    row.price = {static_cast<std::int64_t>(number) * 1025, -2};
    return row;
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

table_log open_table(const fs::path& log, const row_schema& schema) {
    table_log_options options;
    options.segment_bytes = segment_bytes_min;
    options.purpose = "golden";
    return {log, schema, options};
}

log_writer open_raw(const fs::path& log) {
    log_options options;
    options.segment_bytes = segment_bytes_min;
    options.schema = "one text, then zeros";
    options.purpose = "golden";
    return {log, options};
}

// Whoever opens a log looks at the clock more often than when the first of these were made: to see
// whether the last record is ahead of it, and how long reading what is there may take. Takes that
// back, for it is no change of the format.
constexpr std::int64_t looks_to_open_new = 3;
constexpr std::int64_t looks_to_open_again = 4;
constexpr std::int64_t looks_to_lock_a_copy = 1;  // beside its log's own lock
void take_back(std::int64_t looks) {
    fixed_inputs::pass(-looks * look_ns);
}

// Which host and which process wrote a log is not to be fixed from within: it is written over, in
// every segment.
void settle_host(const fs::path& log) {
    constexpr std::array<std::uint8_t, 16> boot_id = {0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a,
                                                      0x49, 0x08, 0x87, 0x06, 0x05, 0x04,
                                                      0x03, 0x02, 0x01, 0x00};
    for (const std::uint64_t index : list_segments(log)) {
        const fs::path path = log / segment_file_name(index);
        std::string bytes = read_file(path);
        segment_activation active;
        std::memcpy(&active, bytes.data() + sizeof(segment_static), sizeof active);
        std::memcpy(active.boot_id, boot_id.data(), boot_id.size());
        active.process_id = 4711;
        active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
        std::memcpy(bytes.data() + sizeof(segment_static), &active, sizeof active);
        write_file(path, bytes);
    }
}

// Nor is how often the clock of this process had moved before.
void settle_clock(const fs::path& log) {
    std::uint64_t number = 0;
    for (const std::uint64_t index : list_segments(log)) {
        const fs::path path = log / segment_file_name(index);
        std::string bytes = read_file(path);
        const segment where = segment::open(log, index, access::read_only);
        segment_cursor cursor(where);
        record_view record;
        while (cursor.next(record) == damage_kind::none && record.payload != nullptr) {
            if (!record.is_control(control_type::clock)) {
                continue;
            }
            ++number;
            char* const at = bytes.data() + (record.at.value - where.info().first_position().value);
            std::memcpy(at + record_header_bytes + offsetof(clock_payload, number), &number,
                        sizeof number);
            std::uint32_t length = 0;
            std::memcpy(&length, at, sizeof length);
            const std::uint32_t crc =
                record_checksum(where.seed(), reinterpret_cast<const std::byte*>(at), length);
            std::memcpy(at + sizeof length, &crc, sizeof crc);
        }
        write_file(path, bytes);
    }
}

void finish(const fs::path& log) {
    settle_host(log);
    static_cast<void>(index_log(log));
    static_cast<void>(seal_log(log, nullptr));
}

// As the persister leaves it: all is durable, and segments below `retired` are read from the disk.
void mark_durable(const fs::path& log, std::uint64_t retired) {
    const recovered_tail tail = recover_tail(log);
    durable_mark mark = durable_mark::open_for_writing(log, tail.info.uuid);
    mark.set_durable(tail.end(), tail.last_sequence);
    mark.set_retired_below(retired);
}

void make_closed(const fs::path& log) {
    table_log table = open_table(log, order_table.schema());
    take_back(looks_to_open_new);
    log_uuid source;
    source.bytes.fill(0x5a);
    table.bind_route("orders-to-venue", source, {7});
    table.start();
    std::uint64_t number = 0;
    // One byte less than, as many as, and one more than fill the alignment, and none.
    for (const std::size_t size : {0, 15, 16, 17, 31, 32, 33}) {
        ++number;
        require(bool(order_table.append(table, order_of<order>(number), {},
                                        bytes_of(std::string(size, 'n')))),
                "a row was refused");
    }
    table.close();
}

void make_torn(const fs::path& log) {
    const fs::path living = log.native() + ".living";
    {
        log_writer writer = open_raw(living);
        take_back(looks_to_open_new);
        for (const std::string_view text : {"first", "second", ""}) {
            require(writer.try_append(1, bytes_of(text)).status == append_status::ok, "no append");
        }
        log_claim claim = writer.try_claim(1, 100);
        std::memset(claim.payload().data(), 'x', 60);
        fs::create_directories(log);
        fs::copy_file(living / segment_file_name(0), log / segment_file_name(0));
    }
    fs::remove_all(living);
}

void make_changed(const fs::path& log) {
    {
        table_log table = open_table(log, order_table.schema());
        take_back(looks_to_open_new);
        for (const std::uint64_t number : {1, 2, 3}) {
            require(bool(order_table.append(table, order_of<order>(number))), "a row was refused");
        }
    }
    table_log table = open_table(log, order_with_venue_table.schema());
    take_back(looks_to_open_again);
    for (const std::uint64_t number : {4, 5}) {
        auto row = order_of<order_with_venue>(number);
        require(row.venue.assign("XETR"), "a venue is too long");
        require(bool(order_with_venue_table.append(table, row, {}, bytes_of("late"))),
                "a row was refused");
    }
}

// A clock record for each reason, between records whose times show what the clock did.
void make_clocked(const fs::path& log) {
    constexpr std::int64_t second = 1'000'000'000;
    constexpr std::int64_t hour = 3600 * second;
    fixed_clock clock;
    const auto append = [&clock](log_writer& writer, std::string_view text) {
        clock.run(second);
        require(writer.try_append(1, bytes_of(text)).status == append_status::ok, "no append");
    };
    {
        log_writer writer = open_raw(log);
        append(writer, "by an even clock");
        fixed_inputs::set_by(-hour);
        append(writer, "set back by an hour");
        append(writer, "has not caught up");
        fixed_inputs::set_by(2 * hour);
        append(writer, "set forward by two");
        fixed_inputs::set_by(15'000'000);
        clock.run(25 * second);
        append(writer, "slewed by ten milliseconds");
    }
    fixed_inputs::set_by(-hour);
    clock.run(second);
    log_writer writer = open_raw(log);
    append(writer, "opened an hour behind");
    append(writer, "and on");
    writer.close();
}

// Large records, nearly all zeros, so that few lines of text hold them.
void make_rolled(const fs::path& log) {
    log_writer writer = open_raw(log);
    take_back(looks_to_open_new);
    for (std::uint64_t number = 1; number <= 20; ++number) {
        log_claim claim = writer.try_claim(static_cast<std::uint16_t>(number % 3), 8000);
        require(bool(claim), "no claim");
        const std::string text = "record " + std::to_string(number);
        std::memcpy(claim.payload().data(), text.data(), text.size());
        std::memset(claim.payload().data() + text.size(), 0, claim.payload().size() - text.size());
        require(claim.commit().status == append_status::ok, "no commit");
    }
}

void make_archived(const fs::path& directory) {
    fs::copy(directory / "rolled", directory / "archived");
    archive_options options;
    options.is_deleted = true;
    require(archive_log(directory / "archived", directory / "archive", options).deleted_count == 2,
            "two segments were to be archived");
    write_file(directory / "archived" / archive_link_name, "../archive\n");
}

void make_salvaged(const fs::path& directory) {
    const fs::path broken = directory / "broken";
    fs::copy(directory / "rolled", broken);
    std::string first = read_file(broken / segment_file_name(0));
    first[segment_header_bytes_min + 3 * 8032 + 40] ^= 1;  // in the fourth record
    write_file(broken / segment_file_name(0), first);
    fs::remove(broken / segment_file_name(1));
    take_back(looks_to_lock_a_copy);
    const salvage_report saved = salvage_log(broken, directory / "salvaged");
    require(saved.holes.size() == 2, "two holes were to be found");
    fs::remove_all(broken);
}

}  // namespace

void make_golden_logs(const fs::path& directory) {
    {
        const fixed_inputs fixed(1);
        make_closed(directory / "closed");
        finish(directory / "closed");
        mark_durable(directory / "closed", 0);
    }
    {
        const fixed_inputs fixed(2);
        make_torn(directory / "torn");
        settle_host(directory / "torn");
    }
    {
        const fixed_inputs fixed(3);
        make_changed(directory / "changed");
        finish(directory / "changed");
    }
    {
        const fixed_inputs fixed(4);
        make_rolled(directory / "rolled");
        finish(directory / "rolled");
        mark_durable(directory / "rolled", 2);
        make_archived(directory);
        make_salvaged(directory);
        settle_host(directory / "salvaged");
    }
    {
        const fixed_inputs fixed(5);
        make_clocked(directory / "clocked");
        settle_clock(directory / "clocked");
        finish(directory / "clocked");
    }
}

}  // namespace millrace::golden
