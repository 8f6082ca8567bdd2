#include "gateway/transport/tls_channel.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "engine/core/assert.hpp"
#include "gateway/transport/tls_text.hpp"

namespace millrace::gateway {

namespace {

constexpr int app_data_index = 0;  // what SSL_set_app_data() uses

// A fatal alert: who speaks in the clear can see by it what we speak.
constexpr std::array<char, 7> unexpected_message = {0x15, 0x03, 0x03, 0, 2, 2, 10};

}  // namespace

// OpenSSL's transport: takes from a channel's input and puts into the output of the present call.
// More is to come, or to be sent, where it cannot.
struct tls_channel::pipe {
    static int read(BIO* bio, char* into, std::size_t size, std::size_t* taken) {
        tls_channel& of = *static_cast<tls_channel*>(::BIO_get_data(bio));
        ::BIO_clear_retry_flags(bio);
        *taken = std::min(size, of.input_end_ - of.input_begin_);
        if (*taken == 0) {
            ::BIO_set_retry_read(bio);
            return 0;
        }
        std::memcpy(into, of.input_.get() + of.input_begin_, *taken);
        of.input_begin_ += *taken;
        return 1;
    }
    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
        tls_output* const to = static_cast<tls_channel*>(::BIO_get_data(bio))->output_;
        ::BIO_clear_retry_flags(bio);
        *taken = to == nullptr ? 0 : std::min(size, to->room.size() - to->used);
        if (*taken == 0) {
            ::BIO_set_retry_write(bio);
            return 0;
        }
        std::memcpy(to->room.data() + to->used, from, *taken);
        to->used += *taken;
        return 1;
    }
    static long control(BIO*, int command, long, void*) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }
    static const BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* const fresh =
                ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "millrace");
            if (fresh != nullptr) {
                ::BIO_meth_set_read_ex(fresh, read);
                ::BIO_meth_set_write_ex(fresh, write);
                ::BIO_meth_set_ctrl(fresh, control);
            }
            return fresh;
        }();
        return made;
    }
    // Looks at each certificate that OpenSSL objects to: afterwards nobody knows which it was.
    static int verify(int is_ok, X509_STORE_CTX* store) {
        if (is_ok == 0) {
            const auto* const ssl = static_cast<SSL*>(
                ::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
            static_cast<tls_channel*>(::SSL_get_ex_data(ssl, app_data_index))
                ->note_verify_error(store);
        }
        return is_ok;
    }
};

void tls_channel::ssl_free::operator()(ssl_st* ssl) const noexcept {
    ::SSL_free(ssl);
}

tls_channel::tls_channel() : input_(new char[input_bytes_max]) {}

tls_channel::~tls_channel() = default;

bool tls_channel::begin(const tls_context& context, const socket_address& peer,
                        std::string_view host) noexcept {
    end();
    text_.clear();
    is_server_ = context.role() == tls_role::server;
    try {
        peer_ = to_string(peer);
        ::ERR_clear_error();
        ssl_.reset(::SSL_new(context.get()));
        if (ssl_ == nullptr || !attach_pipe() || !expect(context, host)) {
            fail(detail::take_openssl_error());
            end();
            return false;
        }
    } catch (const std::bad_alloc&) {
        end();
        return false;
    }
    is_server_ ? ::SSL_set_accept_state(ssl_.get()) : ::SSL_set_connect_state(ssl_.get());
    return true;
}

bool tls_channel::attach_pipe() noexcept {
    BIO* const bio = pipe::method() == nullptr ? nullptr : ::BIO_new(pipe::method());
    if (bio == nullptr) {
        return false;
    }
    ::BIO_set_data(bio, this);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(ssl_.get(), bio, bio);
    return ::SSL_set_ex_data(ssl_.get(), app_data_index, this) == 1;
}

bool tls_channel::expect(const tls_context& context, std::string_view host) {
    int mode = SSL_VERIFY_NONE;
    if (context.verify() != tls_verify::none) {
        mode = SSL_VERIFY_PEER;
        if (is_server_ && context.verify() == tls_verify::required) {
            mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        }
    }
    // Who is not checked has no error that would be the reason of a later one.
    ::SSL_set_verify(ssl_.get(), mode, mode == SSL_VERIFY_NONE ? nullptr : pipe::verify);
    expected_name_.clear();
    if (is_server_) {
        return true;  // whose names are right, the session knows
    }
    const std::string called(host);
    socket_address ignored;
    const bool is_address = ::inet_pton(AF_INET, called.c_str(), &ignored.storage) == 1 ||
                            ::inet_pton(AF_INET6, called.c_str(), &ignored.storage) == 1;
    if (!called.empty() && !is_address &&
        ::SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                   const_cast<char*>(called.c_str())) != 1) {
        return false;
    }
    if (context.verify() == tls_verify::none) {
        return true;
    }
    ::SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const std::vector<std::string>& names = context.peer_names();
    if (names.empty()) {
        expected_name_ = called;
        return called.empty() || ::SSL_set1_host(ssl_.get(), called.c_str()) == 1;
    }
    for (const std::string& name : names) {
        expected_name_ += (expected_name_.empty() ? "" : ", ") + name;
        if (::SSL_add1_host(ssl_.get(), name.c_str()) != 1) {
            return false;
        }
    }
    return true;
}

void tls_channel::end() noexcept {
    ssl_.reset();
    input_begin_ = 0;
    input_end_ = 0;
    output_ = nullptr;
    is_established_ = false;
    is_first_input_ = true;
    has_unread_ = false;
    end_ = tls_state::ok;
}

std::span<char> tls_channel::input_room() noexcept {
    if (input_begin_ == input_end_) {
        input_begin_ = 0;
        input_end_ = 0;
    }
    return {input_.get() + input_end_, input_bytes_max - input_end_};
}

