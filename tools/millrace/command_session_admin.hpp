// The verbs of `session` that a running engine carries out: all but `doubt`.
#pragma once

#include "tools/millrace/commands.hpp"

namespace millrace::tools {

void add_session_admin_verbs(CLI::App& session, command& chosen);

}  // namespace millrace::tools
