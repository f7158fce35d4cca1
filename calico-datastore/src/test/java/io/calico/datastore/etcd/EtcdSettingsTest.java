package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EtcdSettingsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            etcd://h:1                       | etcd://h:1
            etcd://h                         | etcd://h:2379
            etcd://h/                        | etcd://h:2379
            etcd://b:2379,a:2379,b           | etcd://a:2379,b:2379
            etcd://[fd00::1]:2379,10.0.0.1:1 | etcd://10.0.0.1:1,[fd00::1]:2379
            """)
    void oneClusterHasOneUri(String uri, String canonical) {
        assertThat(EtcdSettings.parse(uri, Map.of()).uri()).isEqualTo(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "etcd:",
                "etcd://",
                "etcd:h:2379",
                "etcd://h:0",
                "etcd://h:65536",
                "etcd://h:x",
                "etcd://a,,b",
                "etcd://a:1:2",
                "etcd://fd00::1",
                "etcd://h:1/path",
                "etcd://h:1?x=y",
                "etcd://http://h:1"
            })
    void whatIsNoListOfEndpointsIsRefusedWithAnExample(String uri) {
        assertThatThrownBy(() -> EtcdSettings.parse(uri, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + uri + "'")
                .hasMessageContaining("etcd://10.0.0.1:2379,10.0.0.2:2379");
    }

    @Test
    void aPasswordInTheUriIsRefusedAndNotRepeated() {
        assertThatThrownBy(() -> EtcdSettings.parse("etcd://felix:s3cret@h:2379", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ETCD_PASSWORD")
                .message()
                .doesNotContain("s3cret");
    }

    @Test
    void userAndPasswordBelongTogether() {
        assertThatThrownBy(() -> EtcdSettings.parse("etcd://h", Map.of("ETCD_USERNAME", "u")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ETCD_PASSWORD is not set");
        assertThatThrownBy(() -> EtcdSettings.parse("etcd://h", Map.of("ETCD_PASSWORD", "s3cret")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ETCD_USERNAME is not set")
                .message()
                .doesNotContain("s3cret");
    }

    @Test
    void theTextOfSettingsHoldsNoPassword() {
        EtcdSettings settings = EtcdSettings.parse("etcd://h", Map.of("ETCD_USERNAME", "u", "ETCD_PASSWORD", "s3cret"));

        assertThat(settings.toString()).contains("u").doesNotContain("s3cret");
    }

    @Test
    void withTlsTheAuthorityIsNeededAndCertificateAndKeyBelongTogether() {
        assertThatThrownBy(() -> EtcdSettings.parse("etcds://h", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ETCD_CA_CERT_FILE");
        assertThatThrownBy(() ->
                        EtcdSettings.parse("etcds://h", Map.of("ETCD_CA_CERT_FILE", "/ca", "ETCD_CERT_FILE", "/c")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Invalid ETCD_KEY_FILE, ETCD_CERT_FILE combination");
    }

    @Test
    void withoutTlsItsFilesAreIgnored() {
        assertThat(EtcdSettings.parse("etcd://h", Map.of("ETCD_CERT_FILE", "/c"))
                        .tls())
                .isEmpty();
    }
}
