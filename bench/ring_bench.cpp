// What a ring costs, beside what the machine itself costs and beside its rivals, in one run.
//
//   one_to_one        [producer] --ring--> [consumer]
//                     throughput; the ring runs full and empty
//   ping_pong         [pinger] --ring--> [ponger] --ring--> [pinger]
//                     round trip of one message at a time
//   cache_line        the same round trip over two bare atomics: the floor of the machine
//
// Every message is 56 bytes and carries its number; the receiver checks each one, and a run that
// finds another number fails. Rings hold 1024 messages, far fewer than a run sends. Rings that let
// the producer write in place are used so: a copy out of bytes just written would wait for those to
// leave the store buffer, behind the very cache misses that are measured.
//
// The *_index rings are the option not taken: the classic form, which publishes through the
// writer's index. docs/memory-ordering.md argues from these figures.
//
// Not measured: a consumer that has work of its own; more than one ring per thread; NUMA.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/bench_run.hpp"
#include "bench/latency_counters.hpp"
#include "bench/ring_faces.hpp"
#include "engine/core/clock.hpp"
#include "engine/core/histogram.hpp"
#include "engine/core/thread.hpp"

namespace {

using namespace millrace::engine;
using namespace millrace::bench;

std::uint64_t messages_per_run() {
    return run().is_quick ? 4'000 : 1'000'000;
}

std::uint64_t round_trips_per_run() {
    return run().is_quick ? 5 : 2'000;
}

// A benchmark ends after --seconds, whatever it has come to; a quick one has few messages anyway.
class time_limit {
public:
    [[nodiscard]] bool is_over() const { return monotonic_now_ns() > end_ns_; }

private:
    std::int64_t end_ns_ =
        monotonic_now_ns() + static_cast<std::int64_t>((run().is_quick ? 10 : run().seconds) * 1e9);
};

// Gives way once in a long while: where CPUs are few, the other side may be waiting for this one.
void relax() {
    static thread_local std::uint32_t spins = 0;
    __builtin_ia32_pause();
    if (++spins % 4'096 == 0) {
        ::sched_yield();
    }
}

// On lines of its own: beside the other locals of its thread it would slow down whoever polls it.
template <class Value>
struct alignas(no_sharing_bytes) lone_atomic {
    std::atomic<Value> value{};
};

void finish(benchmark::State& state, bool is_right) {
    label_threads(state, 2);
    fail_if_not(is_right, "a message was lost, altered or out of order");
}

// The messages of a run, or those for which there is time.
template <class Face>
void send_run(Face& face, std::uint64_t& number, const time_limit& limit) {
    constexpr std::uint64_t part = 10'000;
    const std::uint64_t end = number + messages_per_run();
    while (number != end && !limit.is_over()) {
        for (const std::uint64_t part_end = std::min(number + part, end); number != part_end;
             ++number) {
            while (!face.push(number)) {
                relax();
            }
        }
    }
}

template <class Face, std::size_t batch>
void ring_one_to_one_throughput(benchmark::State& state) {
    const auto face = std::make_unique<Face>();
    lone_atomic<bool> stop;
    lone_atomic<std::uint64_t> wanted;  // by the producer, once it has sent so many
    lone_atomic<std::uint64_t> received;
    lone_atomic<bool> is_wrong;
    const time_limit limit;
    double fastest_per_second = 0;
    std::uint64_t number = 0;
    std::thread consumer([&] {
        const thread_pin pin(1);
        std::uint64_t expected = 0;
        const auto check = [&](const message& m) {
            if (!is_intact(m, expected)) {
                is_wrong.value.store(true, std::memory_order_relaxed);
            }
            ++expected;
        };
        while (true) {
            if (face->pop(check, batch) == 0) {
                relax();
                if (expected == wanted.value.load(std::memory_order_acquire)) {
                    received.value.store(expected, std::memory_order_release);
                    if (stop.value.load(std::memory_order_acquire)) {
                        break;
                    }
                }
            }
        }
    });
    {
        const thread_pin pin(0);
        double elapsed_s = 0;
        for (auto _ : state) {
            if (elapsed_s > 0 && limit.is_over()) {
                state.SetIterationTime(elapsed_s);  // as the last one
                continue;
            }
            const std::uint64_t first = number;
            const std::int64_t start_ns = monotonic_now_ns();
            send_run(*face, number, limit);
            wanted.value.store(number, std::memory_order_release);
            while (received.value.load(std::memory_order_acquire) != number) {
                relax();
            }
            elapsed_s = static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
            fastest_per_second =
                std::max(fastest_per_second, static_cast<double>(number - first) / elapsed_s);
            state.SetIterationTime(elapsed_s);
        }
        stop.value.store(true, std::memory_order_release);
    }
    consumer.join();
    // The run least disturbed by the machine's other work.
    state.counters["fastest_per_second"] = fastest_per_second;
    state.SetItemsProcessed(static_cast<std::int64_t>(number));
    finish(state, !is_wrong.value.load(std::memory_order_relaxed));
}

// The machine's own round trip: one number there and back through two bare cache lines.
struct cache_line_face {
    lone_atomic<std::uint64_t> there;
    lone_atomic<std::uint64_t> back;

