// Who may log on to a gateway's sessions, and what is kept of it.
#include "gateway/pipeline/config_parts.hpp"
#include "gateway/quickfix/secrets.hpp"

namespace millrace::gateway::detail {

namespace {

std::vector<std::uint32_t> read_secret_tags(const config_section& section) {
    std::vector<std::uint32_t> tags;
    if (!section.has("secret_tags")) {
        return tags;
    }
    const config_node& list = section.require("secret_tags");
    if (list.kind != node_kind::array) {
        section.fail("secret_tags", "'secret_tags' must be a list of tags: [5001, 5002]");
    }
    for (const config_node& element : list.elements) {
        const bool is_tag = element.kind == node_kind::integer && element.integer > 0 &&
                            element.integer <= 0x7fffffff;
        if (!is_tag) {
            section.file().fail(element.line, "'secret_tags' must be a list of tags: [5001, 5002]");
        }
        const auto tag = static_cast<std::uint32_t>(element.integer);
        if (!secret_tags::may_add(tag)) {
            section.file().fail(element.line, "'secret_tags' names " + std::to_string(tag) +
                                                  ", without whose value no Logon can be read");
        }
        tags.push_back(tag);
    }
    return tags;
}

}  // namespace

void read_logon_keys(const config_section& section, gateway_config& gateway) {
    gateway.secret_tags = read_secret_tags(section);
}

}  // namespace millrace::gateway::detail
