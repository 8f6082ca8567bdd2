#include "tools/millrace/demo_report.hpp"

#include <cstdarg>
#include <cstdio>
#include <filesystem>

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

unsigned long long number(std::uint64_t value) {
    return value;
}

// As one word for a shell.
std::string quoted(const std::string& path) {
    const bool is_plain = path.find_first_not_of(
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
                              "wxyz0123456789/._-+=") == std::string::npos;
    if (is_plain) {
        return path;
    }
    std::string text = "'";
    for (const char c : path) {
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return text + "'";
}

std::string latency_line(const char* name, const engine::histogram& values) {
    if (values.count() == 0) {
        return format("  %-26s", name) + "none was measured\n";
    }
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
        {"invented", books.invented},
        {"fed", result.fed},
        {"unfed", books.unfed},
        {"waiting", books.waiting},
        {"in_flight", books.in_flight},
        {"ended", to_string(result.end)},
        {"complete", result.is_complete()},
        {"reconciled", books.is_clean()},
    };
    return object.dump() + "\n";
}

namespace {

std::string verdict(const demo_result& result, const demo_directory& directory) {
    const reconciliation& books = result.books;
    std::string text;
    for (const std::string& finding : books.findings) {
        text += "  " + finding + "\n";
    }
    if (!books.is_right()) {
        text += "NOT RECONCILED with the venue's own journal.\n";
    } else if (books.is_clean()) {
        text += "RECONCILED with the venue's own journal.\n";
    } else {
        text += "NOT COMPLETE: what is there agrees with the venue's own journal.\n";
    }
    if (!books.is_finished()) {
        text += format("  %llu orders not fed, %llu not sent, %llu orders and reports under way\n",
                       number(books.unfed), number(books.waiting), number(books.in_flight));
        text += result.end == demo_end::halted
                    ? "  It halts there again until what halted it is put right.\n"
                    : "  The same command with --dir " + quoted(directory.path.native()) +
                          " goes on.\n";
    }
    return text;
}

// Commands that work as they stand, wherever this program lies.
std::string hints(const demo_directory& directory, const std::string& example) {
    const std::string program = quoted(std::filesystem::read_symlink("/proc/self/exe").native());
    const auto in_directory = [&](const char* name) {
        return quoted((directory.path / name).native());
    };
    std::string text = "\nThe logs lie in " + directory.path.native() + ". Look at them with\n  " +
                       program + " table show " + in_directory("millrace.toml") +
                       " EXECUTION | head\n";
    if (example.empty()) {
        return text;
    }
    text += "One order's whole story:\n";
    for (const char* log : {"ORDER_OUT", "fix/FIX_OUT", "fix/FIX_IN", "EXECUTION"}) {
        text += "  " + program + " log dump " + in_directory(log) + " --where \"CL_ORD_ID = '" +
                example + "'\"\n";
    }
    return text;
}

}  // namespace

std::string to_text(const demo_result& result, const demo_directory& directory) {
    const reconciliation& books = result.books;
    std::string text = format(
        "\n%llu orders in the directory: %llu acknowledged, %llu rejected, %llu fills\n"
        "%llu lost, %llu duplicated, %llu from nowhere, %llu with differing quantities\n",
        number(books.orders), number(books.acknowledged), number(books.rejected),
        number(books.fills), number(books.lost), number(books.duplicated), number(books.invented),
        number(books.differing));
    text += verdict(result, directory);
    if (result.fed > 0) {
        text += format(
            "\n%llu orders fed by this run in %.2f s, %.0f orders/s%s\n", number(result.fed),
            result.seconds, achieved_rate(result),
            result.rate_asked == 0 ? "; unpaced, so these are queueing times:" : ", open loop:");
        text += latency_line("record to wire", result.record_to_wire);
        text += latency_line("order to report handled", result.order_to_report);
    }
    return text + hints(directory, books.example);
}

}  // namespace millrace::tools
