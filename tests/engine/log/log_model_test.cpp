// Random sequences of everything a writer and its readers can do, against a vector of what was
// appended.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "engine/core/error.hpp"
#include "tests/engine/log/log_test_support.hpp"

namespace millrace::engine::test {

namespace {

class model_snapshot final : public snapshot_source {
public:
    std::size_t snapshot_bytes() const noexcept override { return 24; }
    void write_snapshot(std::span<std::byte> payload) const noexcept override {
        std::memset(payload.data(), 0x5a, payload.size());
    }
};

class log_model {
public:
    log_model(way how, std::uint64_t seed) : how_(how), random_(seed) { open(); }

    void step() {
        const std::uint64_t choice = random_() % 100;
        if (choice < 60) {
            append_one();
        } else if (choice < 70) {
            claim_one();
        } else if (choice < 73) {
            append_status status = append_status::back_pressured;
            EXPECT_TRUE(comes_true([&] {
                return (status = writer_->append_snapshot()) != append_status::back_pressured;
            }));
            ASSERT_EQ(status, append_status::ok);
        } else if (choice < 76) {
            writer_->close();
            writer_.reset();
            open();
            ASSERT_EQ(writer_->recovery_note(), "");
        } else if (choice < 78) {
            if (how_ != way::hot) {  // whose crash needs a process of its own, see tests/crash
                crash();
            }
        } else if (choice < 82) {
            add_reader();
        } else if (choice < 97) {
            poll_reader();
        } else {
            seek();
        }
    }

    void check_all() {
        std::vector<seen_record> read = read_log(path());
        ASSERT_EQ(read, expected_);
        for (std::size_t i = 0; i < readers_.size(); ++i) {
            while (next_[i] < expected_.size()) {
                poll(i);
            }
        }
    }

private:
    fs::path path() const { return directory_ / ("life-" + std::to_string(life_)).c_str(); }

    void open() {
        const bool is_new = !fs::exists(path());
        writer_ =
            std::make_unique<log_writer>(path(), options_of(how_, directory_.path()), &snapshot_);
        ASSERT_EQ(writer_->last_sequence().value, expected_.size());
        clean_end_ = writer_->recovery_note().empty() && !is_new ? writer_->end() : position{};
    }

    std::size_t random_size() {
        switch (random_() % 8) {
            case 0:
                return 0;
            case 1:
                return writer_->record_bytes_max() - record_header_bytes;
            case 2:
                return random_() % 3000;
            default:
                return random_() % 200;
        }
    }

    void note(const append_result& result, std::uint16_t type, std::vector<std::byte> payload) {
        ASSERT_EQ(result.status, append_status::ok);
        ASSERT_EQ(result.seq.value, expected_.size() + 1);
        ASSERT_TRUE(expected_.empty() || result.time > expected_.back().time);
        expected_.push_back(
            {result.at, writer_->end(), result.seq, result.time, type, 0, std::move(payload)});
    }

    void append_one() {
        const auto type = static_cast<std::uint16_t>(random_() % control_type_first);
        std::vector<std::byte> payload = pattern(random_(), random_size());
        log_claim claim = claim_when_ready(*writer_, type, payload.size());
        std::copy(payload.begin(), payload.end(), claim.payload().begin());
        const append_result result = claim.commit();
        note(result, type, std::move(payload));
    }

    void claim_one() {
        const auto type = static_cast<std::uint16_t>(random_() % control_type_first);
        std::vector<std::byte> payload = pattern(random_(), random_size());
        log_claim claim = claim_when_ready(*writer_, type, payload.size());
        ASSERT_TRUE(claim);
        std::copy(payload.begin(), payload.end(), claim.payload().begin());
        if (random_() % 3 == 0) {
            claim.abort();
            return;
        }
        payload.resize(payload.empty() ? 0 : random_() % (payload.size() + 1));
        const append_result result = claim.commit(payload.size());
        note(result, type, std::move(payload));
    }

