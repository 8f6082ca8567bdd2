#include "tools/venue/journal.hpp"

#include <algorithm>

#include "engine/core/file.hpp"
#include "tools/venue/decimal.hpp"
#include "tools/venue/journal_format.hpp"

namespace millrace::tools {

namespace {

void add_report(journaled_order& order, const venue_report& report, arrival how,
                std::uint64_t ordinal) {
    order.reports.push_back({report.exec_id, ordinal});
    if (report.msg_type != '8') {
        return;
    }
    switch (report.exec_type) {
        case '0':
            ++order.acknowledged;
            break;
        case 'F':
            ++order.fills;
            order.filled_qty += report.last_qty;
            break;
        case '8':
            order.rejected += how == arrival::first ? 1 : 0;
            break;
        case '4':
            ++order.cancelled;
            break;
        case '5':
            ++order.replaced;
            break;
        default:
            break;
    }
}

void add_order(journal_view& view, const std::vector<journal_line>& entry) {
    const journal_line& line = entry.front();
    const venue_request request = parse_order_line(line);
    const arrival how = parse_arrival(line);
    journaled_order& order = view.orders[request.cl_ord_id];
    if (order.arrivals == 0) {
        order.msg_type = request.msg_type;
        // A quantity that is no decimal was rejected; it stays 0.
        static_cast<void>(parse_decimal(request.order_qty, order.order_qty));
    }
    ++order.arrivals;
    const message_number number{text_of(line, "session"),
                                line.at("generation").get<std::uint32_t>(), request.msg_seq_num};
    // PossResend of a known order is announced repetition, not a second number.
    const bool is_announced = how == arrival::again && request.poss_resend;
    const auto& known = order.numbers;
    if (!is_announced && std::find(known.begin(), known.end(), number) == known.end()) {
        order.numbers.push_back(number);
    }
    view.duplicates += how == arrival::duplicate ? 1 : 0;
    for (std::size_t i = 1; i < entry.size(); ++i) {
        ++view.reports;
        add_report(order, parse_report_line(entry[i]), how, view.reports);
    }
}

}  // namespace

std::filesystem::path journal_path(const std::filesystem::path& venue_directory) {
    return venue_directory / "journal.ndjson";
}

journal_view read_journal(const std::filesystem::path& journal) {
    journal_view view;
    const std::string text = engine::read_whole_file(journal);
    view.bytes_read = read_entries(text, journal, [&view](const std::vector<journal_line>& entry) {
        const std::string event = text_of(entry.front(), "event");
        if (event == "order") {
            add_order(view, entry);
        }
        view.logons += event == "logon" ? 1 : 0;
        view.resets += event == "reset" ? 1 : 0;
    });
    return view;
}

}  // namespace millrace::tools
