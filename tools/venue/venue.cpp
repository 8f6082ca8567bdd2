#include "tools/venue/venue.hpp"

#include <cstdio>
#include <ctime>
#include <exception>
#include <map>

#include <quickfix/SessionSettings.h>
#include <unistd.h>

#include "gateway/quickfix/settings.hpp"
#include "tools/venue/process_files.hpp"
#include "tools/venue/venue_application.hpp"

namespace millrace {
namespace tools {

namespace {

bool has_no_schedule(const FIX::Dictionary& settings) {
    return !settings.has("StartDay") && settings.has("StartTime") && settings.has("EndTime") &&
           settings.getString("StartTime") == settings.getString("EndTime");
}

// Checked by the rules and with the words that the gateway has for the same kind of file: QuickFIX
// names no line, and takes what it does not understand for something else.
gateway::settings_file check_settings(const venue_options& options) {
    gateway::settings_options wanted;
    wanted.dictionary_directory = options.dictionary_directory;
    try {
        return gateway::load_settings(options.config_path, wanted);
    } catch (const gateway::settings_error& error) {
        refuse_config(error.what());
    }
}

// Of the notes, those on dictionaries: the others are about the gateway's use of the file.
std::string dictionary_notes(const gateway::settings_file& settings) {
    std::string text;
    for (const gateway::settings_note& note : settings.notes) {
        if (note.text.compare(0, 15, "DataDictionary=") == 0) {
            text += settings.path + ":" + std::to_string(note.line) + ": " + note.text + "\n";
        }
    }
    return text;
}

std::map<std::string, std::string> dictionaries_of(const gateway::settings_file& settings) {
    std::map<std::string, std::string> paths;  // by session
    for (const gateway::session_spec& session : settings.sessions) {
        paths[session.name] = session.data_dictionary;
    }
    return paths;
}

// The file's settings with a real port for 0, the dictionaries that were found, and SocketNodelay=Y
// where nothing is said.
FIX::SessionSettings complete(const FIX::SessionSettings& file, int port,
                              const std::map<std::string, std::string>& dictionaries) {
    FIX::SessionSettings settings;
    settings.set(file.get());
    for (const FIX::SessionID& id : file.getSessions()) {
        FIX::Dictionary session = file.get(id);
        if (session.getInt(FIX::SOCKET_ACCEPT_PORT) == 0) {
            session.setInt(FIX::SOCKET_ACCEPT_PORT, port);
        }
        if (!session.has(FIX::SOCKET_NODELAY)) {
            session.setString(FIX::SOCKET_NODELAY, "Y");
        }
        const auto dictionary = dictionaries.find(id.toString());
        if (dictionary != dictionaries.end() && !dictionary->second.empty()) {
            session.setString(FIX::DATA_DICTIONARY, dictionary->second);
        }
        settings.set(id, session);
    }
    return settings;
}

void sleep_ms(long milliseconds) {
    const timespec pause{milliseconds / 1000, milliseconds % 1000 * 1000000};
    ::nanosleep(&pause, nullptr);  // a signal ends it early, which is welcome
}

}  // namespace

std::string to_json(const venue_tally& tally) {
    const std::pair<const char*, std::uint64_t> members[] = {
        {"orders", tally.orders},
        {"acknowledged", tally.acknowledged},
        {"fills", tally.fills},
        {"rejected", tally.rejected},
        {"cancelled", tally.cancelled},
        {"replaced", tally.replaced},
        {"cancel_rejected", tally.cancel_rejected},
        {"duplicates", tally.duplicates},
        {"again", tally.again},
        {"resets", tally.resets},
        {"owed", tally.owed},
    };
    std::string json;
    for (const auto& member : members) {
        json += json.empty() ? "{\"" : ", \"";
        json += member.first;
        json += "\": " + std::to_string(member.second);
    }
    return json + "}";
}

class venue::implementation {
public:
    explicit implementation(const venue_options& options)
        : options_(options),
          checked_(check_settings(options)),
          lock_(lock_directory(options.directory)),
          book_(options),
          application_(options_, book_, links_),
          stores_(book_, links_),
          events_(options.directory + "/events.log") {
        try {
            file_settings_ = FIX::SessionSettings(options.config_path);
            for (const FIX::SessionID& id : file_settings_.getSessions()) {
                session_link& link = links_[id];
                link.index = book_.open_session(id.toString());
                link.is_always_on = has_no_schedule(file_settings_.get(id));
            }
        } catch (const FIX::Exception& error) {
            refuse_config(options.config_path, error.what());
        }
    }

