#include "tools/millrace/control_printer.hpp"

#include <cstring>

#include <nlohmann/json.hpp>

#include "engine/log/clock_record.hpp"
#include "engine/log/salvage.hpp"

namespace millrace::tools {

namespace {

using engine::control_type;
using nlohmann::ordered_json;

template <class Payload>
bool load(const engine::record_view& record, Payload& payload) {
    if (record.payload_size < sizeof payload) {
        return false;
    }
    std::memcpy(&payload, record.payload, sizeof payload);
    return true;
}

// What a record says beyond its name; null: nothing.
ordered_json details_of(const engine::record_view& record) {
    if (engine::clock_payload clock;
        record.is_control(control_type::clock) && load(record, clock)) {
        return {{"says", describe(clock)},
                {"reason", clock.reason},
                {"realtime", to_string(engine::timestamp{clock.realtime_ns})},
                {"monotonic_ns", clock.monotonic_ns},
                {"old_offset_ns", clock.old_offset_ns},
                {"new_offset_ns", clock.new_offset_ns},
                {"number", clock.number}};
    }
    if (engine::gap_payload gap;
        record.is_control(control_type::gap) && record.payload_size < sizeof gap) {
        return {{"says", "it has no room to say what was lost"}};
    }
    if (engine::gap_payload gap; record.is_control(control_type::gap) && load(record, gap)) {
        const bool is_unknown = (gap.flags & engine::gap_flag_unknown) != 0;
        ordered_json told = {
            {"says", engine::lost_text({gap.first_sequence}, {gap.last_sequence}, is_unknown)}};
        if (gap.first_sequence <= gap.last_sequence) {
            told["first_lost"] = gap.first_sequence;
            told["last_lost"] = gap.last_sequence;
        }
        told["is_unknown"] = is_unknown;
        told["reason"] = gap.reason;
        return told;
    }
    return nullptr;
}

std::string value_text(const ordered_json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::string control_name(const engine::record_view& record) {
    switch (static_cast<control_type>(record.type)) {
        case control_type::end:
            return "end";
        case control_type::snapshot:
            return "snapshot";
        case control_type::close:
            return "close";
        case control_type::clock:
            return "clock";
        case control_type::gap:
            return "gap";
    }
    return "control " + std::to_string(record.type);
}

void append_control(std::string& out, const engine::record_view& record, bool is_json) {
    const ordered_json details = details_of(record);
    if (is_json) {
        ordered_json line = {{"sequence", record.seq.value},
                             {"position", record.at.value},
                             {"timestamp", to_string(record.time)},
                             {"control", control_name(record)},
                             {"payload_bytes", record.payload_size}};
        if (!details.is_null()) {
            line["details"] = details;
        }
        out += line.dump() + "\n";
        return;
    }
    out += "-- " + to_string(record.time) + " position " + std::to_string(record.at.value) + " " +
           control_name(record);
    if (details.is_null()) {
        out +=
            record.payload_size == 0 ? "" : ", " + std::to_string(record.payload_size) + " bytes";
    } else {
        for (const auto& [name, value] : details.items()) {
            out += name == "says" ? ": " + value_text(value) : " " + name + "=" + value_text(value);
        }
    }
    out += "\n";
}

}  // namespace millrace::tools
