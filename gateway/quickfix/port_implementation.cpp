#include "gateway/quickfix/port_implementation.hpp"

#include <quickfix/Message.h>
#include <quickfix/SessionFactory.h>
#include <quickfix/SessionID.h>
#include <quickfix/Values.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "gateway/quickfix/dictionary.hpp"

namespace millrace {
namespace gateway {

namespace {

constexpr std::int64_t ns_per_s = 1000000000;

// What the library's own factory would set on a dictionary from these keys.
ptr::shared_ptr<FIX::DataDictionary> make_dictionary(const session_spec& spec,
                                                     const detail::loaded_dictionary& loaded) {
    ptr::shared_ptr<FIX::DataDictionary> made(new FIX::DataDictionary(loaded.parsed));
    made->checkFieldsOutOfOrder(spec.is_on("ValidateFieldsOutOfOrder", true));
    made->checkFieldsHaveValues(spec.is_on("ValidateFieldsHaveValues", true));
    made->checkUserDefinedFields(spec.is_on("ValidateUserDefinedFields", true));
    made->allowUnknownMsgFields(spec.is_on("AllowUnknownMsgFields", false));
    return made;
}

// Keys that would make the factory read dictionaries, or the session do what this gateway must not:
// keep a schedule of its own, which is ours; an initiator resets at its next logon instead of when
// the connection is lost.
bool is_withheld(const std::string& key, session_role role) {
    static const char* const withheld[] = {"DATADICTIONARY",
                                           "TRANSPORTDATADICTIONARY",
                                           "USEDATADICTIONARY",
                                           "PERSISTMESSAGES",
                                           "PRESERVEMESSAGEFIELDSORDER",
                                           "USELOCALTIME",
                                           "STARTDAY",
                                           "ENDDAY",
                                           "LOGONTIME",
                                           "LOGOUTTIME",
                                           "LOGONDAY",
                                           "LOGOUTDAY",
                                           "USERNAME",
                                           "PASSWORD",
                                           "PASSWORDFILE",
                                           "ALLOWEDREMOTEADDRESSES",
                                           "INBOUNDROUTINGTAG",
                                           "OUTBOUNDROUTINGTAG"};
    const std::string upper = FIX::string_toUpper(key);
    for (const char* name : withheld) {
        if (upper == name) {
            return true;
        }
    }
    return upper.compare(0, 17, "APPDATADICTIONARY") == 0 ||
           upper.compare(0, 13, "OUTBOUNDFIELD") == 0 ||
           (upper == "RESETONDISCONNECT" && role == session_role::initiator);
}

FIX::Dictionary to_dictionary(const session_spec& spec) {
    FIX::Dictionary settings;
    for (const setting& value : spec.settings) {
        if (!is_withheld(value.key, spec.role)) {
            settings.setString(value.key, value.value);
        }
    }
    settings.setString(FIX::USE_DATA_DICTIONARY, "N");
    settings.setString(FIX::START_TIME, detail::library_start_time);
    settings.setString(FIX::END_TIME, detail::library_end_time);
    return settings;
}

}  // namespace

session_port::implementation::implementation(const session_spec& session_description,
                                             session_store& session_numbers,
                                             session_listener& listener)
    : spec(session_description),
      fields(detail::find_outbound_fields(spec)),
      store(session_numbers, spec.begin_string, order),
      application(listener, spec, fields),
      events(listener, spec.secrets),
      wire(order) {
    screening.validate_length_and_checksum = spec.validate_length_and_checksum;
    build_screen_tables();
    const FIX::DataDictionary& transport =
        dictionaries.getSessionDataDictionary(FIX::BeginString(spec.begin_string));
    order.set_transport(transport);
    application.set_transport(spec.use_data_dictionary ? &transport : nullptr);
    create_session();
}

bool session_port::implementation::is_header_field(int tag) const {
    return spec.use_data_dictionary
               ? dictionaries.getSessionDataDictionary(FIX::BeginString(spec.begin_string))
                     .isHeaderField(tag)
               : FIX::Message::isHeaderField(tag);
}

// Of what it sends by itself.
const FIX::DataDictionary& session_port::implementation::messages() const {
    FIX::ApplVerID version = FIX::Message::toApplVerID(FIX::BeginString(spec.begin_string));
    if (session->getSessionID().isFIXT()) {
        version = FIX::ApplVerID(session->getSenderDefaultApplVerID());
    }
    return dictionaries.getApplicationDataDictionary(version);
}

void session_port::implementation::append_fields(const char* msg_type, std::size_t msg_type_size,
                                                 const char* body, std::size_t body_size,
                                                 bool is_header) {
    for (const detail::outbound_field& field : fields) {
        if (field.is_header != is_header || detail::has_field(body, body_size, field.tag)) {
            continue;
        }
        const bool is_declared =
            is_header || !spec.use_data_dictionary ||
            messages().isMsgField(std::string(msg_type, msg_type_size), field.tag);
        if (is_declared) {
            outgoing.append(std::to_string(field.tag)).append(1, '=');
            outgoing.append(field.value).append(1, '\x01');
        }
    }
}

void session_port::implementation::build_screen_tables() {
    if (!spec.use_data_dictionary) {
        return;  // the library then takes no field for data, and neither must the screen
    }
    std::vector<const detail::loaded_dictionary*> loaded;
    const detail::loaded_dictionary& transport = detail::load_dictionary(spec.data_dictionary);
    const auto transport_copy = make_dictionary(spec, transport);
    const FIX::BeginString begin_string(spec.begin_string);
    dictionaries.addTransportDataDictionary(begin_string, transport_copy);
    loaded.push_back(&transport);
    for (const std::uint32_t tag : transport.data_tags) {
        data_fields.add_session_field(tag);
    }
    if (spec.application_dictionaries.empty()) {
        dictionaries.addApplicationDataDictionary(
            FIX::ApplVerID(FIX::Message::toApplVerID(begin_string)), transport_copy);
    }
    for (const auto& entry : spec.application_dictionaries) {
        const detail::loaded_dictionary& messages = detail::load_dictionary(entry.second);
        dictionaries.addApplicationDataDictionary(
            FIX::ApplVerID(FIX::Message::toApplVerID(FIX::BeginString(entry.first))),
            make_dictionary(spec, messages));
        loaded.push_back(&messages);
        for (const std::uint32_t tag : messages.data_tags) {
            data_fields.add_application_field(tag);
            // Where only one of two dictionaries calls a field data, groups of the other end it at
            // its first SOH.
            if (!transport.parsed.isDataField(static_cast<int>(tag))) {
                data_fields.forbid_soh_inside(tag);
            }
        }
        for (const std::uint32_t tag : transport.data_tags) {
            if (!messages.parsed.isDataField(static_cast<int>(tag))) {
                data_fields.forbid_soh_inside(tag);
            }
        }
    }
    for (const detail::loaded_dictionary* dictionary : loaded) {
        for (const std::uint32_t tag : dictionary->nested_data_tags) {
            data_fields.forbid_soh_inside(tag);
        }
        for (const std::uint32_t tag : dictionary->ambiguous_data_tags) {
            data_fields.bar(tag);
        }
    }
}

void session_port::implementation::create_session() {
    const FIX::SessionID id(spec.begin_string, spec.sender, spec.target, spec.qualifier);
    if (FIX::Session::doesSessionExist(id)) {
        throw settings_error(spec.file, spec.line,
                             "session " + spec.name + " exists already in this process");
    }
    try {
        FIX::SessionFactory factory(application, store, &events);
        session.reset(factory.create(id, to_dictionary(spec)));
        session->setDataDictionaryProvider(dictionaries);
    } catch (const std::exception& problem) {
        throw settings_error(spec.file, spec.line, spec.name + ": " + problem.what());
    }
    store.session_exists(state());
}

void session_port::implementation::tell_times() noexcept {
    if (received_beside_ns != 0) {
        state().lastReceivedTime(detail::to_timestamp(received_beside_ns));
        state().testRequest(0);
        received_beside_ns = 0;
    }
    if (sent_beside_ns != 0) {
        state().lastSentTime(detail::to_timestamp(sent_beside_ns));
        sent_beside_ns = 0;
    }
}

void session_port::implementation::drop() noexcept {
    try {
        session->disconnect();
    } catch (...) {
        // disconnect() may throw when the store refuses a reset; the wire must go down all the
        // same.
    }
    if (wire.is_attached()) {
        wire.disconnect();
    }
}

const char* session_port::implementation::problem_with_logon(const screened_frame& frame,
                                                             std::int64_t now_ns) const noexcept {
    const frame_facts& facts = frame.facts();
    if (!frame.equals(facts.begin_string, spec.begin_string.data(), spec.begin_string.size())) {
        return "Logon refused: another FIX version than the session's";
    }
    if (spec.check_comp_id && wrong_comp_id(frame) != 0) {
        return "Logon refused: its CompIDs are not the session's";
    }
    if (!facts.has_number) {
        return "Logon refused: no MsgSeqNum";
    }
    if (!facts.has_heart_bt_int) {
        return "Logon refused: no HeartBtInt";
    }
    if (facts.encrypt_method.is_present() && !frame.equals(facts.encrypt_method, "0", 1)) {
        return "Logon refused: its EncryptMethod is not 0, and nothing is encrypted here";
    }
    std::int64_t sent_ns = 0;
    if (!parse_utc_timestamp(frame.begin_of(facts.sending_time), facts.sending_time.size,
                             sent_ns)) {
        return "Logon refused: its SendingTime is no UTC timestamp";
    }
    const std::int64_t limit_ns = static_cast<std::int64_t>(spec.max_latency_s) * ns_per_s;
    if (spec.check_latency && std::llabs(now_ns - sent_ns) > limit_ns) {
        return "Logon refused: its SendingTime is further from now than MaxLatency";
    }
    return nullptr;
}

receive_status session_port::implementation::refuse_before_logon(
    const screened_frame& frame) noexcept {
    const field_span said = frame.facts().text;
    const bool answers_our_logon = session->sentLogon() && frame.is_msg_type('5');
    char quoted[128] = "";
    std::snprintf(quoted, sizeof quoted, "%.*s",
                  static_cast<int>(std::min<std::uint32_t>(said.size, 127)), frame.begin_of(said));
    if (answers_our_logon) {
        say("our Logon was answered by a Logout", quoted);
    } else {
        say("the first message is no Logon", quoted);
    }
    drop();
    return answers_our_logon ? receive_status::logon_refused : receive_status::not_logged_on;
}

receive_status session_port::implementation::receive(const screened_frame& frame,
                                                     std::int64_t now_ns) noexcept {
    if (!wire.is_attached()) {
        say("no connection: the frame belongs to one that has ended");
        return receive_status::not_logged_on;
    }
    if (!frame.is_passed()) {
        say("garbled", to_text(frame.reason()));
        if (!is_logged_on()) {
            drop();
        }
        return receive_status::garbled;
    }
    const bool is_logon = frame.is_msg_type('A');
    if (!is_logged_on() && !is_logon) {
        return refuse_before_logon(frame);
    }
    if (is_logon) {
        // The library may reset both numbers before it verifies a Logon.
        const char* const problem = problem_with_logon(frame, now_ns);
        if (problem != nullptr) {
            say(problem);
            drop();
            return receive_status::logon_refused;
        }
    }
    const receive_status status = pass_on(frame);
    if (is_logon && status == receive_status::ok && !session->receivedLogon()) {
        say_event();
        if (wire.is_attached()) {
            drop();
        }
        return receive_status::logon_refused;
    }
    return status;
}

int session_port::implementation::wrong_comp_id(const screened_frame& frame) const noexcept {
    const frame_facts& facts = frame.facts();
    if (!frame.equals(facts.sender, spec.target.data(), spec.target.size())) {
        return FIX::FIELD::SenderCompID;
    }
    return frame.equals(facts.target, spec.sender.data(), spec.sender.size())
               ? 0
               : FIX::FIELD::TargetCompID;
}

// One in its turn that leads to its own number fills nothing and can never be passed; the library
// says nothing to it, and rejects those that lead back.
void session_port::implementation::refuse_empty_gap_fill(const screened_frame& frame) {
    const frame_facts& facts = frame.facts();
    if (!application.has_taken_admin() || !frame.is_msg_type('4') || !facts.gap_fill ||
        facts.new_seq_no != facts.number.value ||
        static_cast<int>(facts.number.value) != store.getNextTargetMsgSeqNum() || !is_logged_on()) {
        return;
    }
    FIX::Message reject;
    reject.getHeader().setField(FIX::MsgType(FIX::MsgType_Reject));
    reject.setField(FIX::RefSeqNum(static_cast<int>(facts.number.value)));
    reject.setField(FIX::Text("attempt to lower sequence number, invalid value NewSeqNo=" +
                              std::to_string(facts.new_seq_no)));
    if (spec.begin_string >= FIX::BeginString_FIX42) {
        reject.setField(FIX::RefMsgType(FIX::MsgType_SequenceReset));
        reject.setField(FIX::RefTagID(FIX::FIELD::NewSeqNo));
        reject.setField(FIX::SessionRejectReason(FIX::SessionRejectReason_VALUE_IS_INCORRECT));
    }
    static_cast<void>(session->send(reject));
}

receive_status session_port::implementation::pass_on(const screened_frame& frame) noexcept {
    application.set_wrong_comp_id(wrong_comp_id(frame));
    application.forget_admin();
    try {
        session->next(std::string(frame.data(), frame.size()), FIX::UtcTimeStamp());
        refuse_empty_gap_fill(frame);
        return receive_status::ok;
    } catch (const FIX::InvalidMessage& problem) {
        say("garbled", problem.what());
        if (!is_logged_on()) {
            drop();
        }
        return receive_status::garbled;
    } catch (const std::exception& problem) {
        say(problem.what());
    } catch (...) {
        say("the FIX library threw something unknown");
    }
    drop();
    return receive_status::failed;
}

bool session_port::implementation::compose(const char* msg_type, std::size_t msg_type_size,
                                           const char* body, std::size_t body_size) noexcept {
    try {
        outgoing.clear();
        outgoing.append("8=").append(spec.begin_string);
        outgoing.append(
            "\x01"
            "9=0\x01"
            "35=");
        outgoing.append(msg_type, msg_type_size).append(1, '\x01');
        append_fields(msg_type, msg_type_size, body, body_size, true);
        outgoing.append(body, body_size);
        const std::size_t given = outgoing.size();
        append_fields(msg_type, msg_type_size, body, body_size, false);
        added_bytes = outgoing.size() - given;
        outgoing.append("10=000\x01");
    } catch (const std::exception& problem) {
        say(problem.what());
        return false;
    }
    screen_options options = screening;
    options.validate_length_and_checksum = false;
    const screened_frame frame =
        screen_frame(outgoing.data(), outgoing.size(), data_fields, options);
    if (!frame.is_passed()) {
        say("the message is not well formed", to_text(frame.reason()));
        return false;
    }
    const frame_facts& facts = frame.facts();
    if (facts.msg_type.size == 0) {
        say("the message has no MsgType");
        return false;
    }
    if (facts.is_admin) {
        say("an administrative message cannot be sent by an application");
        return false;
    }
    if (facts.has_number || facts.sender.is_present() || facts.target.is_present() ||
        facts.sending_time.is_present() || facts.poss_dup) {
        // With 43=Y it would pass for one that is sent again.
        say("the message holds a header field that is the session's to set (34, 43, 49, 52 or 56)");
        return false;
    }
    return true;
}

send_status session_port::implementation::send_composed() {
    const FIX::BeginString begin_string(spec.begin_string);
    const FIX::DataDictionary& transport = dictionaries.getSessionDataDictionary(begin_string);
    FIX::Message message(outgoing, transport, messages(), false);
    int misplaced = 0;
    if (!message.hasValidStructure(misplaced)) {
        char tag[16];
        std::snprintf(tag, sizeof tag, "%d", misplaced);
        say("a field stands outside its section of the message", tag);
        return send_status::invalid;
    }
    application.forget_withheld();
    if (added_bytes != 0) {
        order.place(outgoing, added_bytes, message.toString());
    }
    const detail::body_order::sending as_composed(order, outgoing);
    if (session->send(message)) {
        return send_status::sent;
    }
    if (application.has_withheld()) {
        say("withheld by the listener");
        return send_status::withheld;
    }
    say("not sent", events.last());
    return send_status::store_failed;
}

}  // namespace gateway
}  // namespace millrace
