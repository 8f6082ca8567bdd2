// Frames of every kind a session knows, some of them changed until they are none any more.
#pragma once

#include <malloc.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/gateway/quickfix/port_test_support.hpp"

namespace millrace::test {

class frame_mutator {
public:
    explicit frame_mutator(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] std::size_t below(std::size_t limit) { return random_() % limit; }

    [[nodiscard]] std::string frame(std::uint32_t expected, const std::string& sender,
                                    const std::string& target) {
        const std::string& kind = kinds()[below(kinds().size())];
        const std::uint32_t number =
            below(4) == 0 ? expected + static_cast<std::uint32_t>(below(4)) : expected;
        std::string fields = "35=" + kind.substr(0, kind.find('|')) +
                             "|34=" + std::to_string(number) + "|49=" + sender +
                             "|52=" + sending_time() + "|56=" + target +
                             kind.substr(kind.find('|'));
        fields = with_soh(fields);
        for (std::size_t changes = below(4); changes > 0; --changes) {
            change(fields);
        }
        std::string bytes =
            "8=FIX.4.4\x01"
            "9=" +
            std::to_string(fields.size()) + "\x01" + fields;
        bytes += check_sum_field(bytes);
        if (below(10) == 0) {
            bytes[below(bytes.size())] = static_cast<char>(random_());
        }
        return bytes;
    }

private:
    static const std::vector<std::string>& kinds() {
        static const std::vector<std::string> all = {
            "0|",
            "1|112=T|",
            "2|7=1|16=0|",
            "3|45=2|58=no|",
            "4|36=9|123=Y|",
            "4|43=Y|122=20260301-09:30:00|36=3|123=Y|",
            "5|58=bye|",
            "A|98=0|108=30|",
            "A|98=0|108=30|141=Y|",
            "D|" + std::string(order_body),
            "D|" + std::string(order_with_parties_body),
            "D|354=5|355=a|b|c|" + std::string(order_body),
            "8|37=O1|17=E1|150=0|39=0|55=ABC|54=1|151=100|14=0|6=0|",
            "D|453=1|448=A|447=D|452=1|802=2|523=X|803=1|523=Y|803=2|" + std::string(order_body)};
        return all;
    }

    const std::string& value() {
        static const std::vector<std::string> values = {"0",
                                                        "-1",
                                                        "1",
                                                        "2147483647",
                                                        "2147483648",
                                                        "4294967298",
                                                        "99999999999999999999",
                                                        "",
                                                        "Y",
                                                        "N",
                                                        "1e9",
                                                        "NaN",
                                                        "20260301-09:30:00",
                                                        "00000000-00:00:00",
                                                        "3.4.5",
                                                        " "};
        return values[below(values.size())];
    }

    std::string extra_fields() {
        static const std::vector<std::string> extra = {"95=100000000|96=x|",
                                                       "212=99999999|213=x|",
                                                       "354=-1|355=x|",
                                                       "354=3|355=abc|",
                                                       "93=1|89=x|",
                                                       "453=2|",
                                                       "453=100000|",
                                                       "453=-1|448=A|",
                                                       "802=1|",
                                                       "627=1|628=A|",
                                                       "10=000|",
                                                       "43=Y|",
                                                       "122=20260301-09:30:00|",
                                                       "97=Y|",
                                                       "141=Y|",
                                                       "123=Y|",
                                                       "0=x|",
                                                       "-1=x|",
                                                       "4294967307=x|",
                                                       "5000=HI|",
                                                       "9999=|",
                                                       "448=A|448=B|",
                                                       "1128=9|",
                                                       "34=2|",
                                                       "|",
                                                       "=|",
                                                       "x"};
        return with_soh(extra[below(extra.size())]);
    }

    void change(std::string& fields) {
        const std::size_t at = below(fields.size());
        switch (below(8)) {
            case 0:
                fields[at] = static_cast<char>(random_());
                break;
            case 1:
                fields.erase(at, below(12));
                if (fields.empty()) {
                    fields = "35=0\x01";
                }
                break;
            case 2:
                fields.insert(at, extra_fields());
                break;
            case 3:
            case 4: {  // another value for some field
                const std::size_t equals = fields.find('=', at);
                const std::size_t end = fields.find('\x01', equals);
                if (end != std::string::npos) {
                    fields.replace(equals + 1, end - equals - 1, value());
                }
                break;
            }
            case 5: {  // some field behind another
                const std::size_t boundary = fields.find('\x01', at);
                fields.insert(boundary == std::string::npos ? fields.size() : boundary + 1,
                              extra_fields());
                break;
            }
            case 6:
                fields += fields.substr(at, below(80));
                break;
            default:
                std::swap(fields[at], fields[below(fields.size())]);
                break;
        }
    }

    std::mt19937_64 random_;
};

[[nodiscard]] inline std::size_t heap_bytes_in_use() {
    return ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
}

}  // namespace millrace::test
