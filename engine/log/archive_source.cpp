#include "engine/log/archive_source.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/core/error.hpp"
#include "engine/log/segment.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

struct context_deleter {
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
    void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

[[noreturn]] void fail(const fs::path& path, const std::string& reason) {
    throw unpack_error(path, reason);
}

// Decompresses front to back, as much as is asked for.
class frame_reader {
public:
    explicit frame_reader(const fs::path& path)
        : path_(path), fd_(open_file(path, O_RDONLY)), context_(ZSTD_createDCtx()), in_(64 * 1024) {
        if (context_ == nullptr) {
            throw io_error("ZSTD_createDCtx", path.native(), ENOMEM);
        }
    }

    // The size the frame says its contents have.
    [[nodiscard]] std::size_t content_bytes() {
        refill();
        const unsigned long long size = ZSTD_getFrameContentSize(in_.data(), input_.size);
        if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
            size < segment_header_bytes_min || size > segment_bytes_max) {
            fail(path_, "no frame that says its size");
        }
        return static_cast<std::size_t>(size);
    }
    // Fills `bytes`. `is_last`: the frame must end there, and its checksum hold.
    void read(std::span<std::byte> bytes, bool is_last) {
        ZSTD_outBuffer output{bytes.data(), bytes.size(), 0};
        std::size_t left = 1;
        while (output.pos < output.size || (is_last && left != 0)) {
            if (input_.pos == input_.size && !refill()) {
                fail(path_, "it ends early");
            }
            const std::size_t before = input_.pos + output.pos;
            left = ZSTD_decompressStream(context_.get(), &output, &input_);
            if (ZSTD_isError(left) != 0) {
                fail(path_, ZSTD_getErrorName(left));
            }
            if (left != 0 && input_.pos + output.pos == before && input_.pos < input_.size) {
                fail(path_, "it holds more than it says");
            }
        }
    }

private:
    bool refill() {
        if (input_.pos < input_.size) {
            return true;
        }
        ssize_t n = 0;
        do {
            n = ::read(fd_.get(), in_.data(), in_.size());
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            throw io_error("read", path_.native(), errno);
        }
        input_ = {in_.data(), static_cast<std::size_t>(n), 0};
        return n > 0;
    }

    const fs::path& path_;
    unique_fd fd_;
    std::unique_ptr<ZSTD_DCtx, context_deleter> context_;
    std::vector<std::byte> in_;
    ZSTD_inBuffer input_{nullptr, 0, 0};
};

// Of another directory, which need not be there, nor be readable: who needs the log's beginning
// asks find_archive_gap(), which says so.
std::vector<std::uint64_t> list_linked(const fs::path& archive) {
    try {
        return list_names(archive).archived;
    } catch (const io_error&) {
        return {};
    }
}

