#include "tools/millrace/command_session_admin.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/admin/admin_request.hpp"
#include "gateway/pipeline/config.hpp"
#include "tools/millrace/admin_client.hpp"
#include "tools/millrace/admin_printer.hpp"
#include "tools/millrace/confirm.hpp"
#include "tools/millrace/exit_code.hpp"

namespace millrace::tools {

namespace {

using gateway::admin_request;
using gateway::msg_seq_num_max;
using gateway::session_verb;

struct admin_arguments {
    std::string config;
    std::string session;
    std::string format = "text";
    std::string reason;
    std::string text;
    std::string directory;
    std::uint32_t next_sender = 0;
    std::uint32_t next_target = 0;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    bool is_json = false;
    bool is_all = false;
    bool is_off = false;
    bool is_sure = false;
    admin_view view = admin_view::done;
};

// What is asked about before it is done.
std::string question_of(const admin_request& request) {
    const std::string of = request.session.empty() ? "every session" : "session " + request.session;
    switch (request.verb) {
        case session_verb::logout:
            return of + " is logged out, and stays so until its logon or a restart";
        case session_verb::disable:
            return of + " is logged out, and stays down across restarts until it is enabled";
        case session_verb::reset:
            return of + " begins anew with number 1 on both sides; the peer must do the same";
        case session_verb::set_sequence:
            return of + " is logged out, its numbers are set, and it logs on again";
        case session_verb::switch_endpoint:
            return of + " is logged out, and connects to its next endpoint";
        case session_verb::kill:
            return of + " sends no application message until `kill --off`";
        case session_verb::import_store:
            return of + " takes the messages and numbers of " + request.directory +
                   "; the engine they are of must have ended for good";
        case session_verb::release:
            return of + " sends application messages again, those that waited first";
        default:
            return {};
    }
}

admin_request request_of(session_verb verb, const admin_arguments& arguments) {
    admin_request request;
    request.verb = verb == session_verb::kill && arguments.is_off ? session_verb::release : verb;
    request.session = arguments.session;
    request.reason = arguments.reason;
    request.text = arguments.text;
    request.directory = arguments.directory;
    request.next_sender = {arguments.next_sender};
    request.next_target = {arguments.next_target};
    request.begin = {arguments.begin};
    request.end = {arguments.end};
    return request;
}

int administer(session_verb verb, const admin_arguments& arguments) {
    const gateway::pipeline_config config = gateway::load_config(arguments.config);
    const admin_request wanted = request_of(verb, arguments);
    admin_request ignored;
    // The engine's own words for what makes no sense, before anybody is asked.
    if (const std::string reason = gateway::parse_request(to_line(wanted), ignored);
        !reason.empty()) {
        throw usage_error(reason);
    }
    if (is_destructive(wanted.verb)) {
        confirm(question_of(wanted), arguments.is_sure, "nothing was done");
    }
    return print_admin_answer(carry(config, wanted), arguments.view,
                              arguments.is_json || arguments.format == "json");
}

class verb_maker {
public:
    verb_maker(CLI::App& session, command& chosen) : session_(session), chosen_(chosen) {}

