// The disk fails beneath the real program, one call at a time: nothing that was acknowledged is
// lost, and whoever was promised more than there is, is told.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/tools/millrace/command_support.hpp"

namespace millrace::tests {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;  // its runtime must be loaded first
#else
constexpr bool is_sanitized = false;
#endif

struct fault {
    std::string call;
    int error_number;
};

// While it lives, programs that are started have the library beneath them.
class failing_disk {
public:
    failing_disk(const fault& wanted, int at, const std::filesystem::path& below,
                 std::filesystem::path said)
        : said_(std::move(said)) {
        std::filesystem::remove(said_);
        set("LD_PRELOAD", MILLRACE_FAILING_DISK);
        set("MILLRACE_FAIL_CALL", wanted.call);
        set("MILLRACE_FAIL_AT", std::to_string(at));
        set("MILLRACE_FAIL_ERROR", std::to_string(wanted.error_number));
        set("MILLRACE_FAIL_BELOW", below.native());
        set("MILLRACE_FAIL_SAY", said_.native());
    }
    failing_disk(const failing_disk&) = delete;
    failing_disk& operator=(const failing_disk&) = delete;
    ~failing_disk() {
        for (const std::string& name : names_) {
            ::unsetenv(name.c_str());
        }
    }
    [[nodiscard]] bool has_failed() const { return std::filesystem::exists(said_); }

private:
    void set(const std::string& name, const std::string& value) {
        ::setenv(name.c_str(), value.c_str(), 1);
        names_.push_back(name);
    }

