#include "tests/fuzz/log_fuzz.hpp"

#include <algorithm>
#include <filesystem>

#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"
#include "engine/log/index.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/log/seal_file.hpp"
#include "engine/log/segment_check.hpp"

namespace millrace::fuzz {

using namespace engine;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t segment_size = segment_bytes_min;

// The input as a whole segment: magic, sizes and checksums put right, the rest as it came.
bytes as_segment(std::span<const std::byte> input) {
    bytes made(input.begin(),
               input.begin() + static_cast<std::ptrdiff_t>(std::min(input.size(), segment_size)));
    made.resize(segment_size);
    auto fixed = get<segment_static>(made, 0);
    fixed.magic = segment_magic;
    fixed.format_version = log_format_version;
    fixed.alignment = record_alignment;
    fixed.incompatible_flags = 0;
    fixed.segment_bytes = segment_size;
    fixed.header_bytes = segment_header_bytes_min;
    fixed.segment_index = 0;
    fixed.schema_bytes %= segment_header_bytes_min - schema_offset;
    fixed.crc = crc32c(0, &fixed, offsetof(segment_static, crc));
    fixed.crc = crc32c(fixed.crc, made.data() + schema_offset, fixed.schema_bytes);
    put(made, 0, fixed);
    auto active = get<segment_activation>(made, sizeof fixed);
    active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
    put(made, sizeof fixed, active);
    const std::uint32_t seed = checksum_seed(fixed.salt, active.epoch);
    std::size_t at = fixed.header_bytes;
    while (at + record_header_bytes <= made.size()) {
        const std::uint32_t length = commit_length(get<std::uint64_t>(made, at));
        if (length < record_header_bytes || length > record_bytes_limit(segment_size) ||
            length > made.size() - at) {
            break;
        }
        // An odd record keeps what it came with, so that damage stays among the inputs.
        if ((get<std::uint8_t>(made, at + 30) & 1) == 0) {
            put(made, at,
                make_commit_word(length, record_checksum(seed, made.data() + at, length)));
        }
        at += align_record(length);
    }
    return made;
}

struct seen {
    std::uint64_t at;
    std::uint64_t sequence;
    std::int64_t time;
    friend bool operator==(const seen&, const seen&) = default;
};

// What the ordinary reader reads, to where it stops.
std::vector<seen> read_all(const fs::path& directory) {
    std::vector<seen> records;
    try {
        log_reader reader(directory, {}, true);
        record_view record;
        while (reader.poll(record) == read_status::record) {
            records.push_back({record.at.value, record.seq.value, record.time.ns});
        }
    } catch (const error&) {  // refused as a whole: the header
    }
    return records;
}

std::vector<seen> walk_all(std::span<const std::byte> content) {
    std::vector<seen> records;
    const header_image header = read_header_image(content);
    if (!header.is_usable) {
        return records;
    }
    image_walk walk(content, header.info, checksum_seed(header.info.salt, header.info.epoch));
    std::size_t steps = 0;
    std::size_t offset = header.info.header_bytes;
    for (image_step step = walk.next(); step != image_step::end; step = walk.next()) {
        MILLRACE_ASSERT(++steps <= content.size(), "the walk does not come to its end");
        MILLRACE_ASSERT(walk.offset() >= offset, "the walk goes backwards");
        offset = walk.offset();
        if (step == image_step::record) {
            const record_view& record = walk.record();
            MILLRACE_ASSERT(record.payload + record.payload_size <= content.data() + content.size(),
                            "a record reaches beyond the bytes");
            if (!record.is_control(control_type::end)) {
                records.push_back({record.at.value, record.seq.value, record.time.ns});
            }
        }
        if (step == image_step::hole) {
            MILLRACE_ASSERT(walk.hole().begin <= walk.hole().end, "a hole ends before it begins");
        }
    }
    const image_end& end = walk.where_ended();
    MILLRACE_ASSERT(end.dirty_begin <= end.dirty_end, "dirt ends before it begins");
    MILLRACE_ASSERT(end.dirty_end <= content.size(), "dirt reaches beyond the bytes");
    return records;
}

// A log of one segment that does not change, with all that there is to know about it.
struct known_log {
    fs::path directory;
    std::vector<seen> records;
    log_image image;
    engine::detail::segment_check checked;
};

const known_log& known() {
    static const known_log log = [] {
        known_log made;
        made.directory = scratch_directory() / "known";
        {
            log_writer writer(
                made.directory,
                {.segment_bytes = segment_size, .schema = "column x", .sync_on_close = false});
            const bytes payload(40, std::byte{7});
            for (std::size_t i = 0; i < 1200; ++i) {
                static_cast<void>(writer.try_append(1, std::span(payload).first(i % 3)));
            }
        }
        log_reader reader(made.directory, {});
        record_view record;
        while (reader.poll(record) == read_status::record) {
            made.records.push_back({record.at.value, record.seq.value, record.time.ns});
        }
        made.image = open_log_image(made.directory);
        made.checked.file = made.image.find(0);
        return made;
    }();
    return log;
}

bytes with_index_checksums(std::span<const std::byte> input) {
    const segment_info& info = known().checked.file->info;
    bytes made(input.begin(), input.end());
    made.resize(std::max(made.size(), sizeof(index_header)));
    put(made, 0, make_index_header(info));
    const std::uint32_t seed = checksum_seed(info.salt, info.epoch);
    for (std::size_t at = sizeof(index_header); at + sizeof(index_entry) <= made.size();
         at += sizeof(index_entry)) {
        auto entry = get<index_entry>(made, at);
        // Most entries are drawn to records there are, or nothing would ever be believed; some of
        // them speak of another record than the one that stands there.
        const seen& near = known().records[entry.sequence % known().records.size()];
        switch (entry.offset % 4) {
            case 0:
            case 1:
                entry = {near.sequence, near.time, near.at, 0, 0};
                break;
            case 2:
                entry = {near.sequence - 1, near.time - 1, near.at, 0, 0};
                break;
            default:
                break;
        }
        entry.reserved = 0;
        entry.crc = crc32c(seed, &entry, offsetof(index_entry, crc));
        put(made, at, entry);
    }
    return made;
}

void seek_with(std::span<const std::byte> index) {
    const known_log& log = known();
    write_scratch(log.directory / index_file_name(0), index);
    for (std::size_t i = 0; i < log.records.size(); i += 97) {
        const seen& wanted = log.records[i];
        for (const read_from& from :
             {read_from::at_sequence({wanted.sequence}), read_from::at_time({wanted.time}),
              read_from::at_position({wanted.at})}) {
            log_reader reader(log.directory, from);
            record_view record;
            MILLRACE_ASSERT(reader.poll(record) == read_status::record, "a record is not found");
            MILLRACE_ASSERT(record.at.value == wanted.at, "a seek found another record");
        }
    }
}

void parse_index_checked(std::span<const std::byte> input) {
    const index_contents contents = parse_index(input, known().checked.file->info);
    for (std::size_t i = 1; i < contents.entries.size(); ++i) {
        MILLRACE_ASSERT(contents.entries[i].offset > contents.entries[i - 1].offset,
                        "entries do not rise");
    }
    engine::detail::segment_check check = known().checked;
    engine::detail::check_index_bytes(check, "index", input);
    MILLRACE_ASSERT(check.has_index == check.findings.empty(), "a bad index is not told");
}

bytes with_seal_checksums(std::span<const std::byte> input) {
    const segment_info& info = known().checked.file->info;
    bytes made(input.begin(), input.end());
    made.resize(std::max(made.size(), sizeof(seal_header)));
    put(made, 0, make_seal_header(info, get<seal_header>(made, 0).previous));
    const std::uint32_t seed = checksum_seed(info.salt, info.epoch);
    std::uint64_t begin = info.first_position().value;
    std::uint64_t sequence = info.previous_last_sequence.value;
    for (std::size_t at = sizeof(seal_header); at + sizeof(seal) <= made.size();
         at += sizeof(seal)) {
        auto one = get<seal>(made, at);
        one.flags &= seal_flag_segment_end | seal_flag_keyed;
        one.reserved = 0;
        std::fill(std::begin(one.reserved_too), std::end(one.reserved_too), std::uint8_t{0});
        one.begin = begin;
        one.first_sequence = sequence + 1;
        one.crc = crc32c(seed, &one, offsetof(seal, crc));
        put(made, at, one);
        begin = one.end;
        sequence = one.last_sequence;
    }
    return made;
}

void check_seals(std::span<const std::byte> input) {
    static const seal_key key(bytes(32, std::byte{'k'}));
    const std::span<const std::byte> log_bytes = known().checked.file->bytes();
    engine::detail::segment_check check = known().checked;
    engine::detail::check_seal_bytes(check, "seals", input, &key);
    std::uint64_t good = 0;
    digest previous = check.seals.header.previous;
    std::uint64_t end = 0;
    for (const seal& one : check.seals.seals) {
        MILLRACE_ASSERT(one.begin == end, "ranges do not lie end to end");
        MILLRACE_ASSERT(one.end <= log_bytes.size(), "a range reaches beyond the segment");
        good +=
            is_hash_of(one, previous, log_bytes.subspan(one.begin, one.end - one.begin)) ? 1 : 0;
        previous = one.hash;
        end = one.end;
    }
    MILLRACE_ASSERT(check.good_seal_count == good, "a seal is called good that is not");
}

std::vector<seed_input> whole_and_half(bytes content) {
    bytes half(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(content.size() / 2));
    return {{"seed-1", std::move(content)}, {"seed-2", std::move(half)}};
}

}  // namespace

