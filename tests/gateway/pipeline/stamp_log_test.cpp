#include "gateway/pipeline/stamp_log.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

constexpr engine::log_uuid some_log{{1, 2, 3}};

std::vector<stage_stamp> stamps_in(const std::filesystem::path& directory) {
    std::vector<stage_stamp> found;
    engine::log_reader reader(directory, engine::read_from::first());
    engine::record_view record;
    while (reader.poll(record) == engine::read_status::record) {
        EXPECT_EQ(record.type, stamps_record_type);
        EXPECT_GT(record.payload_size, 0U);
        for (std::size_t at = 0; at + sizeof(stage_stamp) <= record.payload_size;
             at += sizeof(stage_stamp)) {
            stage_stamp one;
            std::memcpy(&one, record.payload + at, sizeof one);
            found.push_back(one);
        }
    }
    return found;
}

TEST(StampLog, WritesWhatTheRingsHoldInBatchesAndGoesOnWhenOpenedAgain) {
    const temporary_directory directory;
    std::uint64_t next = 1;
    // Enough for several segments; the counts lie at, beside and far from a batch's size.
    for (const std::uint64_t count : {1U, 127U, 128U, 129U, 5000U}) {
        stamp_log log(directory.path() / "STAMPS", engine::segment_bytes_min);
        stamp_ring one;
        stamp_ring other;
        log.add(one);
        log.add(other);
        EXPECT_EQ(log.write(), 0U);
        for (std::uint64_t i = 0; i < count; ++i, ++next) {
            (next % 3 == 0 ? other : one).put(stage::sent, some_log, {next}, 10);
        }
        EXPECT_EQ(log.write(), count);
        EXPECT_EQ(log.written.value(), count);
        log.close();
    }
    const auto found = stamps_in(directory.path() / "STAMPS");
    ASSERT_EQ(found.size(), next - 1);
    std::vector<bool> is_seen(next);
    for (const stage_stamp& one : found) {
        ASSERT_LT(one.sequence, next);
        EXPECT_FALSE(is_seen[one.sequence]);
        is_seen[one.sequence] = true;
    }
    EXPECT_GT(engine::list_segments(directory.path() / "STAMPS").size(), 2U);
}

TEST(StampLog, CountsWhatItsLogRefuses) {
    const temporary_directory directory;
    stamp_log log(directory.path() / "STAMPS", engine::segment_bytes_min);
    stamp_ring ring;
    log.add(ring);
    log.close();
    for (std::uint64_t i = 1; i <= 300; ++i) {
        ring.put(stage::sent, some_log, {i}, 10);
    }
    EXPECT_EQ(log.write(), 300U) << "the ring is emptied all the same";
    EXPECT_EQ(log.refused.value(), 300U);
    EXPECT_EQ(log.written.value(), 0U);
}

class StampLogOfAPipeline : public PipelineTest {
protected:
    [[nodiscard]] static std::string text(bool keeps_stamps) {
        return replaced(std::string(tables_text), "segment_bytes = \"1MiB\"",
                        std::string("segment_bytes = \"1MiB\"\nstamps = ") +
                            (keeps_stamps ? "true" : "false")) +
               client_text("watcher") +
               route_text(
                   "name = \"watch\"\nhandler = \"on_order\"\nstart = \"first\"\n"
                   "on_nack = \"park\"");
    }
    void run_with(bool keeps_stamps) {
        handler_.decide = [](std::uint64_t sequence) {
            return sequence == 3 ? answer::nack : sequence == 4 ? answer::skip : answer::ack;
        };
        run once(*this, text(keeps_stamps), [&](pipeline& made) {
            made.set_handler("on_order", event_handler::of(handler_));
        });
        once.start();
        append_orders(once.source(), 1, 9);
        wait_for_highest("watch", 9);
        once.stop();
    }
    recording_handler handler_;
};

TEST_F(StampLogOfAPipeline, HoldsWhenAHandlerWasDoneWithARecordAndNotWhatItRefused) {
    run_with(true);
    const auto source = rows("ORDER_OUT");
    const auto found = stamps_in(data("STAMPS"));
    ASSERT_EQ(found.size(), 8U);
    EXPECT_EQ(counter("stamps.written"), 8U);
    EXPECT_EQ(counter("client:watcher.stamps_dropped"), 0U);
    const std::uint64_t wanted[] = {1, 2, 4, 5, 6, 7, 8, 9};
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].sequence, wanted[i]);
        EXPECT_EQ(found[i].which, static_cast<std::uint32_t>(stage::handled));
        EXPECT_GE(found[i].time_ns, source[wanted[i] - 1].time.ns);
    }
}

TEST_F(StampLogOfAPipeline, IsNotThereUnlessAskedFor) {
    run_with(false);
    EXPECT_FALSE(std::filesystem::exists(data("STAMPS")));
}

}  // namespace
}  // namespace millrace::gateway::test
