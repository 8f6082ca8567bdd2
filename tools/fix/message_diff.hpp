// Two streams of messages held against each other: the n-th message of a key here and there, field
// by field.
//
// Threading  one thread
// Progress   keeps a message until its partner has come, or the other stream has ended: as many as
//            the two are apart
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/fix/dictionary_choice.hpp"
#include "tools/fix/message_fields.hpp"
#include "tools/fix/message_source.hpp"

namespace millrace::tools {

struct diff_options {
    std::vector<int> by = {11};  // with MsgType(35): what makes a message the other's partner
    std::set<int> ignored = {8, 9, 10, 34, 52};
    bool is_json = false;  // one object a line for each pair that differs, and each without partner
};

class message_diff {
public:
    message_diff(const diff_options& options, dictionary_choice& dictionaries)
        : options_(options), dictionaries_(dictionaries) {}

    // Appends what differs once the partner is there. `is_left`: of the first stream.
    void add(std::string& out, const fix_message& message, bool is_left);
    // That stream has no more: appends those of the other one that wait for a partner.
    void end(std::string& out, bool is_left);
    [[nodiscard]] std::size_t difference_count() const { return difference_count_; }
    [[nodiscard]] std::size_t pair_count() const { return pair_count_; }

private:
    using waiting = std::map<std::string, std::deque<fix_message>, std::less<>>;

    [[nodiscard]] std::string key_of(const fix_message& message) const;
    [[nodiscard]] std::string title_of(const fix_message& message);
    void compare(std::string& out, const fix_message& left, const fix_message& right);
    void append_json_key(std::string& out, const fix_message& message);
    void tell_alone(std::string& out, const fix_message& message, bool is_left);

    diff_options options_;
    dictionary_choice& dictionaries_;
    message_fields left_fields_;
    message_fields right_fields_;
    waiting left_;
    waiting right_;
    bool has_left_ended_ = false;
    bool has_right_ended_ = false;
    std::size_t difference_count_ = 0;
    std::size_t pair_count_ = 0;
};

}  // namespace millrace::tools
