// Between FIX messages, as QuickFIX parsed and checked them, and the book's requests and reports.
#pragma once

#include <quickfix/Message.h>

#include "tools/venue/book.hpp"

namespace millrace {
namespace tools {

// Throws FIX::UnsupportedMessageType or FIX::FieldNotFound, which QuickFIX answers with a
// BusinessMessageReject.
venue_request read_request(const FIX::Message& message);
// ExecutionReport or OrderCancelReject, with PossResend if it was numbered before.
FIX::Message build_report(const venue_book& book, std::uint64_t ordinal);
FIX::Message build_test_request(const std::string& id);

}  // namespace tools
}  // namespace millrace
