#include "tests/engine/log/disk_model.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <stdexcept>

namespace millrace::engine::test {

namespace fs = std::filesystem;

namespace {

using sector = std::array<std::byte, sector_bytes>;

// The bytes a sync of this thread is about to write: as they were when it began.
struct sync_begun {
    std::uint64_t id = 0;
    file_bytes bytes;
};
thread_local std::optional<sync_begun> current_sync;

// The model holds each file below its root open, a thousand and more of them after many lives. Low
// numbers are left to the program under test: a library beside it may wait by select(), which knows
// no number from FD_SETSIZE on.
constexpr int lowest_model_fd = 4096;

void allow_many_files() {
    constexpr rlim_t wanted = 65536;
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = std::min(limit.rlim_max, wanted);
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// As it is, where the limit on open files leaves no room there.
unique_fd out_of_the_way(unique_fd low) {
    unique_fd high(::fcntl(low.get(), F_DUPFD_CLOEXEC, lowest_model_fd));
    return high.is_open() ? std::move(high) : std::move(low);
}

// Another thread may just be changing the file's size.
file_bytes read_bytes(int fd) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
        struct stat status {};
        if (::fstat(fd, &status) != 0) {
            break;
        }
        file_bytes bytes(static_cast<std::size_t>(status.st_size));
        if (try_read_at(fd, bytes.data(), bytes.size(), 0)) {
            return bytes;
        }
    }
    throw std::runtime_error("a file of the model cannot be read");
}

// With zeros behind the end of the file.
sector sector_of(const file_bytes& bytes, std::size_t index) {
    sector one{};
    const std::size_t from = index * sector_bytes;
    if (from < bytes.size()) {
        std::memcpy(one.data(), bytes.data() + from, std::min(sector_bytes, bytes.size() - from));
    }
    return one;
}

std::vector<dirty_sector> differences(const file_bytes& old, const file_bytes& now) {
    std::vector<dirty_sector> found;
    for (std::size_t index = 0; index * sector_bytes < now.size(); ++index) {
        const sector one = sector_of(now, index);
        if (one != sector_of(old, index)) {
            found.push_back({index, one});
        }
    }
    return found;
}

std::string parent_of(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

bool is_needed_by(const name_change& earlier, const name_change& later) {
    const std::set<std::string> names{earlier.name, earlier.target};
    return names.contains(later.name) || (!later.target.empty() && names.contains(later.target)) ||
           (earlier.what == name_change::kind::make_directory &&
            parent_of(later.name) == earlier.name);
}

void apply(const name_change& change, std::map<std::string, std::uint64_t>& names) {
    switch (change.what) {
        case name_change::kind::make_file:
            names[change.name] = change.file;
            break;
        case name_change::kind::make_directory:
            names[change.name] = 0;
            break;
        case name_change::kind::rename:
            names[change.target] = names.at(change.name);
            names.erase(change.name);
            break;
        case name_change::kind::unlink:
            names.erase(change.name);
            break;
    }
}

// Locks are not data, and an open file of our own would hold them.
bool is_left_out(std::string_view name) {
    return name.ends_with(".lock");
}

}  // namespace

std::size_t power_cut_moment::dirty_count() const {
    std::size_t count = 0;
    for (const file& one : files) {
        count += one.dirty.size();
    }
    return count;
}

std::size_t power_cut_moment::size_count() const {
    return static_cast<std::size_t>(std::count_if(files.begin(), files.end(), [](const file& one) {
        return one.size != one.synced->size();
    }));
}

survivors survivors::none_of(const power_cut_moment& at) {
    return {std::vector<bool>(at.dirty_count()), std::vector<bool>(at.size_count()),
            std::vector<bool>(at.changes.size())};
}

// Now few, now most of the sectors, so that both ends are met often.
survivors survivors::random_of(const power_cut_moment& at, std::mt19937_64& random) {
    survivors which = none_of(at);
    constexpr std::array<unsigned, 7> percents = {0, 3, 20, 50, 80, 97, 100};
    for (std::vector<bool>* bits : {&which.sectors, &which.sizes, &which.changes}) {
        const unsigned percent = percents[random() % percents.size()];
        for (std::size_t i = 0; i < bits->size(); ++i) {
            (*bits)[i] = random() % 100 < percent;
        }
    }
    return which;
}

power_cut_moment mixed_with_older(power_cut_moment now, const power_cut_moment& before,
                                  std::mt19937_64& random) {
    for (power_cut_moment::file& file : now.files) {
        const auto old = std::find_if(before.files.begin(), before.files.end(),
                                      [&file](const power_cut_moment::file& one) {
                                          return one.id == file.id && one.synced == file.synced;
                                      });
        if (old == before.files.end()) {
            continue;
        }
        for (dirty_sector& dirty : file.dirty) {
            const auto older = std::find_if(
                old->dirty.begin(), old->dirty.end(),
                [&dirty](const dirty_sector& one) { return one.index == dirty.index; });
            if (older != old->dirty.end() && random() % 2 == 0) {
                dirty.bytes = older->bytes;
            }
        }
    }
    return now;
}

disk_content content_after(const power_cut_moment& at, const survivors& which) {
    std::map<std::string, std::uint64_t> names = at.names;
    std::vector<bool> is_applied(at.changes.size());
    for (std::size_t i = 0; i < at.changes.size(); ++i) {
        is_applied[i] = which.changes[i];
        for (std::size_t j = 0; j < i && is_applied[i]; ++j) {
            is_applied[i] = is_applied[j] || !is_needed_by(at.changes[j], at.changes[i]);
        }
        if (is_applied[i]) {
            apply(at.changes[i], names);
        }
    }
    std::map<std::uint64_t, file_bytes> bytes_of;
    std::size_t next_sector = 0;
    std::size_t next_size = 0;
    for (const power_cut_moment::file& file : at.files) {
        file_bytes& bytes = bytes_of[file.id];
        const bool is_resized = file.size != file.synced->size();
        bytes = *file.synced;
        if (is_resized && which.sizes[next_size++]) {
            bytes.resize(file.size);
        }
        for (const dirty_sector& dirty : file.dirty) {
            const std::size_t from = dirty.index * sector_bytes;
            if (which.sectors[next_sector++] && from < bytes.size()) {
                std::memcpy(bytes.data() + from, dirty.bytes.data(),
                            std::min(sector_bytes, bytes.size() - from));
            }
        }
    }
    disk_content content;
    for (const auto& [name, id] : names) {
        const bool has_parent = parent_of(name).empty() || names.contains(parent_of(name));
        if (has_parent) {
            content[name] = id == 0 ? file_bytes() : bytes_of.at(id);
        }
    }
    return content;
}

disk_model::disk_model(fs::path root, promise_source promise)
    : root_(std::move(root)), promise_(std::move(promise)) {
    allow_many_files();
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_)) {
        const std::string name = relative(entry.path().native());
        if (entry.is_directory()) {
            names_[name] = 0;
        } else if (!is_left_out(name)) {
            names_[name] = learn(name, true);
        }
    }
}