    // Its arguments; CONFIG and SESSION are there already.
    CLI::App& add(const char* name, session_verb verb, const char* help,
                  bool needs_session = true) {
        arguments_ = std::make_shared<admin_arguments>();
        CLI::App* made = session_.add_subcommand(name, help);
        made->add_option("CONFIG", arguments_->config, "The TOML file of the engine")->required();
        CLI::Option* session = made->add_option("SESSION", arguments_->session,
                                                "FIX.4.4:OURS->PEER, or its CompIDs: OURS->PEER");
        if (needs_session) {
            session->required();
        }
        made->add_option("--format", arguments_->format, "text or json")
            ->check(CLI::IsMember({"text", "json"}));
        made->add_flag("--json", arguments_->is_json, "The same as --format json");
        if (verb != session_verb::look) {
            made->add_option("--reason", arguments_->reason,
                             gateway::is_destructive(verb) ? "Why; the audit log keeps it. Needed"
                                                           : "Why; the audit log keeps it");
        }
        if (gateway::is_destructive(verb)) {
            made->add_flag("--yes", arguments_->is_sure, "Do not ask");
        }
        made->final_callback([&chosen = chosen_, verb, arguments = arguments_] {
            chosen = [verb, arguments] { return administer(verb, *arguments); };
        });
        return *made;
    }
    [[nodiscard]] admin_arguments& arguments() { return *arguments_; }

private:
    CLI::App& session_;
    command& chosen_;
    std::shared_ptr<admin_arguments> arguments_;
};

void add_looks(verb_maker& verbs) {
    CLI::App& list =
        verbs.add("list", session_verb::look, "Say of every session how it stands", false);
    list.remove_option(list.get_option("SESSION"));
    verbs.arguments().view = admin_view::list;
    verbs.add("show", session_verb::look, "Say all there is about a session");
    verbs.arguments().view = admin_view::detail;
}

void add_ways(verb_maker& verbs) {
    verbs.add("logon", session_verb::logon,
              "Let a session log on that was logged out, or whose numbers contradicted the peer's");
    const auto with_text = [&](CLI::App& verb) {
        verb.add_option("--text", verbs.arguments().text, "What the Logout says to the peer (58)");
    };
    with_text(verbs.add("logout", session_verb::logout,
                        "Log a session out until its logon or a restart"));
    verbs.add("enable", session_verb::enable, "Let a session log on, across restarts");
    with_text(verbs.add("disable", session_verb::disable,
                        "Log a session out, and keep it down across restarts"));
    verbs.add("switch", session_verb::switch_endpoint,
              "Let an initiator go on with its next endpoint");
}

void add_numbers(verb_maker& verbs) {
    const CLI::Range number(std::uint32_t{1}, msg_seq_num_max);
    verbs.add("reset", session_verb::reset,
              "Begin anew with number 1; also where the engine is stopped");
    CLI::App& set = verbs.add("set-sequence", session_verb::set_sequence,
                              "Set the next numbers; also where the engine is stopped");
    set.add_option("--next-sender", verbs.arguments().next_sender, "Of the next message we send")
        ->check(number);
    set.add_option("--next-target", verbs.arguments().next_target, "Expected of the peer's next")
        ->check(number);
    CLI::App& import = verbs.add(
        "import", session_verb::import_store,
        "Go on with the numbers and messages of a QuickFIX engine; where our engine is stopped");
    import.add_option("DIR", verbs.arguments().directory, "FileStorePath of the QuickFIX engine")
        ->required();
    verbs.add("test-request", session_verb::test_request, "Ask the peer for a Heartbeat");
    CLI::App& resend =
        verbs.add("resend", session_verb::resend, "Ask the peer for messages it has sent");
    resend.add_option("BEGIN", verbs.arguments().begin, "The first")->required()->check(number);
    resend.add_option("END", verbs.arguments().end, "The last; 0: all there are")
        ->required()
        ->check(CLI::Range(std::uint32_t{0}, msg_seq_num_max));
}

void add_kill(verb_maker& verbs) {
    CLI::App& kill =
        verbs.add("kill", session_verb::kill,
                  "Let no application message leave, at once and across restarts", false);
    const admin_arguments& arguments = verbs.arguments();
    kill.add_flag("--all", verbs.arguments().is_all, "Every session of every gateway");
    kill.add_flag("--off", verbs.arguments().is_off, "Let them leave again");
    kill.parse_complete_callback([&arguments] {
        if (arguments.is_all != arguments.session.empty()) {
            throw CLI::ValidationError("session kill", "give a SESSION or --all, and not both");
        }
    });
}

}  // namespace

void add_session_admin_verbs(CLI::App& session, command& chosen) {
    verb_maker verbs(session, chosen);
    add_looks(verbs);
    add_ways(verbs);
    add_numbers(verbs);
    add_kill(verbs);
}

}  // namespace millrace::tools
