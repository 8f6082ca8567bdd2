// The example configuration under check, with something changed in it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gateway/pipeline/check.hpp"
#include "tests/gateway/pipeline/config_support.hpp"

namespace millrace::gateway::test {

using strings = std::vector<std::string>;

// The example, with its settings file beside it, and what is changed in either.
class CheckConfig : public testing::Test {
protected:
    CheckConfig() {
        example_ = read_text(example_path());
        directory_.write("sessions.cfg", read_text(example_path().parent_path() / "sessions.cfg"));
    }

    [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "a.toml"; }

    check_result check(const std::string& text,
                       const std::optional<strings>& handlers = std::nullopt) const {
        return check_config(parse_config(path(), text), dictionaries(), handlers);
    }

    // The errors of the example with `from` replaced by `to`, without the file's name.
    strings errors(std::string_view from, std::string_view to) const {
        return local(check(replaced(example_, from, to)).errors);
    }
    strings warnings(std::string_view from, std::string_view to) const {
        const check_result result = check(replaced(example_, from, to));
        EXPECT_EQ(result.errors, strings{});
        return own(result.warnings);
    }
    // Without what the settings file's own notes say.
    strings own(strings lines) const {
        const std::string file = path().native();
        std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(file); });
        return local(std::move(lines));
    }
    strings errors_with(std::string_view more) const {
        return local(check(example_ + std::string(more)).errors);
    }

    [[nodiscard]] strings local(strings lines) const {
        for (std::string& line : lines) {
            for (const std::string& name :
                 {path().native() + ":", directory_.path().native() + "/"}) {
                for (std::size_t at = line.find(name); at != std::string::npos;
                     at = line.find(name)) {
                    line.erase(at, name.size());
                }
            }
        }
        return lines;
    }

    // The line of the example that holds the text, as messages write it.
    [[nodiscard]] std::string at(std::string_view text) const {
        const std::size_t offset = example_.find(text);
        EXPECT_NE(offset, std::string::npos) << text;
        return std::to_string(std::count(example_.begin(),
                                         example_.begin() + static_cast<long>(offset), '\n') +
                              1) +
               ": ";
    }
    // The line of `more`, counted from 1, behind the example.
    [[nodiscard]] std::string behind(long line) const {
        return std::to_string(std::count(example_.begin(), example_.end(), '\n') + line) + ": ";
    }

    temporary_directory directory_;
    std::string example_;
};

}  // namespace millrace::gateway::test
