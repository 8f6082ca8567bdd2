// What a loss of power leaves of a directory of logs: each folder loses a part of its own of what
// was not synced, and the host comes back under another boot.
//
// Threading  one thread
// Errors     throws what the files throw
#pragma once

#include <filesystem>
#include <random>

#include "tests/engine/log/disk_model.hpp"

namespace millrace::tests {

// As survivors::random_of, but decided for each folder by itself: one log may keep what it never
// synced, while another beside it loses all of that.
[[nodiscard]] engine::test::survivors survivors_by_folder(const engine::test::power_cut_moment& at,
                                                          std::mt19937_64& random);

// Puts on the disk below `root` what the loss of power left. Segments, places in memory and notes
// of lives that were written under this boot are then of an earlier one, another at each call.
void put_back(const std::filesystem::path& root, const engine::test::power_cut_moment& at,
              const engine::test::survivors& which);

}  // namespace millrace::tests
