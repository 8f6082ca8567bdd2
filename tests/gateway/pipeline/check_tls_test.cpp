// What a check says of the certificates of a configuration's sessions.
#include <sys/stat.h>

#include "tests/gateway/pipeline/check_support.hpp"
#include "tests/gateway/support/certificates.hpp"

namespace millrace::gateway {
namespace {

using test::CheckConfig;
using test::strings;

class CheckTls : public CheckConfig {
protected:
    [[nodiscard]] check_result check_with(const millrace::test::identity& own) {
        directory_.write("sessions.cfg",
                         test::read_text(test::example_path().parent_path() / "sessions.cfg") +
                             "ClientCertificateFile=" + own.certificate_file +
                             "\nClientCertificateKeyFile=" + own.key_file +
                             "\nCertificationAuthoritiesFile=" + trusted_.file() + "\n");
        return check(example_);
    }
    [[nodiscard]] static bool has(const strings& lines, const std::string& part) {
        return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
            return line.find(part) != std::string::npos;
        });
    }

    millrace::test::authority trusted_{"Trusted CA"};
};

TEST_F(CheckTls, TakesWhatIsInOrder) {
    const check_result result = check_with(trusted_.issue({"desk"}));
    EXPECT_EQ(result.errors, strings{});
    EXPECT_FALSE(has(result.warnings, "expire"));
}

TEST_F(CheckTls, RefusesAKeyThatOthersMayReadWithItsLine) {
    const millrace::test::identity own = trusted_.issue({"desk"});
    ASSERT_EQ(::chmod(own.key_file.c_str(), 0604), 0);
    const strings errors = local(check_with(own).errors);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors.front().substr(0, 13), "sessions.cfg:");
    EXPECT_TRUE(has(errors, own.key_file + ": its mode is 0604, and nobody but its owner"))
        << errors.front();
}

TEST_F(CheckTls, RefusesACertificateThatIsNowhere) {
    millrace::test::identity own = trusted_.issue({"desk"});
    own.certificate_file = "/nowhere/desk.pem";
    EXPECT_TRUE(has(check_with(own).errors,
                    "/nowhere/desk.pem: no such file: a certificate is expected there"));
}

TEST_F(CheckTls, WarnsOfACertificateThatHasExpired) {
    const millrace::test::identity own =
        trusted_.issue({"desk", "", -9 * millrace::test::day_s, -millrace::test::day_s});
    const check_result result = check_with(own);
    EXPECT_EQ(result.errors, strings{});
    EXPECT_TRUE(has(result.warnings, own.certificate_file + ": expired 20"));
}

}  // namespace
}  // namespace millrace::gateway
