#include "tools/millrace/demo_reconcile.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/core/error.hpp"
#include "tools/millrace/demo_rows.hpp"
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

using columns = std::vector<std::size_t>;

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

// An id from the example's commands goes through a shell.
bool is_plain(const std::string& id) {
    return !id.empty() && std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
}

class books {
public:
    books(const demo_directory& directory, bool is_settled)
        : is_settled_(is_settled), venue_(read_journal(journal_path(directory.venue()))) {
        read_orders(directory);
        read_numbers(directory);
        read_execution(directory);
        find_overtaken();
    }

    [[nodiscard]] reconciliation compare(const demo_orders& orders);

private:
    void find(const std::string& text) {
        if (result_.findings.size() < findings_max) {
            result_.findings.push_back(text);
        }
    }
    void read_orders(const demo_directory& directory);
    void read_numbers(const demo_directory& directory);
    void read_execution(const demo_directory& directory);
    void find_overtaken();
    void judge_missing_order(const std::string& id);
    void compare_decisions(const std::string& id, const journaled_order& venue,
                           const engine_order& engine, bool is_told);
    void compare_order(const std::string& id, const journaled_order& venue);
    // How many of the venue's reports are not in EXECUTION.
    std::size_t judge_reports(const std::string& id, const journaled_order& venue,
                              const engine_order& engine);
    void find_invented();

    bool is_settled_;
    journal_view venue_;
    std::vector<std::string> fed_;                            // ORDER_OUT, each once
    std::unordered_map<std::string, std::uint64_t> fed_ids_;  // and how often it stands there
    std::unordered_map<std::string, std::uint64_t> numbers_;  // FIX_OUT: ordinal of its message
    std::unordered_map<std::string, engine_order> executed_;
    std::uint64_t last_number_ = 0;  // ordinal of the last message that reached the venue
    std::uint64_t last_report_ = 0;  // ordinal of the last report that reached EXECUTION
    std::size_t most_reports_ = 0;   // of result_.example
    reconciliation result_;
};

void books::read_orders(const demo_directory& directory) {
    for_each_row(directory.table("ORDER_OUT"), {"CL_ORD_ID"},
                 [this](const engine::row_view& row, const columns& at) {
                     std::string id(row.text(at[0]));
                     if (++fed_ids_[id] == 1) {
                         fed_.push_back(std::move(id));
                     }
                 });
}

void books::read_numbers(const demo_directory& directory) {
    std::uint64_t ordinal = 0;
    for_each_row(directory.table("fix") / "FIX_OUT", {"KIND", "CL_ORD_ID"},
                 [&](const engine::row_view& row, const columns& at) {
                     if (row.text(at[0]) == "application") {
                         numbers_.emplace(row.text(at[1]), ++ordinal);
                     }
                 });
}

void books::read_execution(const demo_directory& directory) {
    for_each_row(directory.table("EXECUTION"), {"EXEC_ID", "CL_ORD_ID", "EXEC_TYPE", "LAST_QTY"},
                 [this](const engine::row_view& row, const columns& at) {
                     const std::string exec_id(row.text(at[0]));
                     engine_order& order = executed_[std::string(row.text(at[1]))];
                     if (!order.exec_ids.insert(exec_id).second) {
                         ++result_.duplicated;
                         find("report " + exec_id + " is in EXECUTION twice");
                         return;
                     }
                     const char type = row.character(at[2]);
                     order.acknowledged += type == '0' ? 1 : 0;
                     order.rejected += type == '8' ? 1 : 0;
                     if (type == 'F') {
                         ++order.fills;
                         order.filled_qty += scaled(row.decimal_value(at[3]));
                     }
                 });
}

void books::find_overtaken() {
    for (const auto& [id, order] : venue_.orders) {
        const auto number = numbers_.find(id);
        if (number != numbers_.end()) {
            last_number_ = std::max(last_number_, number->second);
        }
        const auto executed = executed_.find(id);
        if (executed == executed_.end()) {
            continue;
        }
        for (const journaled_report& report : order.reports) {
            if (executed->second.exec_ids.contains(report.exec_id)) {
                last_report_ = std::max(last_report_, report.ordinal);
            }
        }
    }
}

void books::judge_missing_order(const std::string& id) {
    const auto number = numbers_.find(id);
    if (number == numbers_.end()) {
        ++result_.waiting;
    } else if (is_settled_ || number->second < last_number_) {
        ++result_.lost;
        find("order " + id + " was numbered and never reached the venue");
    } else {
        ++result_.in_flight;
    }
}

