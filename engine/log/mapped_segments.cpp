#include "engine/log/mapped_segments.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace millrace::engine {

namespace {

constexpr std::size_t place_count = 512;
constexpr std::size_t path_bytes = 256;

// Odd: somebody is changing the place. Even and not 0 bytes long: it holds a mapping. A handler
// that finds another version behind its reading than before has read two mappings in one.
struct place {
    std::atomic<std::uint32_t> version{0};
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::size_t> size{0};
    std::array<std::atomic<char>, path_bytes> path{};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);
static_assert(std::atomic<char>::is_always_lock_free);

std::array<place, place_count> places;  // zeros: costs no memory until it is used

// True: this thread alone may change it. Only a free one is claimed to be filled.
bool try_claim(place& one, bool is_free) {
    // acquire: pairs with mapped_segments.cpp: publish
    std::uint32_t version = one.version.load(std::memory_order_acquire);
    // relaxed: checked by the exchange
    if (version % 2 != 0 || (one.size.load(std::memory_order_relaxed) == 0) != is_free) {
        return false;
    }
    // acquire: the stores that follow stay behind it; relaxed where it fails: nothing was read
    const bool is_claimed = one.version.compare_exchange_strong(
        version, version + 1, std::memory_order_acquire, std::memory_order_relaxed);
    // release: the odd version is seen before any change that follows;
    // pairs with mapped_segments.cpp: name_mapped_segment
    std::atomic_thread_fence(std::memory_order_release);
    return is_claimed;
}

void publish(place& one) {
    // release: pairs with mapped_segments.cpp: try_claim, name_mapped_segment
    one.version.fetch_add(1, std::memory_order_release);
}

// relaxed throughout: the version orders it
void write_path(place& one, const std::string& path) {
    const std::size_t most = path_bytes - 1;
    const std::size_t from = path.size() > most ? path.size() - most : 0;
    for (std::size_t i = from; i < path.size(); ++i) {
        one.path[i - from].store(path[i], std::memory_order_relaxed);
    }
    one.path[path.size() - from].store('\0', std::memory_order_relaxed);
}

bool is_within(const place& one, std::uintptr_t address) {
    // relaxed: the version orders it
    const std::uintptr_t begin = one.begin.load(std::memory_order_relaxed);
    const std::size_t size = one.size.load(std::memory_order_relaxed);
    return size != 0 && address >= begin && address - begin < size;
}

}  // namespace

mapped_segment::mapped_segment(const std::byte* data, std::size_t size,
                               const std::filesystem::path& path) noexcept {
    for (std::size_t i = 0; i < place_count && size != 0; ++i) {
        place& one = places[i];
        if (!try_claim(one, true)) {
            continue;
        }
        // relaxed: the version orders it
        one.begin.store(reinterpret_cast<std::uintptr_t>(data), std::memory_order_relaxed);
        one.size.store(size, std::memory_order_relaxed);
        write_path(one, path.native());
        publish(one);
        place_ = i + 1;
        return;
    }
}

void mapped_segment::forget() noexcept {
    if (place_ == 0) {
        return;
    }
    place& one = places[std::exchange(place_, 0) - 1];
    if (try_claim(one, false)) {
        one.size.store(0, std::memory_order_relaxed);  // relaxed: the version orders it
        publish(one);
    }
}

bool name_mapped_segment(const void* address, std::span<char> text) noexcept {
    for (const place& one : places) {
        // acquire: pairs with mapped_segments.cpp: publish
        const std::uint32_t version = one.version.load(std::memory_order_acquire);
        if (version % 2 != 0 || !is_within(one, reinterpret_cast<std::uintptr_t>(address))) {
            continue;
        }
        std::size_t size = 0;
        while (size + 1 < text.size() && size < path_bytes) {
            const char c = one.path[size].load(std::memory_order_relaxed);  // the version orders it
            if (c == '\0') {
                break;
            }
            text[size++] = c;
        }
        text[size] = '\0';
        std::atomic_thread_fence(std::memory_order_acquire);
        // relaxed: behind the fence
        if (one.version.load(std::memory_order_relaxed) == version) {
            return true;
        }
    }
    return false;
}

}  // namespace millrace::engine
