#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>

#include "tools/fix/dictionary_choice.hpp"
#include "tools/fix/message_diff.hpp"
#include "tools/fix/message_filter.hpp"
#include "tools/fix/message_finding.hpp"
#include "tools/fix/message_printer.hpp"
#include "tools/millrace/commands.hpp"
#include "tools/millrace/dictionary_path.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/standard_output.hpp"
#include "tools/text/escape.hpp"

namespace millrace::tools {

namespace {

constexpr std::size_t output_chunk_bytes = std::size_t{64} << 10;

struct fix_options {
    std::string file = "-";
    std::string other;
    std::string dictionary;
    std::string format = "line";
    std::string separator = "bar";
    std::string colour = "auto";
    std::string order;
    std::string pattern;
    std::vector<std::string> types;
    std::vector<std::string> where;
    std::string by;
    std::string ignored;
    bool is_lax = false;
    bool is_inverted = false;
    bool is_counting = false;
};

char separator_of(const std::string& name) {
    return name == "soh" ? '\x01' : name == "caret" ? '^' : '|';
}

bool wants_colour(const std::string& when) {
    return when == "always" ||
           (when == "auto" && ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr);
}

message_printer printer_of(const fix_options& options) {
    message_print_options print;
    print.format = options.format == "json"     ? fix_format::json
                   : options.format == "fields" ? fix_format::fields
                   : options.format == "raw"    ? fix_format::raw
                                                : fix_format::line;
    print.separator = separator_of(options.separator);
    print.has_colour = wants_colour(options.colour) && print.format != fix_format::json &&
                       print.format != fix_format::raw;
    return message_printer(print);
}

message_filter filter_of(const fix_options& options) {
    message_filter filter;
    filter.types = options.types;
    for (const std::string& text : options.where) {
        filter.patterns.emplace_back(text);
    }
    if (!options.order.empty()) {
        filter.order.emplace(options.order);
    }
    return filter;
}

// A name that no dictionary of the messages knows is a slip of the pen, and no filter.
class known_names {
public:
    void note(std::span<const field_pattern> patterns, const xlator::dictionary* dict) {
        is_known_.resize(patterns.size(), false);
        for (std::size_t i = 0; i < patterns.size() && dict != nullptr; ++i) {
            is_known_[i] = is_known_[i] || patterns[i].is_known(*dict);
            has_seen_ = true;
        }
    }
    void check(const std::vector<std::string>& texts) const {
        for (std::size_t i = 0; i < is_known_.size() && has_seen_; ++i) {
            if (!is_known_[i]) {
                throw usage_error("'" + texts[i] +
                                  "': no dictionary of these messages has a field of that name");
            }
        }
    }

private:
    std::vector<bool> is_known_;
    bool has_seen_ = false;
};

int print_messages(const fix_options& options) {
    dictionary_choice dictionaries(options.dictionary, dictionary_directory());
    message_filter filter = filter_of(options);
    message_printer printer = printer_of(options);
    fix_message_source source(options.file);
    fix_message message;
    std::string out;
    known_names names;
    while (source.next(message)) {
        const xlator::dictionary* const dict = dictionaries.of(message);
        names.note(filter.patterns, dict);
        if (!filter.takes(message, dict)) {
            continue;
        }
        printer.append(out, message, dict,
                       filter.order ? filter.order->since_last_ns() : std::nullopt);
        if (out.size() > output_chunk_bytes && !write_output(out)) {
            return exit_ok;
        }
    }
    static_cast<void>(write_output(out));
    names.check(options.where);
    return exit_ok;
}

// As grep(1): 1 where no message is selected.
int grep_messages(const fix_options& options) {
    dictionary_choice dictionaries(options.dictionary, dictionary_directory());
    const field_pattern pattern(options.pattern);
    message_printer printer = printer_of(options);
    fix_message_source source(options.file);
    fix_message message;
    std::string out;
    std::uint64_t count = 0;
    known_names names;
    while (source.next(message)) {
        const xlator::dictionary* const dict = dictionaries.of(message);
        names.note({&pattern, 1}, dict);
        if (pattern.is_in(message, dict) == options.is_inverted) {
            continue;
        }
        ++count;
        if (options.is_counting) {
            continue;
        }
        printer.append(out, message, dict);
        if (out.size() > output_chunk_bytes && !write_output(out)) {
            return exit_ok;
        }
    }
    names.check({options.pattern});
    if (options.is_counting) {
        out = std::to_string(count) + "\n";
    }
    static_cast<void>(write_output(out));
    return count > 0 ? exit_ok : exit_negative;
}

int validate_messages(const fix_options& options) {
    const bool is_json = options.format == "json";
    dictionary_choice dictionaries(options.dictionary, dictionary_directory());
    message_decoders decoders(!options.is_lax);
    fix_message_source source(options.file);
    fix_message message;
    std::string out;
    std::uint64_t count = 0;
    std::uint64_t bad_count = 0;
    while (source.next(message)) {
        ++count;
        const xlator::dictionary* const dict = dictionaries.of(message);
        const message_finding finding = finding_of(message, dict, decoders, dictionaries.reason());
        if (finding.text.empty()) {
            continue;
        }
        ++bad_count;
        is_json ? append_finding_json(out, finding, source.name(), message, dict)
                : append_finding(out, finding, source.name(), message, dict);
        if (out.size() > output_chunk_bytes && !write_output(out)) {
            return exit_negative;
        }
    }
    if (!is_json) {
        out += std::to_string(count) + " messages, " + std::to_string(bad_count) + " of them bad\n";
    }
    static_cast<void>(write_output(out));
    return bad_count == 0 ? exit_ok : exit_negative;
}

// "11,37"
std::vector<int> tags_of(const std::string& list, const char* option) {
    std::vector<int> tags;
    for (std::size_t at = 0; at <= list.size() && !list.empty();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        int tag = 0;
        const auto [rest, error] = std::from_chars(list.data() + at, list.data() + end, tag);
        if (error != std::errc{} || rest != list.data() + end || tag <= 0) {
            throw usage_error(std::string(option) + ": '" + list.substr(at, end - at) +
                              "' is no tag, expected numbers with commas between: 11,37");
        }
        tags.push_back(tag);
        at = end + 1;
    }
    return tags;
}

int diff_messages(const fix_options& options) {
    dictionary_choice dictionaries(options.dictionary, dictionary_directory());
    if (options.file == "-" && options.other == "-") {
        throw usage_error("both files are standard input");
    }
    diff_options wanted;
    wanted.is_json = options.format == "json";
    if (!options.by.empty()) {
        wanted.by = tags_of(options.by, "--by");
    }
    for (const int tag : tags_of(options.ignored, "--ignore")) {
        wanted.ignored.insert(tag);
    }
    fix_message_source left(options.file);
    fix_message_source right(options.other);
    message_diff diff(wanted, dictionaries);
    std::string out;
    bool has_left = true;
    bool has_right = true;
    fix_message message;
    // In turns, so that neither stream runs ahead of the other.
    while (has_left || has_right) {
        if (has_left) {
            has_left = left.next(message);
            has_left ? diff.add(out, message, true) : diff.end(out, true);
        }
        if (has_right) {
            has_right = right.next(message);
            has_right ? diff.add(out, message, false) : diff.end(out, false);
        }
        if (out.size() > output_chunk_bytes && !write_output(out)) {
            return exit_negative;
        }
    }
    static_cast<void>(write_output(out));
    return diff.difference_count() == 0 ? exit_ok : exit_negative;
}

CLI::App* add_verb(CLI::App& fix, command& chosen, const char* name, const char* what,
                   const std::shared_ptr<fix_options>& options, int (*run)(const fix_options&)) {
    CLI::App* verb = fix.add_subcommand(name, what);
    verb->add_option("--dictionary", options->dictionary,
                     "FIX40 to FIX50SP2, or a file in QuickFIX's format; default: ours of each "
                     "message's version");
    verb->final_callback([&chosen, options, run] {
        chosen = [options, run] { return with_arguments([&] { return run(*options); }); };
    });
    return verb;
}

void add_looks(CLI::App* verb, const std::shared_ptr<fix_options>& options) {
    verb->add_option("--format", options->format,
                     "line: a message a line; fields: a field a line; json; raw: as it is")
        ->check(CLI::IsMember({"line", "fields", "json", "raw"}))
        ->capture_default_str();
    verb->add_option("--separator", options->separator, "Between fields, of line and raw")
        ->check(CLI::IsMember({"bar", "caret", "soh"}))
        ->capture_default_str();
    verb->add_option("--colour,--color", options->colour, "auto: on a terminal")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->capture_default_str();
}

void add_report_format(CLI::App* verb, const std::shared_ptr<fix_options>& options) {
    verb->add_option("--format", options->format, "line: for people; json: an object a line")
        ->check(CLI::IsMember({"line", "json"}))
        ->capture_default_str();
}

}  // namespace

void add_fix_command(CLI::App& program, command& chosen) {
    CLI::App* fix = program.add_subcommand("fix", "FIX messages in any text, for people");
    fix->require_subcommand(1);

    auto printing = std::make_shared<fix_options>();
    CLI::App* print = add_verb(*fix, chosen, "print", "Messages with names and meanings", printing,
                               print_messages);
    print->add_option("FILE", printing->file, "Any text that holds messages; -: standard input")
        ->capture_default_str();
    add_looks(print, printing);
    print->add_option("--type", printing->types, "MsgType or name of the messages wanted: D,8")
        ->delimiter(',');
    print->add_option("--where", printing->where,
                      "TAG=REGEX, NAME=REGEX, or a REGEX for the whole message; all must hold");
    print->add_option("--order", printing->order,
                      "Only the messages of this order, by ClOrdID, OrigClOrdID and OrderID, with "
                      "the time between them");

    auto checking = std::make_shared<fix_options>();
    CLI::App* validate = add_verb(*fix, chosen, "validate",
                                  "Check messages against their dictionary; 1 if one is bad",
                                  checking, validate_messages);
    validate->add_option("FILE", checking->file, "Any text that holds messages")
        ->capture_default_str();
    add_report_format(validate, checking);
    validate->add_flag("--lax", checking->is_lax, "Mind what QuickFIX minds, no more");

    auto looking = std::make_shared<fix_options>();
    looking->format = "raw";
    CLI::App* grep = add_verb(*fix, chosen, "grep", "Messages that match; 1 if none does", looking,
                              grep_messages);
    grep->add_option("PATTERN", looking->pattern, "TAG=REGEX, NAME=REGEX or REGEX")->required();
    grep->add_option("FILE", looking->file, "Any text that holds messages")->capture_default_str();
    add_looks(grep, looking);
    grep->add_flag("--count", looking->is_counting, "Print how many there are, no more");
    grep->add_flag("--invert", looking->is_inverted, "Those that do not match");

    auto comparing = std::make_shared<fix_options>();
    CLI::App* diff =
        add_verb(*fix, chosen, "diff", "What differs, field by field; 1 if anything does",
                 comparing, diff_messages);
    diff->add_option("A", comparing->file, "Any text that holds messages")->required();
    diff->add_option("B", comparing->other, "Another")->required();
    add_report_format(diff, comparing);
    diff->add_option("--by", comparing->by,
                     "Tags that, with MsgType, say which belong together; default 11");
    diff->add_option("--ignore", comparing->ignored, "Tags beside 8,9,10,34,52");
}

}  // namespace millrace::tools
