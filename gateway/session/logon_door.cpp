#include "gateway/session/logon_door.hpp"

#include <algorithm>

#include "gateway/session/frame_text.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::size_t shown_bytes_max = 64;

}  // namespace

logon_door::logon_door(logon_check& check, const connection_options& options) : check_(&check) {
    for (auto& one : callers_) {
        one = std::make_unique<caller>(options);
        one->user.reserve(shown_bytes_max);
    }
}

std::string_view logon_door::hold(connection& link, const screened_frame& logon,
                                  fix_session& session, std::size_t index,
                                  std::int64_t now_ns) noexcept {
    const std::string_view user = text_of(logon, logon.facts().user_name);
    const std::string_view password = text_of(logon, logon.facts().password);
    const auto free = std::find_if(callers_.begin(), callers_.end(),
                                   [](const auto& one) { return !one->is_waiting; });
    if (free == callers_.end()) {
        return "too many Logons wait to be checked";
    }
    caller& held = **free;
    switch (check_->try_ask(index, user, password, held.place)) {
        case logon_check::ask_result::asked:
            break;
        case logon_check::ask_result::full:
            return "too many Logons wait to be checked";
        case logon_check::ask_result::unfit:
            return "no user has such a name or password";
    }
    held.link.swap(link);
    held.logon = {logon.data(), logon.size()};
    held.session = &session;
    held.user.assign(user.substr(0, shown_bytes_max));
    held.deadline_ns =
        now_ns + static_cast<std::int64_t>(session.spec().logon_timeout_s) * ns_per_s;
    held.is_waiting = true;
    return {};
}

void logon_door::close() noexcept {
    for (const auto& one : callers_) {
        if (one->is_waiting) {
            check_->abandon(one->place);
            end(*one);
        }
    }
}

std::size_t logon_door::waiting_count() const noexcept {
    return static_cast<std::size_t>(std::count_if(callers_.begin(), callers_.end(),
                                                  [](const auto& one) { return one->is_waiting; }));
}

}  // namespace millrace::gateway
