// A stock FIX::SocketInitiator that sends orders and remembers every report, behind a header
// without QuickFIX.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millrace {
namespace tools {

// Field tag and value; header fields are told by their tags.
using test_message = std::vector<std::pair<int, std::string>>;

class test_client {
public:
    // Its store lies in a directory of its own; reset_on_logon makes it send 141=Y whenever its
    // numbers are 1.
    test_client(const std::string& directory, const std::string& dictionary, int port,
                bool reset_on_logon = false);
    ~test_client();

    void start();
    void stop();
    bool is_logged_on() const;
    // Numbered and stored at once; what is sent while logged off goes out by the protocol later.
    void send(const test_message& message);
    // Pretends that the next message goes out under the number of an earlier one.
    void set_next_sender(int number);
    void reset_numbers();  // REQUIRES stopped

    // Reports by ExecID: how often each came, not counting those with PossResend of one that came
    // before.
    std::map<std::string, int> reports() const;
    std::vector<std::map<int, std::string>> messages() const;  // application messages in order
    std::size_t message_count() const;

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

test_message new_order(const std::string& cl_ord_id, const std::string& quantity,
                       const std::string& price);

}  // namespace tools
}  // namespace millrace
