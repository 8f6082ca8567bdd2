// How soon another core sees what was appended, and what of that is the machine's.
//
//   [asker] --append--> log A --poll--> [answerer] --append--> log B --poll--> [asker]
//
// The same round trip is made of ever more of what an append and a poll do, in short turns of one
// run, so that the difference of two neighbours says what a part costs (each twice a round trip):
//
//   line     one bare cache line
//   record   a 96-byte record, written behind the last one and read whole; no checksum, no time
//   crc      and its checksum, made and checked
//   clock    and the time of day in it
//   log      log_writer::try_append and log_reader::poll
//
// log_to_line_p50 is the log's round trip to the line's, with all of the appends. In
// commit_to_seen_to_line_p50 an append on its own is taken off each hop, since most of it comes
// before the commit.
//
// A turn of round trips stands between two readings of the clock; the percentiles of a single round
// trip, log_round_trip_ns, come from turns of their own, in which a reading is part of each. Every
// answer is checked. Not measured: readers in another process; a log that rolls.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "engine/core/clock.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"

namespace millrace::bench {

namespace {

using engine::monotonic_now_ns;

constexpr std::uint64_t warm_up_turns = 5;
constexpr std::size_t payload_bytes = 64;
constexpr std::size_t record_bytes = engine::record_header_bytes + payload_bytes;

std::uint64_t rounds_per_turn() {
    return run().is_quick ? 20 : 500;
}

std::uint64_t turns_per_kind() {
    return run().is_quick ? 3 : 60;
}

// When a run is over, whatever it has come to: a machine without two CPUs for it would take hours.
class time_limit {
public:
    void begin() {
        const double seconds = run().is_quick ? quick_seconds_max : run().seconds;
        end_ns_.store(monotonic_now_ns() + static_cast<std::int64_t>(seconds * 1e9),
                      std::memory_order_relaxed);
    }
    // relaxed: nothing is handed over, both threads come to it by themselves
    [[nodiscard]] bool is_over() const {
        return monotonic_now_ns() > end_ns_.load(std::memory_order_relaxed);
    }

private:
    static constexpr double quick_seconds_max = 10;
    std::atomic<std::int64_t> end_ns_{0};  // the asker
};
time_limit limit;

// Gives way only when the other side is surely not running: a fair machine never gets there. False:
// the time is over.
template <class Condition>
[[nodiscard]] bool spin_until(Condition&& is_met) {
    for (std::uint32_t spins = 1; !is_met(); ++spins) {
        if (spins % 4'096 == 0) {
            if (limit.is_over()) {
                return false;
            }
            ::sched_yield();
        }
    }
    return true;
}

// What a side has received; without a number when the time was over.
struct received {
    bool is_there = false;
    std::uint64_t number = 0;
};

struct alignas(engine::no_sharing_bytes) line {
    std::atomic<std::uint64_t> number{0};
    void send(std::uint64_t next) { number.store(next, std::memory_order_release); }
    [[nodiscard]] received receive(std::uint64_t after) const {
        std::uint64_t seen = after;
        const bool is_there =
            spin_until([&] { return (seen = number.load(std::memory_order_acquire)) != after; });
        return {is_there, seen};
    }
};

enum class record_parts : std::uint8_t { bytes, checksum, clock };

// One way: records in memory, one behind the other, as in a segment.
template <record_parts parts>
class bare_records {
public:
    explicit bare_records(std::size_t count_max) : bytes_(count_max * record_bytes + 64) {
        void* start = bytes_.data();
        std::size_t space = bytes_.size();
        at_ = static_cast<std::byte*>(std::align(32, count_max * record_bytes, start, space));
        writing_at_ = at_;
        reading_at_ = at_;
    }
    void send(std::span<const std::byte> payload) {
        std::byte* const record = writing_at_;
        writing_at_ += record_bytes;
        std::memcpy(record + engine::record_header_bytes, payload.data(), payload_bytes);
        const std::uint64_t time =
            parts == record_parts::clock ? static_cast<std::uint64_t>(engine::utc_now().ns) : 1;
        const std::uint64_t head[3] = {++sent_, time, engine::make_kind_word(1, 0)};
        if constexpr (parts == record_parts::bytes) {
            std::memcpy(record + 8, head, sizeof head);
            word(record).store(engine::make_commit_word(record_bytes, 1),
                               std::memory_order_release);
        } else {
            engine::detail::commit_record(record, record_bytes, 7, head);
        }
    }
    // The number in the payload.
    [[nodiscard]] received receive() {
        std::byte* const record = reading_at_;
        reading_at_ += record_bytes;
        std::uint64_t committed = 0;
        if (!spin_until(
                [&] { return (committed = word(record).load(std::memory_order_acquire)) != 0; })) {
            return {};
        }
        if constexpr (parts != record_parts::bytes) {
            fail_if_not(
                engine::record_checksum(7, record, record_bytes) == engine::commit_crc(committed),
                "a record came altered");
        }
        std::uint64_t number = 0;
        std::uint64_t last_word = 0;
        std::memcpy(&number, record + engine::record_header_bytes, sizeof number);
        std::memcpy(&last_word, record + record_bytes - sizeof last_word, sizeof last_word);
        benchmark::DoNotOptimize(last_word);
        return {true, number};
    }

private:
    static std::atomic_ref<std::uint64_t> word(std::byte* record) {
        return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(record));
    }
    std::vector<std::byte> bytes_;
    std::byte* at_ = nullptr;
    alignas(engine::no_sharing_bytes) std::byte* writing_at_ = nullptr;  // the sender
    std::uint64_t sent_ = 0;                                             // the sender
    alignas(engine::no_sharing_bytes) std::byte* reading_at_ = nullptr;  // the receiver
};

// One way: a log of its own, its reader opened by the side that reads.
class log_way {
public:
    explicit log_way(const std::filesystem::path& directory) : writer_(directory, options()) {}
    void open_reader() {
        reader_ =
            std::make_unique<engine::log_reader>(writer_.directory(), engine::read_from::first());
    }
    void let_another_thread_write() { writer_.detach(); }
    void send(std::span<const std::byte> payload) {
        fail_if_not(writer_.try_append(1, payload).status == engine::append_status::ok,
                    "an append was refused");
    }
    [[nodiscard]] received receive() {
        engine::record_view view;
        if (!spin_until([&] { return reader_->poll(view) == engine::read_status::record; })) {
            return {};
        }
        std::uint64_t number = 0;
        std::memcpy(&number, view.payload, sizeof number);
        return {true, number};
    }

private:
    static engine::log_options options() {
        engine::log_options made;
        made.purpose = "benchmark";
        made.sync_on_close = false;
        return made;
    }
    engine::log_writer writer_;
    std::unique_ptr<engine::log_reader> reader_;
};

[[nodiscard]] bool is_answer(const received& answer, std::uint64_t number) {
    fail_if_not(!answer.is_there || answer.number == number, "another answer came back");
    return answer.is_there;
}

// Both ways of one kind; the asker's number comes back in the answer. False: the time is over.
template <class Way>
struct both_ways {
    Way there;
    Way back;
    template <class... Arguments>
    explicit both_ways(const Arguments&... same) : there(same...), back(same...) {}
    both_ways(const std::filesystem::path& first, const std::filesystem::path& second)
        : there(first), back(second) {}

