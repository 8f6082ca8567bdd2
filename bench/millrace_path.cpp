#include "bench/millrace_path.hpp"

#include "bench/fix_wire.hpp"

namespace millrace::bench {

namespace {

// Of EXECUTION.
constexpr std::size_t cl_ord_id_column = 1;
constexpr std::size_t exec_type_column = 3;
constexpr std::size_t last_qty_column = 7;

millrace_setup setup_of(std::uint16_t port, const std::filesystem::path& directory) {
    millrace_setup setup;
    setup.directory = directory;
    setup.port = port;
    return setup;
}

}  // namespace

millrace_path::millrace_path(order_driver& driver, std::uint16_t port, std::size_t place,
                             const std::filesystem::path& directory)
    : order_path("millrace", place),
      pipeline_(make_config(setup_of(port, directory)), options_of_pipeline()),
      orders_(&pipeline_.open_source("ORDER_OUT")) {
    pipeline_.add_agent(driver);
    pipeline_.set_handler("on_report", gateway::event_handler::of(*this));
    pipeline_.open();
    pipeline_.start();
    wait_for_logon(pipeline_);
}

millrace_path::~millrace_path() {
    stop();
}

void millrace_path::stop() {
    if (!is_running_) {
        return;
    }
    is_running_ = false;
    pipeline_.stop();
    check_outcome(pipeline_);
    const auto& session = *pipeline_.gateways().front()->sessions().front();
    fail_if_not(session.counters.fast_out.value() == answered() &&
                    session.counters.fast_in.value() == answered(),
                "messages took the slow lane");
}

void millrace_path::send(std::uint64_t number) {
    const std::span<const std::byte> row = row_.of(number);
    engine::append_status status = orders_->try_append(row).status;
    while (status == engine::append_status::back_pressured) {
        status = orders_->try_append(row).status;  // its next segment is about to be there
    }
    fail_if_not(status == engine::append_status::ok, "ORDER_OUT refused an order");
    recorded();
}

gateway::answer millrace_path::operator()(const gateway::event& happened) noexcept {
    std::uint64_t number = 0;
    for (const char digit : happened.row.text(cl_ord_id_column)) {
        number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    answered(number);
    const engine::decimal quantity = happened.row.decimal_value(last_qty_column);
    fail_if_not(happened.row.character(exec_type_column) == 'F' && quantity.mantissa == 1'000'000 &&
                    quantity.exponent == 0,
                "a report says something else");
    return gateway::answer::ack;
}

}  // namespace millrace::bench
