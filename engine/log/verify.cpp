#include "engine/log/verify.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include "engine/core/thread.hpp"
#include "engine/log/archive_manifest.hpp"
#include "engine/log/archive_source.hpp"
#include "engine/log/recovery.hpp"
#include "engine/log/retained.hpp"
#include "engine/log/segment_check.hpp"

namespace millrace::engine {

namespace fs = std::filesystem;

namespace {

using detail::segment_check;

std::string sequences_text(sequence before, sequence last) {
    if (last <= before) {
        return "no sequence is lost";
    }
    return "sequences " + std::to_string(before.value + 1) + " to " + std::to_string(last.value) +
           " are lost";
}

void report_identity(const log_image& image, const segment_file& file, verify_report& report) {
    const auto add = [&](finding_kind kind, std::string detail) {
        report.findings.push_back({kind,
                                   file.path.native(),
                                   {file.name_index * image.segment_bytes},
                                   {},
                                   std::move(detail)});
    };
    const std::string itself = std::to_string(file.info.index);
    switch (file.identity) {
        case segment_identity::own:
            return;
        case segment_identity::foreign:
            add(finding_kind::foreign_segment, "it belongs to log " + to_string(file.info.uuid) +
                                                   ", most here to " + to_string(image.uuid));
            return;
        case segment_identity::swapped:
            add(finding_kind::swapped_segment,
                "it is segment " + itself + ", and that one's file is segment " +
                    std::to_string(file.name_index) + "; rename both");
            return;
        case segment_identity::doubled:
            add(finding_kind::doubled_segment,
                "it is a copy of segment " + itself + ", which is here under its own name");
            return;
        case segment_identity::misnamed:
            add(finding_kind::misnamed_segment,
                "it is segment " + itself + "; rename it to " + segment_file_name(file.info.index));
            return;
        case segment_identity::unknown:
            if (!file.is_unpacked) {
                add(finding_kind::bad_archived, file.header.fault + "; restore it from a copy");
                return;
            }
            add(file.bytes().size() < image.segment_bytes ? finding_kind::truncated_segment
                                                          : finding_kind::bad_header,
                file.header.fault + "; the file has " + std::to_string(file.bytes().size()) +
                    " bytes; nothing in it can be read");
            return;
    }
}

// From `first` up to, not including, `end`.
void report_missing(const log_image& image, std::uint64_t first, std::uint64_t end,
                    verify_report& report) {
    const bool is_one = first + 1 == end;
    report.findings.push_back(
        {finding_kind::missing_segment,
         (image.directory / segment_file_name(first)).native(),
         {first * image.segment_bytes},
         {},
         is_one ? "no file here is segment " + std::to_string(first) + "; restore it from a copy"
                : "no files here are segments " + std::to_string(first) + " to " +
                      std::to_string(end - 1) + "; restore them from a copy"});
}

// A file that cannot be told to be a segment of this log, and has the name of one, stands for it.
void report_missing_between(const log_image& image, verify_report& report) {
    std::vector<std::uint64_t> present = {image.last_index};
    for (const segment_file& file : image.files) {
        if (file.is_in_place()) {
            present.push_back(file.info.index);
        } else if (file.identity == segment_identity::unknown &&
                   file.name_index <= image.last_index) {
            present.push_back(file.name_index);
        }
    }
    std::sort(present.begin(), present.end());
    std::uint64_t next = image.first_index;
    for (const std::uint64_t index : present) {
        if (index > next) {
            report_missing(image, next, index, report);
        }
        next = std::max(next, index + 1);
    }
}

void report_retained(const log_image& image, verify_report& report) {
    if (!image.retained_fault.empty()) {
        report.findings.push_back({finding_kind::bad_retained,
                                   (image.directory / retained_name).native(),
                                   {image.first_index * image.segment_bytes},
                                   {},
                                   image.retained_fault +
                                       "; restore it from a copy, or accept what is not here by "
                                       "`millrace log retain DIR --accept-missing`"});
    }
}

// Whether `next` begins where the segment before ends.
void check_chain(const segment_check& before, const segment_file& next, verify_report& report) {
    const segment_info& info = next.info;
    const segment_info& old = before.file->info;
    const auto add = [&](finding_kind kind, const std::string& path, position at, sequence seq,
                         std::string detail) {
        report.findings.push_back({kind, path, at, seq, std::move(detail)});
    };
    if (next.is_inferred) {
        return;  // its header was made up from this segment
    }
    const bool is_following = info.base_sequence == info.previous_last_sequence.next() &&
                              info.epoch >= old.epoch &&
                              info.base_timestamp >= before.last_timestamp;
    if (!is_following) {
        add(finding_kind::broken_chain, next.path.native(), info.first_position(),
            info.base_sequence, "epoch, sequence or time lie before those of the segment before");
    }
    const position end = before.records_end();
    if (!before.has_end_record && info.epoch == old.epoch && before.end.kind != damage_kind::none) {
        add(finding_kind::bad_record, before.file->path.native(), end, before.last_sequence,
            "the end record is damaged: the same writer went on in the next segment");
    }
    if (info.previous_end == end && info.previous_last_sequence == before.last_sequence) {
        return;
    }
    if (info.previous_end > end || info.previous_last_sequence > before.last_sequence) {
        add(finding_kind::missing_records, before.file->path.native(), end,
            before.last_sequence.next(),
            "the next segment says that records reach to position " +
                std::to_string(info.previous_end.value) + "; " +
                sequences_text(before.last_sequence, info.previous_last_sequence));
        return;
    }
    add(finding_kind::broken_chain, next.path.native(), info.first_position(), info.base_sequence,
        "it says that the segment before ends at position " +
            std::to_string(info.previous_end.value) + ", sequence " +
            std::to_string(info.previous_last_sequence.value) + "; that one ends at " +
            std::to_string(end.value) + ", sequence " + std::to_string(before.last_sequence.value));
}

// A loss of power takes what was not durable in any order. The next writer sets it aside. That a
// close stands behind it says nothing: it is written before it, and what it ends, is synced.
void excuse_undurable(position unsynced_from, verify_report& report) {
    for (finding& one : report.findings) {
        if (one.at < unsynced_from) {
            continue;
        }
        switch (one.kind) {
            case finding_kind::bad_record:
            case finding_kind::missing_records:
            case finding_kind::missing_segment:
            case finding_kind::nonzero_padding:
            case finding_kind::nonzero_tail:
            case finding_kind::broken_chain:
            case finding_kind::bad_header:
                one.detail = std::string(describe(one.kind)) + ": " + one.detail +
                             "; it was not durable when the host was last started";
                one.kind = finding_kind::torn_tail;
                break;
            default:
                break;
        }
    }
}

// The checks of the segments that stand in their places, by index, made by several threads.
class checking {
public:
    checking(const log_image& image, const verify_options& options, bool is_live)
        : image_(image), options_(options), is_live_(is_live) {
        for (const segment_file& file : image.files) {
            if (file.is_in_place()) {
                files_.push_back(&file);
            }
        }
        std::sort(files_.begin(), files_.end(), [](const auto* left, const auto* right) {
            return left->info.index < right->info.index;
        });
        checks_.resize(files_.size());
        if (is_live_) {
            read_seals_of_all();
        }
    }

