#include "gateway/admin/audit_log.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <thread>

#include "engine/table/row.hpp"
#include "gateway/admin/admin_request.hpp"

namespace millrace::gateway {

namespace {

using engine::column_type;

constexpr std::int64_t sync_timeout_ns = 10'000'000'000;
constexpr std::size_t text_bytes_max = 1024;
constexpr std::int64_t sync_delay_max_ns = 20'000'000;
constexpr int waits_max = 2'000;  // of a millisecond, for a segment

enum column : std::size_t {
    at_gateway,
    at_session,
    at_command,
    at_user,
    at_uid,
    at_outcome,
    at_reason,
    at_before,
    at_after,
    at_text
};

engine::schema_column make(const char* name, column_type type, std::size_t capacity = 0) {
    engine::schema_column made;
    made.name = name;
    made.type = type;
    made.text_capacity = capacity;
    return made;
}

engine::log_options options_of(std::size_t segment_bytes) {
    engine::log_options options;
    options.segment_bytes = segment_bytes;
    options.purpose = "session administration";
    // With threads, so that a loss of power never leaves a segment that keeps the engine from
    // starting; and so it is sealed.
    options.is_synchronous = false;
    options.storage = engine::storage_mode::direct;
    // Idle but for an operator's command, which waits for the disk anyway.
    options.can_wait = true;
    options.sync_delay_max_ns = sync_delay_max_ns;
    return options;
}

std::string_view cut(const engine::row_schema& schema, std::size_t index, std::string_view text) {
    const std::size_t most = index == at_text ? text_bytes_max : schema.column(index).text_capacity;
    return text.substr(0, most);
}

}  // namespace

std::string_view to_text(audit_outcome outcome) noexcept {
    switch (outcome) {
        case audit_outcome::asked:
            return "asked";
        case audit_outcome::done:
            return "done";
        case audit_outcome::refused:
            return "refused";
        case audit_outcome::failed:
            return "failed";
    }
    return "unknown";
}

std::string to_text(const session_view& view) {
    if (view.state_text().empty()) {
        return {};  // nobody has looked
    }
    return std::string(view.state_text()) + "; next " + std::to_string(view.next_sender.value) +
           ", expected " + std::to_string(view.next_target.value) + " of generation " +
           std::to_string(view.generation) + (view.is_enabled ? "" : "; disabled") +
           (view.is_killed ? "; killed" : "");
}

const engine::row_schema& audit_schema() {
    static const engine::row_schema schema(
        std::string(audit_log_name),
        {make("GATEWAY", column_type::text, 30), make("SESSION", column_type::text, 62),
         make("COMMAND", column_type::text, 14), make("USER_NAME", column_type::text, 30),
         make("UID", column_type::u32), make("OUTCOME", column_type::text, 14),
         make("REASON", column_type::text, admin_request::reason_bytes_max),
         make("BEFORE", column_type::text, 158), make("AFTER", column_type::text, 158),
         make("TEXT", column_type::vartext)});
    return schema;
}

audit_log::audit_log(const std::filesystem::path& directory, std::size_t segment_bytes)
    : table_(directory, audit_schema(), options_of(segment_bytes)),
      room_(audit_schema().payload_size(text_bytes_max)) {}

bool audit_log::append(const audit_entry& entry, engine::correlation& chain) {
    const engine::row_schema& schema = table_.schema();
    engine::row_builder row(schema, room_);
    engine::row_envelope envelope;
    static_cast<void>(envelope.event.assign("admin"));
    static_cast<void>(
        envelope.user.assign(std::string_view(entry.user).substr(0, sizeof envelope.user.bytes)));
    envelope.correlation = chain;
    row.set_envelope(envelope);
    const std::pair<std::size_t, std::string_view> texts[] = {
        {at_gateway, entry.gateway},
        {at_session, entry.session},
        {at_command, to_text(entry.verb)},
        {at_user, entry.user},
        {at_outcome, to_text(entry.outcome)},
        {at_reason, entry.reason},
        {at_before, entry.before},
        {at_after, entry.after},
        {at_text, entry.text},
    };
    bool is_set = row.set_unsigned_integer(at_uid, entry.uid) == engine::row_status::ok;
    for (const auto& [index, value] : texts) {
        is_set = is_set && row.set_text(index, cut(schema, index, value)) == engine::row_status::ok;
    }
    const auto finished = row.finish();
    if (!is_set || finished.status != engine::row_status::ok) {
        return false;
    }
    const auto payload = std::span<const std::byte>(room_).first(finished.size);
    engine::append_result result = table_.try_append(payload);
    // A segment is made ahead by another thread; actions are few, and this thread may wait.
    for (int wait = 0; result.status == engine::append_status::back_pressured && wait < waits_max;
         ++wait) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        result = table_.try_append(payload);
    }
    if (result.status != engine::append_status::ok) {
        return false;
    }
    if (chain == engine::correlation{}) {
        chain = {engine::correlation_log_id(table_.log().uuid()), result.seq.value};
    }
    return true;
}

bool audit_log::sync() noexcept {
    return table_.wait_durable(table_.log().end(), sync_timeout_ns) ==
           engine::durable_wait::durable;
}

}  // namespace millrace::gateway
