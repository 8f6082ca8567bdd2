// The shipped log, in every run the memory model allows: a writer that appends, cuts and aborts
// claims, goes on in a second segment and closes, beside readers, the persister, the helper that
// makes and unmaps segments, and whoever asks, or waits for, what is durable. Then the same with
// one memory order weakened, or one store delayed, at a time: each such mutant must be caught.
//
// What runs is the shipped code, down to the order of its steps: append_place, roll_over and
// begin_segment for the writer, reader_tail for the reader, persist_walk for the persister,
// look_for_durable for who waits. Played is what they call: files, the disk, the system call by
// which a reader learns that a segment is begun, and when a thread looks again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/durable_look.hpp"
#include "engine/log/log_reader.hpp"
#include "engine/log/mirror_words.hpp"
#include "tests/model/exploration.hpp"
#include "tests/model/explored_log.hpp"
#include "tests/model/mutants.hpp"

namespace millrace::model {
namespace {

using engine::damage_kind;
using engine::durable_wait;
using engine::read_status;
using engine::record_view;

template <std::size_t Capacity>
stored_segment& take(explorer& e, handover<Capacity>& from) {
    stored_segment* taken = from.try_pop();
    while (taken == nullptr) {
        e.wait_for_change();
        taken = from.try_pop();
    }
    explored_memory::reading(taken, sizeof *taken);
    return *taken;
}

// The writer.

class writer {
public:
    // `is_supplied`: by the helper.
    writer(explorer& e, shared_log& log, bool is_supplied)
        : e_(e), log_(log), is_supplied_(is_supplied) {}

    // All records, over both segments.
    void run() {
        begin();
        for (std::uint64_t number = 1; number <= last_of_first; ++number) {
            append(number);
        }
        engine::detail::roll_over(place_, take_segment(1), next_start(), {}, begun());
        append(last_of_all);
    }
    void begin() {
        stored_segment& first = take_segment(0);
        engine::detail::begin_segment(first, next_start(), {}, begun());
        place_.enter(first.bytes, header_bytes);
    }
    void append(std::uint64_t number) {
        if (number == 2) {
            place::abort(claim(number));
        }
        place_.commit(1, claim(number), payload_sizes[number]);
    }
    // As log_writer::close.
    void close() {
        place_.publish(engine::control_type::close);
        log_.is_stopping.publish(true);
    }

private:
    using place = engine::detail::append_place<explored_memory>;
    using begun_segments = decltype(shared_log::disk.walk)::begun_segments;

    [[nodiscard]] begun_segments& begun() { return log_.disk.walk.begun(); }
    [[nodiscard]] stored_segment& take_segment(std::size_t index) {
        return is_supplied_ ? take(e_, log_.spares) : (*log_.made)[index];
    }
    [[nodiscard]] engine::segment_start next_start() const {
        return {1, place_.last_sequence().next(), place_.last_timestamp(), place_.last_sequence(),
                place_.end()};
    }
    [[nodiscard]] std::span<std::byte> claim(std::uint64_t number) {
        const std::span<std::byte> payload = place_.room(claim_bytes);
        explored_memory::writing(payload.data(), payload.size());
        std::fill(payload.begin(), payload.end(), byte_of(number));
        return payload;
    }

    explorer& e_;
    shared_log& log_;
    bool is_supplied_;
    place place_;
};

// Readers.

class reader {
public:
    reader(explorer& e, shared_log& log, std::size_t which) : e_(e), log_(log), which_(which) {}

    // Reads up to record `last`, and waits for it.
    void run(std::uint64_t last) {
        while (!is_begun(0)) {
            e_.wait_for_change();
        }
        may_look_ = true;
        open(0);
        while (number_ < last) {
            const bool may_have_looked = may_look_;
            if (!next() && may_have_looked == may_look_) {
                e_.wait_for_change();
            }
        }
    }
    // Everything before `end`, which must be there already.
    void must_find(position end) {
        e_.check(is_begun(0), "a record is durable in a segment that is not begun");
        open(0);
        while (tail_.cursor().at() < end) {
            const bool is_there = next();
            e_.check(is_there || tail_.cursor().at() >= end, "a durable record is not there");
        }
    }

