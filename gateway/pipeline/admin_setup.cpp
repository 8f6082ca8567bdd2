#include "gateway/pipeline/admin_setup.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/un.h>

#include <algorithm>

#include "engine/core/error.hpp"

namespace millrace::gateway {

admin_options admin_options_of(const pipeline_config& config) {
    const admin_config& admin = config.admin;
    const auto fail = [&](const char* key, const std::string& reason) {
        throw engine::config_error(config.path.native(), admin.lines.of(key), reason);
    };
    constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
    admin_options options;
    options.path = admin.path;
    options.mode = admin.mode;
    if (options.path.native().size() > path_bytes_max) {
        fail("path", "the admin socket " + options.path.native() + " has a path of more than " +
                         std::to_string(path_bytes_max) +
                         " bytes; give 'path' of [admin] another, or 'enabled = false'");
    }
    for (const std::string& name : admin.users) {
        const passwd* const known = ::getpwnam(name.c_str());
        if (known == nullptr) {
            fail("users", "'users' names '" + name + "', whom this host does not know");
        }
        options.users.push_back(known->pw_uid);
    }
    if (!admin.group.empty()) {
        const group* const known = ::getgrnam(admin.group.c_str());
        if (known == nullptr) {
            fail("group", "'group' is '" + admin.group + "', which this host does not know");
        }
        options.group = known->gr_gid;
    }
    return options;
}

std::size_t audit_segment_bytes(const pipeline_config& config) noexcept {
    return std::min(config.segment_bytes, std::size_t{1} << 20);
}

}  // namespace millrace::gateway
