// What stands behind a millrace_log_reader: the log, the columns its user knows, and where a row of
// the segment at hand has each of them.
//
// A log's segments may have several schemas, each with more columns or wider texts than the one
// before. A row is read in place by the schema of its own segment: no value is converted or copied,
// so none can fail to fit.
//
// Threading  as millrace_log.h
// Invariant  `row` is a checked row of `written`; `places` has an entry for each shown column
// Errors     the constructor throws what log_reader throws; follow() and take_columns() throw
//            config_error and bad_alloc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log/log_reader.hpp"
#include "engine/table/row.hpp"
#include "engine/table/schema.hpp"

struct millrace_log_reader {
    millrace_log_reader(const std::filesystem::path& directory,
                        const millrace::engine::read_from& from);

    // The shown columns; null where the log is no table's.
    [[nodiscard]] const millrace::engine::row_schema* columns() const noexcept {
        return shown.empty() ? nullptr : &shown.back();
    }
    // Makes the segment of the last record the one whose rows are read.
    void follow();
    // False: it has no columns but those that are shown. A throw leaves all as it was.
    [[nodiscard]] bool take_columns();
    // For good. The text is cut to what was reserved, so that nothing can throw.
    void stop(std::string_view text) noexcept;

    static constexpr std::size_t damage_bytes = 1024;

    millrace::engine::log_reader log;
    std::string uuid;
    millrace::engine::record_view record;           // the last one
    std::optional<millrace::engine::row_view> row;  // it, where it is one
    std::string damage;
    bool is_idle = false;  // the last poll found nothing

    // The newest counts. Those before stay, since the names of their columns were handed out.
    std::deque<millrace::engine::row_schema> shown;

    // Of the segment at hand.
    std::uint32_t version = 0;  // none has it
    std::optional<millrace::engine::row_schema> written;
    std::vector<std::optional<std::size_t>> places;  // of the shown columns in a row; none: without
    bool has_more_columns = false;                   // than are shown
};
