// Where a run took place, for its JSON: a figure without these is none.
//
// Errors  what cannot be read is reported as "unknown"
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace millrace::bench {

// Name and value of each: processor, kernel, governor, file systems, build.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> surroundings();

// How far apart two CPUs are: "one core", "one L3", "one socket" or "two sockets".
[[nodiscard]] std::string cpu_distance(int first, int second);

}  // namespace millrace::bench
