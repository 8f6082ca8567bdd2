// The house style and the layer rule as functions from the tree to offences.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_text.hpp"

namespace millrace::tidy {

struct offence {
    std::string path;
    std::size_t line = 0;
    std::string_view rule;  // a short fixed name, which an exception quotes
    std::string reason;
};

// What is let pass, and why. One that no longer lets anything pass is an offence itself.
struct exception {
    std::string_view path;  // a file, or a folder with everything below it
    std::string_view rule;
    std::string_view reason;
};

using offences = std::vector<offence>;

// Each looks at one file.
void check_text(const source_file& file, offences& found);    // tab, CR, non-ASCII, forbidden texts
void check_shape(const source_file& file, offences& found);   // columns, lengths, head of a header
void check_layers(const source_file& file, offences& found);  // who includes whom
void check_library_words(const source_file& file, offences& found);
void check_atomics(const source_file& file, offences& found);  // explicit orders, named pairs

// These look at the tree.
void check_includes_exist(const std::vector<source_file>& files, offences& found);
void check_tests_have_sources(const std::vector<source_file>& files, offences& found);
void check_headers_are_listed(const std::vector<source_file>& files, offences& found);

[[nodiscard]] offences check_tree(const std::vector<source_file>& files,
                                  const std::vector<exception>& exceptions);

}  // namespace millrace::tidy
