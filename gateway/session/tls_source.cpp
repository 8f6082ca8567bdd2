#include "gateway/session/tls_source.hpp"

#include <exception>

#include "engine/core/clock.hpp"
#include "gateway/session/session_setup.hpp"

namespace millrace::gateway {

namespace {

constexpr std::int64_t retry_interval_ns = 1'000'000'000;

}  // namespace

tls_source::tls_source(const session_spec& spec)
    : spec_(spec), stamps_(stamps()), current_(detail::make_tls(spec)) {}

tls_source::~tls_source() {
    static_cast<void>(renew());
}

std::vector<file_stamp> tls_source::stamps() const {
    const tls_spec& tls = spec_.tls;
    std::vector<file_stamp> found;
    for (const std::string* const path :
         {&tls.certificate_file, &tls.key_file, &tls.authorities_file, &tls.authorities_directory,
          &tls.revocation_file, &tls.revocation_directory}) {
        found.push_back(path->empty() ? file_stamp{} : stamp_of(*path));
    }
    return found;
}

std::string tls_source::look() noexcept {
    try {
        std::vector<file_stamp> present = stamps();
        if (present == stamps_ && (failure_.empty() || engine::monotonic_now_ns() < retry_ns_)) {
            return failure_;
        }
        stamps_ = std::move(present);
        failure_.clear();
        std::unique_ptr<tls_context> fresh = detail::make_tls(spec_);
        // acq_rel: pairs with tls_source.cpp: renew; what nobody took is ours again
        const std::unique_ptr<tls_context> untaken(
            next_.exchange(fresh.release(), std::memory_order_acq_rel));
    } catch (const std::exception& failure) {
        failure_ = spec_.name + ": TLS stays as it was read before: " + failure.what();
        retry_ns_ = engine::monotonic_now_ns() + retry_interval_ns;
    }
    return failure_;
}

bool tls_source::renew() noexcept {
    // relaxed: only a look
    if (next_.load(std::memory_order_relaxed) == nullptr) {
        return false;
    }
    // acq_rel: pairs with tls_source.cpp: look
    current_.reset(next_.exchange(nullptr, std::memory_order_acq_rel));
    return true;
}

}  // namespace millrace::gateway
