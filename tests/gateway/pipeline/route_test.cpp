#include "gateway/pipeline/route.hpp"

#include <gtest/gtest.h>

#include "gateway/pipeline/client_agent.hpp"
#include "tests/gateway/pipeline/pipeline_support.hpp"

namespace millrace::gateway::test {
namespace {

// Routes driven by hand: records of a table, offered one by one.
class Route : public ::testing::Test {
protected:
    Route()
        : config_(parse_config(directory_.path() / "test.toml",
                               std::string(tables_text) + "[[map]]\nname = \"new_order\"\n"
                                                          "message = \"NewOrderSingle\"\n"
                                                          "[map.fields]\n"
                                                          "ClOrdID = \"CL_ORD_ID\"\n"
                                                          "Symbol = \"SYMBOL\"\n"
                                                          "Side = \"SIDE\"\n"
                                                          "TransactTime = {now = true}\n"
                                                          "OrdType = {value = \"1\"}\n"
                                                          "OrderQty = \"QUANTITY\"\n"
                                                          "Text = \"NOTE\"\n")),
          source_(open("ORDER_OUT")) {
        source_->start();
        wanted_.name = "route";
    }

    [[nodiscard]] std::unique_ptr<engine::table_log> open(std::string_view table) const {
        engine::table_log_options options;
        options.segment_bytes = config_.segment_bytes;
        const table_config& config = *config_.find_table(table);
        return std::make_unique<engine::table_log>(config.directory, config.schema, options);
    }
    [[nodiscard]] const engine::row_schema& schema() const { return source_->schema(); }

    // The slots of all records, as a streamer would hand them over.
    [[nodiscard]] std::vector<engine::stream_slot> slots() {
        std::vector<engine::stream_slot> all;
        reader_ = std::make_unique<engine::log_reader>(source_->log().directory(),
                                                       engine::read_from::first());
        reader_->keep_all();
        engine::record_view record;
        while (reader_->poll(record) == engine::read_status::record) {
            all.push_back({record.at, record.payload, record.seq, record.time, 77,
                           record.payload_size, 0,
                           engine::correlation_log_id(reader_->original_log())});
        }
        return all;
    }
    [[nodiscard]] offer_status offer(route& to, const engine::stream_slot& slot) const {
        return to.offer(slot, engine::row_view(schema(), slot.bytes()));
    }
    [[nodiscard]] route make(route::destination to, engine::sequence resume_after = {},
                             reject_log* rejects = nullptr,
                             std::vector<engine::sequence> parked = {}) {
        return route(wanted_, std::move(to), schema(), source_->log().uuid(), resume_after, rejects,
                     events_, std::move(parked));
    }
    [[nodiscard]] session_sink to_session(std::size_t ring_bytes, std::size_t message_bytes_max) {
        session_sink sink{
            build_outbound_map(config_, config_.maps.front(), {}, schema(), dictionaries_),
            std::make_unique<outbound_link>(ring_bytes), message_bytes_max};
        link_ = sink.link.get();
        return sink;
    }
    // Headers of what waits in the ring, with the bodies behind them.
    [[nodiscard]] std::vector<std::pair<outbound_header, std::string>> sent() {
        std::vector<std::pair<outbound_header, std::string>> all;
        link_->ring.poll(
            [&](std::uint32_t type, std::span<const std::byte> payload) {
                EXPECT_EQ(type, outbound_message_type);
                outbound_header header;
                std::memcpy(&header, payload.data(), sizeof header);
                EXPECT_EQ(payload.size(), sizeof header + header.body_bytes);
                all.emplace_back(header, std::string(reinterpret_cast<const char*>(payload.data()) +
                                                         sizeof header,
                                                     header.body_bytes));
            },
            1000);
        return all;
    }
    [[nodiscard]] local_sink to_table(engine::table_log* table) const {
        local_sink sink;
        sink.table = table;
        sink.row.resize(table->log().record_bytes_max());
        return sink;
    }

