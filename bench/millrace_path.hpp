// An order's way through the real pipeline, all stages on one thread.
//
//   append to ORDER_OUT -> streamer -> ring -> translated -> session, fast lane -> FIX_OUT -> send
//   recv -> FIX_IN -> streamer -> ring -> decoded -> event handler -> EXECUTION
//
// Threading  made, started and stopped on one thread; orders on the pipeline's
// Errors     a refused append, a wrong report, a halted stage end the program
#pragma once

#include "bench/millrace_setup.hpp"
#include "bench/order_driver.hpp"
#include "bench/order_path.hpp"
#include "gateway/pipeline/pipeline.hpp"

namespace millrace::bench {

class millrace_path final : public order_path {
public:
    // Returns when the session is logged on, and the driver at work.
    millrace_path(order_driver& driver, std::uint16_t port, std::size_t place,
                  const std::filesystem::path& directory);
    ~millrace_path() override;

    [[nodiscard]] bool is_polled_beside() const override { return true; }
    // The pipeline's event handler.
    gateway::answer operator()(const gateway::event& happened) noexcept;
    // Ends the session; all orders must have passed beside QuickFIX.
    void stop();

private:
    void send(std::uint64_t number) override;

    gateway::pipeline pipeline_;
    engine::table_log* orders_;
    order_row row_;
    bool is_running_ = true;
};

}  // namespace millrace::bench