    // What reader_tail asks.
    [[nodiscard]] bool refresh() { return false; }
    // Once, at any moment.
    [[nodiscard]] bool is_time_to_look() {
        if (!may_look_ || index_ != 0 || e_.choose(2) == 0) {
            return false;
        }
        may_look_ = false;
        return true;
    }
    [[nodiscard]] bool is_next_begun() { return index_ == 0 && is_begun(1); }
    [[nodiscard]] bool may_follow() {
        e_.check(false, "an end record stands before the next segment is begun");
        return false;
    }
    [[nodiscard]] bool is_left_behind() { return false; }
    [[nodiscard]] bool is_none_missing() { return false; }
    [[nodiscard]] bool enter(position end, damage_kind kind) {
        e_.check(kind == damage_kind::none, "a damaged record");
        const engine::segment_info& before = log_.opened[which_][0].info();
        const sequence last = tail_.cursor().last_sequence();
        open(1);
        const engine::segment_info& next = log_.opened[which_][1].info();
        e_.check(engine::check_junction(before, end, last, next) == damage_kind::none,
                 "records are missing at the end of a segment");
        return true;
    }
    void stop(damage_kind) { e_.check(false, "a damaged record"); }

private:
    // The system call that reads the last word of the activation part, as acquire: see
    // docs/memory-ordering.md.
    [[nodiscard]] bool is_begun(std::size_t index) {
        auto* word = reinterpret_cast<std::uint64_t*>((*log_.made)[index].bytes.data() +
                                                      engine::detail::begun_word_offset);
        return explored_memory::atomic_ref<std::uint64_t>(*word).load(std::memory_order_acquire) !=
               0;
    }
    void open(std::size_t index) {
        const segment& original = (*log_.made)[index].bytes;
        explored_memory::reading(original.data(), engine::schema_offset);
        segment& opened = log_.opened[which_][index];
        bool is_whole = true;
        try {
            opened = segment::open(log_.made->directory(), index, engine::access::read_only);
        } catch (const engine::error&) {
            is_whole = false;  // the run is not left from in here: the exception would stay behind
        }
        e_.check(is_whole, "the header of a segment fails its checks");
        e_.add_view(opened.data(), segment_bytes, original.data());
        index_ = index;
        tail_.enter_segment(opened, false);
    }
    // Whether there was a record.
    bool next() {
        record_view record;
        const read_status status = tail_.next(record, *this);
        e_.check(status != read_status::damaged, "a damaged log");
        if (status == read_status::none) {
            return false;
        }
        if (record.is_control()) {
            e_.check(record.is_control(engine::control_type::close), "an unknown record");
            return true;
        }
        ++number_;
        e_.check(record.seq.value == number_ && record.type == 1, "lost or out of order");
        e_.check(record.payload_size == payload_sizes[number_], "another size");
        for (const std::byte b : record.bytes()) {
            e_.check(b == byte_of(number_), "other bytes");
        }
        return true;
    }

