// Clients that read, for the tests of readings.
#pragma once

#include <string>
#include <vector>

#include "tests/gateway/intake/listener_test_support.hpp"

namespace millrace::gateway::test {

class ReadingTest : public ListenerTest {
protected:
    // Rows A<first> to A<last>, and waits for the answers.
    void append(std::uint64_t first, std::uint64_t last, const std::string& more = "") const {
        client writer(options.path);
        for (std::uint64_t number = first; number <= last; ++number) {
            writer.say(row(number, more));
            const json answer = writer.hear();
            ASSERT_TRUE(answer.contains("sequence")) << answer;
        }
    }
    // The answer to the line that asks for a reading.
    static json ask(client& reader, const std::string& line) {
        reader.say(line + "\n");
        return reader.hear();
    }
    // The numbers of the rows that come next, until another line does, which is put into `last`.
    static std::vector<std::uint64_t> numbers(client& reader, json& last) {
        std::vector<std::uint64_t> found;
        for (last = reader.hear(); last.is_object() && last.contains("row"); last = reader.hear()) {
            found.push_back(last["row"]["N"].get<std::uint64_t>());
        }
        return found;
    }
    // Asks for a reading that ends, and takes it whole.
    [[nodiscard]] std::vector<std::uint64_t> read(const std::string& line) const {
        client reader(options.path);
        const json begun = ask(reader, line);
        EXPECT_TRUE(begun.contains("@read")) << begun;
        json last;
        std::vector<std::uint64_t> found = numbers(reader, last);
        EXPECT_TRUE(last.is_object() && last.contains("@end")) << last;
        return found;
    }
    [[nodiscard]] std::string error_of(const std::string& line) const {
        client reader(options.path);
        json last = ask(reader, line);
        if (last.contains("@read")) {
            static_cast<void>(numbers(reader, last));
        }
        return last.value("error", "no error: " + last.dump());
    }
    [[nodiscard]] static std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
        std::vector<std::uint64_t> numbers;
        for (std::uint64_t number = first; number <= last; ++number) {
            numbers.push_back(number);
        }
        return numbers;
    }
    // Rows so long that a segment takes few of them.
    [[nodiscard]] static std::string long_note() {
        return R"(,"NOTE":")" + std::string(3000, 'x') + "\"";
    }
    [[nodiscard]] std::filesystem::path log() const { return directory / "log"; }
    [[nodiscard]] engine::test::seen_record record(std::uint64_t number) const {
        return engine::test::read_log(log()).at(number - 1);
    }
};

}  // namespace millrace::gateway::test
