#include "engine/table/typed.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <vector>

#include "engine/log/log_reader.hpp"
#include "engine/log/log_writer.hpp"
#include "engine/table/predicate.hpp"

namespace millrace::engine {
namespace {

enum class side : char { buy = '1', sell = '2' };

struct order {
    text<20> cl_ord_id{};
    engine::side side = side::buy;
    decimal price{};
    std::int64_t quantity = 0;
    bool active = false;
    timestamp sent{};
};

const auto order_table =
    table_of<order>("ORDER_OUT", key("CL_ORD_ID", &order::cl_ord_id), column("SIDE", &order::side),
                    column("PRICE", &order::price), column("QUANTITY", &order::quantity),
                    column("ACTIVE", &order::active), column("SENT", &order::sent));

struct dense {
    std::uint32_t id = 0;
    std::uint32_t count = 0;
    text<6> name{};
};
const auto dense_table =
    table_of<dense>("DENSE", key("ID", &dense::id), column("COUNT", &dense::count),
                    column("NAME", &dense::name), trailing_bytes("WIRE"));

struct temporary_directory {
    temporary_directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "millrace-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp " + pattern);
        }
        path = pattern;
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

TEST(TypedTable, DerivesTheSchemaFromTheStruct) {
    EXPECT_EQ(order_table.schema().to_text(),
              "table ORDER_OUT\n"
              "column CL_ORD_ID text(20) key\n"
              "column SIDE character\n"
              "column PRICE decimal\n"
              "column QUANTITY i64\n"
              "column ACTIVE boolean\n"
              "column SENT timestamp\n");
    EXPECT_EQ(order_table.schema().fixed_size(), sizeof(order));
}

TEST(TypedTable, TheTypedAndTheSchemaViewReadTheSame) {
    order row{.cl_ord_id = "A1", .side = side::sell, .price = {10125, -2, 0}, .quantity = -5};
    row.sent = {77};
    alignas(32) std::byte payload[row_envelope_size + sizeof(order)];
    ASSERT_EQ(order_table.write(payload, row, {.event = "NEW"}), row_status::ok);
    ASSERT_EQ(order_table.check(payload), row_status::ok);
    const order& typed = as<order>(payload);
    EXPECT_EQ(typed.cl_ord_id.view(), "A1");
    EXPECT_EQ(typed.side, side::sell);
    EXPECT_EQ(typed.price, (decimal{101250, -3, 0}));
    const row_view view(order_table.schema(), payload);
    EXPECT_EQ(view.text(0), "A1");
    EXPECT_EQ(view.character(1), '2');
    EXPECT_EQ(view.decimal_value(2), typed.price);
    EXPECT_EQ(view.integer(3), -5);
    EXPECT_FALSE(view.boolean(4));
    EXPECT_EQ(view.timestamp(5).ns, 77);
    EXPECT_EQ(view.envelope().event.view(), "NEW");
}

TEST(TypedTable, WritesTheSameBytesAsTheBuilder) {
    // The order stands in memory full of ones, so that a padding byte copied would be seen.
    alignas(order) std::byte memory[sizeof(order)];
    std::memset(memory, 0xff, sizeof memory);
    order& row = *new (memory) order;
    std::memset(memory, 0xff, sizeof memory);
    row.cl_ord_id.clear();
    ASSERT_TRUE(row.cl_ord_id.assign("A1"));
    row.side = side::buy;
    row.price = {5, 0, 0};
    row.quantity = 3;
    row.active = true;
    row.sent = {9};
    alignas(32) std::byte payload[row_envelope_size + sizeof(order)];
    ASSERT_EQ(order_table.write(payload, row), row_status::ok);

    alignas(32) std::byte built[sizeof payload];
    row_builder builder(order_table.schema(), built);
    ASSERT_EQ(builder.set_text(0, "A1"), row_status::ok);
    ASSERT_EQ(builder.set_character(1, '1'), row_status::ok);
    ASSERT_EQ(builder.set_decimal(2, {5, 0, 0}), row_status::ok);
    ASSERT_EQ(builder.set_integer(3, 3), row_status::ok);
    ASSERT_EQ(builder.set_boolean(4, true), row_status::ok);
    ASSERT_EQ(builder.set_timestamp(5, {9}), row_status::ok);
    EXPECT_EQ(std::memcmp(payload, built, sizeof payload), 0);
}

TEST(TypedTable, AppendsToALogThatTheSchemaDescribes) {
    const temporary_directory directory;
    {
        log_options options;
        options.segment_bytes = segment_bytes_min;
        options.schema = order_table.schema().to_text();
        log_writer writer(directory.path, options);
        const auto first = order_table.append(writer, {.cl_ord_id = "A1", .quantity = 100},
                                              {.event = "ORDER_NEW", .user = "me"});
        ASSERT_TRUE(first);
        EXPECT_EQ(first.log.seq.value, 1U);
        ASSERT_TRUE(order_table.append(writer, {.cl_ord_id = "A2", .quantity = 200},
                                       {.operation = operation::modify}));
    }
    log_reader reader(directory.path, read_from::first());
    const row_schema schema = row_schema::parse(reader.schema());
    EXPECT_EQ(schema, order_table.schema());
    const predicate where("QUANTITY > 100", schema);
    record_view record;
    ASSERT_EQ(reader.poll(record), read_status::record);
    EXPECT_EQ(record.type, row_record_type);
    ASSERT_EQ(order_table.check(record.bytes()), row_status::ok);
    EXPECT_EQ(as<order>(record).cl_ord_id.view(), "A1");
    EXPECT_FALSE(where.evaluate(row_view(schema, record.bytes()), {}));
    ASSERT_EQ(reader.poll(record), read_status::record);
    EXPECT_EQ(as<order>(record).quantity, 200);
    EXPECT_TRUE(where.evaluate(row_view(schema, record.bytes()), {}));
}

// Claims without a record type and commits through the writer, as a table_log does.
struct watching_writer {
    explicit watching_writer(log_writer& inner) : log(inner) {}
    [[nodiscard]] log_claim try_claim(std::size_t size) noexcept {
        return log.try_claim(row_record_type, size);
    }
    [[nodiscard]] append_result commit(log_claim& claim, std::size_t size) noexcept {
        std::memcpy(&seen, claim.payload().data(), sizeof seen);
        return claim.commit(size);
    }
    log_writer& log;
    row_envelope seen;
};

TEST(TypedTable, CommitsThroughAWriterThatWatchesWhatIsCommitted) {
    const temporary_directory directory;
    log_options options;
    options.segment_bytes = segment_bytes_min;
    options.schema = order_table.schema().to_text();
    log_writer log(directory.path, options);
    watching_writer writer(log);
    ASSERT_TRUE(order_table.append(writer, {.cl_ord_id = "A1"}, {.event = "SEEN"}));
    EXPECT_EQ(writer.seen.event.view(), "SEEN");
    EXPECT_EQ(log.last_sequence().value, 1U);
    EXPECT_EQ(order_table.append(writer, {}).row, row_status::key_empty);
    EXPECT_EQ(log.last_sequence().value, 1U);
}

TEST(TypedTable, CarriesTrailingBytesBehindTheStruct) {
    const std::string wire(
        "8=FIX.4.4\x01"
        "9=5\x01");
    const auto trailing = std::as_bytes(std::span(wire));
    std::vector<std::byte> payload(dense_table.schema().payload_size(wire.size()));
    ASSERT_EQ(dense_table.write(payload, {.id = 1, .name = "abc"}, {}, trailing), row_status::ok);
    const row_view view(dense_table.schema(), payload);
    EXPECT_EQ(view.text(2), "abc");
    EXPECT_EQ(std::memcmp(view.trailing().data(), wire.data(), wire.size()), 0);
}

TEST(TypedTable, RefusesAnEmptyKeyAndBytesWithoutAColumn) {
    alignas(32) std::byte payload[row_envelope_size + sizeof(order)];
    EXPECT_EQ(order_table.write(payload, {.quantity = 1}), row_status::key_empty);
    const std::byte extra[1] = {};
    EXPECT_EQ(order_table.write(payload, {.cl_ord_id = "A1"}, {}, extra), row_status::wrong_type);
}

TEST(TypedTable, ReportsWhatTheWriterRefused) {
    const temporary_directory directory;
    log_options options;
    options.segment_bytes = segment_bytes_min;
    options.schema = dense_table.schema().to_text();
    log_writer writer(directory.path, options);
    const std::vector<std::byte> huge(segment_bytes_min);
    const auto result = dense_table.append(writer, {.id = 1}, {}, huge);
    EXPECT_FALSE(result);
    EXPECT_EQ(result.row, row_status::ok);
    EXPECT_EQ(result.log.status, append_status::too_large);
}

TEST(TypedTable, RefusesColumnsInAnotherOrderThanTheMembers) {
    EXPECT_THROW(
        static_cast<void>(table_of<dense>("DENSE", column("COUNT", &dense::count),
                                          column("ID", &dense::id), column("NAME", &dense::name))),
        config_error);
    EXPECT_THROW(
        static_cast<void>(table_of<dense>("DENSE", column("ID", &dense::id),
                                          column("ID", &dense::id), column("NAME", &dense::name))),
        config_error);
}

}  // namespace
}  // namespace millrace::engine
