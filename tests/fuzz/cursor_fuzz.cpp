#include "tests/fuzz/cursor_fuzz.hpp"

#include <algorithm>
#include <optional>

#include "engine/core/crc32c.hpp"
#include "engine/core/error.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/stream/checkpoint.hpp"
#include "engine/stream/reader_cursor.hpp"
#include "engine/table/record.hpp"

namespace millrace::fuzz {

using namespace engine;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view owner_name = "fuzzed";
constexpr std::size_t slot_bytes = 128;
constexpr std::size_t slot_count = 2;
constexpr std::size_t crc_offset = 124;

// Where a slot keeps what; the rest is the same in both files.
struct slot_layout {
    std::uint64_t magic;
    std::size_t uuid_offset;
    std::size_t owner_offset;  // route_id() of the reader's or route's name
    std::size_t done_offset;   // the sequence
    std::size_t spare_offset;  // reserved: a byte there steers what is put right
};

constexpr slot_layout cursor_layout{0x31525352434d524d, 16, 64, 40, 72};
constexpr slot_layout checkpoint_layout{0x31544b504843524d, 24, 16, 40, 48};

struct owner {
    log_uuid uuid;
    std::uint64_t id = route_id(owner_name);
};

enum class finding : std::uint8_t { good, wrong_size, foreign, damaged };

struct expectation {
    finding what = finding::damaged;
    std::uint64_t done = 0;
    std::size_t slot = 0;
};

expectation expected_of(std::span<const std::byte> file, const slot_layout& layout,
                        const owner& whose) {
    if (file.size() != slot_count * slot_bytes) {
        return {finding::wrong_size};
    }
    expectation found;
    std::uint64_t newest = 0;
    for (std::size_t i = 0; i < slot_count; ++i) {
        const std::span<const std::byte> slot = file.subspan(i * slot_bytes, slot_bytes);
        const auto generation = get<std::uint64_t>(slot, 8);
        if (get<std::uint64_t>(slot, 0) != layout.magic || generation == 0 ||
            get<std::uint32_t>(slot, crc_offset) != crc32c(0, slot.data(), crc_offset)) {
            continue;
        }
        if (get<log_uuid>(slot, layout.uuid_offset) != whose.uuid ||
            get<std::uint64_t>(slot, layout.owner_offset) != whose.id) {
            return {finding::foreign};
        }
        // The document's words: the higher one, as numbers go round.
        if (newest == 0 || (generation != newest && generation - newest < std::uint64_t{1} << 63)) {
            newest = generation;
            found = {finding::good, get<std::uint64_t>(slot, layout.done_offset), i};
        }
    }
    return found;
}

bytes with_slot_checksums(std::span<const std::byte> input, const slot_layout& layout,
                          const owner& whose) {
    bytes made(input.begin(), input.end());
    made.resize(slot_count * slot_bytes);
    for (std::size_t begin = 0; begin < made.size(); begin += slot_bytes) {
        const auto steer = get<std::uint8_t>(made, begin + layout.spare_offset);
        put(made, begin, layout.magic);
        if (steer % 16 != 15) {  // else the slot may be somebody else's
            put(made, begin + layout.uuid_offset, whose.uuid);
            put(made, begin + layout.owner_offset, whose.id);
        }
        if (steer % 4 != 2) {  // else it stays torn
            put(made, begin + crc_offset, crc32c(0, made.data() + begin, crc_offset));
        }
    }
    return made;
}

// What a way of reading makes of the file.
template <class Read>
expectation answer_of(Read&& read) {
    try {
        return {finding::good, read()};
    } catch (const config_error&) {
        return {finding::foreign};
    } catch (const damage_error&) {
        return {finding::damaged};
    }
}

void expect_same(const expectation& answer, expectation wanted) {
    if (wanted.what == finding::wrong_size) {
        wanted.what = finding::damaged;
    }
    MILLRACE_ASSERT(answer.what == wanted.what, "a slot is believed, or refused, that is not so");
    MILLRACE_ASSERT(answer.what != finding::good || answer.done == wanted.done,
                    "another place is read than the newest good slot says");
}

// The slot that counted keeps its bytes while the next one is written.
void expect_kept(const fs::path& path, std::span<const std::byte> before, std::size_t slot) {
    const bytes after = read_bytes(path);
    MILLRACE_ASSERT(std::equal(after.begin() + static_cast<std::ptrdiff_t>(slot * slot_bytes),
                               after.begin() + static_cast<std::ptrdiff_t>((slot + 1) * slot_bytes),
                               before.begin() + static_cast<std::ptrdiff_t>(slot * slot_bytes)),
                    "the slot that counts was written over");
}

struct read_log {
    fs::path directory = scratch_directory() / "read-log";
    owner whose;
};

const read_log& known() {
    static const read_log log = [] {
        read_log made;
        log_writer writer(
            made.directory,
            {.segment_bytes = segment_bytes_min, .schema = "column x", .sync_on_close = false});
        made.whose.uuid = writer.uuid();
        fs::create_directories(made.directory / "cursors");
        return made;
    }();
    return log;
}

void check_cursor(std::span<const std::byte> file) {
    const fs::path& log = known().directory;
    const fs::path path = reader_cursor_path(log, owner_name);
    write_scratch(path, file);
    const expectation wanted = expected_of(file, cursor_layout, known().whose);
    expect_same(answer_of([&] { return read_reader_cursor(log, owner_name).seq.value; }), wanted);
    // The log has no records, so whoever has read some is taken back.
    bool is_back = false;
    expect_same(answer_of([&] {
                    const reader_cursor opened(log, owner_name);
                    is_back = !opened.lost().is_none();
                    return is_back ? opened.lost().last.value : opened.seq().value;
                }),
                wanted);
    if (wanted.what != finding::good) {
        return;
    }
    write_scratch(path, file);
    const cursor_state next{{4711}, {wanted.done / 2 + 1}, {17}, {}};
    reader_cursor(log, owner_name).set(next);
    if (!is_back) {
        expect_kept(path, file, wanted.slot);
    }
    const cursor_state found = read_reader_cursor(log, owner_name);
    MILLRACE_ASSERT(found.at == next.at && found.seq == next.seq && found.time == next.time,
                    "the next start does not find where the reader was set");
}

fs::path checkpoint_path() {
    return scratch_directory() / "checkpoint";
}

void check_checkpoint(std::span<const std::byte> file) {
    const owner& whose = known().whose;
    write_scratch(checkpoint_path(), file);
    const auto open = [&] { return checkpoint(checkpoint_path(), owner_name, whose.uuid, {}); };
    const expectation wanted = expected_of(file, checkpoint_layout, whose);
    expect_same(answer_of([&] { return open().highest().value; }), wanted);
    const expectation seen = answer_of([&] {
        const checkpoint_state state = read_checkpoint(checkpoint_path());
        if (state.source != whose.uuid || state.route != whose.id) {
            throw config_error("of another owner");
        }
        return state.highest.value;
    });
    // Who looks on knows no owner, so beside a slot of his own he may be shown somebody else's.
    if (wanted.what != finding::foreign) {
        expect_same(seen, wanted);
    }
    if (wanted.what != finding::good) {
        return;
    }
    const sequence next{wanted.done / 2 + 1};
    open().set(next);
    expect_kept(checkpoint_path(), file, wanted.slot);
    MILLRACE_ASSERT(open().highest() == next, "the next start does not find what was completed");
}

// The states a file can be in, from what `make(times)` leaves after so many updates.
template <class Make>
std::vector<seed_input> states(Make&& make) {
    bytes moved = make(7);
    bytes torn = moved;
    torn[slot_bytes + 60] ^= std::byte{1};
    bytes lost = torn;
    lost[60] ^= std::byte{1};
    bytes foreign = moved;
    foreign[20] ^= std::byte{1};
    put(foreign, crc_offset, crc32c(0, foreign.data(), crc_offset));
    bytes same_generation = moved;
    put(same_generation, slot_bytes + 8, get<std::uint64_t>(moved, 8));
    put(same_generation, slot_bytes + crc_offset,
        crc32c(0, same_generation.data() + slot_bytes, crc_offset));
    bytes last = moved;
    put(last, 8, UINT64_MAX);
    bytes cut(moved.begin(), moved.begin() + slot_bytes);
    return {{"new", make(0)},        {"moved-once", make(1)}, {"moved", moved},
            {"torn", torn},          {"lost", lost},          {"foreign", foreign},
            {"cut", std::move(cut)}, {"last", last},          {"same-generation", same_generation}};
}

}  // namespace

void fuzz_cursor(std::span<const std::byte> input) {
    check_cursor(input);
    check_cursor(with_slot_checksums(input, cursor_layout, known().whose));
}

void fuzz_checkpoint(std::span<const std::byte> input) {
    check_checkpoint(input);
    check_checkpoint(with_slot_checksums(input, checkpoint_layout, known().whose));
}

std::vector<seed_input> cursor_seeds() {
    return states([](std::uint64_t times) {
        const fs::path path = reader_cursor_path(known().directory, owner_name);
        fs::remove(path);
        reader_cursor one(known().directory, owner_name);
        for (std::uint64_t i = 1; i <= times; ++i) {
            one.set({{4096 + i * 32}, {i}, {static_cast<std::int64_t>(i)}, {}});
        }
        return read_bytes(path);
    });
}

std::vector<seed_input> checkpoint_seeds() {
    return states([](std::uint64_t times) {
        fs::remove(checkpoint_path());
        checkpoint one(checkpoint_path(), owner_name, known().whose.uuid, {});
        for (std::uint64_t i = 1; i <= times; ++i) {
            one.update({i});
        }
        return read_bytes(checkpoint_path());
    });
}

}  // namespace millrace::fuzz
