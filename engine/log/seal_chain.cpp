#include <algorithm>

#include "engine/log/segment_check.hpp"

namespace millrace::engine::detail {

namespace {

struct chain_end {
    bool has_seals = false;
    bool is_unbroken = true;  // from the first seal to the last
    bool is_head_found = false;
    bool has_keyed = false;
    bool is_newest_keyed = false;
    sequence keyed_to;
    position keyed_end;
};

void add(verify_report& report, finding_kind kind, const segment_check& check, std::string detail) {
    report.findings.push_back(
        {kind, (check.file->path.parent_path() / seal_file_name(check.file->info.index)).native(),
         check.file->info.first_position(), check.file->info.base_sequence, std::move(detail)});
}

// Seals are made in order, so those of a segment before others were whole once.
void blame_cut(const segment_check& check, verify_report& report) {
    const std::string path =
        (check.file->path.parent_path() / seal_file_name(check.file->info.index)).native();
    for (finding& one : report.findings) {
        if (one.kind == finding_kind::torn_tail && one.path == path) {
            one.kind = finding_kind::bad_seals;
            one.detail = check.seals.fault +
                         "; the seals of the next segment were made behind it when it was whole. "
                         "Restore it from a copy";
        }
    }
}

void take_seals(const segment_check& check, const verify_options& options, chain_end& end,
                verify_report& report) {
    end.is_unbroken = end.is_unbroken && check.checked_seal_count == check.seals.seals.size();
    for (const seal& one : check.seals.seals) {
        report.head = {
            true, one.hash, {one.last_sequence}, {one.end}, {one.last_timestamp}, one.is_keyed()};
        if (!options.head.is_none() && one.hash == options.head) {
            end.is_head_found = true;
            report.proven_to = end.is_unbroken ? sequence{one.last_sequence} : report.proven_to;
        }
        end.is_newest_keyed = one.is_keyed();
        if (one.is_keyed() && options.key != nullptr && is_mac_of(one, *options.key)) {
            end.has_keyed = true;
            end.keyed_to = {one.last_sequence};
            end.keyed_end = {one.end};
        }
    }
}

void judge(const std::vector<segment_check>& checks, const verify_options& options,
           const chain_end& end, verify_report& report) {
    const segment_check& last = checks.back();
    const bool is_proof_wanted = !options.head.is_none() || options.key != nullptr;
    if (!end.has_seals) {
        if (is_proof_wanted) {
            add(report, finding_kind::missing_seals, last,
                "the log has no seals, so neither a head nor a key proves anything");
        } else {
            report.notes.push_back("the log is not sealed");
        }
        return;
    }
    if (!options.head.is_none() && !end.is_head_found) {
        add(report, finding_kind::unknown_head, last,
            to_string(options.head) +
                " is not the hash of any seal here: the log was changed "
                "and sealed anew, or cut, or it is another log's head");
    }
    if (options.key != nullptr) {
        report.proven_to = end.has_keyed && end.is_unbroken
                               ? std::max(report.proven_to, end.keyed_to)
                               : report.proven_to;
        if (!end.is_newest_keyed || !end.has_keyed) {
            add(report, finding_kind::unkeyed_seal, last,
                "the newest seals were made without the key; it proves nothing behind position " +
                    std::to_string(end.keyed_end.value));
        }
    }
    if (report.head.last_sequence < report.last_sequence) {
        report.notes.push_back("sealed to sequence " +
                               std::to_string(report.head.last_sequence.value) + "; those to " +
                               std::to_string(report.last_sequence.value) + " are not sealed yet");
    }
}

}  // namespace

void check_seal_chain(const std::vector<segment_check>& checks, const verify_options& options,
                      verify_report& report) {
    chain_end end;
    const segment_check* before = nullptr;  // the sealed segment before
    std::size_t unsealed_count = 0;         // since then
    for (const segment_check& check : checks) {
        report.index_count += check.has_index ? 1 : 0;
        report.seal_count += check.good_seal_count;
        if (!check.seals.has_header) {
            ++unsealed_count;
            continue;
        }
        if (before != nullptr && unsealed_count > 0) {
            add(report, finding_kind::missing_seals, check,
                "the segment before has no seals, and others before it have");
            end.is_unbroken = false;
        } else if (before != nullptr && before->file->info.index + 1 == check.file->info.index) {
            const std::vector<seal>& old = before->seals.seals;
            const digest wanted = old.empty() ? before->seals.header.previous : old.back().hash;
            if (before->seals.is_cut) {
                blame_cut(*before, report);
                end.is_unbroken = false;
            } else if (check.seals.header.previous != wanted) {
                add(report, finding_kind::broken_seal_chain, check,
                    "it says that the seals before end with " +
                        to_string(check.seals.header.previous) + ", they end with " +
                        to_string(wanted));
                end.is_unbroken = false;
            } else if (old.empty() || !old.back().is_segment_end()) {
                add(report, finding_kind::missing_seals, *before,
                    "its seals do not reach the segment's end, and the next segment has seals");
                end.is_unbroken = false;
            }
        } else if (before == nullptr && unsealed_count == 0 &&
                   !check.seals.header.previous.is_none()) {
            report.notes.push_back("the chain of seals begins with segment " +
                                   std::to_string(check.file->info.index) +
                                   ", behind segments that were removed");
        } else if (before == nullptr && unsealed_count > 0 &&
                   !check.seals.header.previous.is_none()) {
            add(report, finding_kind::missing_seals, check,
                "it continues seals of the segment before, which has none");
            end.is_unbroken = false;
        }
        end.has_seals = end.has_seals || !check.seals.seals.empty();
        take_seals(check, options, end, report);
        before = &check;
        unsealed_count = 0;
    }
    if (!checks.empty()) {
        judge(checks, options, end, report);
    }
}

}  // namespace millrace::engine::detail
