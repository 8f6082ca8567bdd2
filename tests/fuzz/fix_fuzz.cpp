#include "tests/fuzz/fix_fuzz.hpp"

#include <algorithm>
#include <array>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/table/predicate.hpp"
#include "engine/table/row_text.hpp"
#include "fix44/dictionary.hpp"
#include "gateway/pipeline/fix_fields.hpp"
#include "gateway/pipeline/map_build.hpp"
#include "gateway/pipeline/map_rows.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/fix/printer.hpp"
#include "xlator/spec/loaded_dictionary.hpp"

namespace millrace::fuzz {

namespace {

using tests::frame_of;
using tests::with_soh;
namespace spec = xlator::spec;

constexpr std::string_view order_fields =
    "35=D|34=7|49=ME|52=20260302-09:30:00|56=YOU|11=A1|453=2|448=BRK|447=D|452=1|802=1|523=x|803=4|"
    "448=TRD|447=D|452=12|54=1|55=VOD.L|38=100|40=2|44=101.50|60=20260302-09:30:00.123|";
constexpr std::string_view report_fields =
    "35=8|34=9|49=V|52=20260302-09:30:00.250|56=M|11=A1|37=V1|17=E1|150=F|39=1|54=1|55=VOD.L|30="
    "XLON|31=101.50|32=250|14=250|151=750|6=101.5|58=a text|";

const xlator::dictionary& fix44_tables() {
    static const xlator::dictionary one{millrace::fix44::dictionary};
    return one;
}

xlator::decode_options lax() {
    xlator::decode_options options;
    options.is_strict = false;
    return options;
}

bool lies_within(std::string_view outer, std::string_view inner) {
    return inner.empty() || (inner.data() >= outer.data() &&
                             inner.data() + inner.size() <= outer.data() + outer.size());
}

// All that may be asked of a message, so that a view outside of its bytes is met by a sanitizer.
void read_all(const xlator::field_scope& message, std::string_view bytes, int depth) {
    for (const xlator::field_view field : message) {
        MILLRACE_ASSERT(lies_within(bytes, field.value), "a value lies outside of the frame");
        static_cast<void>(xlator::meaning_of(&fix44_tables(), field.tag, field.value));
        if (depth < 3) {
            for (const xlator::field_scope entry : message.group(field.tag)) {
                read_all(entry, bytes, depth + 1);
            }
        }
    }
}

void expect_walk_agrees(const xlator::field_scope& message, std::string_view frame) {
    xlator::wire_walk walk(frame, &fix44_tables());
    xlator::wire_field plain;
    for (const xlator::field_view field : message) {
        MILLRACE_ASSERT(walk.next(plain), "the decoder sees more fields than there are");
        MILLRACE_ASSERT(plain.tag == field.tag && plain.value == field.value,
                        "the decoder and a plain walk see different fields");
    }
    MILLRACE_ASSERT(!walk.next(plain), "the decoder left fields out");
}

void decode_one(std::string_view frame) {
    static xlator::decoder strict{fix44_tables()};
    static xlator::decoder as_quickfix{fix44_tables(), lax()};
    const xlator::decode_result minded = strict.decode(frame);
    read_all(strict.message(), frame, 0);
    const xlator::decode_result result = as_quickfix.decode(frame);
    read_all(as_quickfix.message(), frame, 0);
    MILLRACE_ASSERT(result.is_ok() || !minded.is_ok(),
                    "the strict check takes what the lax does not");
    if (result.is_ok()) {
        expect_walk_agrees(as_quickfix.message(), frame);
    }
    const xlator::decode_result again = as_quickfix.decode(frame);
    MILLRACE_ASSERT(again.status == result.status && again.reason == result.reason &&
                        again.ref_tag == result.ref_tag,
                    "a frame is judged differently the second time");
    static_cast<void>(xlator::print(frame, &fix44_tables(), {.with_names = true}));
}

// With the length and the checksum that its other bytes ask for.
std::string resealed(std::string_view bytes) {
    const std::size_t type = bytes.find("35=");
    const std::size_t trailer = bytes.rfind("10=");
    if (type == std::string_view::npos || trailer == std::string_view::npos || trailer < type) {
        return {};
    }
    return tests::seal(bytes.substr(type, trailer - type));
}

std::vector<seed_input> named(std::vector<std::pair<std::string, std::string>> texts) {
    std::vector<seed_input> seeds;
    for (const auto& [name, text] : texts) {
        seeds.push_back({name, bytes_of(text)});
    }
    return seeds;
}

std::string read_source(const std::string& path) {
    return engine::read_whole_file(std::filesystem::path(MILLRACE_SOURCE_DIR) / path);
}

}  // namespace

void fuzz_decoder(std::span<const std::byte> input) {
    const std::string text = text_of(input);
    decode_one(text);
    decode_one(resealed(text));
    for (std::size_t at = 0; at < text.size();) {
        const xlator::scan_result found = xlator::scan_frame(std::string_view(text).substr(at));
        MILLRACE_ASSERT(found.size <= text.size() - at, "a frame ends behind the bytes");
        if (found.status == xlator::scan_status::incomplete) {
            break;
        }
        MILLRACE_ASSERT(found.size > 0, "a scan that does not go on");
        at += found.size;
    }
}

void fuzz_dictionary(std::span<const std::byte> input) {
    const spec::dictionary_text file{"fuzzed.xml", text_of(input)};
    try {
        const spec::loaded_dictionary one(file);
        const spec::loaded_dictionary other(file);
        const xlator::dictionary_info& info = one.tables().info();
        MILLRACE_ASSERT(info.fields.size() == other.tables().info().fields.size() &&
                            info.messages.size() == other.tables().info().messages.size(),
                        "the same text makes other tables");
        xlator::decoder reader(one.tables(), lax());
        for (const xlator::message_info& message : info.messages) {
            MILLRACE_ASSERT(one.tables().find_message(message.msg_type) != nullptr,
                            "a message is not found by its type");
            const std::string frame = tests::seal(
                "35=" + std::string(message.msg_type) + "\x01" + with_soh("11=x|5001=y|"),
                info.begin_string);
            static_cast<void>(reader.decode(frame));
        }
    } catch (const spec::dictionary_error& refused) {
        MILLRACE_ASSERT(std::string_view(refused.what()).starts_with("fuzzed.xml:"),
                        "a refusal does not say where");
    }
}

namespace {

using namespace gateway;

// Builds the map for the table, and lets it translate the row, or a report, if it is one.
std::vector<map_error> try_map(const map_config& map, const engine::row_schema& schema,
                               const engine::row_view* row, map_dictionaries& dictionaries) {
    const xlator::record_facts facts{{0, 3}, 1};
    std::array<char, 4096> out{};
    std::array<std::byte, 4096> target{};
    engine::row_builder made(schema, target);
    switch (map.kind) {
        case map_kind::to_message: {
            auto built = try_build_outbound_map(map, {}, schema, dictionaries);
            if (built.map && row != nullptr) {
                static_cast<void>(built.map->encode(map_row(*row), facts, out));
            }
            return built.errors;
        }
        case map_kind::from_message: {
            auto built = try_build_inbound_map(map, {}, schema, dictionaries);
            if (built.map) {
                static_cast<void>(
                    built.map->decode(frame_of(std::string(report_fields)), facts, made));
            }
            return built.errors;
        }
        case map_kind::between_rows: {
            auto built = try_build_row_map(map, schema, schema);
            map_row_sink sink(made);
            if (built.map && row != nullptr) {
                static_cast<void>(built.map->convert(map_row(*row), facts, sink));
            }
            return built.errors;
        }
        case map_kind::pass_through:
            break;
    }
    session_spec session;
    session.begin_string = "FIX.4.4";
    auto built = try_build_message_pass(map, session, schema, dictionaries);
    if (built.map && row != nullptr) {
        static_cast<void>(built.map->translate(map_row(*row), out));
    }
    return built.errors;
}

}  // namespace

void fuzz_map(std::span<const std::byte> input) {
    const std::string text = text_of(input);
    const long lines = std::count(text.begin(), text.end(), '\n') + 1;
    map_dictionaries dictionaries;
    try {
        const pipeline_config config = parse_config("fuzzed.toml", text);
        for (const map_config& map : config.maps) {
            for (const table_config& table : config.tables) {
                std::array<std::byte, 4096> room{};
                engine::row_builder row(table.schema, room);
                for (std::size_t i = 0; i < table.schema.column_count(); ++i) {
                    static_cast<void>(engine::parse_value(row, i, "1"));  // where it is a value
                }
                const auto finished = row.finish();
                const engine::row_view view(table.schema, std::span(room).first(finished.size));
                const bool is_row = finished.status == engine::row_status::ok;
                for (const map_error& error :
                     try_map(map, table.schema, is_row ? &view : nullptr, dictionaries)) {
                    MILLRACE_ASSERT(error.line >= 0 && error.line <= lines && !error.reason.empty(),
                                    "a map's error has no line of the text");
                }
            }
        }
    } catch (const engine::error& refused) {
        MILLRACE_ASSERT(!std::string_view(refused.what()).empty(), "a refusal says nothing");
    }
}

void fuzz_where(std::span<const std::byte> input) {
    static const engine::row_schema schema("FIX_IN", {{"MSG_TYPE", engine::column_type::text, 6},
                                                      {"WIRE", engine::column_type::bytes}});
    static const gateway::fix_fields fields(fix44_tables(), "FIX44");
    const std::string text = text_of(input);
    const std::string condition = text.substr(0, text.find('\0'));
    const std::string wire =
        condition.size() < text.size() ? text.substr(condition.size() + 1) : "";
    try {
        const engine::predicate plain(condition, schema, &fields);
        const engine::predicate turned("not (" + condition + ")", schema, &fields);
        std::vector<std::byte> room(wire.size() + 1024);
        engine::row_builder row(schema, room);
        static_cast<void>(row.set_text(0, "8"));
        const auto content = std::as_bytes(std::span(wire.data(), wire.size()));
        if (row.set_trailing(content) != engine::row_status::ok) {
            return;
        }
        const auto finished = row.finish();
        MILLRACE_ASSERT(finished.status == engine::row_status::ok, "the row was not taken");
        const engine::row_view view(schema, std::span(room).first(finished.size));
        MILLRACE_ASSERT(plain.evaluate(view, {}) != turned.evaluate(view, {}),
                        "a condition and its contrary hold together");
    } catch (const engine::config_error& refused) {
        MILLRACE_ASSERT(std::string_view(refused.what()).starts_with("where, character "),
                        "a refusal does not say where");
    }
}

std::vector<seed_input> decoder_seeds() {
    const std::string order = frame_of(std::string(order_fields));
    const std::string data =
        "x\x01"
        "54=2\x01";
    return named(
        {{"order", order},
         {"report", frame_of(std::string(report_fields))},
         {"data", tests::seal(with_soh("35=B|34=1|49=A|52=20260302-09:30:00|56=B|148=h|33=1|"
                                       "58=t|95=" +
                                       std::to_string(data.size()) + "|96=") +
                              data + "\x01")},
         {"short_count", frame_of("35=D|11=A|453=3|448=a|448=b|")},
         {"unknown", frame_of("35=zz|5001=x|999999999=y|")},
         {"two", order + order.substr(0, 30)},
         {"logon", frame_of("35=A|34=1|49=A|52=20260302-09:30:00|56=B|98=0|108=30|141=Y|")}});
}

std::vector<seed_input> dictionary_seeds() {
    std::vector<seed_input> seeds =
        named({{"dialect", read_source("tests/xlator/codegen/golden/dialect.xml")},
               {"nothing", "<fix major=\"4\" minor=\"4\" type=\"FIX\"></fix>"}});
    const std::filesystem::path bad =
        std::filesystem::path(MILLRACE_SOURCE_DIR) / "tests/xlator/codegen/bad";
    for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(bad)) {
        if (entry.path().extension() == ".xml") {
            seeds.push_back({entry.path().stem().native(), read_bytes(entry.path())});
        }
    }
    return seeds;
}

