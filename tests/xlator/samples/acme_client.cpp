#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "acme/ExecutionReport.hpp"
#include "acme/NewOrderSingle.hpp"
#include "acme/dictionary.hpp"
#include "xlator/fix/fix_stream.hpp"
#include "xlator/fix/frame.hpp"
#include "xlator/map/field_list.hpp"

using namespace millrace::xlator;
using namespace acme;

// What our own program knows, in its own types.
struct order {
    std::string id;
    std::string symbol;
    char side = 'B';
    std::int64_t quantity = 0;
    decimal limit;
    std::optional<AcmeAlgo::value_type> algo;  // the venue's own field, by the venue's own names
};
struct fill {
    std::string order_id;
    std::int64_t quantity = 0;
    decimal price;
    std::optional<AcmeLiquidity::value_type> liquidity;
    std::vector<decimal> fees;
};

// How they lie in the venue's messages: checked by the compiler, written once for both directions.
constexpr auto orders =
    fields_of<NewOrderSingle>(member<ClOrdID>(&order::id), member<Symbol>(&order::symbol),
                              member<Side>(&order::side, {{'B', Side::buy}, {'S', Side::sell}}),
                              member<OrderQty>(&order::quantity), member<Price>(&order::limit),
                              always<OrdType>(OrdType::limit), member<AcmeAlgo>(&order::algo));
constexpr auto fills = fields_of<ExecutionReport>(
    member<ClOrdID>(&fill::order_id), member<LastQty>(&fill::quantity),
    member<LastPx>(&fill::price), member<AcmeLiquidity>(&fill::liquidity));

// The client: of all that the venue sends, what is a fill.
struct is_filled {
    bool operator()(const typed_message<ExecutionReport>& report) const noexcept {
        return report.get<OrdStatus>().value_or(OrdStatus::new_) == OrdStatus::filled;
    }
};
class fill_client {
public:
    explicit fill_client(const millrace::xlator::dictionary& dict) : reports_(dict) {}

    // False: it was none, or its values do not fit.
    bool take(std::string_view message, fill& into) {
        const auto* const report = reports_.match(message);
        if (report == nullptr || !fills.decode(*report, ExecutionReport::msg_type, into).is_ok()) {
            return false;
        }
        for (const auto fee : report->group<NoMiscFees>()) {
            into.fees.push_back(fee.get<MiscFeeAmt>().value_or({}));
        }
        return true;
    }

private:
    fix_stream<ExecutionReport, is_filled> reports_;
};

int main() {
    const millrace::xlator::dictionary dict{acme::dictionary};
    const utc_timestamp now{1'704'103'200'000'000'000};

    std::array<char, 512> body;
    const order wanted{"A1", "VOD.L", 'S', 100, {10150, -2}, AcmeAlgo::percent_of_volume};
    const encode_result encoded = orders.encode(body, wanted, set<TransactTime>(now));
    std::printf("%.*s\n", static_cast<int>(encoded.size), body.data());

    // What the venue answers; in Millrace an event handler has it as event.message.
    std::array<char, 512> report_body;
    const encode_result report = encode<ExecutionReport>(
        report_body, set<OrderID>("V1"), set<ClOrdID>("A1"), set<ExecID>("E1"),
        set<OrdStatus>(OrdStatus::filled), set<Symbol>("VOD.L"), set<Side>(Side::sell),
        set<LastQty>(100), set<LastPx>(decimal{10155, -2}),
        set<AcmeLiquidity>(AcmeLiquidity::added),
        set_group<NoMiscFees>(entry(set<MiscFeeAmt>(decimal{25, -2}))));
    std::array<char, 512> bytes;
    const encode_result framed = frame(bytes, {"FIX.4.4", "8", 2, "ACME", now, "ME"},
                                       {report_body.data(), report.size}, report.byte_sum);

    fill_client client{dict};
    fill seen;
    const bool is_fill = client.take({bytes.data(), framed.size}, seen);
    return encoded.is_ok() && is_fill && seen.order_id == "A1" && seen.quantity == 100 &&
                   seen.price == decimal{10155, -2} && seen.liquidity == AcmeLiquidity::added &&
                   seen.fees == std::vector<decimal>{{25, -2}}
               ? 0
               : 1;
}