    // The directory as a kill would leave it, sometimes in the middle of a claim, becomes the log.
    void crash() {
        const fs::path old = path();
        std::optional<log_claim> claim;
        if (random_() % 2 == 0) {
            claim.emplace(claim_when_ready(*writer_, 1, 1 + random_() % 500));
            std::memset(claim->payload().data(), 0xab, claim->payload().size());
        }
        // A writer that has written nothing since it went on behind a close leaves a closed log.
        const bool is_closed_still = !claim && writer_->end() == clean_end_;
        ++life_;
        copy_log(old, path());
        claim.reset();
        writer_.reset();
        readers_.clear();
        next_.clear();
        fs::remove_all(old);
        open();
        ASSERT_EQ(writer_->recovery_note().empty(), is_closed_still);
    }

    void add_reader() {
        if (readers_.size() == 3) {
            readers_.erase(readers_.begin());
            next_.erase(next_.begin());
        }
        const bool at_tail = random_() % 2 == 0;
        readers_.push_back(
            std::make_unique<log_reader>(path(), at_tail ? read_from::tail() : read_from::first()));
        next_.push_back(at_tail ? expected_.size() : 0);
    }

    void poll(std::size_t i) {
        record_view view;
        read_status status = readers_[i]->poll(view);
        // A reopened hot log goes on in a new segment, for which an idle reader looks now and then.
        while (how_ == way::hot && status == read_status::none && next_[i] < expected_.size()) {
            status = readers_[i]->poll(view);
        }
        if (next_[i] == expected_.size()) {
            ASSERT_EQ(status, read_status::none);
            return;
        }
        ASSERT_EQ(status, read_status::record) << readers_[i]->damage().text();
        ASSERT_EQ(copy_record(view), expected_[next_[i]]);
        ++next_[i];
    }

    void poll_reader() {
        if (!readers_.empty()) {
            const std::size_t i = random_() % readers_.size();
            for (std::uint64_t n = random_() % 30; n > 0; --n) {
                poll(i);
            }
        }
    }

    void seek() {
        if (expected_.empty()) {
            return;
        }
        const std::size_t i = random_() % expected_.size();
        read_from from;
        switch (random_() % 3) {
            case 0:
                from = read_from::at_sequence(expected_[i].seq);
                break;
            case 1:
                // Any time behind the record before means this one.
                from = read_from::at_time(
                    {i == 0 ? expected_[i].time.ns : expected_[i - 1].time.ns + 1});
                break;
            default:
                from = read_from::at_position(expected_[i].at);
                break;
        }
        log_reader reader(path(), from);
        record_view view;
        ASSERT_EQ(reader.poll(view), read_status::record) << reader.damage().text();
        ASSERT_EQ(copy_record(view), expected_[i]);
    }

    way how_;
    temporary_directory directory_;
    model_snapshot snapshot_;
    std::mt19937_64 random_;
    int life_ = 0;
    position clean_end_;  // where the writer went on behind a close
    std::unique_ptr<log_writer> writer_;
    std::vector<std::unique_ptr<log_reader>> readers_;
    std::vector<std::size_t> next_;
    std::vector<seen_record> expected_;
};

}  // namespace

class LogModel : public ::testing::TestWithParam<way> {};

TEST_P(LogModel, HoldsExactlyWhatWasAppendedWhateverHappens) {
    for (std::uint64_t round = 0; round < 5; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        log_model model(GetParam(), test_seed() + round);
        for (int i = 0; i < 1500; ++i) {
            model.step();
            if (::testing::Test::HasFatalFailure()) {
                return;
            }
        }
        model.check_all();
        if (::testing::Test::HasFatalFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, LogModel,
                         ::testing::Values(way::synchronous, way::direct_ahead, way::hot),
                         [](const auto& param) { return to_text(param.param); });

}  // namespace millrace::engine::test
