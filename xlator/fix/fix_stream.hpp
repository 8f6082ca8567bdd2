// Messages of one type out of many, with a typed condition: for whoever reads FIX_IN or another
// table with messages in it.
//
//     using report_view = typed_message<ExecutionReport>;
//     auto fills = stream_of<ExecutionReport>(dict, [](const report_view& report) {
//         return report.get<ExecType>() && *report.get<ExecType>() == ExecType::trade;
//     });
//     if (const auto* report = fills.match(frame)) { use(*report->get<LastQty>()); }
//
// The type is read from MsgType(35) before anything else is; a message of another type costs that.
//
// Threading  one thread: it has a decoder
// Progress   match() allocates nothing and does not throw, if the condition does not
// Errors     a message that its dictionary refuses does not match; refused_count() counts them. A
//            field that Message cannot have does not compile
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "xlator/fix/decoder.hpp"
#include "xlator/fix/dictionary.hpp"
#include "xlator/fix/frame.hpp"
#include "xlator/fix/typed_view.hpp"

namespace millrace::xlator {

struct every_message {
    template <class Message>
    [[nodiscard]] bool operator()(const Message&) const noexcept {
        return true;
    }
};

// The largest frame that a session's transport takes, and more: 64 KiB of body and its header.
inline constexpr std::size_t stream_frame_bytes_max = std::size_t{128} << 10;

// The session has checked the message already, against its own dictionary, which may know more than
// ours.
[[nodiscard]] inline decode_options stream_decode_options() noexcept {
    decode_options options;
    options.is_strict = false;
    options.check_field_order = false;
    options.check_user_fields = false;
    options.allow_unknown_fields = true;
    options.frame_size_max = stream_frame_bytes_max;
    return options;
}

template <class Message, std::predicate<const typed_message<Message>&> Condition = every_message>
class fix_stream {
public:
    // REQUIRES: dict outlives this, and is the dialect of Message.
    explicit fix_stream(const dictionary& dict, Condition condition = {},
                        const decode_options& options = stream_decode_options())
        : decoder_(dict, options), condition_(std::move(condition)) {}

    // The message, if it is of this type and the condition holds; valid until the next call, and
    // while the frame lives. Null otherwise.
    [[nodiscard]] const typed_message<Message>* match(std::string_view frame) {
        frame_parts parts;
        if (!split_frame(frame, parts) || parts.msg_type != Message::msg_type) {
            return nullptr;
        }
        if (!decoder_.decode(frame).is_ok()) {
            ++refused_count_;
            return nullptr;
        }
        message_ = typed_message<Message>(decoder_.message());
        return condition_(message_) ? &message_ : nullptr;
    }
    // Messages of this type that could not be read.
    [[nodiscard]] std::uint64_t refused_count() const noexcept { return refused_count_; }

private:
    decoder decoder_;
    Condition condition_;
    typed_message<Message> message_;
    std::uint64_t refused_count_ = 0;
};

template <class Message, std::predicate<const typed_message<Message>&> Condition>
[[nodiscard]] fix_stream<Message, Condition> stream_of(const dictionary& dict,
                                                       Condition condition) {
    return fix_stream<Message, Condition>(dict, std::move(condition));
}

}  // namespace millrace::xlator
