// The shipped words of the log, in every run the memory model allows: a writer that appends, cuts
// and aborts claims and goes on in a second segment, beside readers, the persister, the helper that
// makes and unmaps segments, and whoever asks what is durable. Then the same with one memory order
// weakened, or one store delayed, at a time: each such mutant must be caught.
//
// Of the shipped code these run: commit_record, clear_claim, load_commit_word, probe_record,
// segment_cursor, segment::begin and segment::open, handover, and the words of durable.mark. The
// threads' loops around them, and the system calls by which a reader learns that a segment is
// begun, are played here.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/log/log_reader.hpp"
#include "tests/model/exploration.hpp"
#include "tests/model/explored_log.hpp"
#include "tests/model/mutants.hpp"

namespace millrace::model {
namespace {

using engine::damage_kind;
using engine::record_view;
using engine::sequence;
using engine::timestamp;

using cursor = engine::basic_segment_cursor<explored_memory>;

template <std::size_t Capacity>
segment& take(explorer& e, handover<Capacity>& from) {
    segment* taken = from.try_pop();
    while (taken == nullptr) {
        e.wait_for_change();
        taken = from.try_pop();
    }
    explored_memory::reading(taken, sizeof *taken);
    return *taken;
}

// The writer.

// Who else has to do with the segments.
enum class company { nobody, persister, persister_and_helper };

class writer {
public:
    writer(explorer& e, shared_log& log, company with) : e_(e), log_(log), with_(with) {}

    void run() {
        begin(take_segment(0));
        for (std::uint64_t number = 1; number <= last_of_first; ++number) {
            append(number);
        }
        // As log_writer::roll does: the next segment is begun before the end record stands.
        segment& next = take_segment(1);
        begin(next);
        put(static_cast<std::uint16_t>(engine::control_type::end), engine::record_flag_control, 0);
        adopt(next);
        append(last_of_all);
    }

private:
    [[nodiscard]] segment& take_segment(std::size_t index) {
        return with_ == company::persister_and_helper ? take(e_, log_.spares) : (*log_.made)[index];
    }
    // As log_storage::begin does.
    void begin(segment& next) {
        explored_memory::writing(&next, sizeof next);
        next.begin<explored_memory>({1, last_.next(), time_, last_, end()}, {});
        if (with_ != company::nobody) {
            e_.check(log_.begun.try_push(&next), "no room for a begun segment");
        }
        if (current_ == nullptr) {
            adopt(next);
        }
    }
    void adopt(segment& next) {
        current_ = &next;
        offset_ = header_bytes;
    }
    [[nodiscard]] position end() const {
        return current_ == nullptr ? position{}
                                   : position{current_->info().first_position().value + offset_};
    }
    [[nodiscard]] std::span<std::byte> claim(std::uint64_t number) {
        const std::span<std::byte> payload(current_->data() + offset_ + engine::record_header_bytes,
                                           claim_bytes);
        explored_memory::writing(payload.data(), payload.size());
        std::fill(payload.begin(), payload.end(), byte_of(number));
        return payload;
    }
    void append(std::uint64_t number) {
        if (number == 2) {
            engine::detail::clear_claim<explored_memory>(claim(number), 0);  // aborted
        }
        engine::detail::clear_claim<explored_memory>(claim(number), payload_sizes[number]);
        last_ = {number};
        put(1, 0, payload_sizes[number]);
    }
    // As log_writer::publish does.
    void put(std::uint16_t type, std::uint8_t flags, std::size_t payload_bytes) {
        const auto length = static_cast<std::uint32_t>(engine::record_header_bytes + payload_bytes);
        time_.ns += 1;
        const std::uint64_t head[3] = {last_.value, static_cast<std::uint64_t>(time_.ns),
                                       engine::make_kind_word(type, flags)};
        engine::detail::commit_record<explored_memory>(current_->data() + offset_, length,
                                                       current_->seed(), head);
        offset_ += engine::align_record(length);
    }

