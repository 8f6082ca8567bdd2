#include "engine/capi/reader_handle.hpp"

#include "engine/core/error.hpp"
#include "engine/table/schema_change.hpp"

namespace engine = millrace::engine;

namespace {

std::vector<std::optional<std::size_t>> places_of(const engine::row_schema& columns,
                                                  const engine::row_schema& written) {
    std::vector<std::optional<std::size_t>> places;
    for (std::size_t i = 0; i < columns.column_count(); ++i) {
        places.push_back(written.find(columns.column(i).name));
    }
    return places;
}

}  // namespace

millrace_log_reader::millrace_log_reader(const std::filesystem::path& directory,
                                         const engine::read_from& from)
    : log(directory, from), uuid(engine::to_string(log.uuid())) {
    damage.reserve(damage_bytes);
    try {
        shown.push_back(engine::row_schema::parse(log.schema()));
    } catch (const engine::config_error&) {
        // A log that is no table's: its records are bytes.
    }
}

void millrace_log_reader::follow() {
    version = log.segment_schema_version();
    written.reset();
    has_more_columns = false;
    if (columns() == nullptr) {
        return;
    }
    engine::row_schema schema = engine::row_schema::parse(log.segment_schema());
    const engine::schema_change since = engine::compare_schemas(*columns(), schema);
    if (since.relation == engine::schema_relation::incompatible &&
        engine::compare_schemas(schema, *columns()).relation ==
            engine::schema_relation::incompatible) {
        throw engine::config_error("its columns are no change that a log follows: " + since.text());
    }
    has_more_columns = schema.column_count() > columns()->column_count();
    places = places_of(*columns(), schema);
    written.emplace(std::move(schema));
}

bool millrace_log_reader::take_columns() {
    if (!has_more_columns) {
        return false;
    }
    auto all_places = places_of(*written, *written);
    shown.push_back(*written);
    places.swap(all_places);  // behind what may throw
    has_more_columns = false;
    return true;
}

void millrace_log_reader::stop(std::string_view text) noexcept {
    if (damage.empty()) {
        damage.assign(text.substr(0, damage_bytes));
    }
}
