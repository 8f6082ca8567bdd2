// What a route's last run knew of its source, and what a loss of power, or of the source's hot
// tier, has taken of that since.
//
// A route may have done records that its source lost: they were committed, and not durable. New
// records then take their sequences, and would be passed over as done. So behind such a loss
// progress beyond what survived of the source is cut back to that.
//
// In the pipeline's directory: lives/ROUTE (life_file.hpp), and lost/ROUTE, one line for each
// finding, kept for people and for the marks of what may come a second time.
//
// Threading  set-up
// Invariant  a finding is durable before the progress is cut back, and that before begin(): a crash
//            in between leads to the same finding once more
// Errors     throws what life_file, lost_tail and files throw
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/types.hpp"
#include "engine/stream/checkpoint.hpp"
#include "engine/stream/life_file.hpp"

namespace millrace::gateway {

class route_past {
public:
    // `floor`: records up to here were never the route's, whatever became of them.
    route_past(const std::filesystem::path& pipeline_directory, std::string_view route,
               const std::filesystem::path& source, const engine::log_uuid& uuid,
               engine::sequence floor = {});

    // Whether the source lost records that a store of the route's progress holds as done: then it
    // is to be cut back, durably, to survivor().
    [[nodiscard]] bool is_beyond(engine::sequence done);
    // REQUIRES: is_beyond() said so once.
    [[nodiscard]] engine::sequence survivor() const noexcept { return *survivor_; }
    // The last record from before the loss; nothing where there was none since the last run.
    [[nodiscard]] std::optional<engine::sequence> last_before_loss() const noexcept {
        return survivor_;
    }
    // Records up to here may be the second ones of their sequence, or of their content: 0 if none.
    [[nodiscard]] engine::sequence repeats_until() const noexcept { return repeats_until_; }
    // A sentence for people; empty if nothing was found in this start.
    [[nodiscard]] std::string finding() const;

    // All of the pipeline's progress is durable as it is to be.
    void begin();
    // The pipeline stopped in order. REQUIRES: begun.
    void end() { life_.close(); }

private:
    void read_findings();
    void note_finding(engine::sequence done);

    engine::life_file life_;
    std::filesystem::path findings_file_;
    std::filesystem::path source_;
    engine::log_uuid uuid_;
    std::optional<engine::sequence> survivor_;  // set: the source may have lost records since
    bool is_of_other_boot_ = false;
    engine::sequence done_;  // what was found beyond it, in this start
    engine::sequence repeats_until_;
};

// Of a route without a log of ours behind it; durable on return.
void cut_back(engine::checkpoint& progress, const std::filesystem::path& file, route_past& past);

[[nodiscard]] std::filesystem::path route_life_path(const std::filesystem::path& pipeline_directory,
                                                    std::string_view route);
// How far a route has come that says `done`, as its next start will see it. For who looks on.
[[nodiscard]] engine::sequence surviving_progress(const std::filesystem::path& pipeline_directory,
                                                  std::string_view route,
                                                  const std::filesystem::path& source,
                                                  engine::sequence done);

}  // namespace millrace::gateway
