// QuickFIX as the rival of the xlator's benchmarks, behind a header without its types: it compiles
// as C++14 only.
#pragma once

#include <memory>
#include <string>

namespace millrace {
namespace bench {

class quickfix_rival {
public:
    explicit quickfix_rival(const std::string& dictionary_file);
    ~quickfix_rival();
    quickfix_rival(const quickfix_rival&) = delete;
    quickfix_rival& operator=(const quickfix_rival&) = delete;

    // Builds the order of bench/xlator_messages.hpp and writes it; the text is valid until the next
    // call.
    const std::string& build_order(int msg_seq_num);
    // Parses with checksum and validates against the dictionary; false if it is refused.
    bool parse_report(const std::string& frame);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace bench
}  // namespace millrace
