// Encoding an order and decoding a report: xlator, a bare writer and walker, QuickFIX, all on the
// same bytes.
//
// order   NewOrderSingle, 16 body fields with two parties; a frame adds header, length and checksum
//
// report  ExecutionReport, 24 fields, header and trailer included
//
// Not measured: reading the row, the socket, the clock.
#include <benchmark/benchmark.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "bench/xlator_quickfix.hpp"
#include "fix44/dictionary.hpp"
#include "xlator/fix/constant_setting.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/encoder.hpp"
#include "xlator/fix/frame.hpp"
#include "xlator/map/outbound_map.hpp"

namespace {

using namespace millrace::fix44;
namespace xlator = millrace::xlator;
using xlator::decimal;
using xlator::entry;
using xlator::set;
using xlator::set_constant;
using xlator::set_group;

constexpr xlator::utc_timestamp order_time{1'704'103'200'123'000'000};  // 20240101-10:00:00.123

// What an order is made of; volatile-free but opaque to the compiler through DoNotOptimize.
struct order_values {
    std::string cl_ord_id = "ORD-00012345";
    std::string account = "ACC-7";
    std::string symbol = "VOD.L";
    std::string broker = "BROKER1";
    std::string trader = "TRADER9";
    Side::value_type side = Side::buy;
    std::int64_t quantity = 1000;
    decimal price{10125, -2};
    xlator::utc_timestamp time = order_time;
};

xlator::encode_result encode_body(std::span<char> out, const order_values& order) {
    return xlator::encode<NewOrderSingle>(
        out, set<ClOrdID>(order.cl_ord_id), set<Account>(order.account),
        set_constant<HandlInst,
                     HandlInst::automated_execution_order_private_no_broker_intervention>(),
        set<Symbol>(order.symbol), set<Side>(order.side), set<TransactTime>(order.time),
        set<OrderQty>(order.quantity), set_constant<OrdType, OrdType::limit>(),
        set<Price>(order.price), set_constant<TimeInForce, TimeInForce::day>(),
        set_group<NoPartyIDs>(entry(set<PartyID>(order.broker),
                                    set_constant<PartyIDSource, PartyIDSource::proprietary>(),
                                    set_constant<PartyRole, PartyRole::executing_firm>()),
                              entry(set<PartyID>(order.trader),
                                    set_constant<PartyRole, PartyRole::executing_trader>())));
}

xlator::encode_result encode_frame(std::span<char> out, const order_values& order,
                                   std::uint64_t number) {
    std::array<char, 512> body;  // NOLINT: filled by encode
    const xlator::encode_result encoded = encode_body(body, order);
    return xlator::frame(out, {"FIX.4.4", "D", number, "BUYSIDE", order.time, "VENUE"},
                         {body.data(), encoded.size}, encoded.byte_sum);
}

// The bare writer: knows the message by heart, checks nothing.
class bare_writer {
public:
    explicit bare_writer(char* out) : start_(out), at_(out) {}
    template <std::size_t Size>
    void tag(const char (&text)[Size]) {
        std::memcpy(at_, text, Size - 1);
        at_ += Size - 1;
    }
    void text(const std::string& value) {
        std::memcpy(at_, value.data(), value.size());
        at_ += value.size();
        *at_++ = '\x01';
    }
    void character(char value) {
        *at_++ = value;
        *at_++ = '\x01';
    }
    void integer(std::int64_t value) {
        at_ = std::to_chars(at_, at_ + 20, value).ptr;
        *at_++ = '\x01';
    }
    void number(decimal value) {
        char digits[20];
        char* const end = std::to_chars(digits, digits + 20, value.mantissa).ptr;
        const auto whole = end - digits + value.exponent;
        std::memcpy(at_, digits, static_cast<std::size_t>(whole));
        at_[whole] = '.';
        std::memcpy(at_ + whole + 1, digits + whole, static_cast<std::size_t>(-value.exponent));
        at_ += end - digits + 1;
        *at_++ = '\x01';
    }
    void time(xlator::utc_timestamp value) {
        const std::int64_t ms = value.ns / 1'000'000;
        const std::int64_t days = ms / 86'400'000;
        const auto of_day = static_cast<unsigned>(ms % 86'400'000);
        const xlator::calendar_date date = xlator::civil_from_days(days);
        two(static_cast<unsigned>(date.year) / 100);
        two(static_cast<unsigned>(date.year) % 100);
        two(date.month);
        two(date.day);
        *at_++ = '-';
        two(of_day / 3'600'000);
        *at_++ = ':';
        two(of_day / 60'000 % 60);
        *at_++ = ':';
        two(of_day / 1000 % 60);
        *at_++ = '.';
        *at_++ = static_cast<char>('0' + of_day / 100 % 10);
        two(of_day % 100);
        *at_++ = '\x01';
    }
    char* at() const { return at_; }
    std::uint8_t sum() const {
        std::uint8_t total = 0;
        for (const char* p = start_; p != at_; ++p) {
            total = static_cast<std::uint8_t>(total + static_cast<std::uint8_t>(*p));
        }
        return total;
    }

private:
    void two(unsigned value) {
        *at_++ = static_cast<char>('0' + value / 10);
        *at_++ = static_cast<char>('0' + value % 10);
    }
    char* start_;
    char* at_;
};

void write_bare_body(bare_writer& message, const order_values& order) {
    message.tag("1=");
    message.text(order.account);
    message.tag("11=");
    message.text(order.cl_ord_id);
    message.tag(
        "21=1\x01"
        "38=");
    message.integer(order.quantity);
    message.tag(
        "40=2\x01"
        "44=");
    message.number(order.price);
    message.tag("54=");
    message.character(static_cast<char>(order.side));
    message.tag("55=");
    message.text(order.symbol);
    message.tag(
        "59=0\x01"
        "60=");
    message.time(order.time);
    message.tag(
        "453=2\x01"
        "448=");
    message.text(order.broker);
    message.tag(
        "447=D\x01"
        "452=1\x01"
        "448=");
    message.text(order.trader);
    message.tag("452=12\x01");
}

std::size_t write_bare(char* out, const order_values& order, std::int64_t msg_seq_num) {
    static const std::string sender = "BUYSIDE";
    static const std::string target = "VENUE";
    bare_writer message{out};
    message.tag(
        "8=FIX.4.4\x01"
        "9=");
    char* const length = message.at();
    message.tag("000\x01");
    const char* const counted = message.at();
    message.tag(
        "35=D\x01"
        "34=");
    message.integer(msg_seq_num);
    message.tag("49=");
    message.text(sender);
    message.tag("52=");
    message.time(order.time);
    message.tag("56=");
    message.text(target);
    write_bare_body(message, order);
    const auto size = static_cast<unsigned>(message.at() - counted);
    length[0] = static_cast<char>('0' + size / 100);
    length[1] = static_cast<char>('0' + size / 10 % 10);
    length[2] = static_cast<char>('0' + size % 10);
    const unsigned sum = message.sum();
    message.tag("10=");
    char* const digits = message.at();
    digits[0] = static_cast<char>('0' + sum / 100);
    digits[1] = static_cast<char>('0' + sum / 10 % 10);
    digits[2] = static_cast<char>('0' + sum % 10);
    digits[3] = '\x01';
    return static_cast<std::size_t>(digits + 4 - out);
}

// The bare walker: every tag as a number, every value as a range, nothing checked.
std::uint64_t walk_bare(const char* at, const char* end) {
    std::uint64_t seen = 0;
    while (at != end) {
        unsigned tag = 0;
        while (*at != '=') {
            tag = tag * 10 + static_cast<unsigned>(*at++ - '0');
        }
        ++at;
        const char* value_end = at;
        while (*value_end != '\x01') {
            ++value_end;
        }
        seen += tag + static_cast<std::uint64_t>(value_end - at);
        at = value_end + 1;
    }
    return seen;
}

using millrace::bench::fail;

std::string report_frame() {
    std::array<char, 1024> body{};
    const xlator::encode_result encoded = xlator::encode<ExecutionReport>(
        body, set<OrderID>("V-0000123"), set<ClOrdID>("ORD-00012345"), set<ExecID>("E-0000456"),
        set<ExecType>(ExecType::trade), set<OrdStatus>(OrdStatus::partially_filled),
        set<Account>("ACC-7"), set<Symbol>("VOD.L"), set<Side>(Side::buy), set<OrderQty>(1000),
        set<Price>(decimal{10125, -2}), set<LastQty>(400), set<LastPx>(decimal{10120, -2}),
        set<LeavesQty>(600), set<CumQty>(400), set<AvgPx>(decimal{1012, -1}),
        set<TransactTime>(order_time));
    std::array<char, 1024> out{};
    const xlator::encode_result framed =
        xlator::frame(out, {"FIX.4.4", "8", 77, "VENUE", order_time, "BUYSIDE"},
                      {body.data(), encoded.size}, encoded.byte_sum);
    if (!encoded.is_ok() || !framed.is_ok()) {
        fail("the report does not encode");
    }
    return {out.data(), framed.size};
}

millrace::bench::quickfix_rival& rival() {
    static millrace::bench::quickfix_rival instance{millrace::bench::data_directory() /
                                                    "dictionary" / "FIX44.xml"};
    return instance;
}

// The row behind the declarative map: the same values by column.
struct order_row {
    const order_values& values;
    [[nodiscard]] bool is_empty(std::size_t i) const noexcept {
        return i != 1 && i != 2 && i != 3 && text(i).empty();
    }
    [[nodiscard]] std::int64_t integer(std::size_t) const noexcept { return values.quantity; }
    [[nodiscard]] xlator::decimal decimal(std::size_t) const noexcept { return values.price; }
    [[nodiscard]] char character(std::size_t) const noexcept {
        return static_cast<char>(values.side);
    }
    [[nodiscard]] std::string_view text(std::size_t i) const noexcept {
        switch (i) {
            case 0:
                return values.cl_ord_id;
            case 4:
                return values.account;
            case 5:
                return values.symbol;
            case 6:
                return values.broker;
            default:
                return values.trader;
        }
    }
    [[nodiscard]] std::int64_t timestamp(std::size_t) const noexcept { return values.time.ns; }
    [[nodiscard]] bool boolean(std::size_t) const noexcept { return false; }
};

xlator::outbound_map compile_map(const xlator::dictionary& dict) {
    using xlator::column_kind;
    using xlator::value_source;
    const std::vector<xlator::column> columns = {
        {"ORDER_ID", column_kind::text},    {"SIDE", column_kind::character},
        {"QUANTITY", column_kind::integer}, {"PRICE", column_kind::decimal},
        {"ACCOUNT", column_kind::text},     {"SYMBOL", column_kind::text},
        {"BROKER", column_kind::text},      {"TRADER", column_kind::text}};
    const auto rule = [](const char* field, value_source source, const char* text) {
        xlator::field_rule made;
        made.field = field;
        made.source = source;
        made.text = text;
        return made;
    };
    xlator::outbound_spec spec;
    spec.name = "orders";
    spec.message = "NewOrderSingle";
    spec.fields = {rule("ClOrdID", value_source::column, "ORDER_ID"),
                   rule("Account", value_source::column, "ACCOUNT"),
                   rule("HandlInst", value_source::constant, "1"),
                   rule("Symbol", value_source::column, "SYMBOL"),
                   rule("Side", value_source::column, "SIDE"),
                   rule("TransactTime", value_source::now, ""),
                   rule("OrderQty", value_source::column, "QUANTITY"),
                   rule("OrdType", value_source::constant, "2"),
                   rule("Price", value_source::column, "PRICE"),
                   rule("TimeInForce", value_source::constant, "0")};
    xlator::group_entry_rule broker;
    broker.fields = {rule("PartyID", value_source::column, "BROKER"),
                     rule("PartyIDSource", value_source::constant, "D"),
                     rule("PartyRole", value_source::constant, "1")};
    xlator::group_entry_rule trader;
    trader.fields = {rule("PartyID", value_source::column, "TRADER"),
                     rule("PartyRole", value_source::constant, "12")};
    xlator::group_rule parties;
    parties.counter = "NoPartyIDs";
    parties.entries = {broker, trader};
    spec.groups = {parties};
    xlator::compile_result<xlator::outbound_map> compiled = compile_outbound(spec, columns, dict);
    if (!compiled) {
        fail(compiled.errors.front().message.c_str());
    }
    return std::move(*compiled.map);
}

void xlator_encode_new_order_single_body(benchmark::State& state) {
    order_values order;
    std::array<char, 1024> out{};
    for (auto _ : state) {
        benchmark::DoNotOptimize(order);
        benchmark::DoNotOptimize(encode_body(out, order));
        benchmark::ClobberMemory();
    }
}

void xlator_encode_new_order_single_frame(benchmark::State& state) {
    order_values order;
    std::array<char, 1024> out{};
    std::uint64_t number = 123'456;
    for (auto _ : state) {
        benchmark::DoNotOptimize(order);
        benchmark::DoNotOptimize(encode_frame(out, order, number));
        benchmark::ClobberMemory();
    }
}

void bare_write_new_order_single_frame(benchmark::State& state) {
    order_values order;
    std::array<char, 1024> out{};
    std::array<char, 1024> checked{};
    const xlator::encode_result typed = encode_frame(checked, order, 123'456);
    const std::size_t size = write_bare(out.data(), order, 123'456);
    if (std::string_view(out.data(), size) != std::string_view(checked.data(), typed.size)) {
        fail("the bare writer writes another message");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(order);
        benchmark::DoNotOptimize(write_bare(out.data(), order, 123'456));
        benchmark::ClobberMemory();
    }
}

void bare_write_new_order_single_body(benchmark::State& state) {
    order_values order;
    std::array<char, 1024> out{};
    std::array<char, 1024> checked{};
    const xlator::encode_result typed = encode_body(checked, order);
    bare_writer first{out.data()};
    write_bare_body(first, order);
    if (std::string_view(out.data(), static_cast<std::size_t>(first.at() - out.data())) !=
        std::string_view(checked.data(), typed.size)) {
        fail("the bare writer writes another body");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(order);
        bare_writer message{out.data()};
        write_bare_body(message, order);
        benchmark::DoNotOptimize(message.sum());
        benchmark::ClobberMemory();
    }
}

void xlator_map_new_order_single_body(benchmark::State& state) {
    const xlator::dictionary dict{millrace::fix44::dictionary};
    const xlator::outbound_map map = compile_map(dict);
    order_values order;
    std::array<char, 1024> out{};
    std::array<char, 1024> checked{};
    const xlator::encode_result typed = encode_body(checked, order);
    const xlator::map_result mapped = map.encode(order_row{order}, {order.time}, out);
    if (std::string_view(out.data(), mapped.size) != std::string_view(checked.data(), typed.size)) {
        fail("the map writes another body");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(order);
        benchmark::DoNotOptimize(map.encode(order_row{order}, {order.time}, out));
        benchmark::ClobberMemory();
    }
}

void quickfix_build_new_order_single(benchmark::State& state) {
    order_values order;
    std::array<char, 1024> checked{};
    const xlator::encode_result typed = encode_frame(checked, order, 123'456);
    if (rival().build_order(123'456) != std::string_view(checked.data(), typed.size)) {
        fail("QuickFIX writes another message");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(rival().build_order(123'456).data());
    }
}

void bare_walk_execution_report(benchmark::State& state) {
    const std::string frame = report_frame();
    const char* bytes = frame.data();
    for (auto _ : state) {
        benchmark::DoNotOptimize(bytes);
        benchmark::DoNotOptimize(walk_bare(bytes, bytes + frame.size()));
    }
}

void decode_report(benchmark::State& state, bool is_scanned) {
    const std::string frame = report_frame();
    const xlator::dictionary dict{millrace::fix44::dictionary};
    xlator::decoder decoder{dict};
    if (!decoder.decode(frame).is_ok()) {
        fail("the report does not decode");
    }
    for (auto _ : state) {
        benchmark::ClobberMemory();
        benchmark::DoNotOptimize(is_scanned ? decoder.decode_scanned(frame)
                                            : decoder.decode(frame));
    }
}

void xlator_decode_validate_execution_report(benchmark::State& state) {
    decode_report(state, true);
}

void xlator_scan_decode_validate_execution_report(benchmark::State& state) {
    decode_report(state, false);
}

void xlator_scan_frame(benchmark::State& state) {
    const std::string frame = report_frame();
    for (auto _ : state) {
        benchmark::ClobberMemory();
        benchmark::DoNotOptimize(xlator::scan_frame(frame));
    }
}

void quickfix_parse_validate_execution_report(benchmark::State& state) {
    const std::string frame = report_frame();
    if (!rival().parse_report(frame)) {
        fail("QuickFIX refuses the report");
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(rival().parse_report(frame));
    }
}

BENCHMARK(xlator_encode_new_order_single_body);
BENCHMARK(bare_write_new_order_single_body);
BENCHMARK(xlator_map_new_order_single_body);
BENCHMARK(xlator_encode_new_order_single_frame);
BENCHMARK(bare_write_new_order_single_frame);
BENCHMARK(quickfix_build_new_order_single);
BENCHMARK(xlator_scan_frame);
BENCHMARK(bare_walk_execution_report);
BENCHMARK(xlator_decode_validate_execution_report);
BENCHMARK(xlator_scan_decode_validate_execution_report);
BENCHMARK(quickfix_parse_validate_execution_report);

}  // namespace

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv,
                                           [] { static const millrace::bench::thread_pin pin(0); });
}