    explorer& e_;
    shared_log& log_;
    company with_;
    segment* current_ = nullptr;
    std::size_t offset_ = 0;
    sequence last_;
    timestamp time_{1000};
};

// Readers.

void check_record(explorer& e, const record_view& record, std::uint64_t number) {
    e.check(record.seq.value == number && record.type == 1, "lost or out of order");
    e.check(record.payload_size == payload_sizes[number], "another size");
    for (const std::byte b : record.bytes()) {
        e.check(b == byte_of(number), "other bytes");
    }
}

// The part of log_reader::poll and at_end_of_bytes that decides.
class reader {
public:
    reader(explorer& e, shared_log& log, std::size_t which) : e_(e), log_(log), which_(which) {}

    // Reads up to record `last`, and waits for it.
    void run(std::uint64_t last) {
        while (!is_begun(0)) {
            e_.wait_for_change();
        }
        enter(0);
        while (number_ < last) {
            if (!next() && !leave_as_idle_reader()) {
                e_.wait_for_change();
            }
        }
    }
    // Everything before `end`, which must be there already.
    void must_find(position end) {
        e_.check(is_begun(0), "a record is durable in a segment that is not begun");
        enter(0);
        while (at() < end) {
            e_.check(next(), "a durable record is not there");
        }
    }

private:
    [[nodiscard]] position at() const {
        return {log_.opened[which_][index_].info().first_position().value + cursor_.offset()};
    }
    // The system call that reads the last word of the activation part, as acquire: see
    // docs/memory-ordering.md.
    [[nodiscard]] bool is_begun(std::size_t index) {
        auto* word = reinterpret_cast<std::uint64_t*>((*log_.made)[index].data() +
                                                      engine::detail::begun_word_offset);
        return explored_memory::atomic_ref<std::uint64_t>(*word).load(std::memory_order_acquire) !=
               0;
    }
    void enter(std::size_t index) {
        const segment& original = (*log_.made)[index];
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
        cursor_ = cursor(opened);
    }
    // False: nothing is there yet.
    bool next() {
        record_view record;
        e_.check(cursor_.next(record) == damage_kind::none, "a damaged record");
        if (record.payload == nullptr) {
            return false;
        }
        if (!record.is_control()) {
            check_record(e_, record, ++number_);
            return true;
        }
        e_.check(record.is_control(engine::control_type::end), "an unknown record");
        e_.check(is_begun(1), "an end record stands before the next segment is begun");
        follow(record.at);
        return true;
    }
    void follow(position expected_end) {
        const sequence last = cursor_.last_sequence();
        enter(1);
        const engine::segment_info& info = log_.opened[which_][1].info();
        e_.check(info.previous_end == expected_end && info.previous_last_sequence == last,
                 "records are missing at the end of a segment");
    }
    // Once, at any moment: whether the next segment is begun, and then once more at its place.
    bool leave_as_idle_reader() {
        if (index_ != 0 || has_looked_ || e_.choose(2) == 0) {
            return false;
        }
        has_looked_ = true;
        if (!is_begun(1)) {
            return true;
        }
        const position here = at();
        const std::uint64_t before = number_;
        if (!next()) {
            follow(here);
        }
        e_.check(index_ == 1 || number_ > before, "stands still");
        return true;
    }

