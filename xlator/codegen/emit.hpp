// Declarations of a dictionary as C++ text.
#pragma once

#include <string>
#include <vector>

#include "xlator/spec/ir.hpp"

namespace millrace::xlator::codegen {

struct generated_file {
    std::string name;
    std::string text;
};

// Declarations in the given namespace ("millrace::fix44"). REQUIRES spec::validate(dict).
[[nodiscard]] std::vector<generated_file> emit(const spec::dictionary& dict,
                                               const std::string& name_space);

// Reads and parses a file. Throws spec::dictionary_error, for one that cannot be read too.
[[nodiscard]] spec::dictionary read_dictionary(const std::string& file);

}  // namespace millrace::xlator::codegen
