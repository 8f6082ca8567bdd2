#include "tests/xlator/differential/fix_version.hpp"

#include <fstream>
#include <sstream>

namespace millrace::tests {

namespace {

constexpr const char* transport_name = "FIXT11";

std::string file_of(const std::string& name) {
    return std::string(MILLRACE_TEST_DICTIONARIES) + "/" + name + ".xml";
}

xlator::spec::dictionary_text text_of(const std::string& name) {
    std::ifstream input(file_of(name), std::ios::binary);
    std::ostringstream text;
    text << input.rdbuf();
    EXPECT_TRUE(input.good()) << file_of(name);
    return {file_of(name), text.str()};
}

xlator::spec::loaded_dictionary load(const std::string& name, bool has_transport) {
    const xlator::spec::dictionary_text transport = text_of(transport_name);
    return xlator::spec::loaded_dictionary(text_of(name), has_transport ? &transport : nullptr);
}

// FIX44 as sessions spell it: FIX.4.4.
std::string dotted(const std::string& name) {
    return "FIX." + name.substr(3, 1) + "." + name.substr(4);
}

gateway::session_spec session_of(const std::string& name, bool has_transport) {
    const std::string versions =
        has_transport
            ? "BeginString=FIXT.1.1\nDefaultApplVerID=" + dotted(name) +
                  "\nTransportDataDictionary=FIXT11.xml\nAppDataDictionary=" + name + ".xml\n"
            : "BeginString=" + dotted(name) + "\nDataDictionary=" + name + ".xml\n";
    const std::string settings =
        "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptPort=0\nStartTime=00:00:00\n"
        "EndTime=00:00:00\n[SESSION]\nSenderCompID=US\nTargetCompID=" +
        name + "\n" + versions;
    return gateway::parse_settings(name + ".cfg", settings, {MILLRACE_TEST_DICTIONARIES})
        .sessions.at(0);
}

validation_switches switches_of(std::size_t set) {
    validation_switches made;
    made.check_field_order = (set & 1) == 0;
    made.check_have_values = (set & 2) == 0;
    made.check_user_fields = (set & 4) == 0;
    made.allow_unknown_fields = (set & 8) != 0;
    return made;
}

}  // namespace

fix_version::fix_version(const std::string& name)
    : name_(name),
      has_transport_(name.compare(0, 5, "FIX50") == 0),
      loaded_(load(name, has_transport_)),
      oracle_(file_of(has_transport_ ? transport_name : name), has_transport_ ? file_of(name) : ""),
      listener_(store_),
      port_(gateway::session_port::create(session_of(name, has_transport_), store_, listener_)) {}

void fix_version::set_switches(std::size_t set) {
    switches_ = set;
    oracle_.set_switches(switches_of(set));
}

bool fix_version::allows_unknown_fields() const {
    return switches_of(switches_).allow_unknown_fields;
}

xlator::decoder& fix_version::decoder_with(decoders& all, std::size_t set, bool is_strict) {
    std::unique_ptr<xlator::decoder>& found = all[set];
    if (found == nullptr) {
        const validation_switches switches = switches_of(set);
        found = std::make_unique<xlator::decoder>(
            loaded_.tables(),
            xlator::decode_options{.is_strict = is_strict,
                                   .check_field_order = switches.check_field_order,
                                   .check_have_values = switches.check_have_values,
                                   .check_user_fields = switches.check_user_fields,
                                   .allow_unknown_fields = switches.allow_unknown_fields});
    }
    return *found;
}

bool fix_version::passes_screen(const std::string& frame) const {
    return gateway::screen_frame(frame.data(), frame.size(), port_->data_fields(),
                                 port_->screening())
        .is_passed();
}

}  // namespace millrace::tests