void tls_channel::commit_input(std::size_t size) noexcept {
    MILLRACE_DCHECK(size <= input_bytes_max - input_end_, "more bytes than there was room for");
    input_end_ += size;
    has_unread_ = has_unread_ || size > 0;
}

tls_state tls_channel::advance(tls_output& output) noexcept {
    if (is_first_input_ && input_end_ > input_begin_) {
        is_first_input_ = false;
        if (input_[input_begin_] == '8') {  // no record of TLS begins so, and each of FIX does
            fail(is_server_ ? "the peer speaks FIX in the clear, and this port takes TLS alone"
                            : "what answers speaks FIX in the clear");
            if (output.room.size() >= unexpected_message.size()) {
                std::memcpy(output.room.data(), unexpected_message.data(),
                            unexpected_message.size());
                output.used = unexpected_message.size();
            }
            return tls_state::failed;
        }
    }
    ::ERR_clear_error();
    output_ = &output;
    const int result = ::SSL_do_handshake(ssl_.get());
    output_ = nullptr;
    has_unread_ = input_end_ > input_begin_ || ::SSL_pending(ssl_.get()) > 0;
    if (result != 1) {
        return failed(result);
    }
    is_established_ = true;
    return tls_state::ok;
}

tls_state tls_channel::read(std::span<char> plain, std::size_t& size, tls_output& output) noexcept {
    MILLRACE_DCHECK(is_established_, "nothing can be read during a handshake");
    size = 0;
    if (end_ != tls_state::ok) {
        return end_;
    }
    if (!has_unread_) {
        return tls_state::wanted;
    }
    ::ERR_clear_error();
    output_ = &output;
    int result = 1;
    while (size < plain.size()) {
        std::size_t taken = 0;
        result = ::SSL_read_ex(ssl_.get(), plain.data() + size, plain.size() - size, &taken);
        size += taken;
        if (result != 1) {
            break;
        }
    }
    output_ = nullptr;
    has_unread_ = input_end_ > input_begin_ || ::SSL_pending(ssl_.get()) > 0;
    const tls_state state = result == 1 ? tls_state::ok : failed(result);
    if (state == tls_state::ended || state == tls_state::failed) {
        end_ = state;
        has_unread_ = true;
    }
    return size > 0 ? tls_state::ok : state;
}

tls_state tls_channel::write(std::string_view bytes, tls_output& output) noexcept {
    MILLRACE_DCHECK(is_established_, "nothing can be sent during a handshake");
    ::ERR_clear_error();
    output_ = &output;
    std::size_t taken = 0;
    const int result = ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken);
    output_ = nullptr;
    return result == 1 ? tls_state::ok : failed(result);
}

void tls_channel::say_end(tls_output& output) noexcept {
    output_ = &output;
    static_cast<void>(::SSL_shutdown(ssl_.get()));
    output_ = nullptr;
    ::ERR_clear_error();
}

tls_state tls_channel::failed(int result) noexcept {
    switch (::SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return tls_state::wanted;
        case SSL_ERROR_ZERO_RETURN:
            return tls_state::ended;
        default:
            break;
    }
    const unsigned long code = ::ERR_peek_error();
    if (text_.empty()) {
        try {
            fail(detail::failure_text(code, is_server_));
        } catch (const std::bad_alloc&) {
            fail("no memory for the reason");
        }
    }
    ::ERR_clear_error();
    return tls_state::failed;
}

void tls_channel::note_verify_error(x509_store_ctx_st* store) noexcept {
    const X509* const certificate = ::X509_STORE_CTX_get_current_cert(store);
    const int error = ::X509_STORE_CTX_get_error(store);
    if (certificate == nullptr || !text_.empty()) {
        return;
    }
    try {
        const bool is_peers = ::X509_STORE_CTX_get_error_depth(store) == 0;
        const bool is_wrong_name =
            error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH;
        text_ = (is_peers ? "certificate of peer " : "certificate of an authority of peer ") +
                peer_ + " (" + detail::to_text(::X509_get_subject_name(certificate)) + ") " +
                detail::verify_text(error, certificate) +
                (is_wrong_name ? ", and not for " + expected_name_ : "");
        text_.resize(std::min(text_.size(), text_bytes_max));
    } catch (const std::bad_alloc&) {
        text_.clear();
    }
}

void tls_channel::fail(std::string_view reason) noexcept {
    try {
        text_ = "TLS with " + peer_ + ": ";
        text_ += reason;
        text_.resize(std::min(text_.size(), text_bytes_max));
    } catch (const std::bad_alloc&) {
        text_.clear();
    }
}

bool tls_channel::is_peer_named(const std::vector<std::string>& names) const noexcept {
    X509* const certificate = ssl_ == nullptr ? nullptr : ::SSL_get0_peer_certificate(ssl_.get());
    constexpr unsigned flags = X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;
    return certificate != nullptr &&
           std::any_of(names.begin(), names.end(), [&](const std::string& name) {
               return ::X509_check_host(certificate, name.data(), name.size(), flags, nullptr) ==
                          1 ||
                      ::X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
           });
}

std::string tls_channel::describe() const noexcept {
    try {
        const X509* const certificate = ::SSL_get0_peer_certificate(ssl_.get());
        return std::string(::SSL_get_version(ssl_.get())) + ", " +
               ::SSL_get_cipher_name(ssl_.get()) + ", peer " +
               (certificate == nullptr ? "without a certificate"
                                       : detail::to_text(::X509_get_subject_name(certificate)));
    } catch (const std::bad_alloc&) {
        return {};
    }
}

}  // namespace millrace::gateway
