#include "tools/millrace/latency_join.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "engine/core/error.hpp"
#include "engine/table/row.hpp"
#include "gateway/session/fix_log_rows.hpp"
#include "gateway/session/fix_tables.hpp"

namespace millrace::tools {

namespace fs = std::filesystem;
using gateway::stage;
using gateway::stage_stamp;

namespace {

constexpr int search_depth_max = 3;

enum class log_kind { other, fix_out, fix_in, stamps };

bool has_log(const fs::path& directory) {
    return fs::is_directory(directory) && !engine::list_segments(directory).empty();
}

log_kind kind_of(const fs::path& directory) {
    const std::string schema =
        engine::read_segment_info(directory, engine::list_segments(directory).back()).schema;
    if (schema == gateway::stamps_schema) {
        return log_kind::stamps;
    }
    return schema == gateway::fix_out_schema().to_text()  ? log_kind::fix_out
           : schema == gateway::fix_in_schema().to_text() ? log_kind::fix_in
                                                          : log_kind::other;
}

// Calls visit(record) for every numbered record in the range.
template <class Visitor>
void for_each_record(engine::log_reader& reader, const latency_range& range, Visitor&& visit) {
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    while ((status = reader.poll(record)) == engine::read_status::record &&
           record.time <= range.until) {
        visit(record);
    }
    if (status == engine::read_status::damaged) {
        throw engine::damage_error(reader.damage().text());
    }
}

// Stamps in the order in which they are looked up.
class stamp_table {
public:
    void load(const fs::path& directory, engine::timestamp from) {
        engine::log_reader reader(directory, engine::read_from::at_time(from));
        for_each_record(reader, {}, [&](const engine::record_view& record) {
            if (record.type != gateway::stamps_record_type) {
                return;  // of a later version
            }
            const std::size_t count = record.payload_size / sizeof(stage_stamp);
            const std::size_t before = stamps_.size();
            stamps_.resize(before + count);
            std::memcpy(stamps_.data() + before, record.payload, count * sizeof(stage_stamp));
        });
    }
    void sort() {
        std::sort(stamps_.begin(), stamps_.end(),
                  [](const stage_stamp& a, const stage_stamp& b) { return key(a) < key(b); });
    }
    [[nodiscard]] std::size_t size() const { return stamps_.size(); }
    // visit(time) for each; several where several routes handled one record.
    template <class Visitor>
    bool find(stage which, std::uint64_t log_id, engine::sequence seq, Visitor&& visit) const {
        stage_stamp wanted;
        wanted.log_id = log_id;
        wanted.sequence = seq.value;
        wanted.which = static_cast<std::uint32_t>(which);
        const auto is_less = [](const stage_stamp& a, const stage_stamp& b) {
            return kind(a) < kind(b);
        };
        const auto [begin, end] = std::equal_range(stamps_.begin(), stamps_.end(), wanted, is_less);
        std::for_each(begin, end, [&](const stage_stamp& one) { visit(one.time_ns); });
        return begin != end;
    }

private:
    static std::tuple<std::uint64_t, std::uint64_t, std::uint32_t> kind(const stage_stamp& one) {
        return {one.log_id, one.sequence, one.which};
    }
    static std::tuple<std::uint64_t, std::uint64_t, std::uint32_t, std::int64_t> key(
        const stage_stamp& one) {
        return {one.log_id, one.sequence, one.which, one.time_ns};
    }
    std::vector<stage_stamp> stamps_;
};

void add(latency_report& report, hop which, std::int64_t begin_ns, std::int64_t end_ns) {
    if (begin_ns == 0 || end_ns == 0) {
        return;  // that stage was not passed, or is not known
    }
    if (end_ns < begin_ns) {
        ++report.backward_count;
        return;
    }
    report.hops[static_cast<std::size_t>(which)].record(end_ns - begin_ns);
}

// Of the record read last, as its stamps name it, whatever log it was salvaged into.
std::uint64_t log_id_of(const engine::log_reader& reader) {
    return engine::correlation_log_id(reader.original_log());
}

void measure_out(const fs::path& directory, const latency_range& range, const stamp_table& stamps,
                 latency_report& report) {
    engine::log_reader reader(directory, engine::read_from::at_time(range.from));
    for_each_record(reader, range, [&](const engine::record_view& record) {
        const engine::row_view view(gateway::fix_out_schema(), record.bytes());
        const auto row = gateway::detail::load_row<gateway::fix_out_row>(view);
        const std::int64_t committed = row.committed_time.ns;
        if (row.message.kind.view() != gateway::kind::application || committed == 0) {
            return;
        }
        ++report.messages_out;
        add(report, hop::committed_to_streamed, committed, row.streamed_time.ns);
        add(report, hop::streamed_to_translated, row.streamed_time.ns, row.translated_time.ns);
        add(report, hop::translated_to_numbered, row.translated_time.ns, record.time.ns);
        const bool is_sent =
            stamps.find(stage::sent, log_id_of(reader), record.seq, [&](std::int64_t sent) {
                add(report, hop::numbered_to_sent, record.time.ns, sent);
                add(report, hop::committed_to_sent, committed, sent);
            });
        report.unsent_count += is_sent ? 0 : 1;
    });
}

void measure_in(const fs::path& directory, const latency_range& range, const stamp_table& stamps,
                latency_report& report) {
    engine::log_reader reader(directory, engine::read_from::at_time(range.from));
    for_each_record(reader, range, [&](const engine::record_view& record) {
        const engine::row_view view(gateway::fix_in_schema(), record.bytes());
        const auto row = gateway::detail::load_row<gateway::fix_in_row>(view);
        if (row.message.kind.view() != gateway::kind::application) {
            return;
        }
        ++report.messages_in;
        const std::int64_t received = row.received_time.ns;
        add(report, hop::received_to_recorded, received, record.time.ns);
        static_cast<void>(
            stamps.find(stage::handled, log_id_of(reader), record.seq, [&](std::int64_t handled) {
                add(report, hop::recorded_to_handled, record.time.ns, handled);
                add(report, hop::received_to_handled, received, handled);
            }));
    });
}

}  // namespace

std::string_view name_of(hop which) {
    static constexpr std::array<std::string_view, hop_count> names = {
        "committed_to_streamed", "streamed_to_translated", "translated_to_numbered",
        "numbered_to_sent",      "committed_to_sent",      "received_to_recorded",
        "recorded_to_handled",   "received_to_handled"};
    return names[static_cast<std::size_t>(which)];
}

std::vector<fs::path> find_latency_logs(const fs::path& directory) {
    if (has_log(directory)) {
        return {directory};
    }
    std::vector<fs::path> found;
    if (fs::is_directory(directory)) {
        for (auto it = fs::recursive_directory_iterator(
                 directory, fs::directory_options::skip_permission_denied);
             it != fs::recursive_directory_iterator(); ++it) {
            if (it.depth() + 1 >= search_depth_max) {
                it.disable_recursion_pending();
            }
            if (it->is_directory() && has_log(it->path()) &&
                kind_of(it->path()) != log_kind::other) {
                found.push_back(it->path());
            }
        }
    }
    if (found.empty()) {
        throw engine::error(directory.native() +
                            ": no FIX_OUT, FIX_IN or STAMPS here; name the directory of such a "
                            "log, of a gateway, or [engine] directory");
    }
    std::sort(found.begin(), found.end());
    return found;
}

latency_report measure_latency(const std::vector<fs::path>& logs, const latency_range& range) {
    stamp_table stamps;
    for (const fs::path& log : logs) {
        const log_kind kind = kind_of(log);
        if (kind == log_kind::other) {
            throw engine::error(log.native() +
                                ": neither FIX_OUT nor FIX_IN nor STAMPS as this version writes "
                                "them; latencies are taken from those alone");
        }
        if (kind == log_kind::stamps) {
            stamps.load(log, range.from);
        }
    }
    stamps.sort();
    latency_report report;
    report.stamp_count = stamps.size();
    for (const fs::path& log : logs) {
        const log_kind kind = kind_of(log);
        if (kind == log_kind::fix_out) {
            measure_out(log, range, stamps, report);
        } else if (kind == log_kind::fix_in) {
            measure_in(log, range, stamps, report);
        }
    }
    return report;
}

}  // namespace millrace::tools
