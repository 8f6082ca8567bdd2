#include "tests/gateway/admin/stock_store.hpp"

#include <quickfix/FileStore.h>

namespace millrace {
namespace test {

long write_stock_store(const std::string& directory, const stock_session& session,
                       const std::map<int, std::string>& messages, int next_sender,
                       int next_target) {
    const FIX::SessionID id(session.begin_string, session.sender, session.target);
    FIX::FileStore store(directory, id);
    for (const auto& message : messages) {
        store.set(message.first, message.second);
    }
    store.setNextSenderMsgSeqNum(next_sender);
    store.setNextTargetMsgSeqNum(next_target);
    return static_cast<long>(store.getCreationTime().getTimeT());
}

}  // namespace test
}  // namespace millrace
