// FIX_OUT and FIX_IN in a directory of the test's own, opened, closed and copied as a crash leaves
// them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/session/fix_log.hpp"
#include "gateway/session/session_ledger.hpp"
#include "tests/gateway/session/session_test_support.hpp"

namespace millrace::test {

inline constexpr std::string_view session_name = "FIX.4.4:OURS->STOCK";

[[nodiscard]] inline std::string sent_frame(std::string_view type, std::uint32_t number,
                                            const std::string& fields) {
    return frame_of("35=" + std::string(type) + "|34=" + std::to_string(number) +
                    "|49=OURS|52=20260301-09:30:00.000|56=STOCK|" + fields);
}
[[nodiscard]] inline std::string received_frame(std::string_view type, std::uint32_t number,
                                                const std::string& fields) {
    return frame_of("35=" + std::string(type) + "|34=" + std::to_string(number) +
                    "|49=STOCK|52=20260301-09:30:00.125|56=OURS|" + fields);
}

class collecting_sink : public gateway::resend_sink {
public:
    void on_message(const char* frame, std::size_t size) noexcept override {
        frames.emplace_back(frame, size);
    }
    [[nodiscard]] std::vector<std::uint32_t> numbers() const {
        std::vector<std::uint32_t> found;
        for (const std::string& frame : frames) {
            found.push_back(static_cast<std::uint32_t>(std::stoul(field_of(frame, 34))));
        }
        return found;
    }
    std::vector<std::string> frames;
};

// Everything the session thread holds of the logs.
struct open_logs {
    open_logs(const std::filesystem::path& directory, const gateway::fix_log_options& options)
        : correlations(1024),
          out(directory / "FIX_OUT", options, correlations),
          in(directory / "FIX_IN", options) {}

    gateway::correlation_table correlations;
    gateway::fix_out_log out;
    gateway::fix_in_log in;
};

class logs_in_directory {
public:
    logs_in_directory() {
        options.table.segment_bytes = engine::segment_bytes_min;
        options.resend_index_capacity = 8;
    }

    open_logs& open() {
        logs.reset();
        logs = std::make_unique<open_logs>(directory / current.c_str(), options);
        return *logs;
    }
    // What a process that was killed now would have left; the next open() finds that.
    void crash() {
        const std::string next = "logs" + std::to_string(++crashes);
        std::filesystem::copy(directory / current.c_str(), directory / next.c_str(),
                              std::filesystem::copy_options::recursive);
        logs.reset();
        current = next;
    }
    [[nodiscard]] std::vector<logged_row> out_rows() const {
        return read_out(directory / current.c_str() / "FIX_OUT");
    }
    [[nodiscard]] std::vector<logged_row> in_rows() const {
        return read_in(directory / current.c_str() / "FIX_IN");
    }

    gateway::fix_log_options options;
    engine::temporary_directory directory;
    std::string current = "logs";
    int crashes = 0;
    std::unique_ptr<open_logs> logs;
};

}  // namespace millrace::test
