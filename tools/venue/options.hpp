// The venue's own keys in [DEFAULT] of a QuickFIX settings file.
//
// Errors  load_venue_options throws engine::config_error with file and line for an unknown,
//         repeated, misplaced or ill-valued key, and for QuickFIX settings the venue cannot live
//         with (PersistMessages=N, HttpAcceptPort)
#pragma once

#include <cstdint>
#include <string>

namespace millrace {
namespace tools {

struct venue_options {
    // The settings file itself, read again by QuickFIX.
    std::string config_path;
    // Where standard dictionaries (FIX44.xml) lie that the file names without a place of their own;
    // no key: the program knows it. Empty: there are none.
    std::string dictionary_directory;
    // VenueDirectory: store, journal, tally; required. Of this and the next two a relative path
    // begins at the settings file's folder.
    std::string directory;
    // VenueSeed
    std::uint64_t seed = 1;
    // VenueFillParts: at most so many fills for an order, 1 to 100.
    std::uint32_t fill_parts = 3;
    // VenueRejectPerMille: orders rejected.
    std::uint32_t reject_per_mille = 20;
    // VenueCancelPerMille: orders filled in part or not at all, the rest cancelled by the venue.
    std::uint32_t cancel_per_mille = 20;
    // VenueRestPerMille: orders that stay open until they are cancelled or replaced.
    std::uint32_t rest_per_mille = 0;
    // VenueProbeReports: every so many reports a TestRequest asks for proof of receipt; 0 = never.
    std::uint32_t probe_reports = 500;
    // VenueIdleExitSeconds: leave when nobody was logged on for so long; 0 = never.
    std::uint32_t idle_exit_seconds = 0;
    // VenueRequestsMax: the book's limit; beyond it the venue stops and says so.
    std::uint64_t requests_max = 2000000;
    // VenueResetOnStart: numbers begin at 1; book and journal stay.
    bool reset_on_start = false;
    // VenueResendAfterReset: reports not proven received come again with PossResend.
    bool resend_after_reset = true;
    // VenuePortFile: default VenueDirectory/port. A port it names is taken again for port 0.
    std::string port_file;
    // VenuePidFile: default VenueDirectory/pid. Written behind the port file; gone after a stop.
    std::string pid_file;
};

venue_options load_venue_options(const std::string& config_path);

}  // namespace tools
}  // namespace millrace
