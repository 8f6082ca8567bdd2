// Who may administer the sessions, and where.
#include "gateway/pipeline/config_parts.hpp"

namespace millrace::gateway::detail {

void read_admin(const config_file& file, const config_node& node, admin_config& admin) {
    constexpr unsigned group_mode = 0660;
    const config_section section(file, node, "[admin]",
                                 {"enabled", "path", "mode", "group", "users"});
    admin.lines = section.lines();
    admin.is_enabled = section.boolean_or("enabled", admin.is_enabled);
    if (section.has("path")) {
        admin.path = file.resolve(section.text("path"));
    }
    admin.group = section.text_or("group", "");
    admin.users = section.texts("users");
    admin.mode = read_mode(section, admin.group.empty() ? admin.mode : group_mode);
}

}  // namespace millrace::gateway::detail