    temporary_directory directory_;
    pipeline_config config_;
    map_dictionaries dictionaries_;
    std::unique_ptr<engine::table_log> source_;
    std::unique_ptr<engine::log_reader> reader_;
    route_config wanted_;
    event_ring events_;
    outbound_link* link_ = nullptr;
};

TEST_F(Route, SendsTheBodyWithOriginCorrelationAndTimes) {
    append_orders(*source_, 1, 2);
    const auto all = slots();
    route one = make(to_session(1 << 16, 4096));
    EXPECT_EQ(offer(one, all[0]), offer_status::accepted);
    EXPECT_EQ(offer(one, all[1]), offer_status::accepted);
    const auto messages = sent();
    ASSERT_EQ(messages.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& [header, body] = messages[i];
        EXPECT_EQ(header.origin.route, engine::route_id("route"));
        EXPECT_EQ(header.origin.log, source_->log().uuid());
        EXPECT_EQ(header.origin.sequence, i + 1);
        EXPECT_EQ(header.correlation.sequence, i + 1);
        EXPECT_EQ(header.committed_ns, all[i].time.ns);
        EXPECT_EQ(header.streamed_ns, 77);
        EXPECT_GE(header.translated_ns, header.committed_ns);
        EXPECT_EQ(std::string_view(header.msg_type, header.msg_type_bytes), "D");
        EXPECT_NE(body.find("11=A" + std::to_string(i + 1) + "\x01"), std::string::npos) << body;
        std::uint32_t sum = 0;
        for (const char c : body) {
            sum += static_cast<std::uint8_t>(c);
        }
        EXPECT_EQ(header.body_sum % 256, sum % 256);
    }
    EXPECT_EQ(one.highest().value, 2U);
}

TEST_F(Route, KnowsNoParkedRecordThatACutBackGaveUp) {
    append_orders(*source_, 1, 10);
    const auto all = slots();
    const auto open_rejects = [&] {
        auto rejects = std::make_unique<reject_log>(
            directory_.path() / "REJECT",
            engine::table_log_options{.segment_bytes = 1 << 20, .purpose = "test"});
        rejects->bind_route("route", source_->log().uuid());
        return rejects;
    };
    const auto park = [&](reject_log& rejects, std::size_t index) {
        EXPECT_EQ(rejects.park("route", source_->log().uuid(), all[index], "no"),
                  engine::append_status::ok);
    };
    using sequences = std::vector<engine::sequence>;
    auto rejects = open_rejects();
    rejects->open();
    park(*rejects, 2);
    park(*rejects, 8);
    rejects.reset();
    rejects = open_rejects();
    EXPECT_EQ(rejects->parked_behind("route", {2}), (sequences{{3}, {9}}));
    rejects->cut_back("route", {7});
    EXPECT_EQ(rejects->parked_behind("route", {2}), (sequences{{3}}));
    rejects->open();
    park(*rejects, 9);
    rejects.reset();
    EXPECT_EQ(open_rejects()->parked_behind("route", {2}), (sequences{{3}, {10}}));
}

// A row that is deleted is no order.
TEST_F(Route, TakesOnlyTheOperationsItIsFor) {
    append(*source_, {.number = 1});
    append(*source_, {.number = 1, .operation = engine::operation::modify});
    append(*source_, {.number = 1, .operation = engine::operation::remove});
    append(*source_, {.number = 2});
    const auto all = slots();
    wanted_.operations = {.inserts = true, .modifies = false, .deletes = false};
    route one = make(to_session(1 << 16, 4096));
    for (const auto& slot : all) {
        EXPECT_EQ(offer(one, slot), offer_status::accepted);
    }
    const auto messages = sent();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].first.origin.sequence, 1U);
    EXPECT_EQ(messages[1].first.origin.sequence, 4U);
    EXPECT_EQ(one.counters.passed_over.value(), 2U);
    EXPECT_EQ(one.highest().value, 4U);

    wanted_.operations = {.inserts = false, .modifies = true, .deletes = true};
    route other = make(to_session(1 << 16, 4096));
    for (const auto& slot : all) {
        EXPECT_EQ(offer(other, slot), offer_status::accepted);
    }
    EXPECT_EQ(sent().size(), 2U);
}

TEST_F(Route, OffersTheSameRecordAgainWhenItsRingHasRoom) {
    append_orders(*source_, 1, 200);
    const auto all = slots();
    route one = make(to_session(16384, 2048));
    std::size_t next = 0;
    std::vector<std::uint64_t> origins;
    int refusals = 0;
    while (origins.size() < all.size()) {
        ASSERT_LT(refusals, 1000);
        if (next < all.size() && offer(one, all[next]) == offer_status::accepted) {
            ++next;
            continue;
        }
        ++refusals;
        EXPECT_EQ(one.highest().value, next);
        for (const auto& [header, body] : sent()) {
            origins.push_back(header.origin.sequence);
        }
    }
    EXPECT_GT(refusals, 2);
    EXPECT_EQ(origins, range(1, 200));
}

