// A FileStore as QuickFIX itself writes it.
#pragma once

#include <map>
#include <string>

namespace millrace {
namespace test {

struct stock_session {
    std::string begin_string;
    std::string sender;
    std::string target;
};

// Files of `directory`; messages by their numbers, and both next numbers behind them. Returns when
// the numbers began, UTC in seconds.
long write_stock_store(const std::string& directory, const stock_session& session,
                       const std::map<int, std::string>& messages, int next_sender,
                       int next_target);

}  // namespace test
}  // namespace millrace