void fuzz_segment(std::span<const std::byte> input) {
    static_cast<void>(walk_all(input));
    static_cast<void>(find_seed(input, segment_header_bytes_min));
    const bytes made = as_segment(input);
    const fs::path directory = scratch_directory() / "segment";
    fs::create_directories(directory);
    write_scratch(directory / segment_file_name(0), made);
    const std::vector<seen> read = read_all(directory);
    const std::vector<seen> walked = walk_all(made);
    MILLRACE_ASSERT(read.size() <= walked.size(), "the walk misses what the reader reads");
    MILLRACE_ASSERT(std::equal(read.begin(), read.end(), walked.begin()),
                    "the walk and the reader disagree");
    static_cast<void>(verify_log(directory, {.thread_count = 1}));
}

void fuzz_index(std::span<const std::byte> input) {
    parse_index_checked(input);
    seek_with(input);
    const bytes made = with_index_checksums(input);
    parse_index_checked(made);
    seek_with(made);
}

void fuzz_seals(std::span<const std::byte> input) {
    check_seals(input);
    check_seals(with_seal_checksums(input));
}

std::vector<seed_input> segment_seeds() {
    const fs::path directory = scratch_directory() / "seed";
    fs::remove_all(directory);
    std::size_t end = 0;
    {
        log_writer writer(
            directory,
            {.segment_bytes = segment_size, .schema = "column x", .sync_on_close = false});
        const bytes payload(100, std::byte{9});
        for (const std::size_t size : {0U, 5U, 100U, 32U, 31U, 64U}) {
            static_cast<void>(writer.try_append(1, std::span(payload).first(size)));
        }
        end = writer.end().value + record_header_bytes;
    }
    const segment where = segment::open(directory, 0, access::read_only);
    return whole_and_half({where.data(), where.data() + end});
}

std::vector<seed_input> index_seeds() {
    const fs::path directory = known().directory;
    rebuild_index(directory, segment::open(directory, 0, access::read_only));
    return whole_and_half(read_bytes(directory / index_file_name(0)));
}

std::vector<seed_input> seal_seeds() {
    // Once: the known log's index is changed by others in between.
    static const bytes sealed = [] {
        const fs::path path = known().directory / seal_file_name(0);
        const seal_key key(bytes(32, std::byte{'k'}));
        fs::remove(known().directory / index_file_name(0));
        static_cast<void>(seal_log(known().directory, &key));
        const bytes content = read_bytes(path);
        fs::remove(path);
        return content;
    }();
    return whole_and_half(sealed);
}

}  // namespace millrace::fuzz
