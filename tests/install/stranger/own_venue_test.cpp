// A test of a stranger's own: a script against a session of his, which is a script here too, under
// a clock that stands where he sets it.
#include <cstdio>

#include "tools/venue/script_player.hpp"
#include "tools/venue/script_transcript.hpp"

using namespace millrace::tools;

int main() {
    script_options ours;
    ours.listens = true;
    ours.sender = "OURS";
    ours.target = "VENUE";
    script_player session(parse_script("ours",
                                       "logon\n"
                                       "expect 35=1\n"
                                       "delay 30s\n"
                                       "send 35=0|112=$112\n"
                                       "expect-disconnect\n"),
                          ours);

    script_options theirs;
    theirs.port = session.port();
    theirs.sender = "VENUE";
    theirs.target = "OURS";
    theirs.write_bytes_max = 1;
    theirs.timeout_ns = 60'000'000'000;
    script_player venue(parse_script("venue", "logon\nping\ndisconnect\n"), theirs);

    script_time now{1, 1'772'443'800'000'000'000};
    script_state of_session = script_state::playing;
    script_state of_venue = script_state::playing;
    while (of_session == script_state::playing || of_venue == script_state::playing) {
        of_session = session.poll(now);
        of_venue = venue.poll(now);
        now.monotonic_ns += 10'000'000;
        now.utc_ns += 10'000'000;
    }
    std::printf("%s%s%s", session.failure().c_str(), venue.failure().c_str(),
                masked_transcript(venue.transcript()).c_str());
    return of_session == script_state::passed && of_venue == script_state::passed ? 0 : 1;
}
