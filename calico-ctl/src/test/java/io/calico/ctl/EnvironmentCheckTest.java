package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentCheckTest {
    private static java.util.List<String> messages(Map<String, String> environment) {
        return new EnvironmentCheck(environment).messages();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1:2379",
                "aa:256",
                "1.2.a.244:256",
                "asr-temp-test.thr.yes-33:100",
                "a:1",
                "a:65535",
                "A-1.b:0080",
                ""
            })
    void goodAuthority(String authority) {
        assertThat(messages(Map.of("ETCD_AUTHORITY", authority))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.2.3.4",
                "aa::256",
                "aa...bb:256",
                "-asr:100",
                "asr-:100",
                "a.b-:100",
                "aaa:0",
                "aaa:65536",
                "aaa:aaa",
                "aaa:",
                ":100",
                "a_b:100",
                "http://a:100",
                "[::1]:100",
                "a:1,b:2",
                "aaa:-1",
                "aaa:123456",
                "é:100"
            })
    void badAuthority(String authority) {
        assertThat(messages(Map.of("ETCD_AUTHORITY", authority)))
                .containsExactly("Invalid ETCD_AUTHORITY. It must take the form <address>:<port>. Value provided is '"
                        + authority + "'");
    }

    @Test
    void hostsAndTheirLabelsHaveALimitedLength() {
        String label = "a".repeat(63);
        String longest = label + "." + label + "." + label + "." + label;

        assertThat(messages(Map.of("ETCD_AUTHORITY", longest + ":1"))).isEmpty();
        assertThat(messages(Map.of("ETCD_AUTHORITY", longest + ".a:1"))).hasSize(1);
        assertThat(messages(Map.of("ETCD_AUTHORITY", label + "a:1"))).hasSize(1);
        assertThat(messages(Map.of("ETCD_AUTHORITY", "a".repeat(800) + ":1"))).hasSize(1);
    }

    @Test
    void schemeIsHttpOrHttpsOrNotSet() {
        assertThat(messages(Map.of("ETCD_SCHEME", "http"))).isEmpty();
        assertThat(messages(Map.of("ETCD_SCHEME", ""))).isEmpty();
        assertThat(messages(Map.of("ETCD_SCHEME", "HTTP")))
                .containsExactly(
                        "Invalid ETCD_SCHEME. Value must be one of: \"\", \"http\", \"https\". Value provided: HTTP");
    }

    @Test
    void httpIgnoresCertificates() {
        assertThat(messages(Map.of("ETCD_KEY_FILE", "/nowhere", "ETCD_CA_CERT_FILE", "/nowhere")))
                .isEmpty();
    }

    @Test
    void httpsNeedsAReadableAuthorityAndBothOrNeitherOfKeyAndCertificate(@TempDir Path directory) throws IOException {
        String file = Files.createFile(directory.resolve("file")).toString();

        assertThat(messages(Map.of("ETCD_SCHEME", "https", "ETCD_CA_CERT_FILE", file)))
                .isEmpty();
        assertThat(messages(Map.of(
                        "ETCD_SCHEME", "https",
                        "ETCD_CA_CERT_FILE", file,
                        "ETCD_KEY_FILE", file,
                        "ETCD_CERT_FILE", file)))
                .isEmpty();
        assertThat(messages(Map.of("ETCD_SCHEME", "https", "ETCD_CA_CERT_FILE", "/nowhere")))
                .containsExactly("Invalid ETCD_CA_CERT_FILE. It must be a readable file when ETCD_SCHEME is https."
                        + " Value provided: '/nowhere'");
        assertThat(messages(Map.of("ETCD_SCHEME", "https", "ETCD_KEY_FILE", file)))
                .containsExactly(
                        "Invalid ETCD_KEY_FILE, ETCD_CERT_FILE combination. Give both or neither."
                                + " Values provided: ETCD_KEY_FILE='" + file + "', ETCD_CERT_FILE=''",
                        "Invalid ETCD_CA_CERT_FILE. It must be a readable file when ETCD_SCHEME is https."
                                + " Value provided: ''");
        assertThat(messages(Map.of(
                        "ETCD_SCHEME",
                        "https",
                        "ETCD_CA_CERT_FILE",
                        file,
                        "ETCD_KEY_FILE",
                        "/nowhere",
                        "ETCD_CERT_FILE",
                        file)))
                .containsExactly("Cannot read ETCD_KEY_FILE and/or ETCD_CERT_FILE. Both must be readable files."
                        + " Values provided: ETCD_KEY_FILE='/nowhere', ETCD_CERT_FILE='" + file + "'");
    }
}