    explorer& e_;
    shared_log& log_;
    std::size_t which_;
    std::size_t index_ = 0;
    engine::detail::reader_tail<explored_memory> tail_;
    std::uint64_t number_ = 0;
    bool may_look_ = false;
};

// The persister, the helper, and those who ask.

// As persister::run, which looks as often as it likes before it is asked to stop: here `looks`
// times.
void persist(explorer& e, shared_log& log, int looks) {
    bool is_stopping = false;
    for (int look = 0; !is_stopping; ++look) {
        is_stopping = log.is_stopping.read();
        if (look == looks && !is_stopping) {
            e.wait_for_change();
            is_stopping = log.is_stopping.read();
        }
        log.disk.walk.pass(is_stopping);
    }
    const bool is_all_home = log.disk.walk.finish();
    e.check(is_all_home || log.disk.is_halted(), "not all is home behind the writer");
    log.is_stopped.publish(true);
}

void help(explorer& e, shared_log& log) {
    for (std::size_t index = 0; index < segment_count; ++index) {
        stored_segment& made = (*log.made)[index];
        explored_memory::writing(&made, sizeof made);
        explored_memory::writing(made.bytes.data(), sizeof(engine::segment_static));
        engine::detail::hand_over(&made, log.spares);
    }
    for (std::size_t index = 0; index < segment_count; ++index) {
        stored_segment& done = take(e, log.finished);
        e.unmap(&done, sizeof done);
        e.unmap(done.bytes.data(), engine::schema_offset);
        e.unmap(done.bytes.data() + header_bytes, records_room);
    }
}

// At any moment, in any of the orders that are promised something.
void ask_what_is_durable(explorer& e, shared_log& log) {
    const mark_words mark = log.durable();
    switch (e.choose(3)) {
        case 0: {
            const position end = mark.durable_position();
            const sequence last = mark.durable_sequence();
            e.check(end < end_of_first || last.value >= last_of_first, "an older sequence");
            e.check(end.value <= segment_bytes + header_bytes || last.value == last_of_all,
                    "an older sequence");
            log.disk.read_back(end);
            if (end.value != 0) {
                reader(e, log, 0).must_find(end);
            }
            break;
        }
        case 1: {
            const std::uint64_t last = mark.durable_sequence().value;
            if (last != 0) {
                reader(e, log, 0).must_find({end_offset(1, std::min(last, last_of_first))});
            }
            break;
        }
        default:
            if (mark.retired_below() >= 1) {
                e.check(mark.durable_position() >= end_of_first, "retired, and not durable");
            }
    }
}

// Programs.

explorer::program read_program(made_segments& made, std::size_t readers) {
    return [&made, readers](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        e.add_thread([log, &e] { writer(e, *log, false).run(); });
        for (std::size_t which = 0; which < readers; ++which) {
            // The second comes for the first segment alone.
            const std::uint64_t last = which == 0 || is_full() ? last_of_all : last_of_first;
            e.add_thread([log, &e, which, last] { reader(e, *log, which).run(last); });
        }
    };
}

explorer::program persist_program(made_segments& made, int looks) {
    return [&made, looks](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        e.add_thread([log, &e] { help(e, *log); });
        e.add_thread([log, &e] {
            writer one(e, *log, true);
            one.run();
            one.close();
        });
        e.add_thread([log, &e, looks] { persist(e, *log, looks); });
    };
}

explorer::program ask_program(made_segments& made, int looks) {
    return [&made, looks](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        e.add_thread([log, &e] {
            writer one(e, *log, false);
            one.run();
            one.close();
        });
        e.add_thread([log, &e, looks] { persist(e, *log, looks); });
        e.add_thread([log, &e] { ask_what_is_durable(e, *log); });
    };
}

// Record 1 becomes durable. Who waits for it may find so late, but is never told that it will not.
explorer::program wait_program(made_segments& made, int failing) {
    return [&made, failing](explorer& e) {
        const auto log = std::make_shared<shared_log>(made, failing);
        e.add_thread([log, &e] {
            writer one(e, *log, false);
            one.begin();
            one.append(1);
            one.close();
        });
        e.add_thread([log, &e] { persist(e, *log, 1); });
        e.add_thread([log, &e] {
            const durable_wait found = engine::detail::look_for_durable(
                log->durable(), {end_offset(1, 1)}, log->is_halted, log->is_stopped);
            e.check(found != durable_wait::closed, "closed, and it is durable");
            e.check(found != durable_wait::halted, "halted, and it is durable");
            if (found == durable_wait::durable) {
                log->disk.read_back({end_offset(1, 1)});
            }
        });
        e.at_end([log, &e] {
            const position end = log->durable().durable_position();
            e.check(end.value >= end_offset(1, 1), "what was committed is not durable");
        });
    };
}

// A reader of another process copies what is committed while the segment is retired, and its bytes
// go. What it then takes for the segment's must be that. As hot_mirror::pull.
void mirror(explorer& e, shared_log& log) {
    const segment& source = (*log.made)[0].bytes;
    std::uint64_t number = 0;
    const std::size_t limit = header_bytes + records_room;
    const std::size_t end = engine::detail::copy_records<explored_memory>(source.data(), log.copied,
                                                                          header_bytes, limit);
    if (!engine::detail::was_there<explored_memory>(log.durable(), 0)) {
        return;
    }
    for (std::size_t at = header_bytes; at < end; ++number) {
        engine::record_header header;
        std::memcpy(&header, log.copied.data() + at, sizeof header);
        const std::uint32_t length = engine::commit_length(header.commit);
        e.check(length >= engine::record_header_bytes && length <= end - at, "another length");
        e.check(engine::record_checksum(source.seed(), log.copied.data() + at, length) ==
                    engine::commit_crc(header.commit),
                "bytes of the hole");
        e.check(header.sequence == 1, "another record");
        at += engine::align_record(length);
    }
    e.check(number <= 2, "more than was committed");
}

explorer::program mirror_program(made_segments& made) {
    return [&made](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        log->is_hot = true;
        log->copied.resize(segment_bytes);
        e.add_thread([log, &e] {
            writer one(e, *log, false);
            one.begin();
            one.append(1);
            one.close();
        });
        e.add_thread([log, &e] { persist(e, *log, 0); }, true);
        e.add_thread([log, &e] { mirror(e, *log); });
    };
}

// More than once round.
explorer::program handover_program(std::size_t count) {
    return [count](explorer& e) {
        struct shared {
            handover<2> hand;
            std::array<stored_segment, 8> items;
        };
        const auto s = std::make_shared<shared>();
        e.add_thread([=, &e] {
            for (std::size_t i = 0; i < count;) {
                if (s->hand.try_push(&s->items[i])) {
                    ++i;
                } else {
                    e.wait_for_change();
                }
            }
        });
        e.add_thread([=, &e] {
            for (std::size_t i = 0; i < count; ++i) {
                e.check(&take(e, s->hand) == &s->items[i], "lost or out of order");
            }
        });
    };
}

// The header and record 1 come home, the next does not.
constexpr int third_homecoming = 2;

std::vector<named_program> log_programs(made_segments& made) {
    const int looks = is_full() ? 2 : 1;
    return {{"hand over", handover_program(is_full() ? 7 : 5)},
            {"write, read", read_program(made, 1)},
            {"write, close, wait", wait_program(made, explored_disk::never)},
            {"write, fail, wait", wait_program(made, third_homecoming)},
            {"write, retire, copy", mirror_program(made)},
            {"write, persist, ask", ask_program(made, looks)},
            {"write, persist, help", persist_program(made, looks)}};
}

using LogExploration = exploration;

TEST_F(LogExploration, EveryRunIsRight) {
    made_segments made;
    std::vector<named_program> programs = log_programs(made);
    // A sanitizer slows each run down and sees nothing that the explorer does not.
#if !defined(__SANITIZE_ADDRESS__)
    programs.push_back({"write, two read", read_program(made, 2)});
#endif
    expect_every_run_is_right(programs);
}

TEST_F(LogExploration, EveryWeakenedOrderIsCaught) {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "many times the runs, and a sanitizer sees nothing that the explorer does not";
#endif
    made_segments made;
    const std::string later = "seen later, and nothing says when";
    expect_every_mutant_is_caught(
        log_programs(made),
        {"engine/core/published_word.hpp", "engine/log/durable_mark.hpp", "engine/log/handover.hpp",
         "engine/log/mirror_words.hpp", "engine/log/record_words.hpp",
         "engine/log/segment_header.hpp"},
        {{"handover.hpp try_push #3", later}, {"handover.hpp try_pop #3", later}});
}

}  // namespace
}  // namespace millrace::model
