// Makes the n-th call fail that the calling thread asks of the file system below a directory, for
// all n, one after the other: with EIO, and with the disk full.
//
// Threading  one thread; calls of others are left alone
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include "engine/core/error.hpp"
#include "tests/engine/log/failing_calls.hpp"

namespace millrace::engine::test {

// The sanitizers' runtimes have the calls in hand themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool can_refuse_calls = false;
#else
inline constexpr bool can_refuse_calls = true;
#endif

// Whether the call is on something below the directory. One on a mapping without a file is not.
[[nodiscard]] inline bool is_below(const file_call_site& site, const std::filesystem::path& root) {
    if (site.fd < 0) {
        return std::string_view(site.path).starts_with(root.native());
    }
    char target[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(site.fd);
    const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
    return size > 0 &&
           std::string_view(target, static_cast<std::size_t>(size)).starts_with(root.native());
}

class failing_nth final : public file_call_observer {
public:
    failing_nth(std::filesystem::path root, std::uint64_t nth, int error_number)
        : root_(std::move(root)), nth_(nth), error_number_(error_number) {}

    int before(const file_call_site& site) noexcept override {
        if (thread_ != ::gettid() || !is_below(site, root_) || ++calls_ != nth_) {
            return 0;
        }
        failed_ = site.what;
        return error_number_;
    }
    void after(const file_call_site&, bool) noexcept override {}

    [[nodiscard]] bool is_reached() const { return calls_ >= nth_; }
    [[nodiscard]] file_call failed() const { return failed_; }

private:
    std::filesystem::path root_;
    std::uint64_t nth_;
    int error_number_;
    pid_t thread_ = ::gettid();
    std::uint64_t calls_ = 0;
    file_call failed_ = file_call::open;
};

// For each call of `act` below `root`, and each kind of failure: `prepare`, `act` with that call
// failing, `check(whether act threw)`. Returns how many calls failed.
template <class Prepare, class Act, class Check>
std::uint64_t fail_each_call(const std::filesystem::path& root, Prepare&& prepare, Act&& act,
                             Check&& check) {
    std::map<file_call, int> failed;
    std::uint64_t count = 0;
    for (const int error_number : {EIO, ENOSPC}) {
        for (std::uint64_t nth = 1;; ++nth) {
            prepare();
            failing_nth failing(root, nth, error_number);
            std::string refusal;
            try {
                const file_call_observation observation(failing);
                act();
            } catch (const error& failure) {
                refusal = failure.what();
            } catch (const std::filesystem::filesystem_error& failure) {
                refusal = failure.what();
            }
            if (!failing.is_reached()) {
                EXPECT_EQ(refusal, "") << "without a failure";
                break;
            }
            ++failed[failing.failed()];
            ++count;
            SCOPED_TRACE(std::string(describe(failing.failed())) + ", call " + std::to_string(nth) +
                         ", error " + std::to_string(error_number) + ": " +
                         (refusal.empty() ? "nothing was thrown" : refusal));
            check(!refusal.empty());
            if (::testing::Test::HasFailure()) {
                return count;
            }
        }
    }
    for (const auto& [call, times] : failed) {
        std::cout << "  " << times << " x " << describe(call) << '\n';
    }
    return count;
}

}  // namespace millrace::engine::test
