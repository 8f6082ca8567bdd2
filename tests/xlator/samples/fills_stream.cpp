#include <cstdio>
#include <string>

#include "fix44/ExecutionReport.hpp"
#include "fix44/dictionary.hpp"
#include "xlator/fix/fix_stream.hpp"

using namespace millrace::xlator;
using namespace millrace::fix44;

int main() {
    const millrace::xlator::dictionary dict{millrace::fix44::dictionary};
    auto fills = stream_of<ExecutionReport>(dict, [](const typed_message<ExecutionReport>& report) {
        const auto type = report.get<ExecType>();
        const auto quantity = report.get<LastQty>();
        return type && *type == ExecType::trade && quantity && *quantity >= decimal{1000, 0};
    });

    // Of each message, such as an event's: null where it is none of these.
    const std::string message =
        "8=FIX.4.4\x01"
        "9=128\x01"
        "35=8\x01"
        "34=2\x01"
        "49=VENUE\x01"
        "52=20260302-09:30:00\x01"
        "56=ME\x01"
        "6=101.5\x01"
        "11=A1\x01"
        "14=2500\x01"
        "17=E1\x01"
        "31=101.5\x01"
        "32=2500\x01"
        "37=V1\x01"
        "39=2\x01"
        "54=1\x01"
        "55=VOD.L\x01"
        "150=F\x01"
        "151=0\x01"
        "10=097\x01";
    if (const auto* report = fills.match(message)) {
        std::printf("%s\n", std::string(*report->get<Symbol>()).c_str());
    }
    return fills.refused_count() == 0 ? 0 : 1;
}
