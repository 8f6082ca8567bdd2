// Audit logs as journals: direct and hot, with the persister's own 5 ms.
#include <cstring>

#include "bench/bench_run.hpp"
#include "bench/journal.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

namespace {

constexpr std::int64_t patience_ns = 60'000'000'000;

class log_journal final : public journal {
public:
    log_journal(const std::filesystem::path& directory, sync_policy policy,
                engine::storage_mode mode)
        : policy_(policy), writer_(directory / "log", options(mode)) {}

    bool try_append(std::span<const std::byte> payload) override {
        const engine::append_result result = writer_.try_append(1, payload);
        if (result.status != engine::append_status::ok) [[unlikely]] {
            fail_if_not(result.status == engine::append_status::back_pressured,
                        engine::describe(result.status));
            return false;
        }
        if (policy_ == sync_policy::each) {
            fail_if_not(
                writer_.wait_durable(writer_.end(), patience_ns) == engine::durable_wait::durable,
                "a record did not become durable");
        }
        return true;
    }
    std::uint64_t make_durable(std::uint64_t) override { return writer_.durable_sequence().value; }
    // How late a record is seen to be durable; counts against the log.
    std::int64_t make_durable_every_ns() const override { return 50'000; }
    std::uint64_t count_stored() override {
        engine::log_reader reader(writer_.directory(), engine::read_from::first());
        engine::record_view view;
        std::uint64_t count = 0;
        while (reader.poll(view) == engine::read_status::record) {
            check_number({view.payload, view.payload_size}, ++count);
        }
        return count;
    }
    std::vector<std::pair<const char*, double>> counters() const override {
        const engine::storage_report report = writer_.storage();
        return {{"syncs", static_cast<double>(report.sync_count)},
                {"sync_ms_max", static_cast<double>(report.sync_ns_max) / 1e6}};
    }

private:
    static engine::log_options options(engine::storage_mode mode) {
        engine::log_options made;
        made.purpose = "benchmark";
        made.is_synchronous = false;
        made.storage = mode;
        made.low_space_bytes = 0;
        made.sync_delay_max_ns = sync_interval_ns;
        made.hot_directory = run().hot_directory;
        return made;
    }

    sync_policy policy_;
    engine::log_writer writer_;
};

}  // namespace

std::unique_ptr<journal> open_direct_log(const std::filesystem::path& directory,
                                         sync_policy policy) {
    return std::make_unique<log_journal>(directory, policy, engine::storage_mode::direct);
}

std::unique_ptr<journal> open_hot_log(const std::filesystem::path& directory, sync_policy policy) {
    return std::make_unique<log_journal>(directory, policy, engine::storage_mode::hot);
}

void put_number(std::span<std::byte> payload, std::uint64_t number) {
    std::memcpy(payload.data(), &number, sizeof number);
}

void check_number(std::span<const std::byte> payload, std::uint64_t number) {
    std::uint64_t found = 0;
    fail_if_not(payload.size() >= sizeof found, "a record came back cut short");
    std::memcpy(&found, payload.data(), sizeof found);
    fail_if_not(found == number, "another record came back");
}

}  // namespace millrace::bench
