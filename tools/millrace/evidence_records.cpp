#include "tools/millrace/evidence_records.hpp"

#include <algorithm>
#include <cstring>

#include "engine/core/error.hpp"
#include "engine/core/process_clock.hpp"
#include "engine/log/archive_source.hpp"

namespace millrace::tools {

namespace {

using nlohmann::ordered_json;

std::string_view text_of(const void* bytes, std::size_t size) {
    return {static_cast<const char*>(bytes), size};
}

// The seal whose range holds the position; null where none does.
const engine::seal* seal_at(const engine::seal_contents& seals, std::uint64_t at) {
    const auto found = std::upper_bound(
        seals.seals.begin(), seals.seals.end(), at,
        [](std::uint64_t value, const engine::seal& one) { return value < one.end; });
    return found == seals.seals.end() || found->begin > at ? nullptr : &*found;
}

template <class Ranges>
void add_range(Ranges& ranges, std::uint64_t begin, std::uint64_t end) {
    auto at =
        std::lower_bound(ranges.begin(), ranges.end(), begin,
                         [](const auto& one, std::uint64_t value) { return one.end < value; });
    if (at == ranges.end() || at->begin > end) {
        ranges.insert(at, {begin, end});
        return;
    }
    at->begin = std::min(at->begin, begin);
    at->end = std::max(at->end, end);
    const auto next = std::next(at);
    const auto behind =
        std::find_if(next, ranges.end(), [at](const auto& one) { return one.begin > at->end; });
    at->end = next == behind ? at->end : std::max(at->end, std::prev(behind)->end);
    ranges.erase(next, behind);
}

// The whole sealed range around what stands here. Behind the last seal: that, and what lies between
// it and what is needed there already, so that scattered records make no ranges without number.
template <class Part>
void add_range_around(Part& one, std::uint64_t begin, std::uint64_t end) {
    if (const engine::seal* const sealed = seal_at(one.seals, begin); sealed != nullptr) {
        add_range(one.ranges, sealed->begin, sealed->end);
        return;
    }
    const std::uint64_t sealed_end = one.seals.seals.empty() ? 0 : one.seals.seals.back().end;
    const bool has_unsealed = !one.ranges.empty() && one.ranges.back().end > sealed_end;
    add_range(one.ranges, has_unsealed ? std::min(begin, one.ranges.back().end) : begin, end);
}

std::string_view reason_name(std::uint32_t reason) {
    switch (static_cast<engine::clock_reason>(reason)) {
        case engine::clock_reason::step:
            return "step";
        case engine::clock_reason::drift:
            return "drift";
        case engine::clock_reason::behind:
            return "behind";
        default:
            return "unknown";
    }
}

void append_clock_line(std::string& out, std::uint64_t at, const std::byte* record) {
    engine::record_header header;
    engine::clock_payload clock;
    std::memcpy(&header, record, sizeof header);
    std::memcpy(&clock, record + sizeof header, sizeof clock);
    const ordered_json line = {{"sequence", header.sequence},
                               {"position", at},
                               {"timestamp", to_string(engine::timestamp{header.timestamp})},
                               {"reason", reason_name(clock.reason)},
                               {"realtime", to_string(engine::timestamp{clock.realtime_ns})},
                               {"monotonic_ns", clock.monotonic_ns},
                               {"old_offset_ns", clock.old_offset_ns},
                               {"new_offset_ns", clock.new_offset_ns},
                               {"number", clock.number}};
    out += line.dump() + "\n";
}

// Calls visit(position, bytes, end) for each record in a range that begins at one.
template <class Visitor>
void visit_records(const engine::segment& where, std::uint64_t begin, std::uint64_t end,
                   Visitor&& visit) {
    const std::uint64_t first = where.info().first_position().value;
    std::uint64_t at = std::max(begin, where.info().first_record().value);
    while (at < end) {
        const std::byte* const record = where.data() + (at - first);
        std::uint64_t commit = 0;
        std::memcpy(&commit, record, sizeof commit);
        const std::uint64_t next = at + engine::align_record(engine::commit_length(commit));
        visit(at, record, next);
        at = next;
    }
}

bool is_clock(const std::byte* record) {
    engine::record_header header;
    std::memcpy(&header, record, sizeof header);
    return (header.flags & engine::record_flag_control) != 0 &&
           header.type == static_cast<std::uint16_t>(engine::control_type::clock) &&
           engine::commit_length(header.commit) >= sizeof header + sizeof(engine::clock_payload);
}

}  // namespace

evidence_records::evidence_records(std::filesystem::path log, std::uint64_t segment_bytes,
                                   const engine::seal_head& head)
    : log_(std::move(log)), segment_bytes_(segment_bytes), head_(head) {}

evidence_records::part& evidence_records::part_of(std::uint64_t index) {
    std::uint64_t next = parts_.empty() ? index : parts_.back().info.index + 1;
    for (; next <= index; ++next) {
        part& one = parts_.emplace_back();
        one.info = engine::read_segment_info(log_, next);
        one.seals = engine::read_seals(engine::segment_home(log_, next), one.info);
        const auto is_verified = [this](const engine::seal& sealed) {
            return head_.is_sealed && sealed.end <= head_.end.value;
        };
        one.seals.seals.erase(
            std::find_if_not(one.seals.seals.begin(), one.seals.seals.end(), is_verified),
            one.seals.seals.end());
    }
    return parts_[index - parts_.front().info.index];
}

std::uint64_t evidence_records::head_index() const {
    return (head_.end.value - 1) / segment_bytes_;
}

void evidence_records::need(const engine::record_view& record) {
    part& one = part_of(record.at.value / segment_bytes_);
    if (one.ranges.empty()) {
        add_range_around(one, one.info.first_position().value, one.info.first_record().value);
    }
    add_range_around(one, record.at.value, record.end.value);
}

void evidence_records::need_clock_before(const engine::record_view& first) {
    part& one = part_of(first.at.value / segment_bytes_);
    const engine::segment where =
        engine::segment::open(log_, one.info.index, engine::access::read_only);
    visit_records(where, one.info.first_record().value, first.at.value,
                  [&one](std::uint64_t at, const std::byte* record, std::uint64_t end) {
                      if (is_clock(record)) {
                          add_range_around(one, at, end);
                      }
                  });
}

void evidence_records::need_to(const engine::digest& noted, engine::sequence last) {
    for (std::uint64_t index = parts_.front().info.index; head_.is_sealed && index <= head_index();
         ++index) {
        for (const engine::seal& one : part_of(index).seals.seals) {
            if (one.hash != noted) {
                continue;
            }
            if (one.last_sequence < last.value) {
                throw engine::error("--head: that seal ends with sequence " +
                                    std::to_string(one.last_sequence) +
                                    ", and proves nothing of the rows behind it, up to " +
                                    std::to_string(last.value) +
                                    "; give one that was noted later, or end the range there");
            }
            need_all_to(one.end);
            return;
        }
    }
    throw engine::error(
        "--head: that seal lies before the rows, and proves nothing of them; give "
        "one that was noted later");
}

void evidence_records::need_to_head_unless_keyed() {
    const auto is_unkeyed = [](const part& one) {
        return std::any_of(one.ranges.begin(), one.ranges.end(), [&one](const byte_range& range) {
            return std::any_of(one.seals.seals.begin(), one.seals.seals.end(),
                               [&range](const engine::seal& sealed) {
                                   return sealed.begin < range.end && range.begin < sealed.end &&
                                          !sealed.is_keyed();
                               });
        });
    };
    if (head_.is_sealed && std::any_of(parts_.begin(), parts_.end(), is_unkeyed)) {
        need_all_to(head_.end.value);
    }
}

void evidence_records::need_all_to(std::uint64_t end) {
    for (std::uint64_t index = parts_.front().info.index; index <= (end - 1) / segment_bytes_;
         ++index) {
        part& one = part_of(index);
        for (const engine::seal& sealed : one.seals.seals) {
            if (sealed.end <= end) {
                add_range(one.ranges, sealed.begin, sealed.end);
            }
        }
    }
}

ordered_json evidence_records::write_ranges(evidence_package& package, const part& one) {
    if (one.ranges.empty()) {
        return nullptr;
    }
    const engine::segment where =
        engine::segment::open(log_, one.info.index, engine::access::read_only);
    const std::uint64_t first = one.info.first_position().value;
    const std::string name = "records/" + engine::segment_file_name(one.info.index) + ".records";
    evidence_file file = package.begin(name);
    ordered_json ranges = ordered_json::array();
    for (const byte_range& range : one.ranges) {
        file.write(text_of(where.data() + (range.begin - first), range.end - range.begin));
        ranges.push_back({{"begin", range.begin}, {"end", range.end}});
        visit_records(where, range.begin, range.end,
                      [this](std::uint64_t at, const std::byte* record, std::uint64_t) {
                          if (is_clock(record)) {
                              append_clock_line(clock_lines_, at, record);
                          }
                      });
    }
    package.add(file);
    return {{"name", name}, {"ranges", std::move(ranges)}};
}

ordered_json evidence_records::write(evidence_package& package) {
    if (head_.is_sealed && head_index() > parts_.back().info.index) {
        static_cast<void>(part_of(head_index()));  // the seals from the rows to the head
    }
    ordered_json segments = ordered_json::array();
    for (const part& one : parts_) {
        ordered_json segment = {
            {"index", one.info.index}, {"schema", one.info.schema}, {"seals", nullptr}};
        if (!one.seals.seals.empty()) {
            const std::string name = "seals/" + engine::seal_file_name(one.info.index);
            std::string bytes(text_of(&one.seals.header, sizeof one.seals.header));
            bytes += text_of(one.seals.seals.data(), one.seals.seals.size() * sizeof(engine::seal));
            package.add(name, bytes);
            segment["seals"] = name;
        }
        segment["records"] = write_ranges(package, one);
        segments.push_back(std::move(segment));
    }
    package.add("clock.ndjson", clock_lines_);
    return segments;
}

}  // namespace millrace::tools
