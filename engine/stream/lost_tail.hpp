// What a loss of power, or of a hot tier, left of a log, seen by somebody who read it before. New
// records take the sequences of those that are gone, so a sequence alone does not say which record
// it means.
//
// What is written under another boot of the host, or behind a loss that was accepted, stands in
// segments of its own, so headers tell old records from new ones: no clock is asked.
//
// Threading  any process, beside the log's writer; settle_tail() becomes the writer for a moment
// Progress   cold: reads headers from the newest back to the boot in question
// Errors     throws io_error, damage_error, locked_error
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/stream/life_file.hpp"

namespace millrace::engine {

// Of the newest segment: a life notes it when it begins, of each log it reads.
[[nodiscard]] std::uint64_t newest_epoch(const std::filesystem::path& directory);

// Whether the log may have lost records since the note was made that were committed then: the host
// was started anew, or somebody accepted that the log's hot tier is lost.
[[nodiscard]] bool may_have_lost_records(const std::filesystem::path& directory,
                                         const life_note& note);

// The last record that was there when the note was made, or before, and is still there. REQUIRES:
// may_have_lost_records(); for an answer that no writer changes any more, a settled tail.
[[nodiscard]] sequence last_survivor(const std::filesystem::path& directory, const life_note& note);

// Sees to it that the log has a segment of this boot, and behind the last loss. Its writer begins
// one when it recovers the log; where there is none, this does it in its place, and closes. Waits
// for a writer that has just begun: one that recovers gigabytes has them to sync first.
void settle_tail(const std::filesystem::path& directory, std::string_view purpose,
                 int patience_ms = 10'000);

}  // namespace millrace::engine
