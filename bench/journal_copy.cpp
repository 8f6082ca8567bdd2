// No journal, but the floor under all of them: a copy into memory, which the second thread writes
// to a file and syncs. What is in its tail the machine did, not the appending. What it has taken
// dies with the process, so it is no rival.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"
#include "engine/core/file.hpp"
#include "engine/core/types.hpp"

namespace millrace::bench {

namespace {

constexpr std::size_t ring_bytes = std::size_t{64} << 20;

class copy_journal final : public journal {
public:
    explicit copy_journal(std::filesystem::path path)
        : path_(std::move(path)),
          file_(engine::open_file(path_, O_RDWR | O_CREAT | O_EXCL)),
          ring_(ring_bytes, std::byte{0}) {
        engine::write_at(file_.get(), ring_, 0, path_.native());
        engine::sync_file_whole(file_.get(), path_.native());
    }

    bool try_append(std::span<const std::byte> payload) override {
        if (appended_ == 0) {
            record_bytes_ = payload.size();
        }
        const std::uint64_t end = appended_ * record_bytes_;
        // acquire: the syncer has written what is overwritten now
        if (end + record_bytes_ >
            written_.load(std::memory_order_acquire) + slots() * record_bytes_) {
            return false;
        }
        std::memcpy(ring_.data() + appended_ % slots() * record_bytes_, payload.data(),
                    record_bytes_);
        ++appended_;
        end_.store(end + record_bytes_, std::memory_order_release);
        return true;
    }
    std::uint64_t make_durable(std::uint64_t appended) override {
        // acquire: pairs with try_append, whose bytes are written here
        const std::uint64_t end = end_.load(std::memory_order_acquire);
        const std::size_t room = end == 0 ? 0 : slots() * record_bytes_;
        for (std::uint64_t at = written_.load(std::memory_order_relaxed); at < end;) {
            const std::size_t offset = at % room;
            const std::size_t size = std::min<std::size_t>(end - at, room - offset);
            engine::write_at(file_.get(), std::span(ring_).subspan(offset, size), offset,
                             path_.native());
            at += size;
        }
        fail_if_not(::fdatasync(file_.get()) == 0, "fdatasync failed");
        written_.store(end, std::memory_order_release);
        return appended;
    }
    std::uint64_t count_stored() override {
        const std::uint64_t kept = std::min<std::uint64_t>(appended_, slots());
        for (std::uint64_t number = appended_ - kept + 1; number <= appended_; ++number) {
            check_number({ring_.data() + (number - 1) % slots() * record_bytes_, record_bytes_},
                         number);
        }
        return appended_;
    }

private:
    [[nodiscard]] std::size_t slots() const { return ring_bytes / record_bytes_; }

    std::filesystem::path path_;
    engine::unique_fd file_;
    std::vector<std::byte> ring_;
    std::size_t record_bytes_ = 0;  // of all: set by the first append, before end_ says of one
    std::uint64_t appended_ = 0;
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> end_{0};      // writer: appender
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> written_{0};  // writer: syncer
};

}  // namespace

std::unique_ptr<journal> open_bare_copy(const std::filesystem::path& directory,
                                        sync_policy /*policy*/) {
    return std::make_unique<copy_journal>(directory / "file");
}

}  // namespace millrace::bench
