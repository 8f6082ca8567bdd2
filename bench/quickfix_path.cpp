#include "bench/quickfix_path.hpp"

#include <sched.h>

#include <utility>

namespace millrace::bench {

namespace {

constexpr std::int64_t logon_patience_ns = 60'000'000'000;

}  // namespace

quickfix_options quickfix_setup(std::vector<std::string> senders, std::uint16_t port,
                                const std::filesystem::path& store) {
    quickfix_options options;
    options.senders = std::move(senders);
    options.port = port;
    options.dictionary = (data_directory() / "dictionary" / "FIX44.xml").native();
    options.store = store.native();
    return options;
}

void wait_for_logon(quickfix_client& client) {
    const std::int64_t until_ns = engine::monotonic_now_ns() + logon_patience_ns;
    while (!client.is_logged_on()) {
        fail_if_not(engine::monotonic_now_ns() < until_ns, "QuickFIX does not log on");
        client.poll();
        ::sched_yield();
    }
}

quickfix_path::quickfix_path(std::string name, std::string sender, std::uint16_t port,
                             std::size_t place, const std::filesystem::path& store)
    : order_path(std::move(name), place),
      client_(quickfix_setup({std::move(sender)}, port, store),
              {[](void* path, std::uint64_t number) {
                   static_cast<quickfix_path*>(path)->answered(number);
               },
               this}) {
    wait_for_logon(client_);
}

void quickfix_path::send(std::uint64_t number) {
    recorded();
    client_.build(number);
    called();
    fail_if_not(client_.send(0), "QuickFIX did not take an order");
}

}  // namespace millrace::bench
