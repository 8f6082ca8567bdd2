#include "tools/millrace/append_socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "gateway/intake/local_socket.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/text/text_input.hpp"

namespace millrace::tools {

namespace {

using json = nlohmann::json;

constexpr std::size_t chunk_bytes = 64 * 1024;

// Sends and receives in turns, so that neither side waits for the other to read.
class conversation {
public:
    explicit conversation(const socket_append& wanted)
        : wanted_(wanted),
          socket_(gateway::connect_locally(wanted.socket)),
          input_(text_input::open(wanted.file)) {
        json first = {{"@table", wanted.table}, {"@event", "append"}, {"@stop_at_error", true}};
        if (!wanted.operation.empty()) {
            first["@operation"] = wanted.operation;
        }
        if (!wanted.level.empty()) {
            first["@level"] = wanted.level;
        }
        out_ = first.dump() + "\n";
    }

    int run() {
        while (!is_over_) {
            fill();
            end_if_all_is_sent();
            pollfd polled{socket_.get(), POLLIN, 0};
            if (sent_ < out_.size()) {
                polled.events |= POLLOUT;
            }
            if (::poll(&polled, 1, -1) < 0 && errno != EINTR) {
                throw engine::io_error("poll", wanted_.socket, errno);
            }
            if ((polled.revents & POLLOUT) != 0) {
                send();
            }
            if ((polled.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                receive();
            }
        }
        return finish();
    }

private:
    void fill() {
        if (sent_ < out_.size() || has_all_) {
            return;
        }
        out_.clear();
        sent_ = 0;
        int byte = text_input::end;
        // A pipe's line goes out at once: its writer may wait for what comes of it.
        const bool is_pipe = wanted_.file == "-";
        while (out_.size() < chunk_bytes && (byte = input_.get()) != text_input::end) {
            add(static_cast<char>(byte));
            if (is_pipe && byte == '\n') {
                break;
            }
        }
        if (byte == text_input::end) {
            has_all_ = true;
            if (has_text_) {
                add('\n');  // a file may lack it; to the engine the row would look cut off
            }
        }
    }
    void add(char byte) {
        out_ += byte;
        if (byte == '\n') {
            rows_sent_ += has_text_ ? 1 : 0;
            has_text_ = false;
        } else if (byte != ' ' && byte != '\t' && byte != '\r') {
            has_text_ = true;
        }
    }
    void send() {
        const ssize_t size = ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno != EAGAIN && errno != EINTR) {
            sent_ = out_.size();  // the answers say why nobody reads
            has_all_ = is_cut_ = true;
            return;
        }
        sent_ += size > 0 ? static_cast<std::size_t>(size) : 0;
    }
    // Asked before each wait: where the input ends behind what was sent, nothing is left to send
    // that could tell, and the engine answers the end only.
    void end_if_all_is_sent() {
        if (has_all_ && sent_ == out_.size() && !has_ended_) {
            has_ended_ = true;
            static_cast<void>(::shutdown(socket_.get(), SHUT_WR));
        }
    }
    void receive() {
        char chunk[chunk_bytes];
        const ssize_t size = ::recv(socket_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (size <= 0) {
            is_over_ = true;
            return;
        }
        in_.append(chunk, static_cast<std::size_t>(size));
        std::size_t at = 0;
        for (std::size_t end = in_.find('\n'); end != std::string::npos; end = in_.find('\n', at)) {
            take(in_.substr(at, end - at));
            at = end + 1;
        }
        in_.erase(0, at);
    }
    void take(const std::string& text) {
        try {
            take_answer(json::parse(text));
        } catch (const json::exception&) {
            throw engine::error(wanted_.socket + ": not an engine's answer: " + text.substr(0, 80));
        }
    }
    void take_answer(const json& answer) {
        const long line = answer.at("line").get<long>();
        if (answer.contains("error")) {
            const std::string reason = answer.at("error").get<std::string>();
            std::fprintf(stderr, "millrace: %s: %s\n",
                         line <= 1 ? wanted_.socket.c_str()
                                   : (input_.name() + ":" + std::to_string(line - 1)).c_str(),
                         reason.c_str());
            code_ = line <= 1 ? exit_failure : exit_data;
        } else if (answer.contains("sequence")) {
            ++appended_;
            last_ = answer.at("sequence").get<std::uint64_t>();
            if (answer.at("level").get<std::string>() != level_ && short_++ == 0) {
                first_short_ = last_;
            }
        } else {
            level_ = answer.at("level").get<std::string>();
            is_accepted_ = true;
        }
    }
    int finish() {
        // Every line sent was answered, or the connection broke.
        const bool is_whole = has_all_ && !is_cut_ && is_accepted_ && appended_ == rows_sent_;
        if (code_ == exit_ok && !is_whole) {
            std::fprintf(stderr,
                         "millrace: %s: the engine closed the connection; rows behind the last "
                         "answer may be appended or not\n",
                         wanted_.socket.c_str());
            code_ = exit_failure;
        }
        if (short_ > 0) {
            std::fprintf(stderr,
                         "millrace: %s: %llu rows from sequence %llu on are committed and not %s: "
                         "a sync of the log has failed, see what the engine says\n",
                         wanted_.socket.c_str(), static_cast<unsigned long long>(short_),
                         static_cast<unsigned long long>(first_short_), level_.c_str());
            code_ = exit_failure;
        }
        std::fprintf(stderr, "%llu rows appended to %s; the last sequence is %llu\n",
                     static_cast<unsigned long long>(appended_), wanted_.table.c_str(),
                     static_cast<unsigned long long>(last_));
        return code_;
    }
    const socket_append& wanted_;
    engine::unique_fd socket_;
    text_input input_;
    std::string out_;
    std::size_t sent_ = 0;
    std::string level_;        // what an answer waits for, as the engine says
    std::uint64_t short_ = 0;  // rows that were answered with less
    std::uint64_t first_short_ = 0;
    std::string in_;
    bool has_text_ = false;  // the line that is being read is not blank
    bool has_all_ = false;
    bool has_ended_ = false;  // told the engine so
    bool is_cut_ = false;
    bool is_over_ = false;
    bool is_accepted_ = false;
    std::uint64_t rows_sent_ = 0;
    std::uint64_t appended_ = 0;
    std::uint64_t last_ = 0;
    int code_ = exit_ok;
};

}  // namespace

int append_by_socket(const socket_append& wanted) {
    conversation talk(wanted);
    return talk.run();
}

}  // namespace millrace::tools
