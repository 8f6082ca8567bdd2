#include "gateway/session/fix_tables.hpp"

#include <cstddef>

#include "engine/core/assert.hpp"

namespace millrace::gateway {

namespace {

using engine::column_type;
using engine::row_schema;
using engine::schema_column;

schema_column column(const char* name, column_type type, std::size_t capacity = 0,
                     bool is_key = false) {
    schema_column made;
    made.name = name;
    made.type = type;
    made.text_capacity = capacity;
    made.is_key = is_key;
    return made;
}

std::vector<schema_column> message_columns() {
    return {
        column("SESSION", column_type::text, session_name_bytes_max, true),
        column("GENERATION", column_type::u32, 0, true),
        column("MSG_SEQ_NUM", column_type::u32, 0, true),
        column("NEXT_SENDER", column_type::u32),
        column("NEXT_TARGET", column_type::u32),
        column("KIND", column_type::text, 14),
        column("MSG_TYPE", column_type::text, 6),
        column("SENDER", column_type::text, 22),
        column("TARGET", column_type::text, 22),
        column("CL_ORD_ID", column_type::text, 38),
        column("ORIG_CL_ORD_ID", column_type::text, 38),
        column("INTERNAL_TARGET", column_type::text, 22),
        column("SIZE", column_type::u32),
        column("POSS_DUP", column_type::u32),
    };
}

row_schema make_schema(const char* table, std::vector<schema_column> own,
                       const std::vector<const char*>& times, std::size_t struct_bytes) {
    std::vector<schema_column> columns = message_columns();
    columns.insert(columns.end(), own.begin(), own.end());
    for (const char* name : times) {
        columns.push_back(column(name, column_type::timestamp));
    }
    columns.push_back(column("WIRE", column_type::bytes));
    row_schema schema(table, columns);
    MILLRACE_ASSERT(schema.fixed_size() == struct_bytes, "schema and struct disagree");
    MILLRACE_ASSERT(schema.column(1).offset == offsetof(fix_message_columns, generation) &&
                        schema.column(9).offset == offsetof(fix_message_columns, cl_ord_id) &&
                        schema.column(13).offset == offsetof(fix_message_columns, poss_dup),
                    "schema and struct disagree");
    return schema;
}

}  // namespace

const row_schema& fix_out_schema() {
    static const row_schema schema = make_schema(
        "FIX_OUT",
        {column("REF_SEQ_NUM", column_type::u32), column("REASON", column_type::text, 18)},
        {"COMMITTED_TIME", "STREAMED_TIME", "TRANSLATED_TIME", "CREATION_TIME"},
        sizeof(fix_out_row));
    return schema;
}

const row_schema& fix_in_schema() {
    static const row_schema schema = make_schema(
        "FIX_IN", {}, {"RECEIVED_TIME", "SENDING_TIME", "CREATION_TIME"}, sizeof(fix_in_row));
    return schema;
}

}  // namespace millrace::gateway
