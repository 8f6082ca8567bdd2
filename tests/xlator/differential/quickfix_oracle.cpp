#include "tests/xlator/differential/quickfix_oracle.hpp"

#include <quickfix/DataDictionary.h>
#include <quickfix/Message.h>

#include <algorithm>
#include <vector>

#include "tests/xlator/differential/field_text.hpp"

namespace millrace {
namespace tests {

struct quickfix_oracle::state {
    FIX::DataDictionary session;
    std::unique_ptr<FIX::DataDictionary> application;
    FIX::Message message;

    const FIX::DataDictionary& application_or_session() const {
        return application == nullptr ? session : *application;
    }
    const FIX::DataDictionary& of_body() const {
        return message.isApp() ? application_or_session() : session;
    }
};

// Not the dictionary's constructor: one that throws leaks the groups it has read.
quickfix_oracle::quickfix_oracle(const std::string& session_file,
                                 const std::string& application_file)
    : state_(new state()) {
    state_->session.readFromURL(session_file);
    if (!application_file.empty()) {
        state_->application.reset(new FIX::DataDictionary());
        state_->application->readFromURL(application_file);
    }
}

quickfix_oracle::~quickfix_oracle() = default;

namespace {

void set_in(FIX::DataDictionary& dictionary, const validation_switches& switches) {
    dictionary.checkFieldsOutOfOrder(switches.check_field_order);
    dictionary.checkFieldsHaveValues(switches.check_have_values);
    dictionary.checkUserDefinedFields(switches.check_user_fields);
    dictionary.allowUnknownMsgFields(switches.allow_unknown_fields);
}

oracle_verdict verdict(oracle_verdict::kind result, int reason, int tag, const std::string& text) {
    oracle_verdict made;
    made.result = result;
    made.reason = reason;
    made.tag = tag;
    made.text = text;
    return made;
}

oracle_verdict rejected(int reason, int tag, const std::string& text) {
    return verdict(oracle_verdict::rejected, reason, tag, text);
}

}  // namespace

void quickfix_oracle::set_switches(const validation_switches& switches) {
    set_in(state_->session, switches);
    if (state_->application != nullptr) {
        set_in(*state_->application, switches);
    }
}

oracle_verdict quickfix_oracle::check(const std::string& frame) {
    FIX::Message& message = state_->message;
    try {
        message.setString(frame, true, &state_->session, &state_->application_or_session());
    } catch (const FIX::InvalidMessage& e) {
        return verdict(oracle_verdict::garbled, -1, 0, e.what());
    }
    // Exceptions derive from each other nowhere below, so the order does not matter.
    try {
        if (state_->application != nullptr && message.isApp()) {
            FIX::DataDictionary::validate(message, &state_->session, state_->application.get());
        } else {
            state_->session.validate(message);
        }
        return oracle_verdict();
    } catch (const FIX::UnsupportedVersion& e) {
        return verdict(oracle_verdict::unsupported_version, -1, 8, e.what());
    } catch (const FIX::TagOutOfOrder& e) {
        return rejected(14, e.field, e.what());
    } catch (const FIX::InvalidMessageType& e) {
        return rejected(11, 35, e.what());
    } catch (const FIX::RequiredTagMissing& e) {
        return rejected(1, e.field, e.what());
    } catch (const FIX::RepeatedTag& e) {
        return rejected(13, e.field, e.what());
    } catch (const FIX::NoTagValue& e) {
        return rejected(4, e.field, e.what());
    } catch (const FIX::IncorrectDataFormat& e) {
        return rejected(6, e.field, e.what());
    } catch (const FIX::IncorrectTagValue& e) {
        return rejected(5, e.field, e.what());
    } catch (const FIX::InvalidTagNumber& e) {
        return rejected(0, e.field, e.what());
    } catch (const FIX::TagNotDefinedForMessage& e) {
        return rejected(2, e.field, e.what());
    } catch (const FIX::RepeatingGroupCountMismatch& e) {
        return rejected(16, e.field, e.what());
    } catch (const FIX::Exception& e) {
        return verdict(oracle_verdict::other, -1, 0, e.what());
    } catch (const std::exception& e) {
        return verdict(oracle_verdict::other, -1, 0, e.what());
    }
}

namespace {

std::size_t read_maps(const std::vector<const FIX::FieldMap*>& maps, std::string& text) {
    struct place {
        const FIX::FieldBase* field;
        const FIX::FieldMap* map;
    };
    std::vector<place> places;
    for (const FIX::FieldMap* map : maps) {
        for (const FIX::FieldBase& field : *map) {
            places.push_back({&field, map});
        }
    }
    std::stable_sort(places.begin(), places.end(), [](const place& a, const place& b) {
        return a.field->getTag() < b.field->getTag();
    });
    std::size_t count = places.size();
    for (const place& each : places) {
        const int tag = each.field->getTag();
        append_field(text, tag, each.field->getString());
        const int entries = static_cast<int>(each.map->groupCount(tag));
        for (int index = 1; index <= entries; ++index) {
            begin_entry(text);
            count += read_maps({&each.map->getGroupRef(index, tag)}, text);
            end_entry(text);
        }
    }
    return count;
}

}  // namespace

std::size_t quickfix_oracle::read(std::string& text) const {
    const FIX::Message& message = state_->message;
    return read_maps({&message.getHeader(), &message, &message.getTrailer()}, text);
}

std::string quickfix_oracle::written() const {
    return state_->message.toString();
}

bool quickfix_oracle::is_body_field(int tag) const {
    return state_->of_body().isField(tag);
}

bool quickfix_oracle::is_body_value(int tag, const std::string& value) const {
    const FIX::DataDictionary& asked = state_->of_body();
    return !asked.hasFieldValue(tag) || asked.isFieldValue(tag, value);
}

bool quickfix_oracle::is_message_type(const std::string& msg_type) const {
    return state_->session.isMsgType(msg_type) ||
           state_->application_or_session().isMsgType(msg_type);
}

bool quickfix_oracle::field_name(int tag, std::string& name) const {
    return state_->application_or_session().getFieldName(tag, name) ||
           state_->session.getFieldName(tag, name);
}

}  // namespace tests
}  // namespace millrace
