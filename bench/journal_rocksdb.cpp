// RocksDB as a journal: one Put a record, its key the record's number, in front of it RocksDB's own
// write-ahead log.
//
// Set up for a log: no compaction, no compression, no flush within a run, the cheapest memtable.
// Each Put reaches the page cache before it returns (no manual_wal_flush), as an append does.
#include <rocksdb/db.h>
#include <rocksdb/memtablerep.h>

#include <array>
#include <limits>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"

namespace millrace::bench {

namespace {

constexpr std::size_t memtable_bytes = std::size_t{2} << 30;
constexpr std::size_t memtable_records = std::size_t{4} << 20;

void check(const rocksdb::Status& status) {
    fail_if_not(status.ok(), "RocksDB: " + status.ToString());
}

// Ascending like the numbers.
std::array<char, 8> key_of(std::uint64_t number) {
    std::array<char, 8> key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<char>(number >> (56 - 8 * i));
    }
    return key;
}

rocksdb::Options options() {
    rocksdb::Options made;
    made.create_if_missing = true;
    made.error_if_exists = true;
    made.compression = rocksdb::kNoCompression;
    made.disable_auto_compactions = true;
    made.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
    made.level0_stop_writes_trigger = std::numeric_limits<int>::max();
    made.write_buffer_size = memtable_bytes;
    made.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>(memtable_records);
    made.allow_concurrent_memtable_write = false;
    made.avoid_flush_during_shutdown = true;
    return made;
}

class rocksdb_journal final : public journal {
public:
    rocksdb_journal(const std::filesystem::path& directory, sync_policy policy) {
        rocksdb::DB* opened = nullptr;
        check(rocksdb::DB::Open(options(), directory / "rocksdb", &opened));
        db_.reset(opened);
        write_.sync = policy == sync_policy::each;
    }

    bool try_append(std::span<const std::byte> payload) override {
        const auto key = key_of(++count_);
        check(db_->Put(write_, {key.data(), key.size()},
                       {reinterpret_cast<const char*>(payload.data()), payload.size()}));
        return true;
    }
    std::uint64_t make_durable(std::uint64_t appended) override {
        check(db_->FlushWAL(true));
        return appended;
    }
    std::uint64_t count_stored() override {
        const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}));
        std::uint64_t found = 0;
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            const rocksdb::Slice value = at->value();
            check_number({reinterpret_cast<const std::byte*>(value.data()), value.size()}, ++found);
        }
        check(at->status());
        return found;
    }

private:
    std::unique_ptr<rocksdb::DB> db_;
    rocksdb::WriteOptions write_;
    std::uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<journal> open_rocksdb(const std::filesystem::path& directory, sync_policy policy) {
    return std::make_unique<rocksdb_journal>(directory, policy);
}

}  // namespace millrace::bench
