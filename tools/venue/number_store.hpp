// A session's message numbers and sent messages, in one append-only file.
//
// Threading  one thread
// Invariant  a message is stored and its number used up by the same write(); next_sender() is the
//            last stored + 1
// Errors     opening throws; the other calls return false when the file refuses
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/venue/append_file.hpp"

namespace millrace {
namespace tools {

// A report found in the file: the last time it was numbered.
struct sent_report {
    std::uint64_t report = 0;      // ordinal in the journal, from 1
    std::uint32_t generation = 0;  // of the number
    int number = 0;
};

class number_store {
public:
    // Reads the file, cuts a torn last record, throws engine::damage_error for any other.
    explicit number_store(const std::string& path);

    bool store(int number, const std::string& message, std::uint64_t report);
    bool set_next_sender(int number);
    bool set_next_target(int number);
    bool set_proven(int number);  // the peer has everything up to this number
    // Numbers begin at 1 in a new generation; of a generation that is still unused only the
    // creation time moves.
    bool reset(std::uint64_t creation_time_ns);
    // Appends the stored messages of the current generation, ascending. False when they cannot be
    // read.
    bool get(int first, int last, std::vector<std::string>& messages) const;

    int next_sender() const { return next_sender_; }
    int next_target() const { return next_target_; }
    std::uint32_t generation() const { return generation_; }
    std::uint64_t creation_time_ns() const { return creation_time_ns_; }  // 0: never reset
    int proven(std::uint32_t generation) const;  // highest number proven received
    const std::vector<sent_report>& reports_at_open() const { return reports_at_open_; }
    const std::string& error() const { return file_.error(); }

private:
    struct extent {
        std::uint64_t offset;
        std::uint32_t size;
    };

    bool append(std::uint32_t kind, int number, std::uint64_t extra, const std::string& payload);
    void apply(std::uint32_t kind, int number, std::uint64_t extra, extent payload);
    void recover();

    append_file file_;
    std::string buffer_;
    std::map<int, extent> messages_;  // of the current generation
    std::map<std::uint32_t, int> proven_;
    std::vector<sent_report> reports_at_open_;
    std::uint64_t creation_time_ns_ = 0;
    std::uint32_t generation_ = 1;
    int next_sender_ = 1;
    int next_target_ = 1;
};

}  // namespace tools
}  // namespace millrace
