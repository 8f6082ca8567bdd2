// The files of a demo directory: configuration, session settings of both sides, and who runs where.
// None of them says where the directory lies, so it can be moved.
//
// Errors  io_error; locked_error, naming the holder, where another demo is at work
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/core/file.hpp"

namespace millrace::tools {

struct demo_directory {
    std::filesystem::path path;

    [[nodiscard]] std::filesystem::path config() const { return path / "millrace.toml"; }
    [[nodiscard]] std::filesystem::path sessions() const { return path / "sessions.cfg"; }
    [[nodiscard]] std::filesystem::path venue_config() const { return path / "venue.cfg"; }
    [[nodiscard]] std::filesystem::path venue() const { return path / "venue"; }
    [[nodiscard]] std::filesystem::path venue_pid() const { return path / "venue.pid"; }
    [[nodiscard]] std::filesystem::path venue_port() const { return path / "venue.port"; }
    [[nodiscard]] std::filesystem::path venue_log() const { return path / "venue.log"; }
    [[nodiscard]] std::filesystem::path engine_pid() const { return path / "millrace.pid"; }
    [[nodiscard]] std::filesystem::path engine_log() const { return path / "millrace.log"; }
    [[nodiscard]] std::filesystem::path counters() const { return path / "counters.dat"; }
    [[nodiscard]] std::filesystem::path table(const char* name) const { return path / name; }
};

// First: makes the directory if need be, and keeps every other demo out of it.
[[nodiscard]] engine::file_lock lock_demo_directory(const demo_directory& directory);
// Writes what is missing; what is there stays as it is, so a used directory goes on as it was. Only
// places in venue.cfg that lie outside the directory, as after a move, are put right.
void prepare_demo_directory(const demo_directory& directory, std::uint64_t seed);

}  // namespace millrace::tools
