#include "engine/ingest/ingest.hpp"

#include <concurrentqueue/concurrentqueue.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <thread>
#include <utility>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"

namespace millrace::engine {

namespace {

// The number of a lane. The queue orders its elements by fences, which the thread sanitizer does
// not know; atomic, they need none, since a wrong hint only costs a look into a lane.
class hint {
public:
    hint() noexcept = default;
    explicit hint(std::size_t lane) noexcept { store(static_cast<std::uint32_t>(lane)); }
    hint(const hint& other) noexcept { store(other.lane()); }
    hint& operator=(const hint& other) noexcept {
        store(other.lane());
        return *this;
    }
    ~hint() = default;

    [[nodiscard]] std::uint32_t lane() const noexcept {
        // relaxed: nothing is reached through it
        return std::atomic_ref(lane_).load(std::memory_order_relaxed);
    }

private:
    void store(std::uint32_t lane) noexcept {
        // relaxed: nothing is reached through it
        std::atomic_ref(lane_).store(lane, std::memory_order_relaxed);
    }

    mutable std::uint32_t lane_;
};

using hint_queue = moodycamel::ConcurrentQueue<hint>;

constexpr std::size_t batch = 256;  // rows between two rounds of answers
constexpr std::size_t turn = 32;    // of one lane, where no hint says whose turn it is
constexpr std::size_t producers_limit = 4096;
constexpr std::int64_t health_check_ns = 100'000'000;

}  // namespace

// Lanes are made when they are first wanted, and kept for the next producer.
struct ingest::shared {
    struct place {
        std::atomic<detail::lane_state> state{detail::lane_state::unused};
        std::unique_ptr<detail::ingest_lane> lane;  // touched by who took it, then while open
        std::optional<moodycamel::ProducerToken> token;
    };

    explicit shared(const ingest_options& options)
        : hints(options.producers_max * (options.in_flight_max + 2 * hint_queue::BLOCK_SIZE)),
          places(options.producers_max) {}

