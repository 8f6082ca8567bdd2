// One face for everything that keeps records on a disk in order, so that an audit log and its
// rivals are measured by the same loop.
//
// Threading  try_append and count_stored: one thread; make_durable: one other thread
// Invariant  what try_append has taken survives the death of the process, in all but bare_copy
// Units      records, from 1 in the order they were appended
// Errors     anything that fails ends the run
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace millrace::bench {

enum class sync_policy : std::uint8_t {
    behind,  // every 5 ms, by another thread
    each,    // try_append returns once the record is durable
};

inline constexpr std::int64_t sync_interval_ns = 5'000'000;

class journal {
public:
    journal() = default;
    journal(const journal&) = delete;
    journal& operator=(const journal&) = delete;
    virtual ~journal() = default;

    // False: not now; nothing was appended.
    [[nodiscard]] virtual bool try_append(std::span<const std::byte> payload) = 0;
    // Where the policy is `behind`: how many records are durable on return. A rival syncs the
    // `appended` ones now; a log, whose persister does so by itself, is only asked.
    [[nodiscard]] virtual std::uint64_t make_durable(std::uint64_t appended) = 0;
    [[nodiscard]] virtual std::int64_t make_durable_every_ns() const { return sync_interval_ns; }
    // Reads everything back: how many records there are. One that is not what was appended ends the
    // run.
    [[nodiscard]] virtual std::uint64_t count_stored() = 0;
    // What else there is to report.
    [[nodiscard]] virtual std::vector<std::pair<const char*, double>> counters() const {
        return {};
    }
};

struct journal_kind {
    const char* name;
    std::unique_ptr<journal> (*open)(const std::filesystem::path& directory, sync_policy policy);
};

[[nodiscard]] std::unique_ptr<journal> open_direct_log(const std::filesystem::path& directory,
                                                       sync_policy policy);
[[nodiscard]] std::unique_ptr<journal> open_hot_log(const std::filesystem::path& directory,
                                                    sync_policy policy);
[[nodiscard]] std::unique_ptr<journal> open_plain_file(const std::filesystem::path& directory,
                                                       sync_policy policy);
[[nodiscard]] std::unique_ptr<journal> open_bare_copy(const std::filesystem::path& directory,
                                                      sync_policy policy);
[[nodiscard]] std::unique_ptr<journal> open_rocksdb(const std::filesystem::path& directory,
                                                    sync_policy policy);
[[nodiscard]] std::unique_ptr<journal> open_lmdb(const std::filesystem::path& directory,
                                                 sync_policy policy);

// The first eight bytes of every record's payload are its number.
void put_number(std::span<std::byte> payload, std::uint64_t number);
// Ends the run unless it is `number`.
void check_number(std::span<const std::byte> payload, std::uint64_t number);

}  // namespace millrace::bench
