#include "tests/integration/powered_disk.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "engine/core/crc32c.hpp"
#include "engine/log/hot_tier.hpp"
#include "engine/log/segment.hpp"
#include "engine/stream/life_file.hpp"
#include "tests/engine/stream/host_restart.hpp"

namespace millrace::tests {

namespace fs = std::filesystem;
using engine::test::file_bytes;
using engine::test::name_change;
using engine::test::power_cut_moment;
using engine::test::survivors;

namespace {

std::string folder_of(const std::string& name) {
    return fs::path(name).parent_path().native();
}

std::map<std::uint64_t, std::string> folders_of_files(const power_cut_moment& at) {
    std::map<std::uint64_t, std::string> folders;
    for (const auto& [name, id] : at.names) {
        folders[id] = folder_of(name);
    }
    for (const name_change& change : at.changes) {
        if (change.what == name_change::kind::make_file) {
            folders[change.file] = folder_of(change.name);
        }
    }
    return folders;
}

// How much of a folder's unsynced bytes gets to the disk: often all of it, or nothing.
class folder_luck {
public:
    explicit folder_luck(std::mt19937_64& random) : random_(random) {}

    [[nodiscard]] bool decide(const std::string& folder) {
        constexpr std::array<unsigned, 7> percents = {0, 0, 10, 50, 90, 100, 100};
        const auto known = percent_of_.try_emplace(folder, percents[random_() % percents.size()]);
        return random_() % 100 < known.first->second;
    }

private:
    std::mt19937_64& random_;
    std::map<std::string, unsigned> percent_of_;
};

// A segment begun under the running boot was begun before the host was started anew.
void date_back(file_bytes& segment, const engine::log_uuid& boot) {
    engine::segment_activation active;
    const std::size_t at = sizeof(engine::segment_static);
    if (segment.size() < at + sizeof active) {
        return;
    }
    std::memcpy(&active, segment.data() + at, sizeof active);
    const auto now = engine::detail::read_host_identity().boot_id;
    const std::size_t checked = offsetof(engine::segment_activation, crc);
    if (active.crc == 0 || active.crc != engine::crc32c(0, &active, checked) ||
        !std::equal(now.begin(), now.end(), std::begin(active.boot_id))) {
        return;
    }
    std::copy(boot.bytes.begin(), boot.bytes.end(), std::begin(active.boot_id));
    active.crc = engine::crc32c(0, &active, checked);
    std::memcpy(segment.data() + at, &active, sizeof active);
}

void replace_boot(file_bytes& bytes, const engine::log_uuid& boot) {
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::string now = engine::current_boot();
    if (const std::size_t at = text.find(now); at != std::string::npos) {
        text.replace(at, now.size(), to_string(boot));
        std::memcpy(bytes.data(), text.data(), bytes.size());
    }
}

std::set<std::string> directories_of(const power_cut_moment& at) {
    std::set<std::string> found;
    for (const auto& [name, id] : at.names) {
        if (id == 0) {
            found.insert(name);
        }
    }
    for (const name_change& change : at.changes) {
        if (change.what == name_change::kind::make_directory) {
            found.insert(change.name);
        }
    }
    return found;
}

// Directories that stay keep their inode: a log knows its hot tier by it.
void remove_others(const fs::path& root, const engine::test::disk_content& content) {
    std::vector<fs::path> gone;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
        if (!content.contains(fs::relative(entry.path(), root).native())) {
            gone.push_back(entry.path());
        }
    }
    for (const fs::path& path : gone) {
        fs::remove_all(path);
    }
}

}  // namespace

survivors survivors_by_folder(const power_cut_moment& at, std::mt19937_64& random) {
    survivors which;
    const auto folders = folders_of_files(at);
    folder_luck bytes(random);
    folder_luck names(random);
    for (const power_cut_moment::file& file : at.files) {
        const std::string& folder = folders.at(file.id);
        for (std::size_t i = 0; i < file.dirty.size(); ++i) {
            which.sectors.push_back(bytes.decide(folder));
        }
        if (file.size != file.synced->size()) {
            which.sizes.push_back(bytes.decide(folder));
        }
    }
    for (const name_change& change : at.changes) {
        which.changes.push_back(names.decide(folder_of(change.name)));
    }
    return which;
}

void put_back(const fs::path& root, const power_cut_moment& at, const survivors& which) {
    const auto content = content_after(at, which);
    const std::set<std::string> directories = directories_of(at);
    const engine::log_uuid boot = engine::test::next_past_boot();
    remove_others(root, content);
    for (auto [name, bytes] : content) {
        if (directories.contains(name)) {
            fs::create_directories(root / name);
            continue;
        }
        if (name.ends_with(".alog")) {
            date_back(bytes, boot);
        } else if (name.ends_with(engine::hot_tier_name) || folder_of(name) == "lives" ||
                   fs::path(name).filename() == "life") {
            replace_boot(bytes, boot);
        }
        const engine::unique_fd fd = engine::open_file(root / name, O_WRONLY | O_CREAT | O_TRUNC);
        engine::write_at(fd.get(), bytes, 0, name);
    }
}

}  // namespace millrace::tests