    explorer& e_;
    shared_log& log_;
    std::size_t which_;
    std::size_t index_ = 0;
    cursor cursor_;
    std::uint64_t number_ = 0;
    bool has_looked_ = false;
};

// The persister, the helper, and those who ask.

// Walks what is committed, says that it is durable, and gives back what is done.
void persist(explorer& e, shared_log& log, company with) {
    for (std::size_t index = 0; index < segment_count; ++index) {
        segment& front = take(e, log.begun);
        cursor walked(front);
        const std::uint64_t first = front.info().first_position().value;
        bool is_done = false;
        while (!is_done) {
            record_view record;
            e.check(walked.next(record) == damage_kind::none, "a damaged record");
            if (record.payload == nullptr) {
                e.wait_for_change();
                continue;
            }
            is_done =
                record.is_control(engine::control_type::end) || record.seq.value == last_of_all;
            log.durable().set_durable({first + walked.offset()}, walked.last_sequence());
        }
        if (index == 0) {
            log.durable().set_retired_below(1);
            if (with == company::persister_and_helper) {
                e.check(log.finished.try_push(&front), "no room for a finished segment");
            }
        }
    }
}

void help(explorer& e, shared_log& log) {
    for (std::size_t index = 0; index < segment_count; ++index) {
        segment& made = (*log.made)[index];
        explored_memory::writing(&made, sizeof made);
        explored_memory::writing(made.data(), sizeof(engine::segment_static));
        e.check(log.spares.try_push(&made), "no room for a spare");
    }
    segment& done = take(e, log.finished);
    e.unmap(&done, sizeof done);
    e.unmap(done.data(), engine::schema_offset);
    e.unmap(done.data() + header_bytes, records_room);
}

// At any moment, in any of the orders that are promised something.
void ask_what_is_durable(explorer& e, shared_log& log) {
    const mark_words mark = log.durable();
    switch (e.choose(3)) {
        case 0: {
            const position end = mark.durable_position();
            const sequence last = mark.durable_sequence();
            e.check(end < end_of_first || last.value >= last_of_first, "an older sequence");
            e.check(end.value <= segment_bytes || last.value == last_of_all, "an older sequence");
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
            if (mark.retired_below() == 1) {
                e.check(mark.durable_position() >= end_of_first, "retired, and not durable");
            }
    }
}

// Programs.

explorer::program read_program(made_segments& made, std::size_t readers) {
    return [&made, readers](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        e.add_thread([log, &e] { writer(e, *log, company::nobody).run(); });
        for (std::size_t which = 0; which < readers; ++which) {
            // The second comes for the first segment alone.
            const std::uint64_t last = which == 0 || is_full() ? last_of_all : last_of_first;
            e.add_thread([log, &e, which, last] { reader(e, *log, which).run(last); });
        }
    };
}

explorer::program persist_program(made_segments& made) {
    return [&made](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        const company all = company::persister_and_helper;
        e.add_thread([log, &e] { help(e, *log); });
        e.add_thread([=, &e] { writer(e, *log, all).run(); });
        e.add_thread([=, &e] { persist(e, *log, all); });
    };
}

explorer::program ask_program(made_segments& made) {
    return [&made](explorer& e) {
        const auto log = std::make_shared<shared_log>(made);
        e.add_thread([log, &e] { writer(e, *log, company::persister).run(); });
        e.add_thread([log, &e] { persist(e, *log, company::persister); });
        e.add_thread([log, &e] { ask_what_is_durable(e, *log); });
    };
}

// More than once round.
explorer::program handover_program(std::size_t count) {
    return [count](explorer& e) {
        struct shared {
            handover<2> hand;
            std::array<segment, 8> items;
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

std::vector<named_program> log_programs(made_segments& made) {
    return {{"hand over", handover_program(is_full() ? 7 : 5)},
            {"write, read", read_program(made, 1)},
            {"write, persist, ask", ask_program(made)},
            {"write, persist, help", persist_program(made)}};
}

using LogExploration = exploration;

TEST_F(LogExploration, EveryRunIsRight) {
    made_segments made;
    std::vector<named_program> programs = log_programs(made);
    programs.push_back({"write, two read", read_program(made, 2)});
    expect_every_run_is_right(programs);
}

TEST_F(LogExploration, EveryWeakenedOrderIsCaught) {
    made_segments made;
    const std::string later = "seen later, and nothing says when";
    expect_every_mutant_is_caught(
        log_programs(made), {{"cold_sync.hpp try_push #3", later},
                             {"cold_sync.hpp try_pop #3", later},
                             {"durable_mark.hpp set_retired_below",
                              "the exchange of the mappings, by system calls, stands behind it"}});
}

}  // namespace
}  // namespace millrace::model
