#include "tools/millrace/demo_reconcile.hpp"

#include <unordered_map>
#include <unordered_set>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"
#include "tools/venue/decimal.hpp"
#include "tools/venue/journal.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t findings_max = 20;

struct engine_order {
    std::uint64_t acknowledged = 0;
    std::uint64_t fills = 0;
    std::uint64_t rejected = 0;
    std::int64_t filled_qty = 0;  // in the journal's units
    std::unordered_set<std::string> exec_ids;
};

struct engine_view {
    std::unordered_map<std::string, engine_order> orders;
    std::uint64_t repeated_reports = 0;
};

void find(reconciliation& result, const std::string& text) {
    if (result.findings.size() < findings_max) {
        result.findings.push_back(text);
    }
}

std::int64_t scaled(const engine::decimal& value) {
    if (value.is_null()) {
        return 0;
    }
    std::int64_t quantity = 0;
    if (!parse_decimal(engine::to_string(value), quantity)) {
        throw engine::damage_error("EXECUTION: quantity " + engine::to_string(value) +
                                   " does not fit the journal's units");
    }
    return quantity;
}

engine_view read_execution(const std::filesystem::path& directory, reconciliation& result) {
    engine_view view;
    if (engine::list_segments(directory).empty()) {
        return view;
    }
    engine::log_reader reader(directory, engine::read_from::first());
    const engine::row_schema schema = engine::row_schema::parse(reader.schema());
    const std::size_t exec_id = schema.index_of("EXEC_ID");
    const std::size_t cl_ord_id = schema.index_of("CL_ORD_ID");
    const std::size_t exec_type = schema.index_of("EXEC_TYPE");
    const std::size_t last_qty = schema.index_of("LAST_QTY");
    engine::record_view record;
    engine::read_status status = engine::read_status::none;
    while ((status = reader.poll(record)) == engine::read_status::record) {
        const engine::row_view row(schema, record.bytes());
        engine_order& order = view.orders[std::string(row.text(cl_ord_id))];
        if (!order.exec_ids.emplace(row.text(exec_id)).second) {
            ++view.repeated_reports;
            find(result, "report " + std::string(row.text(exec_id)) + " is in EXECUTION twice");
            continue;
        }
        const char type = row.character(exec_type);
        order.acknowledged += type == '0' ? 1 : 0;
        order.rejected += type == '8' ? 1 : 0;
        if (type == 'F') {
            ++order.fills;
            order.filled_qty += scaled(row.decimal_value(last_qty));
        }
    }
    if (status == engine::read_status::damaged) {
        throw engine::damage_error(reader.damage().text());
    }
    return view;
}

// Distinct message numbers within one generation: a resend carries the number it had.
bool has_two_numbers(const journaled_order& order) {
    return order.numbers.size() > 1;
}

void compare_order(const std::string& id, const journaled_order& venue, const engine_order& engine,
                   reconciliation& result) {
    if (has_two_numbers(venue)) {
        ++result.duplicated;
        find(result, "order " + id + " reached the venue under " +
                         std::to_string(venue.numbers.size()) + " message numbers");
    }
    for (const std::string& exec_id : venue.exec_ids) {
        if (!engine.exec_ids.contains(exec_id)) {
            ++result.lost;
            find(result, "report " + exec_id + " of order " + id + " is not in EXECUTION");
        }
    }
    if (venue.filled_qty != engine.filled_qty || venue.fills != engine.fills) {
        ++result.differing;
        find(result, "order " + id + ": the venue filled " + std::to_string(venue.fills) +
                         " times, EXECUTION has " + std::to_string(engine.fills));
    }
    result.acknowledged += venue.acknowledged == 1 && engine.acknowledged == 1 ? 1 : 0;
    result.rejected += venue.rejected == 1 && engine.rejected == 1 ? 1 : 0;
    result.fills += engine.fills;
}

}  // namespace

reconciliation reconcile(const demo_directory& directory, const demo_orders& orders) {
    reconciliation result;
    result.orders = orders.count();
    const journal_view venue = read_journal(journal_path(directory.venue()));
    const engine_view engine = read_execution(directory.table("EXECUTION"), result);
    result.duplicated += engine.repeated_reports;
    const engine_order none;
    for (std::size_t index = 0; index < orders.count(); ++index) {
        const std::string id(orders.id_of(index));
        const auto seen = venue.orders.find(id);
        if (seen == venue.orders.end()) {
            ++result.lost;
            find(result, "order " + id + " never reached the venue");
            continue;
        }
        const auto kept = engine.orders.find(id);
        compare_order(id, seen->second, kept == engine.orders.end() ? none : kept->second, result);
    }
    return result;
}

}  // namespace millrace::tools
