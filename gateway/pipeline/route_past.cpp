#include "gateway/pipeline/route_past.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/log/segment.hpp"
#include "engine/stream/lost_tail.hpp"

namespace millrace::gateway {

namespace {

namespace fs = std::filesystem;

// "log UUID from 96 to 120": of that log the records 96 to 120 were done and are lost.
std::string finding_line(const engine::log_uuid& log, engine::sequence survivor,
                         engine::sequence done) {
    return "log " + to_string(log) + " from " + std::to_string(survivor.value + 1) + " to " +
           std::to_string(done.value) + "\n";
}

}  // namespace

fs::path route_life_path(const fs::path& pipeline_directory, std::string_view route) {
    return pipeline_directory / "lives" / route;
}

route_past::route_past(const fs::path& pipeline_directory, std::string_view route,
                       const fs::path& source, const engine::log_uuid& uuid, engine::sequence floor)
    : life_(route_life_path(pipeline_directory, route)),
      findings_file_(pipeline_directory / "lost" / route),
      source_(source),
      uuid_(uuid) {
    read_findings();
    // Of another log nothing is known, and the destination refuses it.
    if (const auto& note = life_.previous();
        note && note->log == uuid && engine::may_have_lost_records(source, *note)) {
        is_of_other_boot_ = life_.is_of_other_boot();
        engine::settle_tail(source, "recovery for route " + std::string(route));
        survivor_ = std::max(floor, engine::last_survivor(source, *life_.previous()));
    }
}

void route_past::read_findings() {
    if (!fs::exists(findings_file_)) {
        return;
    }
    std::istringstream text(engine::read_whole_file(findings_file_));
    std::string line;
    while (std::getline(text, line)) {
        char log[40] = {};
        unsigned long long first = 0;
        unsigned long long last = 0;
        engine::log_uuid of;
        if (std::sscanf(line.c_str(), "log %39s from %llu to %llu", log, &first, &last) != 3 ||
            !engine::parse(log, of)) {
            throw engine::damage_error(findings_file_.native() +
                                       ": not a line about lost records: '" + line +
                                       "'; restore the file, or remove the line");
        }
        if (of == uuid_) {
            repeats_until_ = std::max(repeats_until_, engine::sequence{last});
        }
    }
}

bool route_past::is_beyond(engine::sequence done) {
    if (!survivor_ || done <= *survivor_) {
        return false;
    }
    note_finding(done);
    return true;
}

void route_past::note_finding(engine::sequence done) {
    done_ = std::max(done_, done);
    repeats_until_ = std::max(repeats_until_, done);
    std::string text = fs::exists(findings_file_) ? engine::read_whole_file(findings_file_) : "";
    const std::string line = finding_line(uuid_, *survivor_, done);
    if (text.find(line) == std::string::npos) {  // else a crash came before the cut back
        engine::ensure_directory(findings_file_.parent_path());
        engine::write_file_atomically(findings_file_, text + line);
    }
}

std::string route_past::finding() const {
    if (done_ == engine::sequence{}) {
        return {};
    }
    return std::string(is_of_other_boot_ ? "the host lost power" : "a hot tier was given up") +
           ", and the source log " + source_.native() + " has lost its end: records " +
           std::to_string(survivor_->value + 1) + " to " + std::to_string(done_.value) +
           " were done by this route and are gone; new records take their sequences, and the "
           "route goes on behind " +
           std::to_string(survivor_->value) + " (noted in " + findings_file_.native() + ")";
}

void route_past::begin() {
    life_.begin(uuid_, engine::newest_epoch(source_));
}

void cut_back(engine::checkpoint& progress, const fs::path& file, route_past& past) {
    if (past.is_beyond(progress.highest())) {
        progress.set(past.survivor());
        engine::sync_file(engine::open_file(file, O_RDWR).get(), file.native());
    }
}

engine::sequence surviving_progress(const fs::path& pipeline_directory, std::string_view route,
                                    const fs::path& source, engine::sequence done) {
    const auto note = engine::read_life(route_life_path(pipeline_directory, route));
    const auto indexes = engine::list_segments(source);
    if (!note || indexes.empty() ||
        engine::read_segment_info(source, indexes.back()).uuid != note->log ||
        !engine::may_have_lost_records(source, *note)) {
        return done;
    }
    return std::min(done, engine::last_survivor(source, *note));
}

}  // namespace millrace::gateway
