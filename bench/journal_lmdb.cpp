// LMDB as a journal: one transaction a record, appended under the record's number.
//
// `behind` is MDB_NOSYNC with mdb_env_sync from another thread, `each` LMDB's default. Of the two
// only the default keeps the database whole over a loss of power.
#include <lmdb.h>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"

namespace millrace::bench {

namespace {

// Address space, not disk: the file grows as it is written.
constexpr std::size_t map_bytes = std::size_t{16} << 30;

void check(int code) {
    fail_if_not(code == MDB_SUCCESS, std::string("LMDB: ") + ::mdb_strerror(code));
}

class lmdb_journal final : public journal {
public:
    lmdb_journal(const std::filesystem::path& path, sync_policy policy) {
        std::filesystem::create_directory(path);
        check(::mdb_env_create(&environment_));
        check(::mdb_env_set_mapsize(environment_, map_bytes));
        check(::mdb_env_open(environment_, path.c_str(),
                             policy == sync_policy::each ? 0 : MDB_NOSYNC, 0640));
        MDB_txn* transaction = nullptr;
        check(::mdb_txn_begin(environment_, nullptr, 0, &transaction));
        check(::mdb_dbi_open(transaction, nullptr, MDB_INTEGERKEY, &database_));
        check(::mdb_txn_commit(transaction));
    }
    ~lmdb_journal() override { ::mdb_env_close(environment_); }

    bool try_append(std::span<const std::byte> payload) override {
        std::size_t number = ++count_;
        MDB_val key{sizeof number, &number};
        MDB_val value{payload.size(), const_cast<std::byte*>(payload.data())};
        MDB_txn* transaction = nullptr;
        check(::mdb_txn_begin(environment_, nullptr, 0, &transaction));
        check(::mdb_put(transaction, database_, &key, &value, MDB_APPEND));
        check(::mdb_txn_commit(transaction));
        return true;
    }
    std::uint64_t make_durable(std::uint64_t appended) override {
        check(::mdb_env_sync(environment_, 1));
        return appended;
    }
    std::uint64_t count_stored() override {
        MDB_txn* transaction = nullptr;
        MDB_cursor* cursor = nullptr;
        check(::mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction));
        check(::mdb_cursor_open(transaction, database_, &cursor));
        std::uint64_t found = 0;
        MDB_val key{};
        MDB_val value{};
        int code = ::mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
        for (; code == MDB_SUCCESS; code = ::mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
            check_number({static_cast<const std::byte*>(value.mv_data), value.mv_size}, ++found);
        }
        ::mdb_cursor_close(cursor);
        ::mdb_txn_abort(transaction);
        fail_if_not(code == MDB_NOTFOUND, std::string("LMDB: ") + ::mdb_strerror(code));
        return found;
    }

private:
    MDB_env* environment_ = nullptr;
    MDB_dbi database_ = 0;
    std::uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<journal> open_lmdb(const std::filesystem::path& directory, sync_policy policy) {
    return std::make_unique<lmdb_journal>(directory / "lmdb", policy);
}

}  // namespace millrace::bench
