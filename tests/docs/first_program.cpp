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

int main(int argc, char** argv) {
    if (argc != 2) {
        return std::cerr << "usage: first_program FOLDER\n", 2;
    }
    const auto table = table_of<order>("ORDERS", key("ID", &order::id),
                                       column("SIDE", &order::side), column("QTY", &order::qty));
    log_writer log(argv[1], {.schema = table.schema().to_text()});
    const bool is_kept = table.append(log, {"A1", 'B', 100}) && table.append(log, {"A2", 'S', 250});
    stream_ring ring(64);
    subscription sells({.name = "SELLS", .directory = argv[1], .where = "SIDE = 'S'"}, ring);
    sells.do_work();
    ring.poll([](auto& slot) { std::cout << as<order>(slot).id.view() << '\n'; }, 64);
    return is_kept ? 0 : 1;
}