    std::filesystem::path said_;
    std::vector<std::string> names_;
};

class FailingDisk : public CommandLine {
protected:
    void SetUp() override {
        if (is_sanitized) {
            GTEST_SKIP() << "a preloaded library comes before a sanitizer's runtime";
        }
    }
    [[nodiscard]] std::filesystem::path data() const { return path() / "data"; }
    [[nodiscard]] static std::string rows(int first, int last) {
        std::string text;
        for (int number = first; number <= last; ++number) {
            text += "{\"CL_ORD_ID\":\"A" + std::to_string(number) +
                    "\",\"QUANTITY\":" + std::to_string(number) + ",\"NOTE\":\"" +
                    std::string(1500, 'n') + "\"}\n";
        }
        return text;
    }
    // "N rows appended to ORDER_OUT": N, or 0 where nothing is said of it.
    [[nodiscard]] static std::size_t appended(const exit_result& result) {
        const std::size_t at = result.err.find(" rows appended");
        if (at == std::string::npos) {
            return 0;
        }
        const std::size_t line = result.err.rfind('\n', at);
        return std::stoul(result.err.substr(line == std::string::npos ? 0 : line + 1));
    }
    void expect_rows(std::size_t count) const {
        const auto found = dump("ORDER_OUT");
        ASSERT_EQ(found.size(), count);
        for (std::size_t i = 0; i < found.size(); ++i) {
            ASSERT_EQ(found[i]["row"]["CL_ORD_ID"], "A" + std::to_string(i + 1));
        }
        const exit_result verified = run({"log", "verify", log("ORDER_OUT")});
        EXPECT_EQ(verified.code, code_ok) << verified.out << verified.err;
    }
};

// Two segments and some: every file is made, named, filled, synced and left.
TEST_F(FailingDisk, LosesNoRowThatAppendSaidItAppended) {
    constexpr int row_count = 90;
    write("all.ndjson", rows(1, row_count));
    int failed = 0;
    for (const fault& wanted :
         {fault{"fdatasync", EIO}, fault{"fsync", EIO}, fault{"allocate", ENOSPC},
          fault{"open", ENOSPC}, fault{"write", ENOSPC}, fault{"pwrite", EIO},
          fault{"rename", EIO}}) {
        for (int at = 1;; ++at) {
            SCOPED_TRACE(wanted.call + " number " + std::to_string(at));
            std::filesystem::remove_all(data());
            exit_result result;
            {
                const failing_disk disk(wanted, at, data(), path() / "said");
                result = run({"append", config(), "ORDER_OUT", file("all.ndjson")});
                if (!disk.has_failed()) {
                    EXPECT_EQ(result.code, code_ok) << result.err;
                    break;
                }
            }
            ++failed;
            ASSERT_EQ(result.code, code_failure) << result.err;
            EXPECT_TRUE(has(result.err, data().native())) << "where it was";
            EXPECT_TRUE(has(result.err, std::strerror(wanted.error_number)));
            const std::size_t done = appended(result);
            write("rest.ndjson", rows(static_cast<int>(done) + 1, row_count));
            const exit_result rest = run({"append", config(), "ORDER_OUT", file("rest.ndjson")});
            ASSERT_EQ(rest.code, code_ok) << rest.err;
            expect_rows(row_count);
            if (HasFailure()) {
                return;
            }
        }
    }
    std::printf("%d calls failed\n", failed);
    EXPECT_GE(failed, 15);
}

class FailingDiskBelowRun : public FailingDisk, public ::testing::WithParamInterface<bool> {};

// What `durable` was answered for is on the disk, not in memory alone: the hot tier is taken away,
// as a loss of power does it.
TEST_P(FailingDiskBelowRun, AnswersDurableOnlyForWhatIsOnTheDisk) {
    const bool is_hot = GetParam();
    const std::filesystem::path hot =
        "/dev/shm/millrace-failing-disk-" + std::to_string(::getpid());
    std::string text = replaced(std::string(tables_text), "[engine]\n",
                                "[engine]\nstorage = \"" + std::string(is_hot ? "hot" : "direct") +
                                    "\"\nhot_directory = \"" + hot.native() + "\"\n");
    text +=
        "\n[[listener]]\nname = \"orders\"\ntable = \"ORDER_OUT\"\npath = \"orders.sock\"\n"
        "level = \"durable\"\n";
    write("listen.toml", text);
    constexpr int row_count = 150;
    write("all.ndjson", rows(1, row_count));
    int failed = 0;
    for (const fault& wanted : {fault{"fdatasync", EIO}, fault{"fsync", EIO},
                                fault{"allocate", ENOSPC}, fault{"pwrite", EIO}}) {
        for (const int at : {1, 2, 3, 5, 8}) {
            SCOPED_TRACE(wanted.call + " number " + std::to_string(at));
            std::filesystem::remove_all(data());
            std::filesystem::remove_all(hot);
            std::size_t done = 0;
            {
                const failing_disk disk(wanted, at, data() / "ORDER_OUT", path() / "said");
                millrace_process engine({"run", file("listen.toml")}, path());
                wait_until("it runs, or refuses to",
                           [&] { return has(engine.said(), "running") || engine.has_ended(); });
                if (!engine.has_ended()) {
                    const exit_result result =
                        run({"append", "--socket", file("orders.sock"), "ORDER_OUT",
                             file("all.ndjson"), "--level", "durable"});
                    // Rows that are only committed are named, and the code is not 0.
                    const std::size_t all = appended(result);
                    const std::size_t short_at = result.err.find(" rows from sequence ");
                    done = short_at == std::string::npos
                               ? all
                               : std::stoul(result.err.substr(short_at + 20)) - 1;
                    EXPECT_EQ(result.code == code_ok, done == row_count) << result.err;
                    engine.kill_hard();
                }
                failed += disk.has_failed() ? 1 : 0;
            }
            std::filesystem::remove_all(hot);
            if (done == 0) {
                continue;
            }
            const exit_result accepted = run({"log", "recover", log("ORDER_OUT"), "--accept-loss"});
            EXPECT_EQ(accepted.code, code_ok) << accepted.err;
            const auto found = dump("ORDER_OUT");
            ASSERT_GE(found.size(), done) << "durable was answered for more";
        }
    }
    std::filesystem::remove_all(hot);
    std::printf("%d calls failed\n", failed);
    EXPECT_GT(failed, 10);
}

INSTANTIATE_TEST_SUITE_P(Storage, FailingDiskBelowRun, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "hot" : "direct"; });

}  // namespace
}  // namespace millrace::tests
