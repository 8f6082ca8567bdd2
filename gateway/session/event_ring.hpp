// What a hot thread has to say in words: a bounded ring of short texts that a cold thread writes to
// the log.
//
// Threading  one hot thread says, one cold thread drains
// Progress   say() is wait-free; when the ring is full the text is dropped and counted
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/core/clock.hpp"
#include "engine/counters/counter.hpp"
#include "engine/ring/byte_ring.hpp"

namespace millrace::gateway {

enum class event_level : std::uint32_t { info = 1, warning = 2, error = 3 };

class event_ring {
public:
    static constexpr std::size_t capacity_bytes = std::size_t{1} << 16;
    static constexpr std::size_t text_bytes_max = 1024;

    event_ring() : ring_(capacity_bytes) {}

    // The next caller of say() is another thread: set-up is over.
    void hand_over() noexcept { ring_.detach_producer(); }

    // "source: text", cut to text_bytes_max. Texts may be a peer's: what would move a terminal, or
    // begin a line of its own in a log, becomes a dot.
    void say(event_level level, std::string_view source, std::string_view text) noexcept {
        source = source.substr(0, text_bytes_max / 2);
        text = text.substr(0, text_bytes_max / 2);
        const std::int64_t now_ns = engine::utc_now().ns;
        auto claim = ring_.try_claim(static_cast<std::uint32_t>(level),
                                     sizeof now_ns + source.size() + 2 + text.size());
        if (!claim) {
            dropped.add(1);
            return;
        }
        std::byte* out = claim.payload().data();
        std::memcpy(out, &now_ns, sizeof now_ns);
        out += sizeof now_ns;
        for (const std::string_view part : {source, std::string_view(": "), text}) {
            out = std::transform(part.begin(), part.end(), out, printable);
        }
        claim.commit();
    }

    // visit(level, UTC time, text); the text lives until the visit returns.
    template <class Visitor>
    std::size_t drain(Visitor&& visit, std::size_t limit = 256) {
        return ring_.poll(
            [&](std::uint32_t level, std::span<const std::byte> payload) {
                engine::timestamp time;
                std::memcpy(&time.ns, payload.data(), sizeof time.ns);
                const auto text = payload.subspan(sizeof time.ns);
                visit(static_cast<event_level>(level), time,
                      std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
            },
            limit);
    }

    engine::counter dropped;

private:
    static std::byte printable(char byte) noexcept {
        const auto code = static_cast<unsigned char>(byte);
        return std::byte{code < 0x20 || code == 0x7f ? static_cast<unsigned char>('.') : code};
    }

    engine::byte_ring ring_;
};

}  // namespace millrace::gateway
