// A stock QuickFIX acceptor for a pipeline's session, and the settings file that leads to it.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/gateway/quickfix/stock_peer.hpp"
#include "tests/gateway/support/free_port.hpp"

namespace millrace::gateway::test {

// Writes sessions.cfg into `directory`, of the session FIX.4.4:MILLRACE->STOCK.
[[nodiscard]] inline std::unique_ptr<millrace::test::stock_peer> open_stock_venue(
    const std::filesystem::path& directory, const std::filesystem::path& dictionaries) {
    millrace::test::stock_options wanted;
    wanted.port = millrace::test::free_port();
    wanted.sender = "STOCK";
    wanted.target = "MILLRACE";
    wanted.dictionary = (dictionaries / "FIX44.xml").native();
    std::ofstream(directory / "sessions.cfg")
        << "[DEFAULT]\nConnectionType=initiator\nStartTime=00:00:00\nEndTime=00:00:00\n"
           "HeartBtInt=30\nReconnectInterval=1\nDataDictionary=FIX44.xml\n"
           "SocketConnectHost=127.0.0.1\nSocketConnectPort="
        << wanted.port << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=MILLRACE\n"
        << "TargetCompID=STOCK\n";
    return std::make_unique<millrace::test::stock_peer>(wanted);
}

}  // namespace millrace::gateway::test