std::vector<seed_input> map_seeds() {
    const std::string table =
        "[[table]]\nname = 'T'\ncolumns = [{name = 'ID', type = 'text(20)', key = true}, {name = "
        "'SIDE', type = 'char'}, {name = 'PRICE', type = 'decimal'}, {name = 'AT', type = "
        "'timestamp'}]\n[[map]]\nname = 'm'\n";
    return named(
        {{"example", read_source("docs/examples/orders.toml")},
         {"out", table +
                     "message = 'NewOrderSingle'\n[map.fields]\nClOrdID = 'ID'\nSide = {column = "
                     "'SIDE', values = {B = '1'}}\nTransactTime = {now = true}\nOrdType = {value "
                     "= '1'}\nPrice = 'PRICE'\n"},
         {"group", table + "message = 'D'\n[map.fields]\nClOrdID = 'ID'\n[[map.group]]\ncounter = "
                           "'NoPartyIDs'\n[[map.group.entry]]\nPartyID = 'ID'\n"},
         {"in", table + "message = '8'\n[map.columns]\nID = 'ExecID'\nSIDE = 'Side'\nPRICE = "
                        "{field = 'LastPx', default = '0'}\nAT = {now = true}\n"},
         {"unknown", table + "dictionary = 'FIX99'\nmessage = '8'\n[map.columns]\nID = 'ExecID'\n"},
         {"wrong", table + "message = '8'\n[map.columns]\nID = 'Nothing'\nNONE = 'ExecID'\n"}});
}

std::vector<seed_input> where_seeds() {
    const std::string report = frame_of(std::string(report_fields));
    const auto on = [&](const std::string& condition) {
        return condition + std::string(1, '\0') + report;
    };
    return named({{"types", on("MsgType = '8' and LastMkt = 'XLON' or LastQty > 100.5")},
                  {"times", on("SendingTime >= '2026-03-02T09:30:00Z'")},
                  {"empty", on("not (MaxFloor is empty) and Side in ('1','2')")},
                  {"like", on("Text like '%ex%' and MSG_TYPE != ''")},
                  {"boolean", on("LocateReqd = true and MsgSeqNum <= 9")},
                  {"wrong", on("LastMarket = 1 and (")}});
}

}  // namespace millrace::fuzz