    [[nodiscard]] bool ask(std::span<std::byte> payload, std::uint64_t number) {
        std::memcpy(payload.data(), &number, sizeof number);
        there.send(payload);
        return is_answer(back.receive(), number);
    }
    [[nodiscard]] bool answer(std::span<std::byte> payload, std::uint64_t) {
        const received asked = there.receive();
        if (asked.is_there) {
            std::memcpy(payload.data(), &asked.number, sizeof asked.number);
            back.send(payload);
        }
        return asked.is_there;
    }
};

template <>
struct both_ways<line> {
    line there;
    line back;
    [[nodiscard]] bool ask(std::span<std::byte>, std::uint64_t number) {
        there.send(number);
        return is_answer(back.receive(number - 1), number);
    }
    [[nodiscard]] bool answer(std::span<std::byte>, std::uint64_t number) {
        const received asked = there.receive(number - 1);
        if (asked.is_there) {
            back.send(asked.number);
        }
        return asked.is_there;
    }
};

enum class kind : std::uint8_t { line, record, crc, clock, log, log_timed, count };
constexpr auto kind_count = static_cast<std::size_t>(kind::count);
constexpr std::array<const char*, kind_count> kind_names = {"line",  "record", "crc",
                                                            "clock", "log",    "log_timed"};

class ping_pong {
public:
    ping_pong()
        : logs_(directory_ / "there", directory_ / "back"), answerer_([this] { answer_turns(); }) {
        logs_.back.open_reader();
    }
    ping_pong(const ping_pong&) = delete;
    ping_pong& operator=(const ping_pong&) = delete;
    ~ping_pong() {
        turn_.store(UINT64_MAX, std::memory_order_release);
        answerer_.join();
    }

