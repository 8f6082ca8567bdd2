// Bodies go out in the order they were given in. QuickFIX writes a message's fields by tag, on the
// first send and on each resend; here the body gets its own order back. The fields are the same, so
// the frame's length and checksum are too.
//
// Threading  the session's thread
// Errors     none: a frame whose body is not the one expected stays as QuickFIX wrote it
#pragma once

#include <quickfix/DataDictionary.h>

#include <cstddef>
#include <string>
#include <vector>

namespace millrace {
namespace gateway {
namespace detail {

int number_of(const std::string& frame);

class body_order {
public:
    // Whose header fields these are. REQUIRES: outlives this.
    void set_transport(const FIX::DataDictionary& transport) { transport_ = &transport; }

    // While it lives, the frames are of one composed message.
    class sending {
    public:
        // REQUIRES: both outlive this.
        sending(body_order& order, const std::string& message) : order_(order) {
            order.begin_send(message);
        }
        ~sending() { order_.body_size_ = 0; }
        sending(const sending&) = delete;
        sending& operator=(const sending&) = delete;

    private:
        body_order& order_;
    };
    // Moves the last bytes of a composed body, which are whole fields, to where the library wrote
    // them, if it left the others in their order.
    void place(std::string& message, std::size_t last_bytes, const std::string& written) const;
    // What the store gave out to be resent, by ascending number.
    void keep(const std::vector<std::string>& stored) {
        stored_ = stored;
        next_stored_ = 0;
    }

    // The frame as it is to be stored and sent; valid until the next call.
    const std::string& restore(const std::string& frame);

private:
    void begin_send(const std::string& message);
    std::size_t body_begin(const std::string& message) const;
    const std::string& put_in(const std::string& frame, const char* body, std::size_t size);

    const FIX::DataDictionary* transport_ = nullptr;
    const char* body_ = nullptr;  // of the message that is being sent
    std::size_t body_size_ = 0;   // 0: none is
    std::vector<std::string> stored_;
    std::size_t next_stored_ = 0;  // resends come in the store's order
    std::string restored_;
};

}  // namespace detail
}  // namespace gateway
}  // namespace millrace