    // A hint says that a lane has a row. They keep the order of arrival; none is needed: a turn
    // without hints looks into every lane.
    hint_queue hints;
    std::vector<place> places;
    alignas(no_sharing_bytes) std::atomic<bool> is_closed{false};
};

std::string_view describe(submit_status status) noexcept {
    switch (status) {
        case submit_status::accepted:
            return "accepted";
        case submit_status::back_pressured:
            return "too many rows are in flight";
        case submit_status::too_large:
            return "the row is larger than the table or its producer takes";
        case submit_status::not_a_row:
            return "the bytes are no row of the table";
        case submit_status::closed:
            return "the ingest is closed";
    }
    return "unknown";
}

ingest::ingest(table_log& table, ingest_options options)
    : table_(&table),
      options_(std::move(options)),
      row_bytes_max_(table.log().record_bytes_max() - record_header_bytes) {
    if (options_.producers_max < 1 || options_.producers_max > producers_limit) {
        throw config_error(options_.name + ": producers_max is " +
                           std::to_string(options_.producers_max) + "; expected 1 to " +
                           std::to_string(producers_limit));
    }
    if (!std::has_single_bit(options_.in_flight_max)) {
        throw config_error(options_.name + ": in_flight_max is " +
                           std::to_string(options_.in_flight_max) + "; expected a power of two");
    }
    shared_ = std::make_unique<shared>(options_);
}

ingest::~ingest() = default;

const row_schema& ingest::schema() const noexcept {
    return table_->schema();
}
const std::filesystem::path& ingest::directory() const noexcept {
    return table_->log().directory();
}
const char* ingest::name() const noexcept {
    return options_.name.c_str();
}

ingest_producer ingest::make_producer() {
    // acquire: nothing is reached through it; the answer may be old, and try_submit looks again
    if (shared_->is_closed.load(std::memory_order_acquire)) {
        throw config_error(options_.name + ": closed; it takes no more producers");
    }
    for (std::size_t index = 0; index < shared_->places.size(); ++index) {
        shared::place& place = shared_->places[index];
        auto expected = detail::lane_state::unused;
        // acquire: pairs with ingest.cpp: free_if_done
        if (!place.state.compare_exchange_strong(expected, detail::lane_state::taken,
                                                 std::memory_order_acquire,
                                                 std::memory_order_relaxed)) {
            continue;
        }
        try {
            if (place.lane == nullptr) {
                place.token.emplace(shared_->hints);
                place.lane = std::make_unique<detail::ingest_lane>(options_.in_flight_max,
                                                                   options_.ring_bytes);
            }
        } catch (...) {
            // pairs with ingest.cpp: make_producer
            place.state.store(detail::lane_state::unused, std::memory_order_release);
            throw;
        }
        // seq_cst: see on_close; also hands the lane over to for_each_lane
        place.state.store(detail::lane_state::open, std::memory_order_seq_cst);
        return {*this, index};
    }
    throw config_error(options_.name + ": all " + std::to_string(options_.producers_max) +
                       " producers are taken; close one, or raise producers_max");
}

template <class Call>
void ingest::for_each_lane(Call&& call) noexcept {
    for (std::size_t index = 0; index < shared_->places.size(); ++index) {
        shared::place& place = shared_->places[index];
        // seq_cst: see on_close; also takes the lane that make_producer hands over
        if (place.state.load(std::memory_order_seq_cst) >= detail::lane_state::open) {
            call(index, *place.lane);
        }
    }
}

int ingest::do_work() noexcept {
    std::size_t work = append_hinted();
    if (work == 0) {
        work = append_all();
    }
    return static_cast<int>(work + answer_all());
}

bool ingest::append_next(detail::ingest_lane& lane, std::size_t& count) noexcept {
    const byte_record row = lane.next();
    if (row.is_none) {
        return true;
    }
    const append_result result = table_->try_append(row.payload);
    log_status_ = result.status;
    if (result.status == append_status::back_pressured ||
        result.status == append_status::no_space) {
        counters.log_back_pressured.add(1);
        return false;  // it stays where it is, and its producer's other rows behind it
    }
    lane.settle(result, table_->log().end());
    (result.status == append_status::ok ? counters.appended : counters.refused).add(1);
    ++count;
    return true;
}

std::size_t ingest::append_hinted() noexcept {
    std::array<hint, batch> whose;
    std::size_t count = 0;
    const std::size_t hints = shared_->hints.try_dequeue_bulk(whose.begin(), whose.size());
    for (std::size_t at = 0; at < hints; ++at) {
        shared::place& place = shared_->places[whose[at].lane()];
        // acquire: pairs with ingest.cpp: make_producer. A lane given back may have left a hint.
        const bool is_live =
            place.state.load(std::memory_order_acquire) >= detail::lane_state::open;
        if (is_live && !append_next(*place.lane, count)) {
            break;
        }
    }
    return count;
}

std::size_t ingest::append_all() noexcept {
    std::size_t count = 0;
    bool takes = true;
    for_each_lane([&](std::size_t, detail::ingest_lane& lane) {
        for (std::size_t at = 0; takes && at < turn && !lane.next().is_none; ++at) {
            takes = append_next(lane, count);
        }
    });
    return count;
}

void ingest::look_at_durability() noexcept {
    if (!awaits_durability_ || is_durability_lost_) {
        return;
    }
    durable_wait outcome = durable_wait::timed_out;
    if (table_->is_synchronous()) {
        outcome = table_->wait_durable(table_->log().end(), 0);  // one sync for all of the turn
    } else if (const std::int64_t now_ns = monotonic_now_ns(); now_ns >= next_health_check_ns_) {
        next_health_check_ns_ = now_ns + health_check_ns;
        outcome = table_->wait_durable(table_->log().end(), 0);
    }
    is_durability_lost_ = outcome == durable_wait::halted || outcome == durable_wait::closed;
    durable_ = table_->log().durable_position();
}

std::size_t ingest::answer_all() noexcept {
    look_at_durability();
    std::size_t count = 0;
    std::uint64_t producers = 0;
    std::uint64_t back_pressured = back_pressured_before_;
    awaits_durability_ = false;
    for_each_lane([&](std::size_t index, detail::ingest_lane& lane) {
        count += lane.answer(durable_, is_durability_lost_);
        awaits_durability_ = awaits_durability_ || lane.awaits_durability();
        ++producers;
        back_pressured += lane.back_pressured.load(std::memory_order_relaxed);
        free_if_done(index);
    });
    counters.producers.set(producers);
    counters.back_pressured.set(back_pressured);
    return count;
}

void ingest::free_if_done(std::size_t index) noexcept {
    shared::place& place = shared_->places[index];
    // acquire: pairs with ingest.cpp: ingest_producer::close
    if (place.state.load(std::memory_order_acquire) != detail::lane_state::abandoned ||
        !place.lane->next().is_none) {
        return;
    }
    back_pressured_before_ += place.lane->back_pressured.load(std::memory_order_relaxed);
    place.lane->reset();
    // pairs with ingest.cpp: make_producer
    place.state.store(detail::lane_state::unused, std::memory_order_release);
}

void ingest::drain(std::int64_t until_ns) noexcept {
    while (append_all() > 0 || log_status_ == append_status::back_pressured ||
           log_status_ == append_status::no_space) {
        if (monotonic_now_ns() > until_ns) {
            refuse_rest(log_status_);
            return;
        }
        if (log_status_ != append_status::ok) {
            std::this_thread::yield();
        }
    }
}

void ingest::refuse_rest(append_status status) noexcept {
    for_each_lane([&](std::size_t, detail::ingest_lane& lane) {
        while (!lane.next().is_none) {
            lane.settle({status, {}, {}, {}}, {});
            counters.refused.add(1);
        }
    });
}

void ingest::on_close() noexcept {
    // seq_cst here, in try_submit and where lanes are opened: either the producer sees the end, or
    // its row is seen below
    shared_->is_closed.store(true, std::memory_order_seq_cst);
    for_each_lane([](std::size_t, detail::ingest_lane& lane) {
        // seq_cst: as above; a submission takes no longer than a copy of its row
        while (lane.is_submitting.load(std::memory_order_seq_cst)) {
            std::this_thread::yield();
        }
    });
    const std::int64_t until_ns = monotonic_now_ns() + options_.close_timeout_ns;
    drain(until_ns);
    static_cast<void>(answer_all());
    if (awaits_durability_) {
        const durable_wait outcome =
            table_->wait_durable(table_->log().end(), options_.close_timeout_ns);
        is_durability_lost_ = outcome != durable_wait::durable;
        durable_ = table_->log().durable_position();
        static_cast<void>(answer_all());
    }
}

ingest_producer::ingest_producer(ingest& owner, std::size_t index) noexcept
    : owner_(&owner), lane_(owner.shared_->places[index].lane.get()), index_(index) {}

ingest_producer::ingest_producer(ingest_producer&& other) noexcept
    : owner_(other.owner_), lane_(std::exchange(other.lane_, nullptr)), index_(other.index_) {}

ingest_producer& ingest_producer::operator=(ingest_producer&& other) noexcept {
    if (this != &other) {
        close();
        owner_ = other.owner_;
        lane_ = std::exchange(other.lane_, nullptr);
        index_ = other.index_;
    }
    return *this;
}

submit_status ingest_producer::try_submit(std::span<const std::byte> row, std::uint64_t ticket,
                                          ack_level level) noexcept {
    MILLRACE_ASSERT(lane_ != nullptr, "a producer that was closed submits");
    if (row.size() > row_bytes_max()) {
        return submit_status::too_large;
    }
    if (row_view::check(owner_->schema(), row) != row_status::ok) {
        return submit_status::not_a_row;
    }
    // seq_cst: see ingest.cpp: on_close
    lane_->is_submitting.store(true, std::memory_order_seq_cst);
    submit_status status = submit_status::accepted;
    if (owner_->shared_->is_closed.load(std::memory_order_seq_cst)) {
        status = submit_status::closed;
    } else if (lane_->is_full() || lane_->submit(row, ticket, level) != claim_result::ok) {
        status = submit_status::back_pressured;
        // relaxed: this thread alone writes it
        lane_->back_pressured.store(lane_->back_pressured.load(std::memory_order_relaxed) + 1,
                                    std::memory_order_relaxed);
    } else {
        // Without room for the hint the row is found without it.
        auto& place = owner_->shared_->places[index_];
        static_cast<void>(owner_->shared_->hints.try_enqueue(*place.token, hint(index_)));
    }
    // pairs with ingest.cpp: on_close
    lane_->is_submitting.store(false, std::memory_order_release);
    return status;
}

bool ingest_producer::poll(ingest_ack& ack) noexcept {
    return lane_ != nullptr && lane_->collect(ack);
}

std::uint64_t ingest_producer::in_flight_count() const noexcept {
    return lane_ == nullptr ? 0 : lane_->in_flight_count();
}

std::size_t ingest_producer::row_bytes_max() const noexcept {
    if (lane_ == nullptr) {
        return 0;
    }
    return std::min(lane_->row_bytes_max(), owner_->row_bytes_max_);
}

void ingest_producer::close() noexcept {
    if (lane_ != nullptr) {
        lane_ = nullptr;
        // pairs with ingest.cpp: free_if_done
        owner_->shared_->places[index_].state.store(detail::lane_state::abandoned,
                                                    std::memory_order_release);
    }
}

}  // namespace millrace::engine
