// What a loss of power left of a log, seen by somebody who read it before. New records take the
// sequences of those that are gone, so a sequence alone does not say which record it means.
//
// Each boot of the host writes into segments of its own, so headers tell old records from new ones:
// no clock is asked.
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

// The last record that was there under the noted boot, or before it, and is still there. REQUIRES:
// the note is of another boot than this one; for an answer that no writer changes any more, a
// settled tail.
[[nodiscard]] sequence last_survivor(const std::filesystem::path& directory, const life_note& note);

// Sees to it that the log has a segment of this boot. Its writer begins one when it recovers the
// log; where there is none, this does it in its place, and closes. Waits for a writer that has just
// begun: one that recovers gigabytes has them to sync first.
void settle_tail(const std::filesystem::path& directory, std::string_view purpose,
                 int patience_ms = 10'000);

}  // namespace millrace::engine
