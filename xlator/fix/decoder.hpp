// Reads a frame into typed fields and checks it against a dictionary, in one pass.
//
// A clean message costs that pass alone. Where anything is amiss, a second look finds which finding
// QuickFIX would report first: structure, message type, required tags, then header, trailer and
// body by ascending tag.
//
// Threading  one thread at a time; several decoders share a dictionary
// Progress   allocates in the constructor, never later; no exception
// Invariant  a message accepted by the strict check is one QuickFIX accepts, but for what
//            docs/testing.md lists under Against QuickFIX
// Errors     garbled bytes, a foreign version and a refusal with SessionRejectReason(373) and tag
//            are values
// Source     FIX 4.4 vol. 2; QuickFIX 1.15's DataDictionary for order and extent of the findings
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "xlator/fix/dictionary.hpp"
#include "xlator/fix/frame.hpp"
#include "xlator/fix/message_view.hpp"
#include "xlator/fix/reject_reason.hpp"

namespace millrace::xlator {

struct decode_options {
    // Beyond QuickFIX: required header fields, impossible dates and times, numbers that do not fit,
    // currency and country codes, and inside groups: formats, value sets, member order, required
    // members and nested counts.
    bool is_strict = true;
    bool check_field_order = true;      // ValidateFieldsOutOfOrder
    bool check_have_values = true;      // ValidateFieldsHaveValues
    bool check_user_fields = true;      // ValidateUserDefinedFields
    bool allow_unknown_fields = false;  // AllowUnknownMsgFields
    std::size_t frame_size_max = frame_size_max_default;
};

enum class decode_status : std::uint8_t {
    ok,
    rejected,             // reason and ref_tag say why; the fields are there to be looked at
    garbled,              // no FIX message: ignore it
    unsupported_version,  // BeginString(8) is not the dictionary's
};

struct [[nodiscard]] decode_result {
    decode_status status = decode_status::ok;
    session_reject_reason reason = session_reject_reason::none;
    int ref_tag = 0;  // RefTagID(371)

    [[nodiscard]] bool is_ok() const noexcept { return status == decode_status::ok; }
};

class decoder {
public:
    // REQUIRES dict outlives the decoder.
    explicit decoder(const dictionary& dict, const decode_options& options = {});

    // A whole frame; length and checksum are verified. message() looks at these bytes, so they must
    // outlive what is read from it.
    decode_result decode(std::string_view frame) noexcept;
    // A frame that scan_frame() has accepted.
    decode_result decode_scanned(std::string_view frame) noexcept;
    // Only the fields between header and trailer; no header or trailer field may be among them.
    decode_result decode_body(std::string_view msg_type, std::string_view body) noexcept;

    // The message of the last decode(); empty where that was garbled.
    [[nodiscard]] const field_scope& message() const noexcept { return message_; }
    [[nodiscard]] std::string_view msg_type() const noexcept { return msg_type_; }

private:
    friend class diagnosis;

    enum class parse_status : std::uint8_t { clean, suspect, garbled };

    decode_result run(std::string_view bytes, std::string_view msg_type, bool is_frame) noexcept;
    parse_status parse_fields(const char* at, const char* end, const detail::scope_rules& rules,
                              bool is_frame) noexcept;
    const char* parse_group(const char* at, const char* end, const detail::member_rule& counter,
                            std::uint32_t level) noexcept;
    [[nodiscard]] const char* end_of_data(const char* at, const char* end,
                                          std::uint32_t length_tag) const noexcept;
    [[nodiscard]] std::uint32_t length_tag_of(std::uint32_t tag) const noexcept;
    void check_entry(const detail::scope_rules& group, std::uint64_t serial,
                     std::uint32_t required_seen) noexcept;
    void note(session_reject_reason reason, std::uint32_t tag) noexcept;

    const dictionary& dict_;
    const decode_options options_;
    const std::uint32_t field_capacity_;
    std::unique_ptr<detail::field_ref[]> fields_;
    std::unique_ptr<std::uint32_t[]> sorted_;  // scratch of the second look
    std::unique_ptr<std::uint64_t[]> marks_;   // when each member was last seen
    std::uint64_t serial_ = 0;                 // of messages and group entries
    const char* bytes_ = nullptr;
    std::uint32_t count_ = 0;
    bool is_clean_ = true;
    session_reject_reason group_reason_ =
        session_reject_reason::none;  // first finding inside a group
    std::uint32_t group_tag_ = 0;
    std::string_view msg_type_;
    field_scope message_;
};

}  // namespace millrace::xlator
