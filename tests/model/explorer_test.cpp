// The explorer must find what it is there to find: small programs whose runs are known.
#include "tests/model/explorer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "tests/model/mutants.hpp"

namespace millrace::model {
namespace {

using cell = explored_memory::atomic<std::uint64_t>;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

// One thread writes bytes and raises a flag, the other waits for the flag and reads them.
explorer::program message_passing(std::memory_order store_order, std::memory_order load_order) {
    return [=](explorer& e) {
        struct shared {
            cell flag{0};
            std::uint64_t bytes = 0;
        };
        const auto s = std::make_shared<shared>();
        e.add_thread([s, store_order] {
            explored_memory::writing(&s->bytes, 8);
            s->bytes = 7;
            s->flag.store(1, store_order);
        });
        e.add_thread([s, load_order, &e] {
            while (s->flag.load(load_order) == 0) {
                e.wait_for_change();
            }
            explored_memory::reading(&s->bytes, 8);
            e.check(s->bytes == 7, "old bytes");
        });
    };
}

TEST(Explorer, AcceptsMessagePassingWithReleaseAndAcquire) {
    const auto outcome = explorer::explore(message_passing(release, acquire));
    EXPECT_EQ(outcome.failure, "");
    // The flag is seen at once, or first as it was.
    EXPECT_EQ(outcome.runs, 2U);
    EXPECT_EQ(outcome.sites.size(), 2U);
}

TEST(Explorer, FindsTheRaceWhereEitherOrderIsMissing) {
    EXPECT_NE(explorer::explore(message_passing(relaxed, acquire)).failure, "");
    EXPECT_NE(explorer::explore(message_passing(release, relaxed)).failure, "");
}

TEST(Explorer, AWeakenedAccessIsTakenForRelaxed) {
    const auto program = message_passing(release, acquire);
    for (const auto& [at, kind] : explorer::explore(program).sites) {
        const auto outcome = explorer::explore(program, {mutation::kind::relaxed, at});
        EXPECT_NE(outcome.failure, "") << at.line;
    }
}

// What a relaxed load read is known behind the fence, and not before.
TEST(Explorer, AnAcquireFenceTakesWhatRelaxedLoadsRead) {
    const auto program = [](bool is_fenced) {
        return [is_fenced](explorer& e) {
            struct shared {
                cell flag{0};
                std::uint64_t bytes = 0;
            };
            const auto s = std::make_shared<shared>();
            e.add_thread([s] {
                explored_memory::writing(&s->bytes, 8);
                s->flag.store(1, release);
            });
            e.add_thread([s, is_fenced, &e] {
                while (s->flag.load(relaxed) == 0) {
                    e.wait_for_change();
                }
                if (is_fenced) {
                    explored_memory::acquire_fence();
                }
                explored_memory::reading(&s->bytes, 8);
            });
        };
    };
    const auto outcome = explorer::explore(program(true));
    EXPECT_EQ(outcome.failure, "");
    EXPECT_NE(explorer::explore(program(false)).failure, "");
    for (const auto& [at, kind] : outcome.sites) {
        if (kind == access_kind::acquire_fence) {
            const mutation change{mutation::kind::relaxed, at};
            EXPECT_NE(explorer::explore(program(true), change).failure, "");
        }
    }
    EXPECT_EQ(outcome.sites.size(), 3U);
}

// Each word of the hole is seen or not, by itself; who saw one and looks behind a fence sees what
// came before the punch.
TEST(Explorer, ACopyMeetsAHoleInAnyOfItsWords) {
    using words = std::array<std::uint64_t, 2>;
    std::set<words> seen;
    const auto outcome = explorer::explore([&](explorer& e) {
        struct shared {
            cell is_written{0};
            cell is_retired{0};
            alignas(8) words bytes{};
            alignas(8) words copied{};
        };
        const auto s = std::make_shared<shared>();
        e.add_thread([s] {
            explored_memory::writing(&s->bytes, sizeof s->bytes);
            s->bytes = {7, 8};
            s->is_written.store(1, release);
        });
        e.add_thread(
            [s, &e] {
                while (s->is_written.load(acquire) == 0) {
                    e.wait_for_change();
                }
                s->is_retired.store(1, release);
                e.punch(&s->bytes, sizeof s->bytes);
            },
            true);
        e.add_thread([s, &e, &seen] {
            while (s->is_written.load(acquire) == 0) {
                e.wait_for_change();
            }
            explored_memory::copy(&s->copied, &s->bytes, sizeof s->bytes);
            explored_memory::acquire_fence();
            const words copied = s->copied;
            seen.insert(copied);
            e.check(copied == words{7, 8} || s->is_retired.load(relaxed) == 1, "of the hole");
        });
    });
    EXPECT_EQ(outcome.failure, "");
    EXPECT_EQ(seen, (std::set<words>{{7, 8}, {0, 8}, {7, 0}, {0, 0}}));
}

// It comes behind the next release, and no further.
TEST(Explorer, ADelayedStoreComesBehindTheNextOne) {
    const auto program = [](explorer& e) {
        struct shared {
            cell x{0};
            cell y{0};
            cell z{0};
        };
        const auto s = std::make_shared<shared>();
        e.add_thread([s] {
            s->x.store(1, relaxed);
            s->y.store(1, release);
            s->z.store(1, release);
        });
        e.add_thread([s, &e] {
            if (s->z.load(acquire) == 1) {
                e.check(s->x.load(relaxed) == 1, "x is older than z");
            }
        });
        e.add_thread([s, &e] {
            if (s->y.load(acquire) == 1) {
                e.check(s->x.load(relaxed) == 1, "x is older than y");
            }
        });
    };
    const auto outcome = explorer::explore(program);
    ASSERT_EQ(outcome.failure, "");
    for (const auto& [at, kind] : outcome.sites) {
        if (kind == access_kind::relaxed_store) {
            const auto mutant = explorer::explore(program, {mutation::kind::delayed, at});
            EXPECT_EQ(mutant.failure, "thread 2: x is older than y");
            EXPECT_GT(mutant.swaps, 0U);
        }
    }
}

// Dekker's question: may both threads miss the other's store? With release and acquire they may.
TEST(Explorer, StoreBufferingShowsOldValuesToBoth) {
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    const auto outcome = explorer::explore([&](explorer& e) {
        struct shared {
            cell x{0};
            cell y{0};
            std::uint64_t a = 9;
            std::uint64_t b = 9;
        };
        const auto s = std::make_shared<shared>();
        e.add_thread([s] {
            s->x.store(1, release);
            s->a = s->y.load(acquire);
        });
        e.add_thread([s] {
            s->y.store(1, release);
            s->b = s->x.load(acquire);
        });
        e.at_end([s, &seen] { seen.emplace(s->a, s->b); });
    });
    EXPECT_EQ(outcome.failure, "");
    EXPECT_EQ(outcome.runs, 4U);
    EXPECT_EQ(seen.size(), 4U);
    EXPECT_TRUE(seen.contains({0, 0}));
}

TEST(Explorer, ValuesOfOneLocationNeverGoBack) {
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    const auto outcome = explorer::explore([&](explorer& e) {
        const auto x = std::make_shared<cell>(0);
        e.add_thread([x] {
            x->store(1, relaxed);
            x->store(2, relaxed);
        });
        e.add_thread([x, &seen] {
            const std::uint64_t first = x->load(relaxed);
            seen.emplace(first, x->load(relaxed));
        });
    });
    EXPECT_EQ(outcome.failure, "");
    const std::set<std::pair<std::uint64_t, std::uint64_t>> expected{{0, 0}, {0, 1}, {0, 2},
                                                                     {1, 1}, {1, 2}, {2, 2}};
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(outcome.runs, expected.size());
}

// What a third thread learns through the second, it may not then see older.
TEST(Explorer, HappensBeforeIsTransitive) {
    const auto program = [](std::memory_order order) {
        return [order](explorer& e) {
            struct shared {
                cell x{0};
                cell y{0};
                cell z{0};
            };
            const auto s = std::make_shared<shared>();
            e.add_thread([s, order] { s->x.store(1, relaxed), s->y.store(1, order); });
            e.add_thread([s, order] { s->z.store(s->y.load(acquire), order); });
            e.add_thread([s, &e] {
                if (s->z.load(acquire) == 1) {
                    e.check(s->x.load(relaxed) == 1, "x is older than z");
                }
            });
        };
    };
    EXPECT_EQ(explorer::explore(program(release)).failure, "");
    EXPECT_NE(explorer::explore(program(relaxed)).failure, "");
}

TEST(Explorer, FindsThreadsThatWaitForEver) {
    const auto outcome = explorer::explore([](explorer& e) {
        const auto x = std::make_shared<cell>(0);
        e.add_thread([x] { x->store(1, relaxed); });
        e.add_thread([x, &e] {
            while (x->load(relaxed) != 2) {
                e.wait_for_change();
            }
        });
    });
    EXPECT_NE(outcome.failure.find("never comes"), std::string::npos);
}

TEST(Explorer, FindsASecondWriter) {
    const auto outcome = explorer::explore([](explorer& e) {
        const auto x = std::make_shared<cell>(0);
        e.add_thread([x] { x->store(1, relaxed); });
        e.add_thread([x] { x->store(2, relaxed); });
    });
    EXPECT_NE(outcome.failure.find("second writer"), std::string::npos);
}

TEST(Explorer, FindsAtomicLoadsOfPlainBytes) {
    const auto outcome = explorer::explore([](explorer& e) {
        const auto word = std::make_shared<std::uint64_t>(0);
        e.add_thread([word] {
            explored_memory::writing(word.get(), 8);
            explored_memory::atomic_ref<std::uint64_t>(*word).store(0, release);
        });
        e.add_thread([word] {
            static_cast<void>(explored_memory::atomic_ref<std::uint64_t>(*word).load(acquire));
        });
    });
    EXPECT_NE(outcome.failure, "");
}

// A word may stand where bytes were, once they are zeroed: that is how the log clears its claims.
TEST(Explorer, AnAtomicLoadMayMeetZeroedBytes) {
    const auto program = [](std::uint64_t left_over) {
        return [left_over](explorer& e) {
            struct shared {
                alignas(8) std::uint64_t word = 9;
                cell flag{0};
            };
            const auto s = std::make_shared<shared>();
            e.add_thread([s, left_over] {
                explored_memory::writing(&s->word, 8);
                s->word = left_over;
                s->flag.store(1, release);
                explored_memory::atomic_ref<std::uint64_t>(s->word).store(7, release);
            });
            e.add_thread([s, &e] {
                while (s->flag.load(acquire) == 0) {
                    e.wait_for_change();
                }
                const auto word = explored_memory::atomic_ref<std::uint64_t>(s->word);
                const std::uint64_t seen = word.load(acquire);
                e.check(seen == 0 || seen == 7, "neither what was zeroed nor what was stored");
            });
        };
    };
    const auto outcome = explorer::explore(program(0));
    EXPECT_EQ(outcome.failure, "");
    EXPECT_EQ(outcome.runs, 4U);
    EXPECT_NE(explorer::explore(program(5)).failure.find("bytes written plainly"),
              std::string::npos);
}

TEST(Explorer, AViewIsTheSameMemory) {
    const auto outcome = explorer::explore([](explorer& e) {
        struct shared {
            std::uint64_t words[2] = {};
            std::uint64_t mapped_again[2] = {};
        };
        const auto s = std::make_shared<shared>();
        e.add_view(s->mapped_again, sizeof s->mapped_again, s->words);
        e.add_thread([s] { explored_memory::writing(&s->words[1], 8); });
        e.add_thread([s] { explored_memory::reading(&s->mapped_again[1], 8); });
    });
    EXPECT_NE(outcome.failure, "");
}

TEST(Explorer, UnmappedBytesMustBeLeftAlone) {
    const auto program = [](std::memory_order order) {
        return [order](explorer& e) {
            struct shared {
                std::uint64_t bytes = 0;
                cell is_done{0};
            };
            const auto s = std::make_shared<shared>();
            e.add_thread([s, order] {
                explored_memory::reading(&s->bytes, 8);
                s->is_done.store(1, order);
            });
            e.add_thread([s, &e] {
                while (s->is_done.load(acquire) == 0) {
                    e.wait_for_change();
                }
                e.unmap(&s->bytes, 8);
            });
        };
    };
    EXPECT_EQ(explorer::explore(program(release)).failure, "");
    EXPECT_NE(explorer::explore(program(relaxed)).failure, "");
}

// Two who look at two writers' words in opposite order need not agree on which came first.
TEST(Explorer, WritesOfTwoThreadsHaveNoCommonOrder) {
    std::set<std::array<std::uint64_t, 4>> seen;
    const auto outcome = explorer::explore([&](explorer& e) {
        struct shared {
            cell x{0};
            cell y{0};
            std::array<std::uint64_t, 4> read{};
        };
        const auto s = std::make_shared<shared>();
        e.add_thread([s] { s->x.store(1, release); });
        e.add_thread([s] { s->y.store(1, release); });
        e.add_thread([s] {
            s->read[0] = s->x.load(acquire);
            s->read[1] = s->y.load(acquire);
        });
        e.add_thread([s] {
            s->read[2] = s->y.load(acquire);
            s->read[3] = s->x.load(acquire);
        });
        e.at_end([s, &seen] { seen.insert(s->read); });
    });
    EXPECT_EQ(outcome.failure, "");
    EXPECT_EQ(outcome.runs, 16U);
    EXPECT_EQ(seen.size(), 16U);
}

TEST(Explorer, ChoicesAreAllTaken) {
    std::set<std::pair<std::size_t, std::size_t>> seen;
    const auto outcome = explorer::explore([&](explorer& e) {
        e.add_thread([&e, &seen] {
            const std::size_t first = e.choose(3);
            seen.emplace(first, first == 0 ? e.choose(2) : 0);
        });
    });
    EXPECT_EQ(outcome.runs, 4U);
    EXPECT_EQ(seen.size(), 4U);
}

TEST(Mutants, CountsOrdersInCodeAndNotInComments) {
    EXPECT_EQ(count_orders(""), 0U);
    EXPECT_EQ(
        count_orders("a.load(std::memory_order_acquire);  // memory_order_acquire\n"
                     "// b.store(1, std::memory_order_release);\n"
                     "c.store(d.load(std::memory_order_acquire), std::memory_order_release);\n"
                     "e.load(std::memory_order_relaxed);"),
        3U);
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// Who takes atomics from a policy does it to be explored.
TEST(Mutants, AreMadeOfEveryHeaderWithAMemoryPolicy) {
    const std::filesystem::path root(MILLRACE_SOURCE_DIR);
    std::string explorations;
    for (const auto& one : std::filesystem::directory_iterator(root / "tests/model")) {
        if (one.path().native().ends_with("_exploration_test.cpp")) {
            explorations += text_of(one.path());
        }
    }
    std::size_t count = 0;
    for (const auto& one : std::filesystem::recursive_directory_iterator(root / "engine")) {
        const std::string text = one.path().extension() == ".hpp" ? text_of(one.path()) : "";
        if (text.find("Memory::template atomic") != std::string::npos ||
            text.find("Memory::acquire_fence") != std::string::npos) {
            ++count;
            const std::string name = one.path().lexically_relative(root).native();
            EXPECT_NE(explorations.find('"' + name + '"'), std::string::npos)
                << name << " is explored by no test that makes mutants of it";
        }
    }
    EXPECT_GE(count, 9U) << "the sources were not found";
}

}  // namespace
}  // namespace millrace::model
