// A certificate that vouches for itself, and its key: what a benchmark of TLS needs of both.
//
// Errors  fail() ends the program
#pragma once

#include <filesystem>
#include <string>

#include "gateway/transport/tls_context.hpp"

namespace millrace::bench {

enum class tls_key : unsigned char { p256, rsa2048 };

class tls_identity {
public:
    // Its files lie in the directory.
    tls_identity(const std::filesystem::path& directory, tls_key key);

    // Each side shows this certificate, and takes it as that of an authority.
    [[nodiscard]] gateway::tls_options options(gateway::tls_role role) const;

private:
    std::string certificate_file_;
    std::string key_text_;
};

}  // namespace millrace::bench
