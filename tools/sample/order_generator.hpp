// Makes orders with realistic symbols, sides, prices, quantities, accounts and parties: row i from
// a seed.
//
// Threading  any; a generator does not change
// Invariant  a row depends on seed and index alone; ClOrdIDs are unique for a seed and at most 20
//            characters
// Units      index: from 0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::tools {

// Texts as FIX spells them: SIDE 1/2, ORD_TYPE 1/2, TIME_IN_FORCE 0/1/3.
struct generated_order {
    std::string cl_ord_id;
    std::string symbol;
    std::string side;
    std::string ord_type;
    std::string price;  // empty for a market order
    std::string order_qty;
    std::string time_in_force;
    std::string account;
    std::string client_id;
    std::string firm_id;
};

class order_generator {
public:
    // The header line of tools/sample/orders.csv; csv_row has the same columns.
    static constexpr std::string_view csv_header =
        "CL_ORD_ID,SYMBOL,SIDE,ORD_TYPE,PRICE,ORDER_QTY,TIME_IN_FORCE,ACCOUNT,CLIENT_ID,FIRM_ID";

    explicit order_generator(std::uint64_t seed) : seed_(seed) {}
    [[nodiscard]] generated_order row(std::uint64_t index) const;
    [[nodiscard]] std::string csv_row(std::uint64_t index) const;

private:
    std::uint64_t seed_;
};

}  // namespace millrace::tools
