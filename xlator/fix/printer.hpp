// A message as one line for people: "8=FIX.4.4|35=D|..." or with names and meanings.
//
// Threading  a function of its arguments; any thread
// Progress   allocates: for tools and cold logs, not for the message path
#pragma once

#include <string>
#include <string_view>

#include "xlator/fix/dictionary.hpp"

namespace millrace::xlator {

// One field as it stands; tag 0: no "TAG=" is there, and text is all there is.
struct wire_field {
    int tag = 0;
    std::string_view text;
    std::string_view value;
};

// The fields of any bytes, one by one. A data field whose length the field before it announced may
// hold delimiters; dict, which tells such fields, may be null.
class wire_walk {
public:
    explicit wire_walk(std::string_view bytes, const dictionary* dict = nullptr) noexcept
        : rest_(bytes), dict_(dict) {}

    // False: at the end.
    [[nodiscard]] bool next(wire_field& field) noexcept;

private:
    std::string_view rest_;
    const dictionary* dict_;
    int data_tag_ = 0;
    std::size_t data_size_ = 0;
};

// What a value means: of MsgType(35) the message's name, else the enumerator's; empty: nothing that
// is known. dict may be null.
[[nodiscard]] std::string_view meaning_of(const dictionary* dict, int tag, std::string_view value);

struct print_options {
    char separator = '|';
    bool with_names = false;  // Side(54)=1(buy); needs a dictionary
};

// Prints any bytes: what is no field is printed as it is, control characters as \xNN. dict may be
// null.
[[nodiscard]] std::string print(std::string_view bytes, const dictionary* dict = nullptr,
                                const print_options& options = {});

}  // namespace millrace::xlator
