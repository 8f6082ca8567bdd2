// How a gateway's last life ended, in a small file of its directory: life.
//
//   millrace gateway life 1
//   state open                     closed: in order; cut: a loss of power is being dealt with
//   boot 5d01c6c3-...              of the host, when this was written
//   numbers_at_risk 66560          a session may have used so many numbers above what is durable
//   route ORDERS FIX.4.4:A->B      whose messages could leave before they were durable; tab between
//
// Threading  set-up and close
// Invariant  the file is durable before anything is numbered in the life it speaks of
// Errors     io_error; damage_error for a file that is not of this form
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/types.hpp"
#include "gateway/session/fix_log.hpp"

namespace millrace::gateway {

struct gateway_route {
    std::string name;
    std::string session;
};

enum class life_state : std::uint8_t { none, open, closed, cut };

struct gateway_life {
    life_state state = life_state::none;
    std::string boot_id;
    std::uint32_t numbers_at_risk = 0;
    std::vector<gateway_route> committed_routes;
};

[[nodiscard]] gateway_life read_life(const std::filesystem::path& directory);
void write_life(const std::filesystem::path& directory, const gateway_life& life);

// The life this tells of may have lost what it had sent.
[[nodiscard]] bool is_cut(const std::filesystem::path& directory, const gateway_life& life,
                          std::string_view boot_id);
// Before FIX_OUT is opened: whether its last life may have lost what it had sent. If so, the file
// says `cut` from here on, until the numbers have jumped.
[[nodiscard]] gateway_life begin_life(const std::filesystem::path& directory,
                                      std::string_view boot_id);
// Behind a cut: notes what is in doubt, and moves every session's next number past all that may
// have been used, durably. Returns a sentence for people. Throws engine::error: the disk does not
// take it.
[[nodiscard]] std::string jump_numbers(const std::filesystem::path& directory,
                                       const gateway_life& life, fix_out_log& out);

}  // namespace millrace::gateway
