// Where a route to a handler without a table keeps how far it has come.
//
// In the pipeline's directory: checkpoints/ROUTE.checkpoint, and routes/ROUTE, which is empty and
// tells a lost checkpoint from a first start. In another folder, so that one loss takes not both.
//
// Threading  set-up; what looks on may stand beside it
// Errors     damage_error where the checkpoint is lost or damaged, config_error where it is another
//            route's or log's: each says what to remove to begin anew
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/stream/checkpoint.hpp"

namespace millrace::gateway {

class route_checkpoint {
public:
    route_checkpoint(const std::filesystem::path& pipeline_directory, std::string_view route);

    // Opens it, or makes it with `start_after` done.
    [[nodiscard]] std::unique_ptr<engine::checkpoint> open(const engine::log_uuid& source,
                                                           engine::sequence start_after) const;
    // REQUIRES: has_history(). Takes no lock.
    [[nodiscard]] engine::checkpoint_state read() const;

    [[nodiscard]] bool has_history() const;  // false: the route has never run
    [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

private:
    template <class Call>
    auto with_advice(Call&& call) const;

    std::string route_;
    std::filesystem::path file_;
    std::filesystem::path known_;
};

}  // namespace millrace::gateway