    std::vector<segment_check> run() {
        const auto cpus = static_cast<unsigned>(usable_cpu_count());
        const unsigned wanted = options_.thread_count != 0 ? options_.thread_count : cpus;
        const auto most = static_cast<unsigned>(std::max<std::size_t>(files_.size(), 1));
        std::vector<std::thread> others;
        for (unsigned i = 1; i < std::min(wanted, most); ++i) {
            others.emplace_back([this] { work(); });
        }
        work();
        for (std::thread& one : others) {
            one.join();
        }
        for (const std::exception_ptr& failure : failures_) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        }
        return std::move(checks_);
    }

private:
    // The newest first: a writer finishes a segment's seals before it makes the next one's, so each
    // file is at least as far as those read before it say.
    void read_seals_of_all() {
        seals_.resize(files_.size());
        for (std::size_t i = files_.size(); i-- > 0;) {
            const fs::path path = image_.directory / seal_file_name(files_[i]->info.index);
            seals_[i] = fs::exists(path) ? read_whole_file(path) : std::string();
        }
    }

    void work() {
        while (true) {
            const std::size_t mine = next_.fetch_add(1, std::memory_order_relaxed);
            if (mine >= files_.size()) {
                return;
            }
            try {
                const bool is_newest = mine + 1 == files_.size();
                checks_[mine] = detail::check_segment(
                    *files_[mine], {files_[mine]->path.parent_path(), options_.key, is_live_,
                                    is_newest, is_live_ ? &seals_[mine] : nullptr});
            } catch (...) {
                failures_[mine] = std::current_exception();
            }
            if (options_.progress != nullptr) {
                options_.progress->bytes_done.fetch_add(files_[mine]->bytes().size(),
                                                        std::memory_order_relaxed);
            }
        }
    }

