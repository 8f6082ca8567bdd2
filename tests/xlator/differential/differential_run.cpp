#include "tests/xlator/differential/differential_run.hpp"

#include <algorithm>
#include <vector>

#include "tests/xlator/differential/field_text.hpp"
#include "tests/xlator/fix_text.hpp"
#include "xlator/fix/printer.hpp"

namespace millrace::tests {

namespace {

using xlator::decode_result;
using xlator::decode_status;
using xlator::field_scope;
using xlator::field_view;

bool is_same(const decode_result& ours, const oracle_verdict& theirs) {
    switch (theirs.result) {
        case oracle_verdict::accepted:
            return ours.status == decode_status::ok;
        case oracle_verdict::rejected:
            return ours.status == decode_status::rejected && ours.ref_tag == theirs.tag &&
                   static_cast<int>(ours.reason) == theirs.reason;
        case oracle_verdict::garbled:
            return ours.status == decode_status::garbled;
        case oracle_verdict::unsupported_version:
            return ours.status == decode_status::unsupported_version;
        case oracle_verdict::other:
            return false;
    }
    return false;
}

// As an application reads: by tag at each level, and entry by entry.
std::size_t read_scope(const field_scope& scope, std::uint32_t level, std::string& text) {
    std::vector<int> tags;
    for (const field_view field : scope) {
        if (field.level == level) {
            tags.push_back(field.tag);
        }
    }
    std::sort(tags.begin(), tags.end());
    std::size_t count = tags.size();
    for (const int tag : tags) {
        append_field(text, tag, scope.text(tag));
        for (const field_scope entry : scope.group(tag)) {
            begin_entry(text);
            count += read_scope(entry, level + 1, text);
            end_entry(text);
        }
    }
    return count;
}

bool has_deep_group(const field_scope& message) {
    for (const field_view field : message) {
        if (field.level > 1) {
            return true;
        }
    }
    return false;
}

// The signature's length, 93, has the higher number: QuickFIX writes it behind the signature.
bool is_in_written_order(const field_scope& message) {
    return !message.has(93);
}

std::string text_of(const decode_result& ours) {
    return "status " + std::to_string(static_cast<int>(ours.status)) + ", reason " +
           std::to_string(static_cast<int>(ours.reason)) + ", tag " + std::to_string(ours.ref_tag);
}

std::string text_of(const oracle_verdict& theirs) {
    return "verdict " + std::to_string(theirs.result) + ", reason " +
           std::to_string(theirs.reason) + ", tag " + std::to_string(theirs.tag) + ": " +
           theirs.text;
}

}  // namespace

void differential_counts::add(const differential_counts& other) {
    screened += other.screened;
    compared += other.compared;
    with_defaults += other.with_defaults;
    accepted += other.accepted;
    foreign_version += other.foreign_version;
    fields += other.fields;
    with_deep += other.with_deep;
    for (const auto& [reason, count] : other.rejected) {
        rejected[reason] += count;
    }
    for (std::size_t i = 0; i < let_pass.size(); ++i) {
        let_pass[i] += other.let_pass[i];
    }
    for (std::size_t i = 0; i < disagreed.size(); ++i) {
        disagreed[i] += other.disagreed[i];
    }
}

void differential_run::run(std::size_t messages) {
    constexpr int unchanged_percent = 30;
    const auto types = version_.tables().info().messages;
    for (std::size_t i = 0; counts_.compared < messages && !testing::Test::HasFailure(); ++i) {
        raw_message message = generator_.valid_message(types[i % types.size()]);
        const bool is_valid = generator_.chance(unchanged_percent);
        for (std::size_t changes = is_valid ? 0 : 1 + generator_.below(2); changes != 0;
             --changes) {
            generator_.mutate(message);
        }
        draw_switches();
        compare(message, is_valid);
    }
}

// Half of the messages meet the switches that most sessions have.
void differential_run::draw_switches() {
    constexpr int default_percent = 50;
    version_.set_switches(generator_.chance(default_percent)
                              ? 0
                              : 1 + generator_.below(fix_version::switch_sets - 1));
}

void differential_run::compare(const raw_message& message, bool is_valid) {
    const std::string frame = message_generator::to_frame(message);
    if (!version_.passes_screen(frame)) {
        ++counts_.screened;
        return;
    }
    ++counts_.compared;
    counts_.with_defaults += version_.switches() == 0 ? 1U : 0U;
    const auto has_zero = [](const raw_field& field) { return field.has_leading_zero; };
    if (std::any_of(message.fields.begin(), message.fields.end(), has_zero) &&
        version_.lax().decode(frame).status == decode_status::garbled) {
        // Nothing else may hide behind it: to QuickFIX the zeros make no difference.
        tolerate(disagreement::leading_zero);
        raw_message plain = message;
        for (raw_field& field : plain.fields) {
            field.has_leading_zero = false;
        }
        EXPECT_EQ(text_of(version_.oracle().check(frame)),
                  text_of(version_.oracle().check(message_generator::to_frame(plain))))
            << show(frame);
        return;
    }
    check(message, frame, is_valid);
}

void differential_run::check(const raw_message& message, const std::string& frame, bool is_valid) {
    const decode_result ours = version_.lax().decode(frame);
    const oracle_verdict theirs = version_.oracle().check(frame);
    bool is_alike = is_same(ours, theirs);
    if (!is_alike) {
        const std::optional<disagreement> known = classify(version_, message, ours, theirs);
        EXPECT_TRUE(known.has_value())
            << "ours: " << text_of(ours) << "\ntheirs: " << text_of(theirs) << "\n"
            << show(frame);
        if (known.has_value()) {
            tolerate(*known);
        }
    } else if (theirs.result == oracle_verdict::accepted) {
        is_alike = check_fields(message, frame);
    } else if (theirs.result == oracle_verdict::rejected) {
        ++counts_.rejected[theirs.reason];
    } else if (theirs.result == oracle_verdict::unsupported_version) {
        ++counts_.foreign_version;
    }
    check_strict(frame, theirs, is_alike, is_valid);
}

// false: different in a way that is known.
bool differential_run::check_fields(const raw_message& message, const std::string& frame) {
    const field_scope& fields = version_.lax().message();
    std::string ours;
    std::string theirs;
    const std::size_t count = read_scope(fields, 0, ours);
    const std::size_t their_count = version_.oracle().read(theirs);
    if (ours != theirs && classify(version_, message, {}, {}) == disagreement::xml_data) {
        tolerate(disagreement::xml_data);
        return false;
    }
    EXPECT_EQ(count, their_count) << show(frame);
    EXPECT_EQ(with_bars(ours), with_bars(theirs)) << show(frame);
    ++counts_.accepted;
    counts_.fields += count;
    counts_.with_deep += has_deep_group(fields) ? 1U : 0U;
    accepted_types_.emplace(version_.lax().msg_type());
    count_let_pass(frame);
    return true;
}

void differential_run::count_let_pass(const std::string& frame) {
    for (std::size_t i = 0; i < fix_version::switch_count; ++i) {
        const std::size_t bit = std::size_t{1} << i;
        if ((version_.switches() & bit) != 0 &&
            !version_.lax_with(version_.switches() ^ bit).decode(frame).is_ok()) {
            ++counts_.let_pass[i];
        }
    }
}

// Beyond QuickFIX, never short of it; and what was made valid is so to everybody, in the order in
// which QuickFIX writes.
void differential_run::check_strict(const std::string& frame, const oracle_verdict& theirs,
                                    bool is_alike, bool is_valid) {
    const decode_result strict = version_.strict().decode(frame);
    if (is_valid) {
        EXPECT_TRUE(strict.is_ok()) << text_of(strict) << "\n" << show(frame);
    }
    if (!is_alike) {
        return;
    }
    if (strict.is_ok()) {
        EXPECT_EQ(theirs.result, oracle_verdict::accepted) << text_of(theirs) << "\n"
                                                           << show(frame);
    }
    if (is_valid && is_in_written_order(version_.strict().message())) {
        EXPECT_EQ(with_bars(version_.oracle().written()), with_bars(frame));
    }
}

std::string differential_run::show(const std::string& frame) const {
    return version_.name() + ", switches " + std::to_string(version_.switches()) + ": " +
           with_bars(frame) + "\n" + xlator::print(frame, &version_.tables());
}

std::string differential_run::unseen_types() const {
    std::string unseen;
    for (const xlator::message_info& message : version_.tables().info().messages) {
        if (accepted_types_.find(message.msg_type) == accepted_types_.end()) {
            unseen += std::string(message.msg_type) + " ";
        }
    }
    return unseen;
}

}  // namespace millrace::tests
