// ADMIN: the table of what operators did to sessions, or tried to.
//
// An action that changes something is two rows, `asked` before it and its outcome after it, with
// one correlation; a kill is its outcome alone, for nothing comes before it. Of an `asked` without
// an outcome nobody knows more: whoever carried it out died.
//
// Threading  one thread, and one process, as any log
// Invariant  a row that append() and sync() took survives a loss of power
// Errors     the constructor throws as opening a log does; afterwards the log refuses with a status
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stream/table_log.hpp"
#include "engine/table/schema.hpp"
#include "gateway/session/session_command.hpp"

namespace millrace::gateway {

inline constexpr std::string_view audit_log_name = "ADMIN";

enum class audit_outcome : std::uint8_t {
    asked,    // about to be done
    done,     // as it says
    refused,  // nothing was changed
    failed    // something may have been changed: the text says what
};
[[nodiscard]] std::string_view to_text(audit_outcome outcome) noexcept;

struct audit_entry {
    std::string user;
    uid_t uid = 0;
    session_verb verb = session_verb::look;
    std::string gateway;
    std::string session;
    std::string reason;
    audit_outcome outcome = audit_outcome::asked;
    std::string before;
    std::string after;
    std::string text;  // for people
};

[[nodiscard]] const engine::row_schema& audit_schema();
// "logged on; next 5, expected 7 of generation 2": what BEFORE and AFTER hold.
[[nodiscard]] std::string to_text(const session_view& view);

class audit_log {
public:
    audit_log(const std::filesystem::path& directory, std::size_t segment_bytes);

    // False: the log takes no record. `chain` of an `asked` row is filled in; it goes with what
    // follows. Texts that do not fit are cut.
    [[nodiscard]] bool append(const audit_entry& entry, engine::correlation& chain);
    // What was appended is on stable storage; false: it is not, or not in time.
    [[nodiscard]] bool sync() noexcept;
    void close() noexcept { table_.close(); }
    // The constructor ran on another thread than what follows.
    void hand_over() noexcept { table_.start(); }

private:
    engine::table_log table_;
    std::vector<std::byte> room_;
};

}  // namespace millrace::gateway