std::string disk_model::relative(std::string_view path) const {
    const std::string& root = root_.native();
    const bool is_below =
        path.size() > root.size() + 1 && path.starts_with(root) && path[root.size()] == '/';
    return is_below ? std::string(path.substr(root.size() + 1)) : std::string();
}

// Numbers its own: the file system gives those of removed files away again, but not while the
// model holds them open.
std::uint64_t disk_model::learn(const std::string& name, bool is_synced) {
    known_file known;
    known.fd = out_of_the_way(open_file(root_ / name, O_RDONLY));
    const std::uint64_t id = id_of(known.fd.get());
    if (!files_.contains(id)) {
        known.synced =
            std::make_shared<file_bytes>(is_synced ? read_bytes(known.fd.get()) : file_bytes());
        files_.emplace(id, std::move(known));
    }
    return id;
}

std::uint64_t disk_model::id_of(int fd) const {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

int disk_model::before(const file_call_site& site) noexcept {
    current_sync.reset();
    if (const int number = refuse ? refuse(site) : 0; number != 0) {
        return number;
    }
    if (site.what == file_call::fsync || site.what == file_call::fdatasync) {
        const std::lock_guard<std::mutex> held(lock_);
        const auto known = files_.find(id_of(site.fd));
        if (known != files_.end()) {
            current_sync = sync_begun{known->first, read_bytes(known->second.fd.get())};
        }
    }
    return 0;
}

void disk_model::after(const file_call_site& site, bool is_done) noexcept {
    const bool is_sync = site.what == file_call::fsync || site.what == file_call::fdatasync;
    {
        const std::lock_guard<std::mutex> held(lock_);
        if (is_sync) {
            is_done ? note_synced(site.fd) : note_lost(site.fd);
        } else if (is_done) {
            note_done(site);
        }
    }
    if (keeps_moments && !is_read(site.what) && site.what != file_call::map &&
        site.what != file_call::punch && (site.what != file_call::open || site.is_creating)) {
        keep_moment();
    }
}

// What is written again is on its way to the disk again, though its bytes are the same.
void disk_model::note_written(const file_call_site& site) {
    const auto found = files_.find(id_of(site.fd));
    if (found == files_.end()) {
        return;
    }
    if (site.what != file_call::pwrite) {
        found->second.lost.clear();
        return;
    }
    const std::size_t from = static_cast<std::size_t>(site.offset) / sector_bytes;
    const std::size_t to = static_cast<std::size_t>(site.offset) + site.size;
    std::erase_if(found->second.lost, [&](const auto& one) {
        return one.first >= from && one.first * sector_bytes < to;
    });
}

void disk_model::note_done(const file_call_site& site) {
    const bool is_written = site.what == file_call::write || site.what == file_call::pwrite ||
                            site.what == file_call::truncate || site.is_emptying;
    if (is_written) {
        note_written(site);
    }
    const std::string name = relative(site.path);
    if (name.empty() || is_left_out(name)) {
        return;
    }
    if (site.what == file_call::open && site.is_creating) {
        const std::uint64_t id = id_of(site.fd);
        if (!files_.contains(id)) {
            changes_.push_back({name_change::kind::make_file, name, {}, learn(name, false)});
        }
    } else if (site.what == file_call::mkdir) {
        changes_.push_back({name_change::kind::make_directory, name, {}, 0});
    } else if (site.what == file_call::unlink) {
        changes_.push_back({name_change::kind::unlink, name, {}, 0});
    } else if (site.what == file_call::rename) {
        changes_.push_back({name_change::kind::rename, name, relative(site.target), 0});
    }
}

void disk_model::note_synced(int fd) {
    if (!current_sync) {
        char path[4096];
        const std::string link = "/proc/self/fd/" + std::to_string(fd);
        const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
        const std::string_view named(path, size > 0 ? static_cast<std::size_t>(size) : 0);
        if (named == root_.native() || !relative(named).empty()) {
            sync_names_of(relative(named));
        }
        return;
    }
    known_file& known = files_.at(current_sync->id);
    file_bytes now = std::move(current_sync->bytes);
    for (auto it = known.lost.begin(); it != known.lost.end();) {
        const auto& [index, bytes] = *it;
        if (index * sector_bytes >= now.size() || sector_of(now, index) != bytes) {
            it = known.lost.erase(it);
            continue;
        }
        const sector old = sector_of(*known.synced, index);
        std::memcpy(now.data() + index * sector_bytes, old.data(),
                    std::min(sector_bytes, now.size() - index * sector_bytes));
        ++it;
    }
    known.synced = std::make_shared<file_bytes>(std::move(now));
}

void disk_model::note_lost(int fd) {
    const auto found = files_.find(id_of(fd));
    if (found != files_.end()) {
        for (const dirty_sector& dirty :
             differences(*found->second.synced, read_bytes(found->second.fd.get()))) {
            found->second.lost[dirty.index] = dirty.bytes;
        }
    }
}

void disk_model::sync_names_of(const std::string& directory) {
    std::vector<name_change> left;
    for (const name_change& change : changes_) {
        const bool is_made_here =
            parent_of(change.name) == directory ||
            (change.what == name_change::kind::rename && parent_of(change.target) == directory);
        if (is_made_here) {
            apply(change, names_);
        } else {
            left.push_back(change);
        }
    }
    changes_ = std::move(left);
}

power_cut_moment disk_model::capture() {
    const std::lock_guard<std::mutex> held(lock_);
    return look();
}

power_cut_moment disk_model::look() {
    const unobserved_calls own;
    power_cut_moment moment;
    moment.promise = promise_();
    moment.names = names_;
    moment.changes = changes_;
    std::set<std::uint64_t> named;
    for (const auto& [name, id] : names_) {
        named.insert(id);
    }
    for (const name_change& change : changes_) {
        named.insert(change.file);
    }
    for (const auto& [id, known] : files_) {
        if (!named.contains(id)) {
            continue;
        }
        const file_bytes now = read_bytes(known.fd.get());
        power_cut_moment::file file{id, known.synced, now.size(), differences(*known.synced, now)};
        std::erase_if(file.dirty, [&lost = known.lost](const dirty_sector& dirty) {
            const auto gone = lost.find(dirty.index);
            return gone != lost.end() && gone->second == dirty.bytes;
        });
        moment.files.push_back(std::move(file));
    }
    return moment;
}

void disk_model::keep_moment() {
    // Looked at and kept in one: moments stand in the order of time.
    const std::lock_guard<std::mutex> held(lock_);
    moments_.push_back(look());
}

std::vector<power_cut_moment> disk_model::take_moments() {
    const std::lock_guard<std::mutex> held(lock_);
    return std::move(moments_);
}

}  // namespace millrace::engine::test
