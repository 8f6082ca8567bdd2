#include "gateway/quickfix/settings_tls.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace {
namespace gateway {
namespace {

const char* const begin =
    "[DEFAULT]\nStartTime=00:00:00\nEndTime=00:00:00\nUseDataDictionary=N\nHeartBtInt=30\n"
    "SocketAcceptPort=9\nSocketConnectHost=venue\nSocketConnectPort=9\n";
constexpr long begin_lines = 8;

// `keys` stand in the lines from 9 on.
settings_file parsed(const std::string& role, const std::string& keys) {
    return parse_settings("a.cfg",
                          begin + keys +
                              "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=A\nTargetCompID=B\n"
                              "ConnectionType=" +
                              role + "\n",
                          settings_options());
}

tls_spec tls_of(const std::string& role, const std::string& keys) {
    return parsed(role, keys).sessions.at(0).tls;
}

std::string refusal(const std::string& role, const std::string& keys) {
    try {
        static_cast<void>(parsed(role, keys));
        return "accepted";
    } catch (const settings_error& failure) {
        return failure.what();
    }
}

std::vector<std::string> notes_of(const std::string& role, const std::string& keys) {
    std::vector<std::string> notes;
    for (const settings_note& note : parsed(role, keys).notes) {
        notes.push_back(std::to_string(note.line - begin_lines) +
                        (note.level == note_level::warning ? " warning: " : " notice: ") +
                        note.text);
    }
    return notes;
}

const char* const both =
    "ServerCertificateFile=server.pem\nServerCertificateKeyFile=server.key\n"
    "ClientCertificateFile=client.pem\nCertificationAuthoritiesFile=ca.pem\n";

TEST(TlsSettings, ASessionHasTlsIfItsCertificateSaysSoOrItIsTold) {
    EXPECT_FALSE(tls_of("initiator", "").is_on);
    EXPECT_FALSE(tls_of("acceptor", "").is_on);
    EXPECT_TRUE(tls_of("initiator", "CertificationAuthoritiesFile=ca.pem\n").is_on);
    EXPECT_TRUE(tls_of("initiator", "CertificationAuthoritiesDirectory=/ca\n").is_on);
    EXPECT_TRUE(tls_of("initiator", "ClientCertificateFile=a.pem\n").is_on);
    EXPECT_TRUE(tls_of("initiator", "SocketUseSSL=Y\n").is_on);
    EXPECT_FALSE(tls_of("acceptor", "CertificationAuthoritiesFile=ca.pem\n").is_on);
    EXPECT_FALSE(tls_of("acceptor", std::string(both) + "SocketUseSSL=N\n").is_on);
    EXPECT_TRUE(notes_of("initiator", std::string(both) + "SocketUseSSL=N\n").size() == 2);
}

TEST(TlsSettings, EachRoleHasItsCertificate) {
    const tls_spec acceptor = tls_of("acceptor", both);
    EXPECT_EQ(acceptor.certificate_file, "server.pem");
    EXPECT_EQ(acceptor.key_file, "server.key");
    EXPECT_EQ(acceptor.authorities_file, "ca.pem");
    EXPECT_EQ(acceptor.verify_level, 2U);
    const tls_spec initiator = tls_of("initiator", both);
    EXPECT_EQ(initiator.certificate_file, "client.pem");
    EXPECT_EQ(initiator.key_file, "client.pem") << "one file may hold both";
    EXPECT_EQ(notes_of("acceptor", both),
              (std::vector<std::string>{
                  "3 notice: 'ClientCertificateFile' has no meaning for an acceptor"}));
    EXPECT_EQ(notes_of("initiator", both),
              (std::vector<std::string>{
                  "1 notice: 'ServerCertificateFile' has no meaning for an initiator",
                  "2 notice: 'ServerCertificateKeyFile' has no meaning for an initiator"}));
}

TEST(TlsSettings, WarnsOfKeysThatLeaveAConnectionInTheClear) {
    EXPECT_EQ(notes_of("initiator", "SSLProtocol=TLSv1_2\n"),
              (std::vector<std::string>{"1 warning: 'SSLProtocol' has no effect on session "
                                        "FIX.4.4:A->B: its connection is in the clear. TLS needs "
                                        "SocketUseSSL=Y"}));
    EXPECT_EQ(notes_of("acceptor", "CertificationAuthoritiesFile=ca.pem\n"),
              (std::vector<std::string>{
                  "1 warning: 'CertificationAuthoritiesFile' has no effect on session "
                  "FIX.4.4:A->B: its connection is in the clear. TLS needs "
                  "ServerCertificateFile"}));
    EXPECT_TRUE(notes_of("acceptor", "SocketUseSSL=N\nSSLProtocol=all\n").empty());
}

TEST(TlsSettings, ReadsProtocolsAsQuickFixWritesThem) {
    const auto versions = [](const std::string& value) {
        const tls_spec tls = tls_of("initiator", "SocketUseSSL=Y\nSSLProtocol=" + value + "\n");
        return std::string(tls.has_tls_1_2 ? "2" : "") + (tls.has_tls_1_3 ? "3" : "");
    };
    EXPECT_EQ(versions("all -SSLv2"), "23");
    EXPECT_EQ(versions("+TLSv1_2"), "2");
    EXPECT_EQ(versions("TLSv1.2, TLSv1.3"), "23");
    EXPECT_EQ(versions("all -TLSv1_2"), "3");
    EXPECT_EQ(versions("TLSv1 TLSv1_2"), "2");
    EXPECT_EQ(notes_of("initiator", "SocketUseSSL=Y\nSSLProtocol=TLSv1 TLSv1_2\n"),
              (std::vector<std::string>{
                  "2 warning: 'SSLProtocol' names TLSv1, which is broken and never spoken here"}));
    EXPECT_EQ(refusal("initiator", "SocketUseSSL=Y\nSSLProtocol=TLSv1_1\n"),
              "a.cfg:10: SSLProtocol=TLSv1_1: leaves neither TLSv1_2 nor TLSv1_3, and no other is "
              "spoken here");
    EXPECT_EQ(refusal("initiator", "SocketUseSSL=Y\nSSLProtocol=TLSv2\n"),
              "a.cfg:10: SSLProtocol=TLSv2: unknown protocol 'TLSv2'; expected TLSv1_2, TLSv1_3 "
              "or all, with + or - before it");
}

TEST(TlsSettings, SortsCiphersByTheListTheyAreOf) {
    const tls_spec tls =
        tls_of("initiator",
               "SocketUseSSL=Y\nSSLCipherSuite=TLS_AES_128_GCM_SHA256:ECDHE+AESGCM, !aNULL "
               "TLS_AES_256_GCM_SHA384\n");
    EXPECT_EQ(tls.ciphers, "ECDHE+AESGCM:!aNULL");
    EXPECT_EQ(tls.cipher_suites, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
}

TEST(TlsSettings, RefusesWhatWouldLetNobodyOrAnybodyOn) {
    const std::string server = "ServerCertificateFile=s.pem\n";
    EXPECT_EQ(refusal("acceptor", "SocketUseSSL=Y\n"),
              "a.cfg:9: ServerCertificateFile is missing: an acceptor with TLS needs a "
              "certificate");
    EXPECT_EQ(refusal("acceptor", server),
              "a.cfg:9: CertificationAuthoritiesFile is missing: whose certificates an acceptor "
              "takes. CertificateVerifyLevel=0 asks nobody for one");
    EXPECT_EQ(refusal("acceptor", server + "CertificateVerifyLevel=0\n"), "accepted");
    EXPECT_EQ(refusal("initiator", "SocketUseSSL=Y\nClientCertificateKeyFile=k.pem\n"),
              "a.cfg:10: ClientCertificateFile is missing: the certificate that this key is for");
    EXPECT_EQ(refusal("initiator", "SocketUseSSL=Y\nCertificatePeerNames=\n"),
              "a.cfg:10: CertificatePeerNames is empty: nobody could log on");
    for (const char* names : {"a.example, 10.0.0.1", "::1, a.example", "10.0.0.1, 10.0.0.2"}) {
        EXPECT_EQ(
            refusal("initiator",
                    std::string("SocketUseSSL=Y\nCertificatePeerNames=") + names + "\n"),
            "a.cfg:10: CertificatePeerNames: an initiator's peer is called by one IP address, "
            "or by one of several names, not by either");
    }
    EXPECT_EQ(refusal("initiator", "SocketUseSSL=Y\nCertificatePeerNames=10.0.0.1\n"), "accepted");
    EXPECT_EQ(
        refusal("initiator", "SocketUseSSL=Y\nCertificatePeerNames=a\nCertificateVerifyLevel=0\n"),
        "a.cfg:10: CertificatePeerNames needs certificates, and CertificateVerifyLevel=0 asks for "
        "none");
    EXPECT_EQ(refusal("initiator", "CertificateVerifyLevel=3\n"),
              "a.cfg:9: CertificateVerifyLevel=3: expected 0, 1 or 2");
}

TEST(TlsSettings, SaysWhatALowerLevelMeans) {
    const std::string server = "ServerCertificateFile=s.pem\nCertificationAuthoritiesFile=ca.pem\n";
    EXPECT_EQ(notes_of("acceptor", server + "CertificateVerifyLevel=0\n"),
              (std::vector<std::string>{"3 warning: CertificateVerifyLevel=0: whoever connects "
                                        "needs no certificate"}));
    EXPECT_EQ(notes_of("acceptor", server + "CertificateVerifyLevel=1\n"),
              (std::vector<std::string>{"3 warning: CertificateVerifyLevel=1: who has no "
                                        "certificate may log on all the same"}));
    EXPECT_EQ(notes_of("initiator", "SocketUseSSL=Y\nCertificateVerifyLevel=0\n"),
              (std::vector<std::string>{"2 warning: CertificateVerifyLevel=0: whoever answers is "
                                        "taken for the venue"}));
    EXPECT_TRUE(notes_of("acceptor", server + "CertificateVerifyLevel=2\n").empty());
}

TEST(TlsSettings, TakesNamesOfPeers) {
    EXPECT_EQ(tls_of("initiator", "SocketUseSSL=Y\nCertificatePeerNames=a.example, b.example\n")
                  .peer_names,
              (std::vector<std::string>{"a.example", "b.example"}));
}

}  // namespace
}  // namespace gateway
}  // namespace millrace
