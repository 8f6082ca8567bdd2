#include "gateway/session/user_file.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/strip.hpp"
#include "engine/table/nearest.hpp"
#include "gateway/session/password_hash.hpp"

namespace millrace::gateway {

namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

class user_reader {
public:
    user_reader(const std::filesystem::path& path, const std::vector<session_names>& sessions)
        : path_(path), sessions_(sessions) {}

    user_file read(std::string_view text) {
        while (!text.empty()) {
            ++line_;
            const std::size_t end = std::min(text.find('\n'), text.size());
            read_line(engine::strip(text.substr(0, end)));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return std::move(result_);
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw engine::config_error(path_.native(), line_, reason);
    }
    void read_line(std::string_view line);
    void read_switch(std::string_view word);
    void check_session(const std::string& name) const;
    void add(logon_user user);

    const std::filesystem::path& path_;
    const std::vector<session_names>& sessions_;
    user_file result_;
    long line_ = 0;
    bool has_switch_ = false;
};

void user_reader::read_line(std::string_view line) {
    if (line.empty() || line.front() == '#') {
        return;
    }
    const std::size_t first_end = std::min(line.find_first_of(blanks), line.size());
    const std::size_t last_begin = line.find_last_of(blanks) + 1;
    const std::string_view first = line.substr(0, first_end);
    const std::string_view last = line.substr(last_begin);
    if (last_begin == 0) {
        fail("expected a session, a name and a hash; `millrace password` prints such a line");
    }
    const std::string_view middle =
        last_begin > first_end ? engine::strip(line.substr(first_end, last_begin - first_end))
                               : std::string_view();
    if (middle.empty()) {
        if (first == "authentication") {
            return read_switch(last);
        }
        fail("expected a session, a name and a hash; `millrace password` prints such a line");
    }
    logon_user user;
    user.session = first;
    user.name = middle;
    user.is_locked = last.front() == '!';
    user.hash = last.substr(user.is_locked ? 1 : 0);
    user.line = line_;
    add(std::move(user));
}

void user_reader::read_switch(std::string_view word) {
    if (word != "on" && word != "off") {
        fail("'authentication' is '" + std::string(word) + "'; expected on or off");
    }
    if (has_switch_) {
        fail("'authentication' is said twice");
    }
    has_switch_ = true;
    result_.is_enabled = word == "on";
}

void user_reader::check_session(const std::string& name) const {
    std::vector<std::string_view> known;
    for (const session_names& session : sessions_) {
        if (name == session.full || name == session.comp_ids) {
            return;
        }
        known.push_back(session.full);
    }
    fail("no session '" + name + "' here that is logged on to" + engine::did_you_mean(name, known));
}

void user_reader::add(logon_user user) {
    check_session(user.session);
    const std::string problem = problem_with_hash(user.hash);
    if (!problem.empty()) {
        fail("the hash of user '" + user.name + "': " + problem);
    }
    for (const logon_user& other : result_.users) {
        if (other.session == user.session && other.name == user.name) {
            fail("user '" + user.name + "' of session '" + user.session +
                 "' stands twice, first in line " + std::to_string(other.line));
        }
    }
    result_.users.push_back(std::move(user));
}

}  // namespace

const logon_user* user_file::find(const session_names& session,
                                  std::string_view user) const noexcept {
    const auto at = std::find_if(users.begin(), users.end(), [&](const logon_user& one) {
        return one.name == user && (one.session == session.full || one.session == session.comp_ids);
    });
    return at == users.end() ? nullptr : &*at;
}

std::vector<session_names> acceptors_of(const settings_file& settings) {
    std::vector<session_names> names;
    for (const session_spec& spec : settings.sessions) {
        if (spec.role == session_role::acceptor) {
            names.push_back({spec.name, spec.sender + "->" + spec.target});
        }
    }
    return names;
}

user_file parse_users(const std::filesystem::path& path, std::string_view text,
                      const std::vector<session_names>& sessions) {
    return user_reader(path, sessions).read(text);
}

user_file load_users(const std::filesystem::path& path,
                     const std::vector<session_names>& sessions) {
    const guarded_text file = read_guarded_file(path, "a file of users", file_bytes_max);
    user_file loaded = parse_users(path, file.text, sessions);
    loaded.stamp = file.stamp;
    return loaded;
}

}  // namespace millrace::gateway
