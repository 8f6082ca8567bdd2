// The plainest journal: one write() a record, of a length, a CRC-32C, a number and the payload.
//
// The file begins full of zeros, so that a sync writes data and neither
// a size nor an allocation.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"
#include "engine/core/crc32c.hpp"
#include "engine/core/file.hpp"

namespace millrace::bench {

namespace {

std::size_t zeroed_bytes() {
    return run().is_quick ? std::size_t{4} << 20 : std::size_t{256} << 20;
}

struct file_record_header {
    std::uint32_t length;
    std::uint32_t crc;
    std::uint64_t number;
};
static_assert(sizeof(file_record_header) == 16);

class file_journal final : public journal {
public:
    file_journal(std::filesystem::path path, sync_policy policy)
        : path_(std::move(path)),
          policy_(policy),
          file_(engine::open_file(path_, O_RDWR | O_CREAT | O_EXCL)) {
        const std::vector<std::byte> zeros(std::size_t{1} << 20);
        for (std::size_t at = 0; at < zeroed_bytes(); at += zeros.size()) {
            engine::write_at(file_.get(), zeros, at, path_.native());
        }
        engine::sync_file_whole(file_.get(), path_.native());
    }

    bool try_append(std::span<const std::byte> payload) override {
        fail_if_not(sizeof(file_record_header) + payload.size() <= sizeof buffer_,
                    "a record is too large");
        const file_record_header header{
            static_cast<std::uint32_t>(payload.size()),
            engine::crc32c(static_cast<std::uint32_t>(++count_), payload.data(), payload.size()),
            count_};
        std::memcpy(buffer_, &header, sizeof header);
        std::memcpy(buffer_ + sizeof header, payload.data(), payload.size());
        const std::size_t size = sizeof header + payload.size();
        fail_if_not(::write(file_.get(), buffer_, size) == static_cast<ssize_t>(size),
                    "write() did not take a whole record: is the disk full?");
        if (policy_ == sync_policy::each) {
            fail_if_not(::fdatasync(file_.get()) == 0, "fdatasync failed");
        }
        return true;
    }
    std::uint64_t make_durable(std::uint64_t appended) override {
        fail_if_not(::fdatasync(file_.get()) == 0, "fdatasync failed");
        return appended;
    }
    std::uint64_t count_stored() override {
        std::uint64_t found = 0;
        std::size_t at = 0;
        file_record_header header{};
        while (found < count_ && engine::try_read_at(file_.get(), &header, sizeof header, at)) {
            fail_if_not(header.length <= sizeof buffer_, "a length came back altered");
            fail_if_not(
                engine::try_read_at(file_.get(), buffer_, header.length, at + sizeof header),
                "a record came back cut short");
            fail_if_not(header.crc == engine::crc32c(static_cast<std::uint32_t>(header.number),
                                                     buffer_, header.length),
                        "a record came back altered");
            check_number({buffer_, header.length}, ++found);
            at += sizeof header + header.length;
        }
        return found;
    }

private:
    std::filesystem::path path_;
    sync_policy policy_;
    engine::unique_fd file_;
    std::uint64_t count_ = 0;
    std::byte buffer_[4096];
};

}  // namespace

std::unique_ptr<journal> open_plain_file(const std::filesystem::path& directory,
                                         sync_policy policy) {
    return std::make_unique<file_journal>(directory / "file", policy);
}

}  // namespace millrace::bench
