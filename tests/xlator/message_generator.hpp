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
    bool has_leading_zero = false;
};

using raw_fields = std::vector<raw_field>;

struct raw_message {
    std::string begin_string;
    raw_fields fields;  // from 35 up to CheckSum(10)
};

// How many of the optional fields there are, and half as many groups; and how large these.
struct body_shape {
    int percent = 20;
    std::size_t entries_max = 3;
};

class message_generator {
public:
    message_generator(const xlator::dictionary& dict, std::uint64_t seed)
        : info_(dict.info()), dict_(dict), random_(seed) {}

    // Valid by FIX, body in canonical order.
    [[nodiscard]] raw_message valid_message(const xlator::message_info& message);
    // Of that the body alone.
    [[nodiscard]] raw_fields valid_body(const xlator::message_info& message,
                                        const body_shape& shape);
    // Changes one thing.
    void mutate(raw_message& message);
    [[nodiscard]] static std::string to_text(const raw_fields& fields);
    [[nodiscard]] static std::string to_frame(const raw_message& message);

    [[nodiscard]] std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }
    [[nodiscard]] bool chance(int percent) {
        return below(100) < static_cast<std::size_t>(percent);
    }

private:
    void add_header(raw_fields& fields, const xlator::message_info& message);
    void add_trailer(raw_fields& fields);
    void add_members(raw_fields& fields, std::vector<xlator::member_info> members, int depth,
                     const body_shape& shape);
    void add_member(raw_fields& fields, const xlator::member_info& member, int depth,
                    const body_shape& shape);
    [[nodiscard]] std::string value_for(const xlator::field_info& field);
    [[nodiscard]] std::string text_for(xlator::field_type type);
    [[nodiscard]] std::string date();
    [[nodiscard]] std::string time();
    [[nodiscard]] std::string text(std::size_t size_max);
    [[nodiscard]] std::string number(std::size_t digits_max);
    [[nodiscard]] std::string odd_value();
    [[nodiscard]] std::string odd_count();

    void change_field(raw_fields& fields, std::size_t at);
    void add_foreign_field(raw_fields& fields, std::size_t at);
    void move_field(raw_fields& fields, std::size_t at);
    void change_counts(raw_fields& fields);
    void change_type(raw_message& message);

    const xlator::dictionary_info& info_;
    const xlator::dictionary& dict_;
    std::mt19937_64 random_;
};

}  // namespace millrace::tests
