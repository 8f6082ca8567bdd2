// Random messages of a dictionary, valid ones and ones with something wrong.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "xlator/fix/dictionary.hpp"

namespace millrace::tests {

struct raw_field {
    int tag = 0;
    std::string value;
};

class message_generator {
public:
    message_generator(const xlator::dictionary_info& info, std::uint64_t seed)
        : info_(info), dict_(info), random_(seed) {}

    // Fields from 35 up to the trailer; valid by FIX, body in canonical order.
    [[nodiscard]] std::vector<raw_field> valid_message();
    // Changes one thing.
    void mutate(std::vector<raw_field>& fields);
    [[nodiscard]] static std::string to_frame(const std::vector<raw_field>& fields);

    [[nodiscard]] std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

private:
    void add_header(std::vector<raw_field>& fields, const xlator::message_info& message);
    void add_members(std::vector<raw_field>& fields, std::vector<xlator::member_info> members,
                     int depth, int percent);
    void add_member(std::vector<raw_field>& fields, const xlator::member_info& member, int depth,
                    int percent);
    [[nodiscard]] std::string value_for(const xlator::field_info& field);
    [[nodiscard]] std::string text(std::size_t size_max);
    [[nodiscard]] std::string number(std::size_t digits_max);
    [[nodiscard]] std::string odd_value();
    [[nodiscard]] bool chance(int percent) {
        return below(100) < static_cast<std::size_t>(percent);
    }

    const xlator::dictionary_info& info_;
    const xlator::dictionary dict_;
    std::mt19937_64 random_;
};

}  // namespace millrace::tests