    const log_image& image_;
    const verify_options& options_;
    bool is_live_;
    std::vector<const segment_file*> files_;
    std::vector<segment_check> checks_;
    std::vector<std::string> seals_;  // of a live log
    std::vector<std::exception_ptr> failures_{image_.files.size()};
    std::atomic<std::size_t> next_{0};
};

}  // namespace

verdict verify_report::result() const {
    if (findings.empty()) {
        return verdict::clean;
    }
    const bool is_torn = std::none_of(findings.begin(), findings.end(),
                                      [](const finding& one) { return one.is_damage(); });
    return is_torn ? verdict::torn : verdict::damaged;
}

verify_report verify_log(const fs::path& directory, const verify_options& options) {
    const fs::path lock = directory / "writer.lock";
    const bool is_live = is_lock_held(lock);
    const log_image image = open_log_image(directory, is_live);
    if (options.progress != nullptr) {
        std::uint64_t total = 0;
        for (const segment_file& file : image.files) {
            total += file.bytes().size();
        }
        options.progress->bytes_total.store(total, std::memory_order_relaxed);
    }
    verify_report report;
    report.uuid = image.uuid;
    report.segment_count = image.files.size();
    report.spare_count = image.spare_count;
    if (!image.hot_text.empty()) {
        report.notes.push_back(image.hot_text);
    }
    for (const segment_file& file : image.files) {
        report_identity(image, file, report);
    }
    report_missing_between(image, report);
    report_retained(image, report);
    std::vector<segment_check> checks = checking(image, options, is_live).run();
    for (std::size_t i = 0; i < checks.size(); ++i) {
        const segment_check& check = checks[i];
        report.findings.insert(report.findings.end(), check.findings.begin(), check.findings.end());
        report.record_count += check.record_count;
        report.first_sequence =
            report.first_sequence.is_none() ? check.first_sequence : report.first_sequence;
        report.last_sequence = check.last_sequence;
        if (i > 0 && checks[i - 1].file->info.index + 1 == check.file->info.index) {
            check_chain(checks[i - 1], *check.file, report);
        }
        if (check.gap_count > 0) {
            report.notes.push_back(check.file->path.native() + ": " +
                                   std::to_string(check.gap_count) + " gap records say that " +
                                   std::to_string(check.gap_record_count) +
                                   " records were lost before this log was salvaged");
        }
    }
    // A live log may have grown since its files were listed.
    if (!checks.empty() && checks.back().has_end_record &&
        checks.back().file->info.index == image.last_index && !is_archive(directory) &&
        !fs::exists(directory / segment_file_name(image.last_index + 1))) {
        report_missing(image, image.last_index + 1, image.last_index + 2, report);
    }
    if (is_live) {
        report.notes.push_back("open for writing by " + lock_holder(lock) +
                               "; what stands behind the last committed record was not judged");
    }
    detail::check_seal_chain(checks, options, report);
    detail::check_archives(image, report);
    if (!is_live && !checks.empty()) {
        excuse_undurable(detail::find_unsynced(directory), report);
    }
    std::stable_sort(report.findings.begin(), report.findings.end(),
                     [](const finding& left, const finding& right) { return left.at < right.at; });
    return report;
}

}  // namespace millrace::engine
