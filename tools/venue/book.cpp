#include "tools/venue/book.hpp"

#include <chrono>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tools/venue/journal.hpp"
#include "tools/venue/journal_format.hpp"
#include "tools/venue/planning.hpp"

namespace millrace {
namespace tools {

namespace {

std::string journal_in(const std::string& directory) {
    engine::ensure_directory(directory);
    return journal_path(directory).string();
}

std::uint64_t wall_clock_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// "FIX.4.4:VENUE->CLIENT" may hold characters that no file name may.
std::string store_name(const std::string& session) {
    std::string name;
    constexpr char digits[] = "0123456789abcdef";
    for (const char c : session) {
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                              (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
        if (is_plain) {
            name += c;
            continue;
        }
        name += '%';
        name += digits[static_cast<unsigned char>(c) >> 4];
        name += digits[static_cast<unsigned char>(c) & 0xf];
    }
    return name + ".store";
}

}  // namespace

venue_book::venue_book(const venue_options& options)
    : options_(options), journal_(journal_in(options.directory)) {
    recover();
}

void venue_book::recover() {
    const auto handle = [this](const std::vector<journal_line>& entry) {
        const journal_line& line = entry.front();
        const std::string event = text_of(line, "event");
        if (event != "order") {
            return;
        }
        std::vector<venue_report> reports;
        for (std::size_t i = 1; i < entry.size(); ++i) {
            reports.push_back(parse_report_line(entry[i]));
        }
        apply(session_named(text_of(line, "session")), line.at("generation").get<std::uint32_t>(),
              parse_order_line(line), parse_arrival(line), std::move(reports));
    };
    const std::string text = journal_.read_all();
    journal_.cut(read_entries(text, journal_.path(), handle));
}

std::size_t venue_book::session_named(const std::string& name) {
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        if (sessions_[i].name == name) {
            return i;
        }
    }
    sessions_.emplace_back();
    sessions_.back().name = name;
    return sessions_.size() - 1;
}

std::size_t venue_book::open_session(const std::string& name) {
    const std::size_t index = session_named(name);
    session_state& session = sessions_[index];
    const std::string path = options_.directory + "/" + store_name(name);
    session.numbers = std::make_unique<number_store>(path);
    for (const sent_report& sent : session.numbers->reports_at_open()) {
        const bool is_known = sent.report <= reports_.size() &&
                              requests_[reports_[sent.report - 1].request].session == index;
        if (!is_known) {
            throw engine::damage_error(
                path + ": holds report " + std::to_string(sent.report) + ", which " +
                journal_.path() +
                " does not know; they are of different runs, move the directory away");
        }
        reports_[sent.report - 1].generation = sent.generation;
        reports_[sent.report - 1].number = sent.number;
    }
    if (options_.reset_on_start) {
        reset(index);
    }
    find_owed(index);
    return index;
}

void venue_book::find_owed(std::size_t index) {
    session_state& session = sessions_[index];
    const std::uint32_t current = session.numbers->generation();
    session.owed.clear();
    for (std::size_t i = 0; i < reports_.size(); ++i) {
        const venue_report& report = reports_[i];
        if (requests_[report.request].session != index) {
            continue;
        }
        const bool is_unproven = report.generation < current &&
                                 report.number > session.numbers->proven(report.generation);
        if (report.generation == 0 || (options_.resend_after_reset && is_unproven)) {
            session.owed.push_back(i + 1);
        }
    }
}

arrival venue_book::classify(const session_state& session, const venue_request& request) const {
    const auto found = session.requests.find(request.cl_ord_id);
    if (found == session.requests.end()) {
        return arrival::first;
    }
    const auto is_same = [&](const kept_request& kept) {
        return kept.generation == session.numbers->generation() &&
               kept.content.msg_seq_num == request.msg_seq_num &&
               kept.content.cl_ord_id == request.cl_ord_id;
    };
    // A message whose number was not used up yet comes again; it can only be the first or the last
    // of its ClOrdID.
    const bool is_again =
        is_same(requests_[found->second]) || is_same(requests_[session.last_request - 1]);
    return is_again || request.poss_resend ? arrival::again : arrival::duplicate;
}

const venue_order* venue_book::find_order(const session_state& session,
                                          const std::string& cl_ord_id) const {
    const auto found = session.orders.find(cl_ord_id);
    return found == session.orders.end() ? nullptr : &orders_[found->second - 1];
}

std::vector<venue_report> venue_book::plan(const session_state& session,
                                           const venue_request& request, arrival how) const {
    std::vector<venue_report> reports;
    if (how == arrival::again) {
        return reports;
    }
    std::string prefix = request.cl_ord_id + ".";
    const venue_order* order = find_order(session, request.orig_cl_ord_id);
    if (how == arrival::duplicate) {
        reports = plan_duplicate(request, order);
        const auto repeats = session.repeats.find(request.cl_ord_id);
        const std::uint64_t known = repeats == session.repeats.end() ? 0 : repeats->second;
        prefix += std::to_string(known + 2) + "d";
    } else if (request.msg_type == 'D') {
        reports = plan_new(options_, request);
    } else {
        const venue_request* terms =
            order == nullptr ? nullptr : &requests_[order->request].content;
        reports = plan_change(options_, request, terms, order);
    }
    for (std::size_t i = 0; i < reports.size(); ++i) {
        reports[i].exec_id = prefix + std::to_string(i + 1);
    }
    return reports;
}

bool venue_book::accept(std::size_t index, const venue_request& request) {
    if (failed()) {
        return false;
    }
    session_state& session = sessions_[index];
    if (requests_.size() >= options_.requests_max) {
        return check(false, "VenueRequestsMax=" + std::to_string(options_.requests_max) +
                                " reached; raise it or start with a fresh VenueDirectory");
    }
    const arrival how = classify(session, request);
    std::vector<venue_report> reports = plan(session, request, how);
    const std::uint32_t generation = session.numbers->generation();
    const bool is_accepted_new =
        request.msg_type == 'D' && !reports.empty() && reports.front().exec_type == '0';
    const venue_order* order = find_order(session, request.orig_cl_ord_id);
    const std::string order_id = is_accepted_new    ? "O-" + request.cl_ord_id
                                 : order != nullptr ? order->order_id
                                                    : "NONE";
    std::string lines;
    append_order_line(lines, session.name, generation, request, how, reports.size());
    for (const venue_report& report : reports) {
        append_report_line(lines, session.name, request, order_id, report);
    }
    if (!check(journal_.append(lines), journal_.error())) {
        return false;
    }
    const std::uint64_t first_ordinal = reports_.size() + 1;
    apply(index, generation, request, how, std::move(reports));
    for (std::uint64_t ordinal = first_ordinal; ordinal <= reports_.size(); ++ordinal) {
        session.owed.push_back(ordinal);
    }
    return true;
}

void venue_book::apply(std::size_t index, std::uint32_t generation, const venue_request& request,
                       arrival how, std::vector<venue_report> reports) {
    session_state& session = sessions_[index];
    if (how == arrival::again) {
        ++counts_.again;
        return;
    }
    requests_.push_back(kept_request{request, static_cast<std::uint32_t>(index), generation});
    const std::uint64_t request_index = requests_.size() - 1;
    session.last_request = request_index + 1;
    if (how == arrival::duplicate) {
        ++session.repeats[request.cl_ord_id];
        ++counts_.duplicates;
    } else {
        session.requests[request.cl_ord_id] = request_index;
        counts_.orders += request.msg_type == 'D' ? 1 : 0;
    }
    const std::uint64_t order = order_for(session, request_index, how, reports);
    for (venue_report& report : reports) {
        report.request = request_index;
        report.order = order;
        apply_report(session, std::move(report));
    }
}

std::uint64_t venue_book::order_for(session_state& session, std::uint64_t request_index,
                                    arrival how, const std::vector<venue_report>& reports) {
    const venue_request& request = requests_[request_index].content;
    if (request.msg_type != 'D') {
        const auto found = session.orders.find(request.orig_cl_ord_id);
        return found == session.orders.end() ? 0 : found->second;
    }
    if (how != arrival::first || reports.empty() || reports.front().exec_type != '0') {
        return 0;
    }
    venue_order order;
    order.request = request_index;
    order.order_id = "O-" + request.cl_ord_id;
    if (read_terms(options_, request, order) >= 0) {
        throw engine::damage_error(journal_.path() + ": order " + request.cl_ord_id +
                                   " was accepted with terms that cannot be read");
    }
    orders_.push_back(std::move(order));
    session.orders[request.cl_ord_id] = orders_.size();
    return orders_.size();
}

void venue_book::apply_report(session_state& session, venue_report report) {
    const venue_request& request = requests_[report.request].content;
    report.terms = report.request;
    if (report.order != 0) {
        venue_order& order = orders_[report.order - 1];
        if (report.msg_type == '8') {
            if (report.exec_type == '5') {
                order.request = report.request;
                // The terms were read when the replacement was accepted.
                static_cast<void>(read_terms(options_, request, order));
                session.orders[request.cl_ord_id] = report.order;
            }
            order.status = report.ord_status;
            order.cum_qty = report.cum_qty;
            order.traded += static_cast<notional>(report.last_px) * report.last_qty;
        }
        report.terms = order.request;
    }
    count(report);
    reports_.push_back(std::move(report));
}

void venue_book::count(const venue_report& report) {
    if (report.msg_type == '9') {
        ++counts_.cancel_rejected;
        return;
    }
    switch (report.exec_type) {
        case '0':
            ++counts_.acknowledged;
            break;
        case 'F':
            ++counts_.fills;
            break;
        case '8':
            ++counts_.rejected;
            break;
        case '4':
            ++counts_.cancelled;
            break;
        case '5':
            ++counts_.replaced;
            break;
        default:
            break;
    }
}

std::uint64_t venue_book::next_owed(std::size_t session) const {
    const auto& owed = sessions_[session].owed;
    return failed() || owed.empty() ? 0 : owed.front();
}

bool venue_book::store(std::size_t index, int number, const std::string& message,
                       std::uint64_t report) {
    session_state& session = sessions_[index];
    if (failed() ||
        !check(session.numbers->store(number, message, report), session.numbers->error())) {
        return false;
    }
    if (report != 0) {
        reports_[report - 1].generation = session.numbers->generation();
        reports_[report - 1].number = number;
        if (!session.owed.empty() && session.owed.front() == report) {
            session.owed.pop_front();
        }
    }
    return true;
}

bool venue_book::set_next_sender(std::size_t session, int number) {
    number_store& numbers = *sessions_[session].numbers;
    return !failed() && check(numbers.set_next_sender(number), numbers.error());
}

bool venue_book::set_next_target(std::size_t session, int number) {
    number_store& numbers = *sessions_[session].numbers;
    return !failed() && check(numbers.set_next_target(number), numbers.error());
}

bool venue_book::set_proven(std::size_t session, int number) {
    number_store& numbers = *sessions_[session].numbers;
    return !failed() && check(numbers.set_proven(number), numbers.error());
}

bool venue_book::reset(std::size_t session) {
    number_store& numbers = *sessions_[session].numbers;
    const std::uint32_t before = numbers.generation();
    if (failed() || !check(numbers.reset(wall_clock_ns()), numbers.error())) {
        return false;
    }
    if (numbers.generation() == before) {
        return true;
    }
    find_owed(session);
    return note(session, "reset");
}

bool venue_book::note(std::size_t session, const char* event) {
    if (failed()) {
        return false;
    }
    std::string line;
    append_event_line(line, event, sessions_[session].name,
                      sessions_[session].numbers->generation());
    return check(journal_.append(line), journal_.error());
}

const std::string& venue_book::order_id(const venue_report& report) const {
    static const std::string none = "NONE";
    return report.order == 0 ? none : orders_[report.order - 1].order_id;
}

venue_tally venue_book::tally() const {
    venue_tally tally = counts_;
    for (const session_state& session : sessions_) {
        tally.owed += session.owed.size();
        tally.resets += session.numbers ? session.numbers->generation() - 1 : 0;
    }
    return tally;
}

bool venue_book::check(bool succeeded, const std::string& reason) {
    if (!succeeded && failure_.empty()) {
        failure_ = reason.empty() ? "a message is longer than the store allows" : reason;
    }
    return succeeded;
}

}  // namespace tools
}  // namespace millrace
