// Runs a small concurrent program in every way the C++ memory model allows, and watches each run.
//
// The program uses explored_memory where the shipped code uses native_memory, so what is explored
// is the shipped code. Each atomic location must have one writing thread at a time, each ordered
// behind the one before, as all of ours do; then its values come in the order in which they are
// written, and a run is determined by which of them each load reads. A load may read any value that
// coherence and happens-before do not forbid, old ones included. Where a load is to read a value
// that is not written yet, its thread waits and the others go on. So every run is made exactly
// once.
//
// Plain accesses are checked with vector clocks: two to the same bytes by different threads, one of
// them a write, must be ordered by happens-before. So must a plain and an atomic one. An atomic
// load may meet bytes written plainly before, if they are zero: none of our words begins otherwise.
//
// A program can be explored with one access weakened, and so asked whether that access matters: see
// mutation. Accesses are known by their place in the source.
//
// Not modelled: read-modify-write, fences but acquire, seq_cst, locations with two writers at the
// same time, and reads of what is only written because of them (the model is RC11: program order
// and reads-from make no cycle).
//
// Threading  everything runs on the calling thread; the program's threads are fibers
// Source     reads-from exploration: Kokologiannakis and Vafeiadis, GenMC; epochs: FastTrack
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace millrace::model {

inline constexpr std::size_t threads_max = 4;

// A place in the source with an atomic access.
struct site {
    const char* file = "";
    unsigned line = 0;
    unsigned column = 0;
    const char* function = "";

    [[nodiscard]] friend bool operator==(const site& a, const site& b) {
        return a.line == b.line && a.column == b.column && std::string_view(a.file) == b.file;
    }
    [[nodiscard]] friend bool operator<(const site& a, const site& b) {
        return std::tuple(std::string_view(a.file), a.line, a.column) <
               std::tuple(std::string_view(b.file), b.line, b.column);
    }
};

enum class access_kind { relaxed_load, acquire_load, relaxed_store, release_store, acquire_fence };

// What is made worse in a program.
struct mutation {
    enum class kind {
        none,
        relaxed,  // the access at the site takes no part in the order of others
        delayed,  // the store at the site comes behind its thread's next release store elsewhere
    };
    kind what = kind::none;
    site where;
};

class explorer {
public:
    struct outcome {
        std::uint64_t runs = 0;  // complete ones
        // Waited for a value that nobody writes: no run of the program.
        std::uint64_t dead_ends = 0;
        std::string failure;  // of the first run that failed, empty if none did
        std::map<site, access_kind> sites;
        std::uint64_t swaps = 0;  // of a delayed store with a release store behind it
    };
    // Called before each run: builds the shared objects and calls add_thread.
    using program = std::function<void(explorer&)>;

    [[nodiscard]] static outcome explore(const program& build, const mutation& change = {});

    // `punches`: it zeroes words that others wrote, see punch.
    void add_thread(std::function<void()> body, bool punches = false);
    // The bytes at `view` are those at `original`, mapped a second time.
    void add_view(const void* view, std::size_t size, const void* original);
    void at_end(std::function<void()> check) { at_end_ = std::move(check); }

    // For the bodies. unmap: nobody may touch the bytes at the same time, or later.
    void unmap(const void* bytes, std::size_t size);
    // punch: the words become zero, as release stores of a thread that goes on behind their writer.
    void punch(void* bytes, std::size_t size);
    // wait_for_change: what was read last is no use; go on when there is something newer.
    void wait_for_change();
    // One of `count` alternatives; all are explored.
    [[nodiscard]] std::size_t choose(std::size_t count);
    void check(bool condition, const char* message);

    // For explored_memory.
    [[nodiscard]] static explorer& current();
    void create(const void* address, std::uint64_t value);
    // `bytes`: where the word stands among plain bytes, or null.
    [[nodiscard]] std::uint64_t load(const void* address, std::memory_order order, const site& at,
                                     const void* bytes);
    void store(const void* address, std::uint64_t value, std::memory_order order, const site& at,
               void* bytes);
    void plain(const void* bytes, std::size_t size, bool is_write);
    void acquire_fence(const site& at);
    // Word by word, relaxed: plain bytes and words alike.
    void copy(void* to, const void* from, std::size_t size, const site& at);

private:
    using clock = std::array<std::uint32_t, threads_max>;
    static constexpr std::size_t nobody = threads_max;

    struct written {
        std::uint64_t value = 0;
        std::uint32_t epoch = 0;
        std::size_t thread = nobody;
        bool is_release = false;
        bool is_plain = false;
        clock released{};
    };
    struct pending_store {
        const void* address;
        std::uint64_t value;
        std::memory_order order;
        site at;
        void* bytes;
    };
    struct mapped_view {
        std::uintptr_t begin;
        std::size_t size;
        std::uintptr_t original;
    };
    struct location {
        std::size_t writer = nobody;
        std::uint64_t plain_writes = 0;
        std::vector<written> stores;
        std::array<std::size_t, threads_max>
            lowest{};  // the oldest store each thread may still read
    };
    struct word {
        // The epoch of each thread's latest access of each kind; 0: none.
        clock plain_reads{};
        clock plain_writes{};
        clock atomic_reads{};
        clock atomic_writes{};
    };
    struct fiber;
    struct alternative {
        std::size_t taken;
        std::size_t count;
    };
    enum class ending { complete, dead_end, failed };

    explorer(const program& build, const mutation& change);
    ~explorer();
    ending run();
    bool next_choices();
    void switch_to(std::size_t thread);
    void leave();
    [[noreturn]] void fail(const char* message);
    [[noreturn]] void fail(const char* message, const site& at);
    [[nodiscard]] bool can_go_on(const fiber& thread) const;
    [[nodiscard]] bool others_can_write(const location& place) const;
    [[nodiscard]] std::size_t lowest_readable(const location& place) const;
    [[nodiscard]] location& location_at(const void* address);
    void note_site(const site& at, std::memory_order order, bool is_store);
    [[nodiscard]] bool is_strong(std::memory_order order, const site& at) const;
    [[nodiscard]] const void* original(const void* address) const;
    [[nodiscard]] std::size_t choose_store(location& place);
    [[nodiscard]] std::uint64_t value_of(const location& place, std::size_t index, const site& at,
                                         const void* bytes);
    void take(const location& place, std::size_t index, bool is_acquired);
    [[nodiscard]] bool is_known(const written& store) const;
    void perform(const pending_store& what);
    void perform_delayed();
    void perform_delayed_to(const void* address);
    void note_access(const void* address, bool is_write, bool is_atomic);
    static void enter_fiber();

    const program& build_;
    mutation change_;
    std::map<site, access_kind> sites_;
    std::uint64_t swaps_ = 0;
    std::vector<alternative> choices_;
    std::size_t choice_index_ = 0;

    std::vector<std::unique_ptr<fiber>> fibers_;
    std::size_t thread_count_ = 0;
    std::size_t running_ = nobody;
    std::function<void()> at_end_;
    std::unordered_map<const void*, location> locations_;
    std::unordered_map<const void*, word> words_;
    std::vector<mapped_view> views_;
    std::string failure_;
    struct scheduler_context;
    std::unique_ptr<scheduler_context> scheduler_;
};

// What rings and logs take in place of native_memory.
struct explored_memory {
    using source = std::source_location;
    static site place(const source& at) {
        return {at.file_name(), at.line(), at.column(), at.function_name()};
    }

    template <class Value>
    class atomic {
    public:
        explicit atomic(Value value) {
            explorer::current().create(this, static_cast<std::uint64_t>(value));
        }
        atomic(const atomic&) = delete;
        atomic& operator=(const atomic&) = delete;
        Value load(std::memory_order order, source at = source::current()) const {
            return static_cast<Value>(explorer::current().load(this, order, place(at), nullptr));
        }
        void store(Value value, std::memory_order order, source at = source::current()) {
            explorer::current().store(this, static_cast<std::uint64_t>(value), order, place(at),
                                      nullptr);
        }

    private:
        Value identity_{};  // its address names the location
    };

    template <class Value>
    class atomic_ref {
        static_assert(sizeof(Value) == 8, "words are what the explorer knows");

    public:
        explicit atomic_ref(Value& target) : target_(&target) {}
        Value load(std::memory_order order, source at = source::current()) const {
            return static_cast<Value>(explorer::current().load(target_, order, place(at), target_));
        }
        void store(Value value, std::memory_order order, source at = source::current()) const {
            explorer::current().store(target_, static_cast<std::uint64_t>(value), order, place(at),
                                      target_);
        }

    private:
        Value* target_;
    };

    static void acquire_fence(source at = source::current()) {
        explorer::current().acquire_fence(place(at));
    }
    static void copy(void* to, const void* from, std::size_t size, source at = source::current()) {
        explorer::current().copy(to, from, size, place(at));
    }
    static void reading(const void* bytes, std::size_t size) {
        explorer::current().plain(bytes, size, false);
    }
    static void writing(const void* bytes, std::size_t size) {
        explorer::current().plain(bytes, size, true);
    }
};

}  // namespace millrace::model
