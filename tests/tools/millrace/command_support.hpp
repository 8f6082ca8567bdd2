// What the tests of the command line share: a configuration of two tables, and the program's output
// as rows.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/integration/demo_process.hpp"

namespace millrace::tests {

// As tools/millrace/exit_code.hpp documents them for users; written out, since users rely on the
// numbers.
inline constexpr int code_ok = 0;
inline constexpr int code_negative = 1;
inline constexpr int code_failure = 2;
inline constexpr int code_torn = 3;
inline constexpr int code_damaged = 4;
inline constexpr int code_usage = 64;
inline constexpr int code_data = 65;
inline constexpr int code_locked = 75;
inline constexpr int code_configuration = 78;

inline constexpr std::string_view tables_text = R"toml([engine]
directory = "data"
segment_bytes = "64KiB"

[[table]]
name = "ORDER_OUT"
columns = [
    {name = "CL_ORD_ID", type = "text(20)", key = true},
    {name = "SIDE", type = "char"},
    {name = "PRICE", type = "decimal"},
    {name = "QUANTITY", type = "i64"},
    {name = "NOTE", type = "vartext"},
]

[[table]]
name = "COPY"
columns = [
    {name = "CL_ORD_ID", type = "text(20)", key = true},
    {name = "SIDE", type = "char"},
    {name = "PRICE", type = "decimal"},
    {name = "QUANTITY", type = "i64"},
    {name = "NOTE", type = "vartext"},
]
)toml";

inline constexpr std::string_view copying_text = R"toml(
[[stream]]
name = "ORDERS"
table = "ORDER_OUT"

[[client]]
name = "copier"
stream = "ORDERS"

[[client.route]]
table = "COPY"
start = "first"
)toml";

// The text with its one occurrence of `from` replaced.
[[nodiscard]] inline std::string replaced(std::string text, std::string_view from,
                                          std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class CommandLine : public ::testing::Test {
protected:
    CommandLine() { write("test.toml", std::string(tables_text) + std::string(copying_text)); }

    [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
    [[nodiscard]] std::string file(std::string_view name) const { return (path() / name).native(); }
    [[nodiscard]] std::string config() const { return file("test.toml"); }
    [[nodiscard]] std::string log(std::string_view table) const {
        return (path() / "data" / table).native();
    }
    void write(std::string_view name, std::string_view text) const {
        std::ofstream out(path() / name, std::ios::binary);
        out << text;
        ASSERT_TRUE(out.good());
    }
    [[nodiscard]] exit_result run(std::vector<std::string> arguments) const {
        return run_millrace(std::move(arguments), path());
    }
    // With standard output as a shell redirects it: "> /dev/full", "| head -1".
    [[nodiscard]] exit_result run_into(const std::string& target,
                                       const std::vector<std::string>& arguments) const {
        std::string command = "{ '" + (program_directory() / "millrace").native() + "'";
        for (const std::string& argument : arguments) {
            command += " '" + argument + "'";
        }
        command += "; echo $? >'" + file("code") + "'; } 2>'" + file("err") + "' " + target;
        EXPECT_EQ(std::system(command.c_str()), 0) << command;
        exit_result result;
        std::ifstream(path() / "code") >> result.code;
        std::ifstream err(path() / "err", std::ios::binary);
        result.err.assign(std::istreambuf_iterator<char>(err), std::istreambuf_iterator<char>());
        return result;
    }
    // Rows first..last of ORDER_OUT, in one call of `millrace append`.
    void append_orders(int first, int last) const {
        std::string csv = "CL_ORD_ID,SIDE,PRICE,QUANTITY,NOTE\n";
        for (int number = first; number <= last; ++number) {
            csv += "A" + std::to_string(number) + ",1," + std::to_string(number) + ".5," +
                   std::to_string(number * 100) + ",\"note, " + std::to_string(number) + "\"\n";
        }
        write("orders.csv", csv);
        const exit_result result = run({"append", config(), "ORDER_OUT", file("orders.csv")});
        ASSERT_EQ(result.code, code_ok) << result.err;
    }
    [[nodiscard]] std::vector<nlohmann::json> dump(std::string_view table,
                                                   std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"log", "dump", log(table), "--format", "json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const exit_result result = run(std::move(arguments));
        EXPECT_EQ(result.code, code_ok) << result.err;
        EXPECT_EQ(result.err, "");
        return parse_lines(result.out);
    }
    [[nodiscard]] static std::vector<nlohmann::json> parse_lines(const std::string& text) {
        std::vector<nlohmann::json> rows;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            rows.push_back(nlohmann::json::parse(line));
        }
        return rows;
    }
    [[nodiscard]] static std::vector<std::uint64_t> sequences(
        const std::vector<nlohmann::json>& rows) {
        std::vector<std::uint64_t> all;
        for (const nlohmann::json& row : rows) {
            all.push_back(row.at("sequence").get<std::uint64_t>());
        }
        return all;
    }
    [[nodiscard]] static std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
        std::vector<std::uint64_t> all;
        for (std::uint64_t number = first; number <= last; ++number) {
            all.push_back(number);
        }
        return all;
    }
    static void wait_until(const std::string& what, const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!holds()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited in vain: " << what;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }

private:
    temporary_directory directory_;
};

[[nodiscard]] inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

[[nodiscard]] inline ::testing::AssertionResult has(const std::string& text,
                                                    const std::string& part) {
    if (text.find(part) != std::string::npos) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "\"" << text << "\" lacks \"" << part << "\"";
}

}  // namespace millrace::tests
