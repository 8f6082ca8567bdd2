#include <array>
#include <cstdio>

#include "fix44/dictionary.hpp"
#include "xlator/fix/printer.hpp"
#include "xlator/map/outbound_map.hpp"

using namespace millrace::xlator;

// A row is whatever answers these questions by column index.
struct order_row {
    [[nodiscard]] bool is_empty(std::size_t) const noexcept { return false; }
    [[nodiscard]] std::int64_t integer(std::size_t) const noexcept { return 100; }
    [[nodiscard]] millrace::xlator::decimal decimal(std::size_t) const noexcept {
        return {10150, -2};
    }
    [[nodiscard]] char character(std::size_t) const noexcept { return 'B'; }
    [[nodiscard]] std::string_view text(std::size_t) const noexcept { return "A1"; }
    [[nodiscard]] std::int64_t timestamp(std::size_t) const noexcept { return 0; }
    [[nodiscard]] bool boolean(std::size_t) const noexcept { return true; }
};

int main() {
    const std::vector<column> columns = {{"ORDER_ID", column_kind::text},
                                         {"SIDE", column_kind::character},
                                         {"QUANTITY", column_kind::integer}};
    // What the configuration file says; the last number is the line it stands in.
    const outbound_spec spec{
        "orders",
        "NewOrderSingle",
        {{"ClOrdID", value_source::column, "ORDER_ID", {}, {}, 4},
         {"Side", value_source::column, "SIDE", {}, {{"B", "buy"}, {"S", "sell"}}, 5},
         {"OrderQty", value_source::column, "QUANTITY", {}, {}, 6},
         {"OrdType", value_source::constant, "market", {}, {}, 7},
         {"TransactTime", value_source::now, "", {}, {}, 8}},
        {},
        3};
    const millrace::xlator::dictionary dict{millrace::fix44::dictionary};
    const compile_result<outbound_map> compiled = compile_outbound(spec, columns, dict);
    for (const spec_error& each : compiled.errors) {
        std::printf("line %ld: %s\n", each.line, each.message.c_str());
    }
    if (!compiled) {
        return 1;
    }
    std::array<char, 512> out;
    const map_result result = compiled.map->encode(order_row{}, {{1'704'103'200'000'000'000}}, out);
    std::puts(print({out.data(), result.size}).c_str());
    return result.is_ok() ? 0 : 1;
}