TEST_F(Route, TranslatesAgainWithMoreRoomWhatTheUsualRoomDoesNotHold) {
    const std::vector<std::size_t> sizes = {1800, 2048, 5000, 7900};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        append(*source_, {.number = i + 1, .note_size = sizes[i]});
    }
    append(*source_, {.number = 5, .note_size = 8200});
    const auto all = slots();
    route one = make(to_session(1 << 17, 8192));
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        EXPECT_EQ(offer(one, all[i]), offer_status::accepted);
    }
    const auto messages = sent();
    ASSERT_EQ(messages.size(), sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        EXPECT_NE(messages[i].second.find("58=" + std::string(sizes[i], 'n') + "\x01"),
                  std::string::npos);
    }
    EXPECT_EQ(offer(one, all[4]), offer_status::halted);
    EXPECT_TRUE(sent().empty()) << "what was given up leaves no trace";
    EXPECT_EQ(one.highest().value, 4U);
}

TEST_F(Route, TakesNothingMoreOnceTheSessionRefusedOneOfItsMessages) {
    append_orders(*source_, 1, 2);
    const auto all = slots();
    route one = make(to_session(1 << 16, 4096));
    EXPECT_EQ(offer(one, all[0]), offer_status::accepted);
    link_->is_halted.store(true, std::memory_order_release);
    EXPECT_EQ(offer(one, all[1]), offer_status::halted);
    EXPECT_TRUE(one.is_halted());
    EXPECT_EQ(one.highest().value, 1U);
}

TEST_F(Route, PassesOverWhatItHasTakenAndWhatItHasParked) {
    append_orders(*source_, 1, 8);
    const auto all = slots();
    route one = make(to_session(1 << 16, 4096), {2}, nullptr, {{4}, {5}, {8}});
    for (const engine::stream_slot& slot : all) {
        EXPECT_EQ(offer(one, slot), offer_status::accepted);
    }
    std::vector<std::uint64_t> origins;
    for (const auto& [header, body] : sent()) {
        origins.push_back(header.origin.sequence);
    }
    EXPECT_EQ(origins, (std::vector<std::uint64_t>{3, 6, 7}));
    EXPECT_EQ(one.highest().value, 8U);
    EXPECT_EQ(offer(one, all[2]), offer_status::accepted);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Route, FindsWhatIsParkedBehindASequence) {
    append_orders(*source_, 1, 6);
    const auto all = slots();
    const auto source = source_->log().uuid();
    engine::table_log_options options;
    options.segment_bytes = config_.segment_bytes;
    {
        reject_log rejects(directory_.path() / "rejects", options);
        rejects.bind_route("route", source);
        rejects.bind_route("other", source);
        rejects.open();
        for (const std::size_t index : {1U, 3U, 5U}) {
            ASSERT_EQ(rejects.park("route", source, all[index], "no"), engine::append_status::ok);
            ASSERT_EQ(rejects.park("other", source, all[index - 1], "no"),
                      engine::append_status::ok);
        }
        rejects.close();
    }
    const reject_log reopened(directory_.path() / "rejects", options);
    const auto behind = [&](std::uint64_t after) {
        std::vector<std::uint64_t> sequences;
        for (const engine::sequence seq : reopened.parked_behind("route", {after})) {
            sequences.push_back(seq.value);
        }
        return sequences;
    };
    EXPECT_EQ(behind(0), (std::vector<std::uint64_t>{2, 4, 6}));
    EXPECT_EQ(behind(2), (std::vector<std::uint64_t>{4, 6}));
    EXPECT_EQ(behind(5), (std::vector<std::uint64_t>{6}));
    EXPECT_TRUE(behind(6).empty());
    EXPECT_TRUE(reopened.parked_behind("stranger", {}).empty());
}

