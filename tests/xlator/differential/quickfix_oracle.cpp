#include "tests/xlator/differential/quickfix_oracle.hpp"

#include <quickfix/DataDictionary.h>
#include <quickfix/Message.h>

namespace millrace {
namespace tests {

struct quickfix_oracle::state {
    explicit state(const std::string& file) : dictionary(file) {}
    FIX::DataDictionary dictionary;
    FIX::Message message;
};

quickfix_oracle::quickfix_oracle(const std::string& dictionary_file)
    : state_(new state(dictionary_file)) {}

quickfix_oracle::~quickfix_oracle() = default;

namespace {

oracle_verdict verdict(oracle_verdict::kind result, int reason, int tag, const std::string& text) {
    oracle_verdict made;
    made.result = result;
    made.reason = reason;
    made.tag = tag;
    made.text = text;
    return made;
}

}  // namespace

oracle_verdict quickfix_oracle::check(const std::string& frame) {
    try {
        state_->message.setString(frame, true, &state_->dictionary, &state_->dictionary);
    } catch (const FIX::InvalidMessage& e) {
        return verdict(oracle_verdict::garbled, -1, 0, e.what());
    }
    // Exceptions derive from each other nowhere below, so the order does not matter.
    try {
        state_->dictionary.validate(state_->message);
        return oracle_verdict();
    } catch (const FIX::TagOutOfOrder& e) {
        return verdict(oracle_verdict::rejected, 14, e.field, e.what());
    } catch (const FIX::InvalidMessageType& e) {
        return verdict(oracle_verdict::rejected, 11, 35, e.what());
    } catch (const FIX::RequiredTagMissing& e) {
        return verdict(oracle_verdict::rejected, 1, e.field, e.what());
    } catch (const FIX::RepeatedTag& e) {
        return verdict(oracle_verdict::rejected, 13, e.field, e.what());
    } catch (const FIX::NoTagValue& e) {
        return verdict(oracle_verdict::rejected, 4, e.field, e.what());
    } catch (const FIX::IncorrectDataFormat& e) {
        return verdict(oracle_verdict::rejected, 6, e.field, e.what());
    } catch (const FIX::IncorrectTagValue& e) {
        return verdict(oracle_verdict::rejected, 5, e.field, e.what());
    } catch (const FIX::InvalidTagNumber& e) {
        return verdict(oracle_verdict::rejected, 0, e.field, e.what());
    } catch (const FIX::TagNotDefinedForMessage& e) {
        return verdict(oracle_verdict::rejected, 2, e.field, e.what());
    } catch (const FIX::RepeatingGroupCountMismatch& e) {
        return verdict(oracle_verdict::rejected, 16, e.field, e.what());
    } catch (const FIX::Exception& e) {
        return verdict(oracle_verdict::other, -1, 0, e.what());
    } catch (const std::exception& e) {
        return verdict(oracle_verdict::other, -1, 0, e.what());
    }
}

bool quickfix_oracle::field(int tag, std::string& value) const {
    const FIX::FieldMap* maps[] = {&state_->message, &state_->message.getHeader(),
                                   &state_->message.getTrailer()};
    for (const FIX::FieldMap* map : maps) {
        if (map->isSetField(tag)) {
            value = map->getField(tag);
            return true;
        }
    }
    return false;
}

std::string quickfix_oracle::written() const {
    return state_->message.toString();
}

int quickfix_oracle::group_count(int counter) const {
    return static_cast<int>(state_->message.groupCount(counter));
}

bool quickfix_oracle::group_field(int counter, int index, int tag, std::string& value) const {
    const FIX::FieldMap& body = state_->message;
    if (!body.hasGroup(index, counter)) {
        return false;
    }
    const FIX::FieldMap& entry = *body.getGroupPtr(index, counter);
    if (!entry.isSetField(tag)) {
        return false;
    }
    value = entry.getField(tag);
    return true;
}

bool quickfix_oracle::is_message_type(const std::string& msg_type) const {
    return state_->dictionary.isMsgType(msg_type);
}

bool quickfix_oracle::field_name(int tag, std::string& name) const {
    return state_->dictionary.getFieldName(tag, name);
}

}  // namespace tests
}  // namespace millrace
