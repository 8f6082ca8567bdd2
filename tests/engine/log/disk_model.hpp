// What a disk may hold after a loss of power, worked out from the calls a program makes.
//
// A file's bytes are on the disk once a sync of the file that began behind them succeeded. Until
// then each 512-byte sector holds what was synced last, or what the file holds now, each by itself;
// so does the file's size. A name is on the disk once its directory was synced; until then any set
// of the changes made to names may be there, but for one that needs another before it. What a sync
// that failed should have written is lost for good, whatever a later sync says, unless it is
// written again: so Linux does it.
//
// It knows nothing of logs: everything below one directory is watched, so that several logs and
// what else a program keeps can be looked at together.
//
// Threading  observes calls of any thread; the others from one thread at a time, capture from any
// Errors     throws std::runtime_error where the world is not as the model thinks
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/file.hpp"
#include "tests/engine/log/failing_calls.hpp"

namespace millrace::engine::test {

inline constexpr std::size_t sector_bytes = 512;

using file_bytes = std::vector<std::byte>;

struct dirty_sector {
    std::size_t index;
    std::array<std::byte, sector_bytes> bytes;
};

// One change to names, relative to the watched directory. Applied one after the other.
struct name_change {
    enum class kind : std::uint8_t { make_file, make_directory, rename, unlink };
    kind what = kind::make_file;
    std::string name;
    std::string target;      // of rename
    std::uint64_t file = 0;  // of make_file
};

// A moment at which the power may go.
struct power_cut_moment {
    struct file {
        std::uint64_t id = 0;
        std::shared_ptr<const file_bytes> synced;
        std::size_t size = 0;  // now
        std::vector<dirty_sector> dirty;
    };
    std::map<std::string, std::uint64_t> names;  // synced; 0: a directory
    std::vector<name_change> changes;            // not synced
    std::vector<file> files;
    std::uint64_t promise = 0;  // what the program had promised before, in its own terms

    [[nodiscard]] std::size_t dirty_count() const;
    [[nodiscard]] std::size_t size_count() const;  // files whose size is not synced
};

// Which of what was not synced got to the disk all the same: one bit each, in the moment's order.
struct survivors {
    std::vector<bool> sectors;
    std::vector<bool> sizes;
    std::vector<bool> changes;  // one whose predecessor is missing counts as missing

    [[nodiscard]] static survivors none_of(const power_cut_moment& at);
    [[nodiscard]] static survivors random_of(const power_cut_moment& at, std::mt19937_64& random);
};

// The disk may have taken a sector at an earlier moment and not again since.
[[nodiscard]] power_cut_moment mixed_with_older(power_cut_moment now,
                                                const power_cut_moment& before,
                                                std::mt19937_64& random);

// Every name and its bytes; a directory has none.
using disk_content = std::map<std::string, file_bytes>;
[[nodiscard]] disk_content content_after(const power_cut_moment& at, const survivors& which);

class disk_model final : public file_call_observer {
public:
    // Asked for the promise before each moment is looked at. Any thread.
    using promise_source = std::function<std::uint64_t()>;
    // Takes what is below `root` now for synced.
    disk_model(std::filesystem::path root, promise_source promise);

    [[nodiscard]] power_cut_moment capture();
    // A moment is kept at the end of each call that changed something, and by keep_moment.
    void keep_moment();
    [[nodiscard]] std::vector<power_cut_moment> take_moments();

    // A call on something in the model may be refused by whoever sets this; any thread.
    std::function<int(const file_call_site&)> refuse;
    // False: no call keeps a moment by itself. For programs with many files, whose every call would
    // cost a look at all of them. Set before the first call.
    bool keeps_moments = true;

    int before(const file_call_site& site) noexcept override;
    void after(const file_call_site& site, bool is_done) noexcept override;

private:
    struct known_file {
        unique_fd fd;
        std::shared_ptr<const file_bytes> synced;
        std::map<std::size_t, std::array<std::byte, sector_bytes>> lost;
    };

    [[nodiscard]] power_cut_moment look();                            // under the lock
    [[nodiscard]] std::string relative(std::string_view path) const;  // empty: not below root
    [[nodiscard]] std::uint64_t learn(const std::string& name, bool is_synced);
    [[nodiscard]] std::uint64_t id_of(int fd) const;
    void note_done(const file_call_site& site);
    void note_written(const file_call_site& site);
    void note_synced(int fd);
    void note_lost(int fd);
    void sync_names_of(const std::string& directory);

    std::filesystem::path root_;
    promise_source promise_;
    std::mutex lock_;
    std::map<std::uint64_t, known_file> files_;
    std::map<std::string, std::uint64_t> names_;  // synced
    std::vector<name_change> changes_;
    std::vector<power_cut_moment> moments_;
};

}  // namespace millrace::engine::test