mapping make_room(std::size_t size, detail::archive_room room) {
    if (room == detail::archive_room::file) {
        std::error_code code;
        const fs::path where = fs::temp_directory_path(code);
        const unique_fd fd(code ? -1 : ::open(where.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
        if (fd.is_open()) {
            allocate_file(fd.get(), size, where.native());
            return mapping(fd.get(), size, access::read_write, where.native());
        }
    }
    return mapping::anonymous(size);
}

}  // namespace

unpack_error::unpack_error(const fs::path& path, const std::string& reason)
    : damage_error(path.native() + ": the archived segment does not decompress (" + reason +
                   "); restore it from a copy"),
      path_(path),
      reason_(reason) {}

void refuse_without_segments(const fs::path& directory) {
    if (is_archive(directory)) {
        throw error(directory.native() +
                    ": is an archive: it is read like a log, and changed only by `millrace log "
                    "archive` of the log it belongs to. Name that log's directory instead");
    }
    throw error(directory.native() + ": no audit log here (no segment files)");
}

std::optional<fs::path> read_archive_link(const fs::path& directory) {
    const fs::path link = directory / archive_link_name;
    std::error_code code;
    if (!fs::exists(link, code)) {
        return std::nullopt;
    }
    std::string text = read_whole_file(link);
    text.erase(std::find(text.begin(), text.end(), '\n'), text.end());
    return directory / text;  // an absolute path stands for itself
}

bool is_archive(const fs::path& directory) {
    const segment_names names = list_names(directory);
    return names.plain.empty() && !names.archived.empty();
}

std::vector<std::uint64_t> list_readable_segments(const fs::path& directory) {
    segment_names names = list_names(directory);
    std::vector<std::uint64_t> here = detail::without_unbegun(directory, std::move(names.plain));
    std::vector<std::uint64_t> archived = std::move(names.archived);
    if (here.empty()) {
        return archived;
    }
    if (const std::optional<fs::path> link = read_archive_link(directory)) {
        const std::vector<std::uint64_t> there = list_linked(*link);
        archived.insert(archived.end(), there.begin(), there.end());
        std::sort(archived.begin(), archived.end());
    }
    std::vector<std::uint64_t> older;
    for (auto it = archived.rbegin(); it != archived.rend(); ++it) {
        if (*it + 1 == (older.empty() ? here.front() : older.back())) {
            older.push_back(*it);
        }
    }
    here.insert(here.begin(), older.rbegin(), older.rend());
    return here;
}

fs::path segment_home(const fs::path& directory, std::uint64_t index) {
    std::error_code code;
    if (fs::exists(directory / segment_file_name(index), code)) {
        return directory;
    }
    const std::optional<fs::path> archived = detail::find_archived(directory, index);
    return archived ? archived->parent_path() : directory;
}

std::optional<fs::path> detail::find_archived(const fs::path& directory, std::uint64_t index) {
    std::error_code code;
    fs::path path = directory / archived_file_name(index);
    if (fs::exists(path, code)) {
        return path;
    }
    if (const std::optional<fs::path> link = read_archive_link(directory)) {
        path = *link / archived_file_name(index);
        if (fs::exists(path, code)) {
            return path;
        }
    }
    return std::nullopt;
}

segment_info detail::read_archived_info(const fs::path& path, std::uint64_t index) {
    frame_reader frame(path);
    const std::size_t size = frame.content_bytes();
    std::vector<std::byte> bytes(segment_header_bytes_min);
    frame.read(bytes, false);
    segment_static fixed{};
    std::memcpy(&fixed, bytes.data(), sizeof fixed);
    const std::size_t wanted =
        std::min(std::max<std::size_t>(fixed.header_bytes, bytes.size()), size);
    const std::size_t first = bytes.size();
    bytes.resize(wanted);
    frame.read(std::span(bytes).subspan(first), false);
    segment_info info = check_header(path, bytes.data(), size);
    check_index(path, info, index);
    return info;
}

mapping detail::load_archived(const fs::path& path, archive_room room) {
    frame_reader frame(path);
    mapping map = make_room(frame.content_bytes(), room);
    frame.read({map.data(), map.size()}, true);
    return map;
}

std::size_t detail::compress_segment(std::span<const std::byte> bytes, const fs::path& path,
                                     int level) {
    const unique_fd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    const std::unique_ptr<ZSTD_CCtx, context_deleter> context(ZSTD_createCCtx());
    if (context == nullptr) {
        throw io_error("ZSTD_createCCtx", path.native(), ENOMEM);
    }
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setPledgedSrcSize(context.get(), bytes.size());
    std::vector<std::byte> out(chunk_bytes);
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    std::size_t written = 0;
    std::size_t left = 1;
    while (left != 0) {
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        left = ZSTD_compressStream2(context.get(), &output, &input, ZSTD_e_end);
        if (ZSTD_isError(left) != 0) {
            throw error(path.native() + ": cannot compress: " + ZSTD_getErrorName(left));
        }
        write_at(fd.get(), std::span<const std::byte>(out).first(output.pos), written,
                 path.native());
        written += output.pos;
    }
    sync_file_whole(fd.get(), path.native());
    return written;
}

}  // namespace millrace::engine
