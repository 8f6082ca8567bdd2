#include <fstream>
#include <sstream>

#include "xlator/codegen/emit.hpp"

namespace millrace::xlator::codegen {

spec::dictionary read_dictionary(const std::string& file) {
    std::ifstream input(file, std::ios::binary);
    std::ostringstream text;
    if (!input || !(text << input.rdbuf())) {
        throw spec::dictionary_error(file, 0, "cannot be read: is the path right?");
    }
    return spec::parse_dictionary(file, text.str());
}

}  // namespace millrace::xlator::codegen
