#include "tools/millrace/demo_report.hpp"

#include <cstdarg>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace millrace::tools {

namespace {

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* pattern, ...) {
    char text[512];
    std::va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    return text;
}

nlohmann::ordered_json percentiles(const engine::histogram& values) {
    return {{"count", values.count()},
            {"p50", values.percentile_ns(50)},
            {"p90", values.percentile_ns(90)},
            {"p99", values.percentile_ns(99)},
            {"p999", values.percentile_ns(99.9)},
            {"max", values.max_ns()}};
}

double achieved_rate(const demo_result& result) {
    return result.seconds > 0 ? static_cast<double>(result.fed) / result.seconds : 0;
}

std::string microseconds(std::int64_t ns) {
    return format("%.1f us", static_cast<double>(ns) / 1000.0);
}

std::string latency_line(const char* name, const engine::histogram& values) {
    return format("  %-26s", name) + "p50 " + microseconds(values.percentile_ns(50)) + ", p90 " +
           microseconds(values.percentile_ns(90)) + ", p99 " +
           microseconds(values.percentile_ns(99)) + ", p99.9 " +
           microseconds(values.percentile_ns(99.9)) + ", max " + microseconds(values.max_ns()) +
           "\n";
}

}  // namespace

std::string to_json(const demo_result& result) {
    const reconciliation& books = result.books;
    const nlohmann::ordered_json object = {
        {"orders", books.orders},
        {"acknowledged", books.acknowledged},
        {"fills", books.fills},
        {"rejected", books.rejected},
        {"lost", books.lost},
        {"duplicated", books.duplicated},
        {"seconds", result.seconds},
        {"rate", achieved_rate(result)},
        {"record_to_wire_ns", percentiles(result.record_to_wire)},
        {"order_to_report_ns", percentiles(result.order_to_report)},
        {"queueing", result.rate_asked == 0},
        {"differing", books.differing},
        {"complete", result.is_complete},
        {"reconciled", books.is_clean()},
    };
    return object.dump() + "\n";
}

std::string to_text(const demo_result& result, const demo_directory& directory) {
    const reconciliation& books = result.books;
    std::string text;
    text += format(
        "\n%llu orders: %llu acknowledged, %llu rejected, %llu fills; %llu lost, %llu duplicated, "
        "%llu with differing quantities\n",
        static_cast<unsigned long long>(books.orders),
        static_cast<unsigned long long>(books.acknowledged),
        static_cast<unsigned long long>(books.rejected),
        static_cast<unsigned long long>(books.fills), static_cast<unsigned long long>(books.lost),
        static_cast<unsigned long long>(books.duplicated),
        static_cast<unsigned long long>(books.differing));
    for (const std::string& finding : books.findings) {
        text += "  " + finding + "\n";
    }
    text += books.is_clean() ? "RECONCILED with the venue's own journal.\n"
                             : "NOT RECONCILED with the venue's own journal.\n";
    if (result.fed > 0) {
        text += format(
            "\n%llu orders fed by this run in %.2f s, %.0f orders/s%s\n",
            static_cast<unsigned long long>(result.fed), result.seconds, achieved_rate(result),
            result.rate_asked == 0 ? "; unpaced, so these are queueing times:" : ", open loop:");
        text += latency_line("record to wire", result.record_to_wire);
        text += latency_line("order to report handled", result.order_to_report);
    }
    const std::string dir = directory.path.native();
    text += "\nThe logs lie in " + dir + ". Look at them with\n" + "  millrace table show " +
            directory.config().native() + " EXECUTION | head\n" + "  millrace log dump " + dir +
            "/ORDER_OUT --until-sequence 1\n" + "  millrace log dump " + dir +
            "/fix/FIX_OUT --where \"KIND = 'application'\" | head -1\n" + "  millrace log dump " +
            dir + "/fix/FIX_IN --format json | head -5\n";
    return text;
}

}  // namespace millrace::tools
