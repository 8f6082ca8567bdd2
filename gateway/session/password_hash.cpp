#include "gateway/session/password_hash.hpp"

#include <crypt.h>
#include <openssl/crypto.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.hpp"

namespace millrace::gateway {

struct password_check::scratch {
    crypt_data data{};
};

std::string problem_with_hash(const std::string& hash) {
    if (hash.size() >= CRYPT_OUTPUT_SIZE) {
        return "no hash is so long";
    }
    switch (::crypt_checksalt(hash.c_str())) {
        case CRYPT_SALT_OK:
            return {};
        case CRYPT_SALT_METHOD_DISABLED:
            return "this system does not check hashes of this method";
        case CRYPT_SALT_METHOD_LEGACY:
            return "hashes of this method are too easy to break";
        case CRYPT_SALT_TOO_CHEAP:
            return "this hash costs too little to break";
        default:
            return "no hash as crypt(5) has them; `millrace password` makes one";
    }
}

std::string hash_password(const std::string& password, unsigned cost) {
    if (password.empty() || password.size() > password_bytes_max ||
        password.find('\0') != std::string::npos) {
        throw engine::error("a password has 1 to " + std::to_string(password_bytes_max) +
                            " bytes, and none of them is zero");
    }
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const auto data = std::make_unique<crypt_data>();
    const char* hash = nullptr;
    if (::crypt_gensalt_rn("$y$", cost, nullptr, 0, salt, sizeof salt) != nullptr) {
        hash = ::crypt_rn(password.c_str(), salt, data.get(), sizeof *data);
    }
    const std::string made = hash != nullptr ? hash : "";
    ::OPENSSL_cleanse(data.get(), sizeof *data);
    if (made.empty()) {
        throw engine::error("cannot hash a password with cost " + std::to_string(cost) + ": " +
                            std::strerror(errno));
    }
    return made;
}

password_check::password_check() : scratch_(std::make_unique<scratch>()) {}

password_check::~password_check() = default;

bool password_check::is_right(const char* password, const std::string& hash) noexcept {
    const char* const made =
        ::crypt_rn(password, hash.c_str(), &scratch_->data, sizeof scratch_->data);
    const bool is_equal = made != nullptr && std::strlen(made) == hash.size() &&
                          ::CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
    ::OPENSSL_cleanse(&scratch_->data, sizeof scratch_->data);
    return is_equal;
}

}  // namespace millrace::gateway
