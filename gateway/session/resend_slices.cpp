#include "gateway/session/resend_slices.hpp"

#include <algorithm>
#include <string_view>

#include "engine/core/assert.hpp"
#include "xlator/fix/byte_sum.hpp"
#include "xlator/fix/digits.hpp"
#include "xlator/fix/utc_timestamp.hpp"

namespace millrace::gateway {

namespace {

constexpr char soh = '\x01';
// What FIX 4.0 and 4.1 write for "everything"; the library takes it so up to 4.2.
constexpr std::uint32_t infinity_before_fix43 = 999'999;

bool means_everything(const screened_frame& request) noexcept {
    const frame_facts& facts = request.facts();
    return facts.end_seq_no == 0 || (facts.end_seq_no == infinity_before_fix43 &&
                                     std::string_view(request.begin_of(facts.begin_string),
                                                      facts.begin_string.size) <= "FIX.4.2");
}

void put_field(std::string& out, std::string_view tag, std::string_view value) {
    out.append(tag).append(1, '=').append(value).append(1, soh);
}

}  // namespace

bool resend_slices::begin(const screened_frame& request, msg_seq_num next_sender,
                          std::uint32_t slice) {
    const frame_facts& facts = request.facts();
    const std::uint32_t last = next_sender.value - 1;
    const std::uint32_t end = means_everything(request) ? last : std::min(facts.end_seq_no, last);
    // Nonsense is refused elsewhere.
    if (facts.begin_seq_no == 0 || facts.begin_seq_no > end) {
        return false;
    }
    if (!is_running() && end - facts.begin_seq_no < slice) {
        return false;
    }
    next_ = is_running() ? std::min(next_, facts.begin_seq_no) : facts.begin_seq_no;
    end_ = std::max(end_, end);
    request_.assign(request.data(), request.size());
    return true;
}

const std::string& resend_slices::next(msg_seq_num last, std::int64_t utc_ns) {
    MILLRACE_ASSERT(is_running() && next_ <= last.value && last.value <= end_,
                    "not a part of the range that is being answered");
    write(next_, last.value, utc_ns);
    if (last.value == end_) {
        stop();
    } else {
        next_ = last.value + 1;
    }
    return slice_;
}

// The request as it came, but for the range, the time and what follows from them.
void resend_slices::write(std::uint32_t first, std::uint32_t last, std::int64_t utc_ns) {
    char time[32];
    const char* const time_end = xlator::write_utc_timestamp(time, {utc_ns});
    const std::string_view now(time, static_cast<std::size_t>(time_end - time));
    std::string body;
    std::string_view rest = request_;
    std::string_view begin_string;
    while (!rest.empty()) {
        const std::size_t size = std::min(rest.find(soh), rest.size());
        const std::string_view field = rest.substr(0, size);
        rest.remove_prefix(std::min(size + 1, rest.size()));
        const std::string_view tag = field.substr(0, field.find('='));
        if (tag == "8") {
            begin_string = field.substr(2);
        } else if (tag == "7") {
            put_field(body, tag, std::to_string(first));
        } else if (tag == "16") {
            put_field(body, tag, std::to_string(last));
        } else if (tag == "52") {
            put_field(body, tag, now);
        } else if (tag != "9" && tag != "10") {
            body.append(field).append(1, soh);
        }
    }
    slice_.clear();
    put_field(slice_, "8", begin_string);
    put_field(slice_, "9", std::to_string(body.size()));
    slice_ += body;
    char sum[3];
    xlator::write_digits(sum, xlator::byte_sum(slice_) & 0xFF, 3);
    put_field(slice_, "10", {sum, sizeof sum});
}

}  // namespace millrace::gateway