TEST_F(Route, AsksItsHandlerOnceHoweverOftenTheRowFindsNoRoom) {
    append_orders(*source_, 1, 1);
    const auto all = slots();
    const auto table = open("COPY");
    table->start();
    table->close();  // takes nothing more, as a full disk would
    recording_handler handler;
    local_sink sink = to_table(table.get());
    sink.handler = event_handler::of(handler);
    route one = make(std::move(sink));
    for (int attempt = 0; attempt < 5; ++attempt) {
        EXPECT_EQ(offer(one, all[0]), offer_status::back_pressured);
    }
    EXPECT_EQ(handler.seen(), range(1, 1));
    EXPECT_EQ(one.highest().value, 0U);
    EXPECT_EQ(one.counters.back_pressured.value(), 5U);
}

TEST_F(Route, SaysWhyItHalted) {
    append_orders(*source_, 1, 3);
    const auto all = slots();
    recording_handler handler;
    handler.decide = [](std::uint64_t sequence) {
        return sequence == 2 ? answer::nack : answer::ack;
    };
    local_sink sink;
    sink.handler = event_handler::of(handler);
    sink.progress = std::make_unique<engine::checkpoint>(directory_.path() / "c", "route",
                                                         source_->log().uuid());
    route one = make(std::move(sink));
    EXPECT_EQ(offer(one, all[0]), offer_status::accepted);
    EXPECT_EQ(offer(one, all[1]), offer_status::halted);
    EXPECT_EQ(offer(one, all[2]), offer_status::halted);
    EXPECT_EQ(handler.seen(), range(1, 2));
    std::vector<std::string> said;
    events_.drain([&](event_level level, engine::timestamp, std::string_view text) {
        EXPECT_EQ(level, event_level::error);
        said.emplace_back(text);
    });
    EXPECT_EQ(said,
              std::vector<std::string>{"route: halted(the event handler refused it, position " +
                                       std::to_string(all[1].at.value) + ")"});
}

TEST_F(Route, WaitsForRoomToParkAndParksOnce) {
    append(*source_, {.number = 1, .side = '\0'});
    const auto all = slots();
    engine::table_log_options options;
    options.segment_bytes = config_.segment_bytes;
    reject_log rejects(directory_.path() / "rejects", options);
    rejects.bind_route("route", source_->log().uuid());
    rejects.open();
    wanted_.on_parsing_error = failure_policy::park;
    {
        route one = make(to_session(1 << 16, 4096), {}, &rejects);
        EXPECT_EQ(offer(one, all[0]), offer_status::accepted);
        EXPECT_EQ(offer(one, all[0]), offer_status::accepted);
        EXPECT_EQ(one.counters.parked.value(), 1U);
        std::vector<std::string> said;
        events_.drain([&](event_level level, engine::timestamp, std::string_view text) {
            EXPECT_EQ(level, event_level::warning);
            said.emplace_back(text);
        });
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(said[0].find("route: parked sequence 1 (position "), 0U) << said[0];
        EXPECT_NE(said[0].find("column SIDE"), std::string::npos) << said[0];
    }
    rejects.close();
    route full = make(to_session(1 << 16, 4096), {}, &rejects);
    EXPECT_EQ(offer(full, all[0]), offer_status::back_pressured);
    EXPECT_EQ(full.highest().value, 0U);
    EXPECT_FALSE(full.is_halted());
}

