#include "engine/log/verify.hpp"

namespace millrace::engine {

std::string_view describe(finding_kind kind) {
    switch (kind) {
        case finding_kind::torn_tail:
            return "torn tail";
        case finding_kind::missing_segment:
            return "a segment is missing";
        case finding_kind::doubled_segment:
            return "a segment is doubled";
        case finding_kind::swapped_segment:
            return "segments are swapped";
        case finding_kind::misnamed_segment:
            return "a segment has a wrong name";
        case finding_kind::foreign_segment:
            return "a segment belongs to another log";
        case finding_kind::truncated_segment:
            return "a segment is truncated";
        case finding_kind::overlong_segment:
            return "a segment is too long";
        case finding_kind::bad_archived:
            return "the compressed file of a segment is damaged";
        case finding_kind::bad_header:
            return "the segment header is damaged";
        case finding_kind::broken_chain:
            return "the segment does not continue the one before";
        case finding_kind::bad_record:
            return "a record is damaged";
        case finding_kind::missing_records:
            return "records are missing";
        case finding_kind::nonzero_padding:
            return "a byte between two records is not zero";
        case finding_kind::nonzero_tail:
            return "a byte behind the last record is not zero";
        case finding_kind::bad_retained:
            return "nothing says which segments were removed on purpose";
        case finding_kind::bad_index:
            return "the index is wrong";
        case finding_kind::bad_seals:
            return "the seals are damaged";
        case finding_kind::broken_seal_chain:
            return "the seals do not continue those before";
        case finding_kind::missing_seals:
            return "seals are missing";
        case finding_kind::wrong_seal:
            return "a seal does not fit";
        case finding_kind::wrong_key:
            return "a seal does not fit the key";
        case finding_kind::unkeyed_seal:
            return "a seal has no key";
        case finding_kind::unknown_head:
            return "the head is unknown";
        case finding_kind::missing_manifest:
            return "the archive's manifest is missing";
        case finding_kind::bad_manifest:
            return "the archive's manifest is damaged";
        case finding_kind::missing_archived:
            return "an archived file is missing";
        case finding_kind::not_as_archived:
            return "a file is not as archived";
        case finding_kind::unlisted_file:
            return "a file is not in the archive's manifest";
    }
    return "unknown finding";
}

std::string finding::text() const {
    std::string text = path + ": position " + std::to_string(at.value) + ": ";
    text += describe(kind);
    if (!seq.is_none()) {
        text += " (sequence " + std::to_string(seq.value) + ")";
    }
    return detail.empty() ? text : text + ": " + detail;
}

}  // namespace millrace::engine
