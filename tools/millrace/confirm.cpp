#include "tools/millrace/confirm.hpp"

#include <unistd.h>

#include <cstdio>

#include "engine/core/error.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

void confirm(const std::string& what, bool is_sure, const char* refused) {
    if (is_sure) {
        return;
    }
    if (::isatty(STDIN_FILENO) == 0) {
        throw usage_error(what + ": give --yes to confirm");
    }
    std::fprintf(stderr, "%s. Go on? [y/N] ", what.c_str());
    const int answer = std::getchar();
    if (answer != 'y' && answer != 'Y') {
        throw engine::error(refused);
    }
}

}  // namespace millrace::tools
