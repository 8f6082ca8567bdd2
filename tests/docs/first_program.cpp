#include <iostream>

#include "engine/log/log_writer.hpp"
#include "engine/stream/streamer.hpp"
#include "engine/table/typed.hpp"

using namespace millrace::engine;
struct order {
    text<20> id;
    char side = 0;
    std::int64_t qty = 0;
};

int main(int, char** argv) {
    const auto table = table_of<order>("ORDERS", key("ID", &order::id),
                                       column("SIDE", &order::side), column("QTY", &order::qty));
    log_writer log(argv[1], {.schema = table.schema().to_text()});
    if (!table.append(log, {"A1", 'B', 100}) || !table.append(log, {"A2", 'S', 250})) {
        return 1;
    }
    stream_ring ring(64);
    subscription sells({.name = "SELLS", .directory = argv[1], .where = "SIDE = 'S'"}, ring);
    sells.do_work();
    ring.poll([](auto& slot) { std::cout << as<order>(slot).id.view() << '\n'; }, 64);
}
