// The layer rule: which folder may include from which, and who may see which library.
#include <algorithm>
#include <array>

#include "tests/tidy/rules.hpp"

namespace millrace::tidy {

namespace {

using folders = std::vector<std::string_view>;

struct layer {
    std::string_view folder;
    folders may_include;
};

const std::vector<layer>& layers() {
    static const std::vector<layer> table = {
        {"engine/core", {"engine/core"}},
        {"engine/log", {"engine/core", "engine/log"}},
        {"engine/ring", {"engine/core", "engine/ring"}},
        {"engine/agent", {"engine/core", "engine/agent"}},
        {"engine/counters", {"engine/core", "engine/counters"}},
        {"engine/table", {"engine/core", "engine/table"}},
        {"engine/stream", {"engine"}},
        {"engine/capi", {"engine"}},
        {"engine/ingest", {"engine"}},
        {"xlator/dictionary", {"xlator/dictionary"}},
        {"xlator/fix", {"xlator/fix"}},
        {"xlator/spec", {"xlator/fix", "xlator/spec"}},
        {"xlator/codegen", {"xlator/fix", "xlator/spec", "xlator/codegen"}},
        {"xlator/map", {"xlator/fix", "xlator/map"}},
        {"gateway/transport", {"engine/core", "gateway/transport"}},
        // Built as C++14, so it cannot see the engine's C++20.
        {"gateway/quickfix", {"gateway/quickfix"}},
        {"gateway/session",
         {"engine", "xlator", "gateway/transport", "gateway/quickfix", "gateway/session"}},
        {"gateway/intake", {"engine", "gateway/intake"}},
        {"gateway/admin",
         {"engine", "gateway/transport", "gateway/quickfix", "gateway/session", "gateway/intake",
          "gateway/admin"}},
        {"gateway/pipeline", {"engine", "xlator", "gateway"}},
        {"tools", {"engine", "xlator", "gateway", "tools"}},
        {"bench", {"engine", "xlator", "gateway", "tools", "bench"}},
        {"tests", {"engine", "xlator", "gateway", "tools", "bench", "tests"}},
    };
    return table;
}

// Libraries by the beginning of their include path, and who may see them.
const std::vector<layer>& libraries() {
    static const std::vector<layer> table = {
        {"quickfix/", {"gateway/quickfix", "tools/venue", "tests", "bench"}},
        {"absl/time/", {"gateway/session", "tests"}},
        {"openssl/", {"engine/log", "gateway/session", "gateway/transport", "tests", "bench"}},
        {"crypt.h", {"gateway/session", "tests"}},
        {"zstd.h", {"engine/log", "tests"}},
        {"concurrentqueue/", {"engine", "gateway", "tests", "bench"}},
        {"toml++/", {"gateway/pipeline", "tools", "tests"}},
        {"spdlog/", {"gateway/pipeline", "tools", "tests"}},
        {"fmt/", {"gateway/pipeline", "tools", "tests"}},
        {"nlohmann/", {"gateway/admin", "gateway/intake", "tools", "tests", "bench"}},
        {"pugixml.hpp", {"xlator/spec", "tests"}},
        {"CLI/", {"tools", "tests"}},
        {"gtest/", {"tests"}},
        {"gmock/", {"tests"}},
        {"benchmark/", {"bench"}},
        {"boost/", {"bench"}},
        {"atomic_queue/", {"bench"}},
        {"readerwriterqueue/", {"bench"}},
        {"rocksdb/", {"bench"}},
        {"lmdb.h", {"bench"}},
    };
    return table;
}

// The system's headers that libraries with no threads, sockets or files have no use for.
constexpr std::array not_for_xlator = {
    "thread",   "atomic",     "mutex",   "shared_mutex", "condition_variable",
    "future",   "semaphore",  "barrier", "latch",        "stop_token",
    "fstream",  "filesystem", "cstdio",  "iostream",     "pthread.h",
    "unistd.h", "fcntl.h",    "sched.h", "poll.h",       "netdb.h"};

bool is_system(const std::string& path) {
    if (path.find('/') == std::string::npos) {
        return true;
    }
    constexpr std::array system_folders = {"sys/",     "linux/", "net/",
                                           "netinet/", "arpa/",  "sanitizer/"};
    return std::any_of(system_folders.begin(), system_folders.end(),
                       [&](const char* folder) { return path.starts_with(folder); });
}

const layer* layer_of(const source_file& file) {
    for (const layer& one : layers()) {
        if (file.is_below(one.folder)) {
            return &one;
        }
    }
    return nullptr;
}

void check_own(const source_file& file, const include_line& include, offences& found) {
    constexpr std::array ours = {"engine", "xlator", "gateway", "tools", "bench", "tests"};
    const bool is_ours = std::any_of(ours.begin(), ours.end(), [&](const char* folder) {
        return is_below(include.path, folder);
    });
    const layer* where = layer_of(file);
    if (!is_ours || where == nullptr) {
        return;  // generated, or found missing by check_includes_exist
    }
    const bool allowed =
        std::any_of(where->may_include.begin(), where->may_include.end(),
                    [&](std::string_view folder) { return is_below(include.path, folder); });
    if (!allowed) {
        found.push_back({file.path, include.line, "layer",
                         std::string(where->folder) + " may not include " + include.path});
    }
}

void check_foreign(const source_file& file, const include_line& include, offences& found) {
    for (const layer& library : libraries()) {
        if (include.path.starts_with(library.folder)) {
            if (!file.is_below_any(library.may_include)) {
                found.push_back({file.path, include.line, "layer",
                                 "<" + include.path + "> is not for this folder"});
            }
            return;
        }
    }
    if (!is_system(include.path)) {
        found.push_back(
            {file.path, include.line, "layer",
             "<" + include.path + "> belongs to no library in the table of layers.cpp"});
        return;
    }
    const bool is_kept_out = include.path.starts_with("sys/") || include.path.starts_with("net") ||
                             std::find(not_for_xlator.begin(), not_for_xlator.end(),
                                       include.path) != not_for_xlator.end();
    if (is_kept_out && file.is_below_any({"xlator/fix", "xlator/map"})) {
        found.push_back({file.path, include.line, "layer",
                         "the xlator has no threads, sockets or files: <" + include.path + ">"});
    }
}

}  // namespace

void check_layers(const source_file& file, offences& found) {
    if (!file.is_cpp()) {
        return;
    }
    const bool is_in_a_layer = layer_of(file) != nullptr;
    if (!is_in_a_layer) {
        found.push_back(
            {file.path, 1, "layer", "this folder has no line in the table of layers.cpp"});
        return;
    }
    for (const include_line& include : includes_of(file)) {
        if (include.is_quoted) {
            check_own(file, include, found);
        } else {
            check_foreign(file, include, found);
        }
    }
}

}  // namespace millrace::tidy
