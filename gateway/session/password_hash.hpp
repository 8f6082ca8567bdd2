// Passwords as crypt(5) keeps them: salted, by a method that is slow on purpose.
//
// Threading  a password_check belongs to one thread; the functions are free of state
// Progress   a check takes tens of milliseconds and 16 MiB: never on a session thread
// Source     libxcrypt; yescrypt, and sha512crypt, bcrypt and others where a hash says so
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace millrace::gateway {

inline constexpr std::size_t password_bytes_max = 511;

// Empty: a hash this system can check, by a method that is still to be trusted.
[[nodiscard]] std::string problem_with_hash(const std::string& hash);

// By yescrypt. cost: 1 to 11, each one twice the time of the one before; 0: the library's choice.
// Throws engine::error: no entropy, or a password beyond password_bytes_max or with a zero byte.
[[nodiscard]] std::string hash_password(const std::string& password, unsigned cost);

class password_check {
public:
    password_check();
    ~password_check();
    password_check(const password_check&) = delete;
    password_check& operator=(const password_check&) = delete;

    // Leaves nothing of the password behind.
    [[nodiscard]] bool is_right(const char* password, const std::string& hash) noexcept;

private:
    struct scratch;
    std::unique_ptr<scratch> scratch_;
};

}  // namespace millrace::gateway
