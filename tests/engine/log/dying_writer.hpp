// A log's writer in a process of its own, which dies without a word.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "engine/log/hot_tier.hpp"
#include "engine/log/seal.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

// True: it was killed; false: `live` returned before. A life that lasts too long is a failure.
inline bool live_until_killed(const std::function<void()>& live) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::alarm(static_cast<unsigned>(4 * patience::ns() / 1'000'000'000));  // ends it
        live();
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        patience::lose();
        ADD_FAILURE() << "the writer's process hung: it waited for what never came";
    } else {
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0)
            << "what failed in the writer's process stands above; status " << status;
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

inline void kill_self() {
    ::kill(::getpid(), SIGKILL);
    ::pause();
}

// As if the segment had been begun before the host was last started.
inline void change_boot_id(const fs::path& file) {
    segment_activation active;
    const std::string text = read_whole_file(file);
    std::memcpy(&active, text.data() + sizeof(segment_static), sizeof active);
    active.boot_id[0] ^= 0xff;
    active.crc = crc32c(0, &active, offsetof(segment_activation, crc));
    overwrite(file, sizeof(segment_static),
              {reinterpret_cast<const std::byte*>(&active), sizeof active});
}

// Takes from a log without a writer what a restart of the host takes: its hot tier, and then all
// that is not known to be durable. What a direct log has in the page cache stays.
inline void restart_host(const fs::path& log) {
    if (const auto where = detail::read_hot_location(log)) {
        fs::remove_all(where->directory);
        const std::uint64_t durable = durable_mark::open(log, where->uuid).durable_position().value;
        for (const std::uint64_t index : list_segment_names(log)) {
            const std::uint64_t size = fs::file_size(segment_path(log, index));
            const std::uint64_t first = index * size;
            const std::uint64_t kept = durable > first ? durable - first : sizeof(segment_static);
            if (kept < size) {
                overwrite(segment_path(log, index), kept, std::vector<std::byte>(size - kept));
            }
        }
        std::string text = read_whole_file(log / hot_tier_name);
        text.replace(text.find("\nboot ") + 6, 4, "zzzz");
        write_file_atomically(log / hot_tier_name, text);
    }
    // The newest one tells when its host was started; its header is sealed, so its seals go.
    const std::uint64_t newest = list_segments(log).back();
    change_boot_id(segment_path(log, newest));
    fs::remove(log / seal_file_name(newest));
}

}  // namespace millrace::engine::test
