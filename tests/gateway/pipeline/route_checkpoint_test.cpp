// What becomes of a route to a handler whose checkpoint is damaged, another's or gone: it says what
// to remove, and begins anew once exactly that is done.
#include "gateway/pipeline/route_checkpoint.hpp"

#include <fstream>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

class RouteCheckpoint : public PipelineTest {
protected:
    RouteCheckpoint() {
        run once(*this, text_);
        append_orders(once.source(), 1, 10);
        once.start();
        wait_for_highest("watch", 10);
        once.stop();
    }
    // What opening says, of an exception of this kind.
    template <class Error>
    [[nodiscard]] std::string refusal() {
        try {
            run once(*this, text_);
        } catch (const Error& failure) {
            return failure.what();
        }
        ADD_FAILURE() << "it opened";
        return {};
    }
    void expect_begins_anew() {
        run once(*this, text_);
        once.start();
        wait_for_highest("watch", 10);
        once.stop();
        EXPECT_EQ(counter("route.watch.delivered"), 10U);
    }
    void expect_contains(const std::string& said, const std::string& part) {
        EXPECT_NE(said.find(part), std::string::npos) << said;
    }
    // "remove the file ..., and remove FILE too"
    void follow(const std::string& said) {
        expect_contains(said, file_.native() + ": ");
        expect_contains(said,
                        "emove the file to begin anew, where the route's `start` says, and "
                        "remove " +
                            known_.native() + " too");
        std::filesystem::remove(file_);
        std::filesystem::remove(known_);
    }

    const std::string text_ = std::string(tables_text) + client_text("watcher") +
                              route_text("name = \"watch\"\nhandler = \"ack\"\nstart = \"first\"");
    const std::filesystem::path file_ = data("checkpoints") / "watch.checkpoint";
    const std::filesystem::path known_ = data("routes") / "watch";
};

TEST_F(RouteCheckpoint, ThatIsDamagedMayBeRemovedAsItSays) {
    for (const std::size_t size : {std::size_t{256}, std::size_t{7}}) {
        engine::write_file_atomically(file_, std::string(size, 'x'));
        follow(refusal<engine::damage_error>());
        expect_begins_anew();
    }
}

TEST_F(RouteCheckpoint, OfAnotherRouteMayBeRemovedAsItSays) {
    const engine::checkpoint_state mine = engine::read_checkpoint(file_);
    std::filesystem::remove(file_);
    static_cast<void>(engine::checkpoint(file_, "other", mine.source, {5}));
    follow(refusal<engine::config_error>());
    expect_begins_anew();
}

TEST_F(RouteCheckpoint, ThatIsMissingIsNoFirstStartUntilThatIsSaid) {
    std::filesystem::remove(file_);
    const std::string said = refusal<engine::damage_error>();
    expect_contains(said, "is missing, though the route has run before");
    expect_contains(said, "remove " + known_.native());
    EXPECT_FALSE(std::filesystem::exists(file_)) << "a refusal makes none";
    std::filesystem::remove(known_);
    expect_begins_anew();
}

// Killed after the checkpoint was made and before that was noted.
TEST_F(RouteCheckpoint, IsNotedByTheNextStartWhereThatWasNotDone) {
    std::filesystem::remove(known_);
    { run once(*this, text_); }
    EXPECT_TRUE(std::filesystem::exists(known_));
}

// For who looks on.
TEST_F(RouteCheckpoint, SaysTheSameToWhoOnlyReadsIt) {
    const route_checkpoint kept(data(""), "watch");
    EXPECT_TRUE(kept.has_history());
    EXPECT_EQ(kept.read().highest, engine::sequence{10});
    engine::write_file_atomically(file_, std::string(256, 'x'));
    try {
        static_cast<void>(kept.read());
        FAIL() << "it was read";
    } catch (const engine::damage_error& failure) {
        follow(failure.what());
    }
    EXPECT_FALSE(kept.has_history());
    engine::write_file_atomically(known_, "");
    EXPECT_THROW(static_cast<void>(kept.has_history()), engine::damage_error);
}

}  // namespace
}  // namespace millrace::gateway::test
