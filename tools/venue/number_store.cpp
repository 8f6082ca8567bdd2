#include "tools/venue/number_store.hpp"

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "engine/core/crc32c.hpp"
#include "engine/core/error.hpp"

namespace millrace {
namespace tools {

namespace {

//  0            4             8        12       16       20         24              32
//  +------------+-------------+--------+--------+--------+----------+---------------+------- - -
//  | header crc | payload crc | size   | kind   | number | reserved | extra         | payload
//  +------------+-------------+--------+--------+--------+----------+---------------+------- - -
// Little-endian; crc32c. The header's covers everything behind itself up to the payload, so that a
// whole header says whether a payload that is too short was torn.
struct record_header {
    std::uint32_t header_crc;
    std::uint32_t payload_crc;
    std::uint32_t size;
    std::uint32_t kind;
    std::int32_t number;
    std::uint32_t reserved;
    std::uint64_t extra;
};
static_assert(sizeof(record_header) == 32, "on disk");
static_assert(offsetof(record_header, extra) == 24, "on disk");
static_assert(std::is_trivially_copyable<record_header>::value, "copied as bytes");

// extra: ordinal of the report; payload: the message
constexpr std::uint32_t kind_message = 1;
constexpr std::uint32_t kind_next_sender = 2;
constexpr std::uint32_t kind_next_target = 3;
constexpr std::uint32_t kind_proven = 4;
// number: the generation that begins; extra: its creation time
constexpr std::uint32_t kind_reset = 5;

constexpr std::size_t payload_bytes_max = 1 << 20;

std::uint32_t header_checksum(const record_header& header) {
    constexpr std::size_t skipped = sizeof(header.header_crc);
    const char* bytes = reinterpret_cast<const char*>(&header);
    return engine::crc32c(0, bytes + skipped, sizeof(header) - skipped);
}

}  // namespace

number_store::number_store(const std::string& path) : file_(path) {
    recover();
}

bool number_store::append(std::uint32_t kind, int number, std::uint64_t extra,
                          const std::string& payload) {
    record_header header{};
    header.payload_crc = engine::crc32c(0, payload.data(), payload.size());
    header.size = static_cast<std::uint32_t>(payload.size());
    header.kind = kind;
    header.number = number;
    header.extra = extra;
    header.header_crc = header_checksum(header);
    buffer_.assign(reinterpret_cast<const char*>(&header), sizeof(header));
    buffer_ += payload;
    const std::uint64_t offset = file_.size() + sizeof(header);
    if (!file_.append(buffer_)) {
        return false;
    }
    apply(kind, number, extra, extent{offset, header.size});
    return true;
}

void number_store::apply(std::uint32_t kind, int number, std::uint64_t extra, extent payload) {
    switch (kind) {
        case kind_message:
            messages_[number] = payload;
            next_sender_ = number + 1;
            break;
        case kind_next_sender:
            next_sender_ = number;
            break;
        case kind_next_target:
            next_target_ = number;
            break;
        case kind_proven:
            proven_[generation_] = number;
            break;
        case kind_reset:
            generation_ = static_cast<std::uint32_t>(number);
            creation_time_ns_ = extra;
            messages_.clear();
            next_sender_ = 1;
            next_target_ = 1;
            break;
        default:
            break;
    }
}

void number_store::recover() {
    const std::string bytes = file_.read_all();
    std::size_t at = 0;
    while (bytes.size() - at >= sizeof(record_header)) {
        record_header header{};
        std::memcpy(&header, bytes.data() + at, sizeof(header));
        const std::size_t available = bytes.size() - at - sizeof(header);
        const bool is_sound = header_checksum(header) == header.header_crc;
        if (is_sound && header.size > available) {
            break;
        }
        const char* payload = bytes.data() + at + sizeof(header);
        const bool is_known = header.kind >= kind_message && header.kind <= kind_reset;
        if (!is_sound || !is_known ||
            engine::crc32c(0, payload, header.size) != header.payload_crc) {
            throw engine::damage_error(file_.path() + ": damaged record at offset " +
                                       std::to_string(at) +
                                       "; move the venue's directory away to start afresh");
        }
        apply(header.kind, header.number, header.extra, extent{at + sizeof(header), header.size});
        if (header.kind == kind_message && header.extra != 0) {
            reports_at_open_.push_back(sent_report{header.extra, generation_, header.number});
        }
        at += sizeof(header) + header.size;
    }
    file_.cut(at);
}

bool number_store::store(int number, const std::string& message, std::uint64_t report) {
    return message.size() <= payload_bytes_max && append(kind_message, number, report, message);
}

bool number_store::set_next_sender(int number) {
    return number == next_sender_ || append(kind_next_sender, number, 0, std::string());
}

bool number_store::set_next_target(int number) {
    return number == next_target_ || append(kind_next_target, number, 0, std::string());
}

bool number_store::set_proven(int number) {
    return number <= proven(generation_) || append(kind_proven, number, 0, std::string());
}

bool number_store::reset(std::uint64_t creation_time_ns) {
    const bool is_unused = messages_.empty() && next_sender_ == 1 && next_target_ == 1;
    const std::uint32_t next = is_unused ? generation_ : generation_ + 1;
    return append(kind_reset, static_cast<int>(next), creation_time_ns, std::string());
}

bool number_store::get(int first, int last, std::vector<std::string>& messages) const {
    for (auto i = messages_.lower_bound(first); i != messages_.end() && i->first <= last; ++i) {
        std::string message(i->second.size, '\0');
        if (!file_.read(i->second.offset, &message[0], message.size())) {
            return false;
        }
        messages.push_back(std::move(message));
    }
    return true;
}

int number_store::proven(std::uint32_t generation) const {
    const auto found = proven_.find(generation);
    return found == proven_.end() ? 0 : found->second;
}

}  // namespace tools
}  // namespace millrace
