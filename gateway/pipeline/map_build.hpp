// From a map of the configuration to one that translates: rows to FIX bodies, FIX messages to rows,
// rows to rows.
//
// The dictionaries must outlive the maps that are built with them.
//
// Threading  building is set-up; an outbound map is constant, an inbound one belongs to one thread
//            (its decoder)
// Progress   decode() neither allocates nor throws
// Errors     build_*() throws engine::config_error with every error, one "file:line: reason" a line
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/row.hpp"
#include "gateway/pipeline/config.hpp"
#include "gateway/pipeline/map_dictionaries.hpp"
#include "gateway/pipeline/message_pass.hpp"
#include "gateway/quickfix/settings.hpp"
#include "xlator/fix/decoder.hpp"
#include "xlator/map/inbound_map.hpp"
#include "xlator/map/outbound_map.hpp"
#include "xlator/map/row_map.hpp"

namespace millrace::gateway {

enum class inbound_status : std::uint8_t {
    ok,
    wrong_message,  // of another type than the map's: nothing to translate
    malformed,      // the dictionary refuses the message: reason and tag
    untranslatable  // a value is missing, or none its column can hold: tag and column
};

struct [[nodiscard]] inbound_result {
    inbound_status status = inbound_status::ok;
    std::string_view reason;  // a constant text; empty where ok
    int tag = 0;
    int column = -1;
};

// The xlator's map with the decoder it needs.
class inbound_map {
public:
    inbound_map(xlator::inbound_map compiled, const xlator::dictionary& dict);

    // Sets the columns of the map; the caller has cleared the row, and finishes it. REQUIRES: the
    // builder has the schema the map was built for.
    inbound_result decode(std::string_view message, const xlator::record_facts& facts,
                          engine::row_builder& row) noexcept;
    [[nodiscard]] std::string_view msg_type() const noexcept { return compiled_.msg_type(); }

private:
    xlator::inbound_map compiled_;
    std::unique_ptr<xlator::decoder> decoder_;
};

// What stands in the braces of a template, without formats.
[[nodiscard]] std::vector<std::string> names_in_template(std::string_view text);

struct map_error {
    long line = 0;
    std::string reason;
};

// A map, or all that is wrong with it.
template <class Map>
struct built_map {
    std::optional<Map> map;
    std::vector<map_error> errors;
};

// `dictionary`: of the session, or of the stream's messages, for a map that names none; empty:
// FIX44.
[[nodiscard]] built_map<xlator::outbound_map> try_build_outbound_map(
    const map_config& map, const std::string& dictionary, const engine::row_schema& source,
    map_dictionaries& dictionaries);
[[nodiscard]] built_map<inbound_map> try_build_inbound_map(const map_config& map,
                                                           const std::string& dictionary,
                                                           const engine::row_schema& target,
                                                           map_dictionaries& dictionaries);

[[nodiscard]] built_map<xlator::row_map> try_build_row_map(const map_config& map,
                                                           const engine::row_schema& source,
                                                           const engine::row_schema& target);

// Of a column that holds messages, for the session they go to.
[[nodiscard]] built_map<message_pass> try_build_message_pass(const map_config& map,
                                                             const session_spec& session,
                                                             const engine::row_schema& source,
                                                             map_dictionaries& dictionaries);

// Its rows are map_row (map_rows.hpp) of the source table.
[[nodiscard]] xlator::outbound_map build_outbound_map(const pipeline_config& config,
                                                      const map_config& map,
                                                      const std::string& dictionary,
                                                      const engine::row_schema& source,
                                                      map_dictionaries& dictionaries);
[[nodiscard]] inbound_map build_inbound_map(const pipeline_config& config, const map_config& map,
                                            const std::string& dictionary,
                                            const engine::row_schema& target,
                                            map_dictionaries& dictionaries);
[[nodiscard]] xlator::row_map build_row_map(const pipeline_config& config, const map_config& map,
                                            const engine::row_schema& source,
                                            const engine::row_schema& target);

[[nodiscard]] message_pass build_message_pass(const pipeline_config& config, const map_config& map,
                                              const session_spec& session,
                                              const engine::row_schema& source,
                                              map_dictionaries& dictionaries);

}  // namespace millrace::gateway
