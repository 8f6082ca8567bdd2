#include "gateway/pipeline/route_checkpoint.hpp"

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace millrace::gateway {

namespace fs = std::filesystem;

route_checkpoint::route_checkpoint(const fs::path& pipeline_directory, std::string_view route)
    : route_(route),
      file_(pipeline_directory / "checkpoints" / (route_ + ".checkpoint")),
      known_(pipeline_directory / "routes" / route_) {}

// Who removes the checkpoint alone would be told next that it is lost.
template <class Call>
auto route_checkpoint::with_advice(Call&& call) const {
    const std::string more =
        ", where the route's `start` says, and remove " + known_.native() + " too";
    try {
        return call();
    } catch (const engine::damage_error& failure) {
        throw engine::damage_error(failure.what() + more);
    } catch (const engine::config_error& failure) {
        throw engine::config_error(failure.what() + more);
    }
}

bool route_checkpoint::has_history() const {
    if (fs::exists(file_)) {
        return true;
    }
    if (fs::exists(known_)) {
        throw engine::damage_error(file_.native() + ": the checkpoint of route '" + route_ +
                                   "' is missing, though the route has run before. Restore it; or, "
                                   "to let the route begin where its `start` says, remove " +
                                   known_.native());
    }
    return false;
}

std::unique_ptr<engine::checkpoint> route_checkpoint::open(const engine::log_uuid& source,
                                                           engine::sequence start_after) const {
    auto opened = with_advice(
        [&] { return std::make_unique<engine::checkpoint>(file_, route_, source, start_after); });
    if (!fs::exists(known_)) {
        engine::ensure_directory(known_.parent_path());
        engine::write_file_atomically(known_, "");
    }
    return opened;
}

engine::checkpoint_state route_checkpoint::read() const {
    return with_advice([&] { return engine::read_checkpoint(file_); });
}

}  // namespace millrace::gateway