    bool ping(std::uint64_t number) {
        there.value.store(number + 1, std::memory_order_release);
        std::uint64_t answer = back.value.load(std::memory_order_acquire);
        while (answer == number) {
            relax();
            answer = back.value.load(std::memory_order_acquire);
        }
        return answer == number + 1;
    }
    bool pong(std::uint64_t number) {
        if (there.value.load(std::memory_order_acquire) == number) {
            return false;
        }
        back.value.store(number + 1, std::memory_order_release);
        return true;
    }
};

enum class phase : std::uint8_t { floor, subject, stop };

// The other side, until it is told to stop.
template <class Pong>
void answer_trips(const lone_atomic<phase>& now, cache_line_face& floor, Pong& pong) {
    const thread_pin pin(1);
    const auto answer = [&](phase during, std::uint64_t& number, auto&& pong_once) {
        while (now.value.load(std::memory_order_acquire) == during) {
            if (pong_once(number)) {
                ++number;
            } else {
                relax();
            }
        }
    };
    std::uint64_t floor_number = 0;
    std::uint64_t subject_number = 0;
    while (now.value.load(std::memory_order_acquire) != phase::stop) {
        answer(phase::floor, floor_number, [&](std::uint64_t n) { return floor.pong(n); });
        answer(phase::subject, subject_number, pong);
    }
}

// ping(n) sends number n, waits for it and tells whether it came back intact; pong(n) answers n if
// it is there. The floor of a virtual machine moves while it runs, so each iteration takes it anew,
// and what is reported is the ratio of the two.
template <class Ping, class Pong>
void measure_round_trips(benchmark::State& state, Ping&& ping, Pong&& pong) {
    constexpr std::uint64_t trips_between_looks = 100;
    const std::uint64_t round_trips = round_trips_per_run();
    const time_limit limit;
    const auto floor = std::make_unique<cache_line_face>();
    lone_atomic<phase> now;
    std::thread responder([&] { answer_trips(now, *floor, pong); });
    histogram round_trip;
    histogram ratio;
    bool is_right = true;
    {
        const thread_pin pin(0);
        std::uint64_t number = 0;
        std::int64_t floor_ns = 0;
        std::int64_t subject_ns = 0;
        // False: the time is over, and this turn is not whole.
        const auto take_trips = [&](phase during, std::int64_t& took_ns, auto&& ping_once) {
            now.value.store(during, std::memory_order_release);
            const std::int64_t start_ns = monotonic_now_ns();
            for (std::uint64_t i = 0; i < round_trips; ++i) {
                if (i % trips_between_looks == 0 && limit.is_over()) {
                    return false;
                }
                is_right = ping_once(number + i) && is_right;
            }
            took_ns = monotonic_now_ns() - start_ns;
            return true;
        };
        bool is_going_on = true;
        for (auto _ : state) {
            is_going_on = is_going_on &&
                          take_trips(phase::floor, floor_ns,
                                     [&](std::uint64_t n) { return floor->ping(n); }) &&
                          take_trips(phase::subject, subject_ns, ping);
            state.SetIterationTime(static_cast<double>(subject_ns) * 1e-9);
            if (!is_going_on) {
                continue;
            }
            number += round_trips;
            // tenths and thousandths: the histogram counts whole numbers
            round_trip.record(subject_ns * 10 / static_cast<std::int64_t>(round_trips));
            ratio.record(subject_ns * 1000 / floor_ns);
        }
        now.value.store(phase::stop, std::memory_order_release);
    }
    responder.join();
    if (ratio.count() == 0) {
        state.SkipWithError("not one turn ended in time: are there two CPUs for it?");
        return;
    }
    state.counters["rtt_p50_ns"] = static_cast<double>(round_trip.percentile_ns(50)) / 10;
    state.counters["rtt_p90_ns"] = static_cast<double>(round_trip.percentile_ns(90)) / 10;
    state.counters["times_floor_p50"] = static_cast<double>(ratio.percentile_ns(50)) / 1000;
    finish(state, is_right);
}

template <class Face>
void ring_ping_pong_rtt(benchmark::State& state) {
    const auto there = std::make_unique<Face>();
    const auto back = std::make_unique<Face>();
    const auto ping = [&](std::uint64_t number) {
        while (!there->push(number)) {
            relax();
        }
        bool is_right = false;
        const auto check = [&](const message& answer) { is_right = is_intact(answer, number); };
        while (back->pop(check, 1) == 0) {
            relax();
        }
        return is_right;
    };
    const auto pong = [&](std::uint64_t expected) {
        bool is_right = false;
        const auto check = [&](const message& question) {
            is_right = is_intact(question, expected);
        };
        if (there->pop(check, 1) == 0) {
            return false;
        }
        // A wrong number goes back as what it is, for ping to find.
        while (!back->push(is_right ? expected : ~expected)) {
            relax();
        }
        return true;
    };
    measure_round_trips(state, ping, pong);
}

void cache_line_ping_pong_rtt(benchmark::State& state) {
    const auto face = std::make_unique<cache_line_face>();
    measure_round_trips(
        state, [&](std::uint64_t number) { return face->ping(number); },
        [&](std::uint64_t number) { return face->pong(number); });
}

// The name as it was written is the benchmark's.
#define ROUND_TRIP(function) \
    benchmark::RegisterBenchmark(#function, function)->UseManualTime()->Iterations(round_trip_runs)
#define THROUGHPUT(face, limit)                                                       \
    benchmark::RegisterBenchmark("ring_one_to_one_throughput<" #face ", " #limit ">", \
                                 ring_one_to_one_throughput<face, limit>)             \
        ->UseManualTime()

void register_all() {
    const int round_trip_runs = run().is_quick ? 3 : 1000;
    ROUND_TRIP(cache_line_ping_pong_rtt);
    ROUND_TRIP(ring_ping_pong_rtt<slot_ring_face>);
    ROUND_TRIP(ring_ping_pong_rtt<byte_ring_face>);
    ROUND_TRIP(ring_ping_pong_rtt<slot_index_face>);
    ROUND_TRIP(ring_ping_pong_rtt<byte_index_face>);
    ROUND_TRIP(ring_ping_pong_rtt<boost_face>);
    ROUND_TRIP(ring_ping_pong_rtt<readerwriter_face>);
    ROUND_TRIP(ring_ping_pong_rtt<moodycamel_face>);
    ROUND_TRIP(ring_ping_pong_rtt<atomic_queue_face>);

    THROUGHPUT(slot_ring_face, 1);
    THROUGHPUT(byte_ring_face, 1);
    THROUGHPUT(slot_index_face, 1);
    THROUGHPUT(byte_index_face, 1);
    THROUGHPUT(boost_face, 1);
    THROUGHPUT(readerwriter_face, 1);
    THROUGHPUT(moodycamel_face, 1);
    THROUGHPUT(atomic_queue_face, 1);
    THROUGHPUT(slot_ring_face, batch_limit);
    THROUGHPUT(byte_ring_face, batch_limit);
    THROUGHPUT(slot_index_face, batch_limit);
    THROUGHPUT(byte_index_face, batch_limit);
    THROUGHPUT(boost_face, batch_limit);
    THROUGHPUT(moodycamel_face, batch_limit);
}

}  // namespace

int main(int argc, char** argv) {
    return millrace::bench::run_benchmarks(argc, argv, register_all);
}
