// Sends the rows of a file to the engine that serves a table on a local socket.
//
// Errors  engine::error; a refused row is printed as "FILE:LINE: reason" and makes exit_data
#pragma once

#include <string>

namespace millrace::tools {

struct socket_append {
    std::string socket;
    std::string table;
    std::string file;  // NDJSON; "-" is standard input
    std::string operation;
    std::string level;  // empty: as the listener says
};

// Rows before a refused one are appended, those behind it are not.
[[nodiscard]] int append_by_socket(const socket_append& wanted);

}  // namespace millrace::tools