    ~implementation() { stop(); }

    void start() {
        try {
            bool wants_port = false;
            for (const auto& each : links_) {
                port_ = file_settings_.get(each.first).getInt(FIX::SOCKET_ACCEPT_PORT);
                wants_port = wants_port || port_ == 0;
            }
            std::unique_ptr<port_reservation> reservation;
            if (wants_port) {
                reservation.reset(new port_reservation(read_port(options_.port_file)));
                port_ = reservation->port();
            }
            acceptor_.reset(new venue_acceptor(
                application_, stores_, complete(file_settings_, port_, dictionaries_of(checked_)),
                events_, port_));
            acceptor_->start();
        } catch (const FIX::Exception& error) {
            acceptor_.reset();
            refuse_config(options_.config_path, error.what());
        }
        write_text_file(options_.port_file, std::to_string(port_) + "\n");
        write_text_file(options_.pid_file, std::to_string(::getpid()) + "\n");
    }

    void stop() {
        if (acceptor_ == nullptr) {
            return;
        }
        acceptor_->stop();
        acceptor_.reset();
        remove_file(options_.pid_file);
        write_text_file(options_.directory + "/tally.json", to_json(book_.tally()) + "\n");
    }

    const venue_options options_;
    const gateway::settings_file checked_;
    const std::shared_ptr<void> lock_;
    session_links links_;
    venue_book book_;
    venue_application application_;
    book_store_factory stores_;
    event_log_factory events_;
    FIX::SessionSettings file_settings_;
    std::unique_ptr<venue_acceptor> acceptor_;
    int port_ = 0;
};

venue::venue(const venue_options& options) : implementation_(new implementation(options)) {}
venue::~venue() = default;
void venue::start() {
    implementation_->start();
}
void venue::stop() {
    implementation_->stop();
}
int venue::port() const {
    return implementation_->port_;
}
bool venue::is_logged_on() const {
    return implementation_->application_.is_logged_on();
}
bool venue::failed() const {
    return implementation_->application_.failed();
}
std::string venue::failure() const {
    return implementation_->book_.failure();
}
std::string venue::notes() const {
    return dictionary_notes(implementation_->checked_);
}
venue_tally venue::tally() const {
    return implementation_->book_.tally();
}
void venue::request_tally() {
    implementation_->application_.request_tally();
}

std::uint64_t venue::idle_seconds() const {
    const venue_application& application = implementation_->application_;
    return application.is_logged_on()
               ? 0
               : static_cast<std::uint64_t>(monotonic_seconds() - application.last_seen());
}

int run_venue(const std::string& config_path, const venue_controls& controls) {
    venue_options options = load_venue_options(config_path);
    options.dictionary_directory = controls.dictionary_directory;
    venue exchange(options);
    std::fputs(exchange.notes().c_str(), stderr);
    exchange.start();
    std::fprintf(stderr, "millrace venue: listening on port %d, directory %s\n", exchange.port(),
                 options.directory.c_str());
    constexpr long look_every_ms = 20;
    while (controls.stop == nullptr || *controls.stop == 0) {
        if (exchange.failed()) {
            break;
        }
        if (options.idle_exit_seconds != 0 &&
            exchange.idle_seconds() >= options.idle_exit_seconds) {
            std::fprintf(stderr, "millrace venue: nobody logged on for %u s, leaving\n",
                         options.idle_exit_seconds);
            break;
        }
        if (controls.tally != nullptr && *controls.tally != 0) {
            *controls.tally = 0;
            exchange.request_tally();
        }
        sleep_ms(look_every_ms);
    }
    const bool failed = exchange.failed();
    if (failed) {
        std::fprintf(stderr, "millrace venue: %s\n", exchange.failure().c_str());
    }
    exchange.stop();
    if (controls.print_tally) {
        std::printf("%s\n", to_json(exchange.tally()).c_str());
        std::fflush(stdout);
    }
    return failed ? 1 : 0;
}

}  // namespace tools
}  // namespace millrace