std::size_t books::judge_reports(const std::string& id, const journaled_order& venue,
                                 const engine_order& engine) {
    std::size_t missing = 0;
    std::unordered_set<std::string> known;
    for (const journaled_report& report : venue.reports) {
        known.insert(report.exec_id);
        if (engine.exec_ids.contains(report.exec_id)) {
            continue;
        }
        ++missing;
        if (is_settled_ || report.ordinal < last_report_) {
            ++result_.lost;
            find("report " + report.exec_id + " of order " + id + " is not in EXECUTION");
        } else {
            ++result_.in_flight;
        }
    }
    for (const std::string& exec_id : engine.exec_ids) {
        if (!known.contains(exec_id)) {
            ++result_.invented;
            find("report " + exec_id + " of order " + id + " is in EXECUTION, and the venue " +
                 "never made it");
        }
    }
    return missing;
}

// Each order is acknowledged or rejected, once, and EXECUTION says the same. A venue that was
// killed may have taken an order and not have decided yet.
void books::compare_decisions(const std::string& id, const journaled_order& venue,
                              const engine_order& engine, bool is_told) {
    const bool is_undecided = venue.reports.empty() && !is_settled_;
    if (!is_undecided && venue.acknowledged + venue.rejected != 1) {
        ++result_.differing;
        find("order " + id + ": the venue acknowledged it " + std::to_string(venue.acknowledged) +
             " times and rejected it " + std::to_string(venue.rejected) + " times");
    } else if (is_told &&
               (venue.acknowledged != engine.acknowledged || venue.rejected != engine.rejected)) {
        ++result_.differing;
        find("order " + id + ": the venue " +
             (venue.acknowledged > 0 ? "acknowledged" : "rejected") +
             " it, EXECUTION says otherwise");
    }
}

void books::compare_order(const std::string& id, const journaled_order& venue) {
    static const engine_order none;
    const auto found = executed_.find(id);
    const engine_order& engine = found == executed_.end() ? none : found->second;
    // Distinct numbers within one generation: a resend carries the number it had.
    if (venue.numbers.size() > 1) {
        ++result_.duplicated;
        find("order " + id + " reached the venue under " + std::to_string(venue.numbers.size()) +
             " message numbers");
    }
    const std::size_t missing = judge_reports(id, venue, engine);
    if (missing == 0 && (venue.filled_qty != engine.filled_qty || venue.fills != engine.fills)) {
        ++result_.differing;
        find("order " + id + ": the venue filled " + format_decimal(venue.filled_qty) + " in " +
             std::to_string(venue.fills) + " trades, EXECUTION has " +
             format_decimal(engine.filled_qty) + " in " + std::to_string(engine.fills));
    }
    compare_decisions(id, venue, engine, missing == 0);
    result_.acknowledged += venue.acknowledged == 1 && engine.acknowledged == 1 ? 1 : 0;
    result_.rejected += venue.rejected == 1 && engine.rejected == 1 ? 1 : 0;
    result_.fills += engine.fills;
    if (engine.exec_ids.size() > most_reports_ && is_plain(id)) {
        most_reports_ = engine.exec_ids.size();
        result_.example = id;
    }
}

void books::find_invented() {
    for (const auto& [id, order] : venue_.orders) {
        if (!fed_ids_.contains(id)) {
            ++result_.invented;
            find("order " + id + " is at the venue, and nobody fed it");
        }
    }
    for (const auto& [id, order] : executed_) {
        if (!venue_.orders.contains(id)) {
            result_.invented += order.exec_ids.size();
            find("reports of order " + id + " are in EXECUTION, and the venue does not know it");
        }
    }
}

reconciliation books::compare(const demo_orders& orders) {
    result_.orders = fed_.size();
    for (std::size_t index = 0; index < orders.count(); ++index) {
        if (!fed_ids_.contains(std::string(orders.id_of(index)))) {
            ++result_.orders;
            ++result_.unfed;
        }
    }
    for (const std::string& id : fed_) {
        const auto seen = venue_.orders.find(id);
        if (seen == venue_.orders.end()) {
            judge_missing_order(id);
        } else {
            compare_order(id, seen->second);
        }
    }
    find_invented();
    return std::move(result_);
}

}  // namespace

reconciliation reconcile(const demo_directory& directory, const demo_orders& orders,
                         bool is_settled) {
    return books(directory, is_settled).compare(orders);
}

}  // namespace millrace::tools
