// What the venue leaves beside its data: the directory's lock, port, pid and tally.
//
// C++14, so that the side that speaks to QuickFIX can use it.
// Errors  everything here throws the millrace::engine::error family
#pragma once

#include <memory>
#include <string>

namespace millrace {
namespace tools {

// Held by the one venue of a directory; engine::locked_error names another holder.
std::shared_ptr<void> lock_directory(const std::string& directory);
void write_text_file(const std::string& path, const std::string& text);
void remove_file(const std::string& path);  // no error if it is not there
// A port noted by an earlier run, or 0.
int read_port(const std::string& path);

// Keeps a port for a socket that binds it with SO_REUSEADDR in a moment: bound, but not listening.
class port_reservation {
public:
    // The wanted port if it is free, else any; wanted may be 0.
    explicit port_reservation(int wanted);
    ~port_reservation();
    port_reservation(const port_reservation&) = delete;
    port_reservation& operator=(const port_reservation&) = delete;
    int port() const { return port_; }

private:
    int fd_ = -1;
    int port_ = 0;
};

// Connects to a local port and hangs up, so that whoever waits there wakes. Nobody there is no
// error.
void knock(int port);

// An error in the settings as engine::config_error; the first names the file, the second is a whole
// sentence that names its place already.
[[noreturn]] void refuse_config(const std::string& path, const std::string& reason);
[[noreturn]] void refuse_config(const std::string& sentence);

}  // namespace tools
}  // namespace millrace
