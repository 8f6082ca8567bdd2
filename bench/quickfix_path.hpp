// An order's way through stock QuickFIX: the message made from a record in memory, handed to
// Session::send, and the report as its application gets it. Polled on the driver's thread.
#pragma once

#include <filesystem>
#include <string>

#include "bench/order_path.hpp"
#include "bench/quickfix_client.hpp"

namespace millrace::bench {

// Returns when every session is logged on.
void wait_for_logon(quickfix_client& client);

class quickfix_path final : public order_path {
public:
    // `store`: the directory of a FileStore, or empty. Returns when the session is logged on.
    quickfix_path(std::string name, std::string sender, std::uint16_t port, std::size_t place,
                  const std::filesystem::path& store);
    void poll() override { client_.poll(); }

private:
    void send(std::uint64_t number) override;

    quickfix_client client_;
};

[[nodiscard]] quickfix_options quickfix_setup(std::vector<std::string> senders, std::uint16_t port,
                                              const std::filesystem::path& store);

}  // namespace millrace::bench