    // The time of a whole turn; nothing if it was not ended in time. Single round trips go to
    // `each`, if there is one.
    std::optional<std::int64_t> ask_turn(kind what, engine::histogram* each) {
        // relaxed: this thread alone writes it
        const std::uint64_t next = turn_.load(std::memory_order_relaxed) / kind_count + 1;
        turn_.store(next * kind_count + static_cast<std::uint64_t>(what),
                    std::memory_order_release);
        std::uint64_t& number = asked_[static_cast<std::size_t>(what)];
        const std::int64_t begin_ns = monotonic_now_ns();
        for (std::uint64_t i = 0; i < rounds_; ++i) {
            const std::int64_t before_ns = each != nullptr ? monotonic_now_ns() : 0;
            if (!with(what, [&](auto& ways) { return ways.ask(payload_, ++number); })) {
                return std::nullopt;
            }
            if (each != nullptr) {
                each->record(monotonic_now_ns() - before_ns);
            }
        }
        return monotonic_now_ns() - begin_ns;
    }

private:
    template <class Visitor>
    bool with(kind what, Visitor&& visit) {
        switch (what) {
            case kind::line:
                return visit(lines_);
            case kind::record:
                return visit(records_);
            case kind::crc:
                return visit(checksums_);
            case kind::clock:
                return visit(clocks_);
            case kind::log:
            case kind::log_timed:
                return visit(logs_);
            case kind::count:
                break;
        }
        return false;
    }
    void answer_turns() {
        const thread_pin pin(1);
        logs_.there.open_reader();
        logs_.back.let_another_thread_write();
        std::array<std::uint64_t, kind_count> answered{};
        std::array<std::byte, payload_bytes> payload{};
        std::uint64_t my_turn = 0;
        while (true) {
            std::uint64_t asked = 0;
            const bool is_asked = spin_until(
                [&] { return (asked = turn_.load(std::memory_order_acquire)) != my_turn; });
            if (!is_asked || asked == UINT64_MAX) {
                return;
            }
            my_turn = asked;
            const auto what = static_cast<kind>(asked % kind_count);
            for (std::uint64_t i = 0; i < rounds_; ++i) {
                if (!with(what, [&](auto& ways) {
                        return ways.answer(payload, ++answered[asked % kind_count]);
                    })) {
                    return;
                }
            }
        }
    }

