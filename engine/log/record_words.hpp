// How a record passes from its writer to every reader: the words that carry it.
//
// Threading  the log's writer commits and clears; any thread of any process that maps the segment
//            loads
// Progress   wait-free
// Invariant  a record is whole before its commit word stands; zeros stand where the next one will
// Units      payload sizes and lengths in bytes; a length counts header and payload
// Errors     none: what a commit word says is checked by probe_record
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/core/native_memory.hpp"
#include "engine/log/crash_point.hpp"
#include "engine/log/format.hpp"

namespace millrace::engine {

// What a reader needs to know before it takes a record from `record`; 0: nothing there yet.
template <class Memory = native_memory>
[[nodiscard]] std::uint64_t load_commit_word(const std::byte* record) noexcept {
    using word_ref = typename Memory::template atomic_ref<std::uint64_t>;
    auto* word = const_cast<std::uint64_t*>(reinterpret_cast<const std::uint64_t*>(record));
    // acquire: pairs with record_words.hpp: commit_record
    return word_ref(*word).load(std::memory_order_acquire);
}

namespace detail {

// `head`: bytes 8 to 31 of the header. REQUIRES: the payload stands behind them, and zeros where
// the next commit word will.
template <class Memory = native_memory>
void commit_record(std::byte* record, std::uint32_t length, std::uint32_t seed,
                   const std::uint64_t (&head)[3]) noexcept {
    Memory::writing(record + 8, sizeof head);
    // Word by word, as the checksum reads it: a copy of a struct just filled would wait for its
    // stores.
    for (std::size_t i = 0; i < 3; ++i) {
        std::memcpy(record + 8 + 8 * i, &head[i], 8);
    }
    const std::uint32_t crc = record_checksum(seed, record, length);
    MILLRACE_CRASH_POINT("commit.before_word");
    using word_ref = typename Memory::template atomic_ref<std::uint64_t>;
    // release: pairs with record_words.hpp: load_commit_word
    word_ref(*reinterpret_cast<std::uint64_t*>(record))
        .store(make_commit_word(length, crc), std::memory_order_release);
    MILLRACE_CRASH_POINT("commit.after_word");
}

// Zeroes a claim's payload from `used` on: no leftover byte may stand where a commit word will.
template <class Memory = native_memory>
void clear_claim(std::span<std::byte> payload, std::size_t used) noexcept {
    Memory::writing(payload.data() + used, payload.size() - used);
    std::memset(payload.data() + used, 0, payload.size() - used);
}

}  // namespace detail

}  // namespace millrace::engine
