// What a QuickFIX engine's FileStore holds of a session.
//
// Threading  any one thread
// Errors     the constructor and read() throw io_error or engine::error, which name the file and
//            what is wrong in it
// Source     QuickFIX 1.15.1, FileStore.cpp: DIR/BEGIN-SENDER-TARGET[-QUALIFIER].body holds the
//            messages, .header "number,offset,size " of each, .seqnums both next numbers, .session
//            when they began
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/core/types.hpp"
#include "gateway/quickfix/msg_seq_num.hpp"
#include "gateway/quickfix/settings.hpp"

namespace millrace::gateway {

class file_store {
public:
    struct stored_message {
        msg_seq_num number;
        std::uint64_t offset = 0;
        std::size_t size = 0;
    };

    // Every message has been read once, and is one of the session's.
    file_store(const std::filesystem::path& directory, const session_spec& session);

    // Ascending; those that were sent. One with the next number, or a higher one, was stored and
    // never sent.
    [[nodiscard]] const std::vector<stored_message>& messages() const noexcept { return messages_; }
    [[nodiscard]] std::size_t unsent_count() const noexcept { return unsent_count_; }
    [[nodiscard]] msg_seq_num next_sender() const noexcept { return next_sender_; }
    [[nodiscard]] msg_seq_num next_target() const noexcept { return next_target_; }
    [[nodiscard]] engine::timestamp began() const noexcept { return began_; }
    // Valid until the next call.
    [[nodiscard]] const std::string& read(const stored_message& message);

private:
    [[nodiscard]] std::filesystem::path file(const char* ending) const;
    void read_numbers();
    void read_began();
    void read_places();
    void check(const stored_message& message);

    const session_spec& session_;
    std::filesystem::path stem_;  // without the ending
    std::vector<stored_message> messages_;
    std::size_t unsent_count_ = 0;
    msg_seq_num next_sender_;
    msg_seq_num next_target_;
    engine::timestamp began_;
    std::ifstream body_;
    std::string read_;
};

}  // namespace millrace::gateway