    bench_directory directory_;
    const std::uint64_t rounds_ = rounds_per_turn();  // of a turn
    const std::size_t rounds_max_ = (turns_per_kind() + warm_up_turns) * rounds_;
    both_ways<line> lines_;
    both_ways<bare_records<record_parts::bytes>> records_{rounds_max_};
    both_ways<bare_records<record_parts::checksum>> checksums_{rounds_max_};
    both_ways<bare_records<record_parts::clock>> clocks_{rounds_max_};
    both_ways<log_way> logs_;
    std::array<std::uint64_t, kind_count> asked_{};
    std::array<std::byte, payload_bytes> payload_{};
    alignas(engine::no_sharing_bytes) std::atomic<std::uint64_t> turn_{0};
    std::thread answerer_;
};

// An append on its own: what of a hop comes before the commit.
double append_alone_ns() {
    constexpr int batches = 100;
    constexpr int batch_count = 64;
    const bench_directory directory;
    log_way log(directory / "log");
    const std::array<std::byte, payload_bytes> payload{};
    engine::histogram batch_ps;
    for (int batch = 0; batch < batches; ++batch) {
        const std::int64_t begin_ns = monotonic_now_ns();
        for (int i = 0; i < batch_count; ++i) {
            log.send(payload);
        }
        batch_ps.record((monotonic_now_ns() - begin_ns) * 1000 / batch_count);
    }
    return static_cast<double>(batch_ps.percentile_ns(50)) / 1000;
}

struct findings {
    std::array<engine::histogram, kind_count> turn_ps;  // of one round trip, a turn's mean
    engine::histogram log_to_line;                      // thousandths
    engine::histogram round_trip_ns;
};

// One turn of each kind; false: the time is over, and nothing was counted.
bool take_turns(ping_pong& both, bool is_counted, findings& found) {
    std::array<std::int64_t, kind_count> took_ps{};
    for (std::size_t at = 0; at < kind_count; ++at) {
        const auto what = static_cast<kind>(at);
        const bool is_each = is_counted && what == kind::log_timed;
        const std::optional<std::int64_t> took =
            limit.is_over() ? std::nullopt
                            : both.ask_turn(what, is_each ? &found.round_trip_ns : nullptr);
        if (!took) {
            return false;
        }
        took_ps[at] = *took * 1000 / static_cast<std::int64_t>(rounds_per_turn());
    }
    for (std::size_t at = 0; at < kind_count && is_counted; ++at) {
        found.turn_ps[at].record(took_ps[at]);
    }
    if (is_counted) {
        found.log_to_line.record(took_ps[static_cast<std::size_t>(kind::log)] * 1000 /
                                 took_ps[static_cast<std::size_t>(kind::line)]);
    }
    return true;
}

void log_visible(benchmark::State& state) {
    findings found;
    const auto& [turn_ps, log_to_line, round_trip_ns] = found;
    label_threads(state, 2);
    limit.begin();
    ping_pong both;
    const thread_pin pin(0);
    for (auto _ : state) {
        bool is_going_on = true;
        for (std::uint64_t turn = 0; is_going_on && turn < turns_per_kind() + warm_up_turns;
             ++turn) {
            is_going_on = take_turns(both, turn >= warm_up_turns, found);
        }
    }
    if (log_to_line.count() == 0) {
        state.SkipWithError("not one turn ended in time: are there two CPUs for it?");
        return;
    }
    for (std::size_t at = 0; at + 1 < kind_count; ++at) {
        state.counters[std::string(kind_names[at]) + "_round_trip_ns"] =
            static_cast<double>(turn_ps[at].percentile_ns(50)) / 1000;
    }
    const double append_ns = append_alone_ns();
    const double hop_ns =
        static_cast<double>(turn_ps[static_cast<std::size_t>(kind::log)].percentile_ns(50)) / 2000;
    const double line_ns =
        static_cast<double>(turn_ps[static_cast<std::size_t>(kind::line)].percentile_ns(50)) / 2000;
    state.counters["append_ns_p50"] = append_ns;
    state.counters["commit_to_seen_to_line_p50"] = (hop_ns - append_ns) / line_ns;
    state.counters["turns"] = static_cast<double>(log_to_line.count());
    state.counters["log_to_line_p50"] = static_cast<double>(log_to_line.percentile_ns(50)) / 1000;
    report_latency(state, "log_round_trip_ns", round_trip_ns);
    write_histogram("log_visible/log_round_trip_ns", round_trip_ns);
}

void register_all() {
    benchmark::RegisterBenchmark("log_visible", log_visible)
        ->Iterations(1)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

}  // namespace millrace::bench

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, millrace::bench::register_all);
}
