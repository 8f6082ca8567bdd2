#include "gateway/pipeline/reject_log.hpp"

#include <algorithm>
#include <cstring>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/read_to_end.hpp"
#include "engine/log/segment.hpp"

namespace millrace::gateway {

namespace {

constexpr std::size_t route_bytes = 62;
constexpr std::size_t reason_bytes = 198;
constexpr std::string_view schema_suffix = ".schema";

struct reject_row {
    engine::text<route_bytes> route;
    engine::text<reason_bytes> reason;
    std::uint64_t source_sequence = 0;
    std::uint64_t source_position = 0;
};

engine::schema_column column(const char* name, engine::column_type type, std::size_t capacity = 0) {
    engine::schema_column made;
    made.name = name;
    made.type = type;
    made.text_capacity = capacity;
    return made;
}

engine::row_schema reject_schema() {
    engine::row_schema schema("REJECT", {column("ROUTE", engine::column_type::text, route_bytes),
                                         column("REASON", engine::column_type::text, reason_bytes),
                                         column("SOURCE_SEQUENCE", engine::column_type::u64),
                                         column("SOURCE_POSITION", engine::column_type::u64),
                                         column("PAYLOAD", engine::column_type::bytes)});
    MILLRACE_ASSERT(schema.fixed_size() == sizeof(reject_row), "schema and struct disagree");
    return schema;
}

engine::row_envelope envelope_of(const engine::stream_slot& record) {
    engine::row_envelope envelope;
    std::memcpy(&envelope, record.payload, sizeof envelope);
    return envelope;
}

// How far the route had come when the snapshot was written; all of it if that does not say.
engine::sequence highest_in(std::span<const std::byte> snapshot, std::string_view route) {
    engine::origin_tracker then;
    const bool is_whole = engine::visit_snapshot(
        snapshot, [&](engine::snapshot_section kind, std::span<const std::byte> content) {
            static_cast<void>(kind == engine::snapshot_section::route_origins &&
                              then.read_snapshot(content));
        });
    return is_whole && then.knows(route) ? then.highest(engine::route_id(route))
                                         : engine::sequence{UINT64_MAX};
}

}  // namespace

reject_log::reject_log(std::filesystem::path directory, const engine::table_log_options& options)
    : directory_(std::move(directory)), options_(options) {
    if (!engine::list_segments(directory_).empty()) {
        make_table();
    }
}

void reject_log::make_table() {
    table_ = std::make_unique<engine::table_log>(directory_, reject_schema(), options_);
}

void reject_log::bind_route(std::string_view route, const engine::log_uuid& source) {
    routes_.emplace_back(route, source);
    if (is_there()) {
        table_->bind_route(route, source);
    }
}

void reject_log::set_source(const engine::log_uuid& source, const engine::row_schema& schema) {
    source_ = source;
    source_schema_ = schema;
}

void reject_log::keep_schema() const {
    const std::filesystem::path file =
        directory_ / (to_string(source_) + std::string(schema_suffix));
    if (!std::filesystem::exists(file)) {  // a log never changes its columns
        engine::write_file_atomically(file, source_schema_->to_text());
    }
}

void reject_log::open() {
    if (!is_there()) {
        make_table();
        for (const auto& [route, source] : routes_) {
            table_->bind_route(route, source);
        }
    }
    if (source_schema_) {
        keep_schema();
    }
    table_->start();
    // release: pairs with reject_log.hpp: is_open
    is_open_.store(true, std::memory_order_release);
}

bool reject_log::open_if_wanted() {
    // relaxed: it carries nothing, and is looked at again
    if (!is_wanted_.load(std::memory_order_relaxed) || is_open()) {
        return false;
    }
    open();
    return true;
}

engine::sequence reject_log::highest(std::string_view route) const noexcept {
    return is_there() ? table_->origins().highest(engine::route_id(route)) : engine::sequence{};
}

std::map<engine::log_uuid, engine::row_schema> parked_schemas(
    const std::filesystem::path& log_directory, const engine::row_schema& table) {
    std::map<engine::log_uuid, engine::row_schema> schemas;
    if (!(table == reject_schema())) {
        return schemas;
    }
    for (const auto& file : std::filesystem::directory_iterator(log_directory)) {
        engine::log_uuid source;
        if (file.path().extension() != schema_suffix ||
            !engine::parse(file.path().stem().native(), source)) {
            continue;
        }
        try {
            schemas.emplace(source,
                            engine::row_schema::parse(engine::read_whole_file(file.path())));
        } catch (const engine::config_error& failure) {
            throw engine::config_error(file.path().native() + ": " + failure.what());
        }
    }
    return schemas;
}

// Where the route's rows behind `after` begin. The oldest segment says how far the route had come
// before it, so an archive that may be out of reach is asked for only where it is needed.
engine::read_from reject_log::begin_behind(std::string_view route, engine::sequence after) const {
    const engine::read_from oldest = engine::read_from::oldest_here();
    engine::log_reader reader(table_->log().directory(), oldest, true);
    engine::record_view record;
    const bool is_here = reader.poll(record) == engine::read_status::record &&
                         record.is_control(engine::control_type::snapshot) &&
                         highest_in(record.bytes(), route) <= after;
    return is_here ? oldest : engine::read_from::first();
}

std::vector<engine::sequence> reject_log::parked_behind(std::string_view route,
                                                        engine::sequence after) const {
    std::vector<engine::sequence> parked;
    if (highest(route) <= after) {  // also where there is no log
        return parked;
    }
    const auto give_up_behind = [&](engine::sequence last) {
        parked.erase(std::remove_if(parked.begin(), parked.end(),
                                    [&](engine::sequence one) { return one > last; }),
                     parked.end());
    };
    engine::log_reader reader(table_->log().directory(), begin_behind(route, after), true);
    engine::read_to_end reading(reader, table_->log().end());
    engine::record_view record;
    while (reading.next(record)) {
        if (record.is_control(engine::control_type::snapshot)) {
            give_up_behind(highest_in(record.bytes(), route));
        } else if (!record.is_control()) {
            const engine::origin from =
                engine::row_view(table_->schema(), record.bytes()).envelope().origin;
            if (from.route == engine::route_id(route) && from.sequence > after.value) {
                parked.push_back({from.sequence});
            }
        }
    }
    give_up_behind(highest(route));  // by a cut back that no row follows yet
    std::sort(parked.begin(), parked.end());
    return parked;
}

engine::append_status reject_log::park(std::string_view route, const engine::log_uuid& source,
                                       const engine::stream_slot& record,
                                       std::string_view reason) noexcept {
    if (!is_open()) {
        is_wanted_.store(true, std::memory_order_relaxed);
        return engine::append_status::back_pressured;
    }
    const engine::row_envelope original = envelope_of(record);
    engine::row_envelope envelope;
    static_cast<void>(envelope.event.assign("park"));
    envelope.user = original.user;
    envelope.correlation = original.correlation == engine::correlation{}
                               ? engine::correlation{record.log_id, record.seq.value}
                               : original.correlation;
    envelope.set_origin({engine::route_id(route), source, record.seq.value});

    reject_row row;
    const bool is_named = row.route.assign(route.substr(0, route_bytes)) &&
                          row.reason.assign(reason.substr(0, reason_bytes));
    MILLRACE_DCHECK(is_named, "cut to the capacity");
    static_cast<void>(is_named);
    row.source_sequence = record.seq.value;
    row.source_position = record.at.value;

    const std::size_t bytes = sizeof envelope + sizeof row + record.payload_size;
    engine::log_claim claim = table_->try_claim(bytes);
    if (!claim) {
        return claim.status();
    }
    std::byte* payload = claim.payload().data();
    std::memcpy(payload, &envelope, sizeof envelope);
    std::memcpy(payload + sizeof envelope, &row, sizeof row);
    std::memcpy(payload + sizeof envelope + sizeof row, record.payload, record.payload_size);
    return table_->commit(claim, bytes).status;
}

}  // namespace millrace::gateway
