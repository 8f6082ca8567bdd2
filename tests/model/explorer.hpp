// Runs a small concurrent program in every way the C++ memory model allows, and watches each run.
//
// The program uses explored_memory where the shipped code uses native_memory, so what is explored
// is the shipped code. Each atomic location must have one writing thread, as all of ours do; then
// its values come in the order in which that thread writes them, and a run is determined by which
// of them each load reads. A load may read any value that coherence and happens-before do not
// forbid, old ones included. Where a load is to read a value that is not written yet, its thread
// waits and the others go on. So every run is made exactly once.
//
// Plain accesses are checked with vector clocks: two to the same bytes by different threads, one of
// them a write, must be ordered by happens-before. So must a plain and an atomic one.
//
// Not modelled: read-modify-write, fences, seq_cst, and values out of thin air.
//
// Threading  everything runs on the calling thread; the program's threads are fibers
// Source     reads-from exploration: Kokologiannakis and Vafeiadis, GenMC; epochs: FastTrack
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <source_location>
#include <string>
#include <unordered_map>
#include <vector>

namespace millrace::model {

inline constexpr std::size_t threads_max = 3;

class explorer {
public:
    struct outcome {
        std::uint64_t runs = 0;  // complete ones
        std::uint64_t dead_ends =
            0;                // waited for a value that nobody writes: no run of the program
        std::string failure;  // of the first run that failed, empty if none did
        std::set<unsigned> ordered_lines;  // source lines with an acquire load or a release store
    };
    // Called before each run: builds the shared objects and calls add_thread.
    using program = std::function<void(explorer&)>;

    // Accesses on the source line `weakened_line` are taken for relaxed, whatever they say; 0:
    // none.
    [[nodiscard]] static outcome explore(const program& build, unsigned weakened_line = 0);

    void add_thread(std::function<void()> body);
    void at_end(std::function<void()> check) { at_end_ = std::move(check); }

    // For the bodies. wait_for_change: what was read last is no use; go on when there is something
    // newer.
    void wait_for_change();
    // One of `count` alternatives; all are explored.
    [[nodiscard]] std::size_t choose(std::size_t count);
    void check(bool condition, const char* message);

    // For explored_memory.
    [[nodiscard]] static explorer& current();
    void create(const void* address, std::uint64_t value);
    [[nodiscard]] std::uint64_t load(const void* address, std::memory_order order, unsigned line);
    void store(const void* address, std::uint64_t value, std::memory_order order, unsigned line);
    void plain(const void* bytes, std::size_t size, bool is_write);

private:
    using clock = std::array<std::uint32_t, threads_max>;
    static constexpr std::size_t nobody = threads_max;

    struct written {
        std::uint64_t value = 0;
        std::uint32_t epoch = 0;
        bool is_release = false;
        bool is_plain = false;
        clock released{};
    };
    struct location {
        std::size_t writer = nobody;
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

    explorer(const program& build, unsigned weakened_line);
    ~explorer();
    ending run();
    bool next_choices();
    void switch_to(std::size_t thread);
    void leave();
    [[noreturn]] void fail(const char* message, unsigned line = 0);
    [[nodiscard]] bool can_go_on(const fiber& thread) const;
    [[nodiscard]] bool others_can_write() const;
    [[nodiscard]] std::size_t lowest_readable(const location& place) const;
    [[nodiscard]] location& location_at(const void* address);
    [[nodiscard]] bool is_strong(std::memory_order order, unsigned line);
    void note_access(const void* address, bool is_write, bool is_atomic);
    static void enter_fiber();

    const program& build_;
    unsigned weakened_line_;
    std::set<unsigned> ordered_lines_;
    std::vector<alternative> choices_;
    std::size_t choice_index_ = 0;

    std::vector<std::unique_ptr<fiber>> fibers_;
    std::size_t thread_count_ = 0;
    std::size_t running_ = nobody;
    std::function<void()> at_end_;
    std::unordered_map<const void*, location> locations_;
    std::unordered_map<const void*, word> words_;
    std::string failure_;
    struct scheduler_context;
    std::unique_ptr<scheduler_context> scheduler_;
};

// What the rings take in place of native_memory.
struct explored_memory {
    template <class Value>
    class atomic {
    public:
        explicit atomic(Value value) {
            explorer::current().create(this, static_cast<std::uint64_t>(value));
        }
        atomic(const atomic&) = delete;
        atomic& operator=(const atomic&) = delete;
        Value load(std::memory_order order,
                   std::source_location at = std::source_location::current()) const {
            return static_cast<Value>(explorer::current().load(this, order, at.line()));
        }
        void store(Value value, std::memory_order order,
                   std::source_location at = std::source_location::current()) {
            explorer::current().store(this, static_cast<std::uint64_t>(value), order, at.line());
        }

    private:
        Value identity_{};  // its address names the location
    };

    template <class Value>
    class atomic_ref {
    public:
        explicit atomic_ref(Value& target) : target_(&target) {}
        Value load(std::memory_order order,
                   std::source_location at = std::source_location::current()) const {
            return static_cast<Value>(explorer::current().load(target_, order, at.line()));
        }
        void store(Value value, std::memory_order order,
                   std::source_location at = std::source_location::current()) const {
            explorer::current().store(target_, static_cast<std::uint64_t>(value), order, at.line());
        }

    private:
        Value* target_;
    };

    static void reading(const void* bytes, std::size_t size) {
        explorer::current().plain(bytes, size, false);
    }
    static void writing(const void* bytes, std::size_t size) {
        explorer::current().plain(bytes, size, true);
    }
};

}  // namespace millrace::model
