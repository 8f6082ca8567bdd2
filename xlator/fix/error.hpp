// The one exception of the xlator, thrown while something is set up, never on the message path.
#pragma once

#include <stdexcept>

namespace millrace::xlator {

// A dictionary, a declaration or a map contradicts itself; what() is the whole sentence a user
// reads.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace millrace::xlator
