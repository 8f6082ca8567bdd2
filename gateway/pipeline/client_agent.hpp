// One subscriber of a stream: takes records from its ring and offers each to its routes, in order.
//
// Threading  an agent: one thread
// Progress   do_work never waits; a route without room stops the client at that record
// Invariant  a record leaves the ring when every route has taken it, passed it over, or halted
#pragma once

#include <string>
#include <vector>

#include "gateway/pipeline/route.hpp"

namespace millrace::gateway {

class client_agent {
public:
    // REQUIRES: the schema outlives this.
    // `fields`: what `where` may ask for beside columns; null: nothing.
    client_agent(std::string name, std::string_view where, const engine::row_schema& schema,
                 std::size_t ring_slots, const engine::row_fields* fields = nullptr);

    [[nodiscard]] engine::stream_ring& ring() noexcept { return ring_; }
    void add_route(std::unique_ptr<route> added) { routes_.push_back(std::move(added)); }
    void set_rejects(std::unique_ptr<reject_log> rejects) { rejects_ = std::move(rejects); }
    [[nodiscard]] reject_log* rejects() noexcept { return rejects_.get(); }
    [[nodiscard]] std::vector<std::unique_ptr<route>>& routes() noexcept { return routes_; }

    [[nodiscard]] event_ring& events() noexcept { return events_; }

    [[nodiscard]] bool has_handlers() const noexcept;
    // After the last add_route: from here on the routes stamp what their handlers have answered.
    stamp_ring& use_stamps();

    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    void on_start() { events_.hand_over(); }
    int do_work() noexcept;
    void on_close() noexcept {
        if (rejects_ != nullptr) {
            rejects_->close();
        }
    }

private:
    std::string name_;
    const engine::row_schema* schema_;
    engine::predicate where_;
    engine::stream_ring ring_;
    event_ring events_;
    std::unique_ptr<reject_log> rejects_;
    std::unique_ptr<stamp_ring> stamps_;  // null: nobody stamps
    std::vector<std::unique_ptr<route>> routes_;
};

}  // namespace millrace::gateway