// Making it takes a while, on another thread; a handler that refused is not asked again meanwhile.
TEST_F(Route, WaitsForARejectLogThatIsNotThereYet) {
    append_orders(*source_, 1, 2);
    const auto all = slots();
    engine::table_log_options options;
    options.segment_bytes = config_.segment_bytes;
    reject_log rejects(directory_.path() / "rejects", options);
    rejects.bind_route("route", source_->log().uuid());
    rejects.set_source(source_->log().uuid(), schema());
    EXPECT_FALSE(rejects.open_if_wanted());
    recording_handler refusing;
    refusing.decide = [](std::uint64_t) { return answer::nack; };
    local_sink sink;
    sink.handler = event_handler::of(refusing);
    sink.progress = std::make_unique<engine::checkpoint>(directory_.path() / "c", "route",
                                                         source_->log().uuid());
    wanted_.on_nack = failure_policy::park;
    route one = make(std::move(sink), {}, &rejects);
    for (int turn = 0; turn < 3; ++turn) {
        EXPECT_EQ(offer(one, all[0]), offer_status::back_pressured);
    }
    EXPECT_EQ(one.counters.back_pressured.value(), 3U);
    EXPECT_FALSE(std::filesystem::exists(directory_.path() / "rejects")) << "not on this thread";
    EXPECT_TRUE(rejects.open_if_wanted());
    EXPECT_FALSE(rejects.open_if_wanted()) << "once";
    EXPECT_EQ(offer(one, all[0]), offer_status::accepted);
    EXPECT_EQ(one.counters.parked.value(), 1U);
    EXPECT_EQ(refusing.seen(), (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(rejects.highest("route"), engine::sequence{1});
    EXPECT_TRUE(std::filesystem::exists(directory_.path() / "rejects" /
                                        (to_string(source_->log().uuid()) + ".schema")));
}

TEST_F(Route, TellsAHookOfEachRecordItCannotDeliverWhateverThePolicy) {
    append(*source_, {.number = 1, .side = '\0'});
    append(*source_, {.number = 2});
    const auto all = slots();
    struct teller {
        std::vector<std::string> told;
        void operator()(const delivery_failure& failure) {
            told.push_back(std::string(failure.route) + " " + std::to_string(failure.seq.value) +
                           " " + std::to_string(static_cast<int>(failure.policy)) + " " +
                           std::string(failure.reason));
        }
    } hook;
    wanted_.on_parsing_error = failure_policy::drop;
    {
        route one = make(to_session(1 << 16, 4096));
        one.set_failure_hook(failure_hook::of(hook));
        EXPECT_EQ(offer(one, all[0]), offer_status::accepted) << "it goes on without the record";
        EXPECT_EQ(offer(one, all[1]), offer_status::accepted);
        EXPECT_EQ(one.counters.dropped.value(), 1U);
        EXPECT_EQ(one.counters.delivered.value(), 1U);
        EXPECT_EQ(one.highest().value, 2U);
        EXPECT_FALSE(one.is_halted());
        std::vector<std::string> said;
        events_.drain([&](event_level, engine::timestamp, std::string_view text) {
            said.emplace_back(text);
        });
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(said[0].find("route: dropped sequence 1 (position "), 0U) << said[0];
    }
    wanted_.on_parsing_error = failure_policy::halt;
    route stopping = make(to_session(1 << 16, 4096));
    stopping.set_failure_hook(failure_hook::of(hook));
    EXPECT_EQ(offer(stopping, all[0]), offer_status::halted);
    ASSERT_EQ(hook.told.size(), 2U);
    EXPECT_EQ(hook.told[0].find("route 1 2 "), 0U) << hook.told[0];
    EXPECT_NE(hook.told[0].find("column SIDE"), std::string::npos) << hook.told[0];
    EXPECT_EQ(hook.told[1].find("route 1 0 "), 0U) << hook.told[1];
}

TEST_F(Route, ReceivesARecordOnceWhileAnotherOfItsClientHasNoRoom) {
    append_orders(*source_, 1, 40);
    const auto all = slots();
    client_agent client("client:two", "", schema(), 64);
    recording_handler handler;
    local_sink sink;
    sink.handler = event_handler::of(handler);
    sink.progress = std::make_unique<engine::checkpoint>(directory_.path() / "c", "first",
                                                         source_->log().uuid());
    client.add_route(std::make_unique<route>(make(std::move(sink))));
    wanted_.name = "second";
    client.add_route(std::make_unique<route>(make(to_session(16384, 2048))));
    for (const engine::stream_slot& slot : all) {
        ASSERT_EQ(client.ring().try_push(slot), engine::push_status::ok);
    }
    client.on_start();
    std::vector<std::uint64_t> origins;
    for (int turn = 0; turn < 100 && origins.size() < all.size(); ++turn) {
        client.do_work();
        const auto taken = sent();
        EXPECT_LE(handler.seen().size(), origins.size() + taken.size() + 1)
            << "the record that waits is the last one offered";
        for (const auto& [header, body] : taken) {
            origins.push_back(header.origin.sequence);
        }
    }
    EXPECT_EQ(origins, range(1, 40));
    EXPECT_EQ(handler.seen(), range(1, 40));
    EXPECT_EQ(client.do_work(), 0);
}

}  // namespace
}  // namespace millrace::gateway::test
