package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.DataplaneException;
import io.calico.model.net.IpVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a folder that looks like {@code /proc/sys}. */
class SysctlsTest {
    @TempDir
    private Path root;

    private Path forwarding;
    private Sysctls sysctls;

    @BeforeEach
    void makeFiles() throws IOException {
        forwarding =
                Files.createDirectories(root.resolve("net/ipv4/conf/cali1")).resolve("forwarding");
        Files.writeString(forwarding, "0\n");
        sysctls = new Sysctls(root);
    }

    @Test
    void settingOfALinkIsWrittenToItsFile() throws IOException {
        assertThat(sysctls.setForLink(IpVersion.V4, "cali1", "forwarding", "1")).isTrue();

        assertThat(Files.readString(forwarding)).isEqualTo("1\n");
        assertThat(sysctls.findForLink(IpVersion.V4, "cali1", "forwarding")).contains("1");
    }

    @Test
    void valueThatIsThereIsNotWrittenAgain() throws IOException {
        FileTime longAgo = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
        Files.setLastModifiedTime(forwarding, longAgo);

        assertThat(sysctls.setForLink(IpVersion.V4, "cali1", "forwarding", "0")).isTrue();

        assertThat(Files.getLastModifiedTime(forwarding)).isEqualTo(longAgo);
    }

    @Test
    void vanishedInterfaceIsNoErrorAndNoFileIsMade() {
        assertThat(sysctls.setForLink(IpVersion.V4, "cali2", "forwarding", "1")).isFalse();
        assertThat(sysctls.setForLink(IpVersion.V6, "cali1", "forwarding", "1")).isFalse();
        assertThat(sysctls.setForHost("net/ipv6/conf/all/forwarding", "1")).isFalse();
        assertThat(sysctls.findForLink(IpVersion.V4, "cali2", "forwarding")).isEmpty();

        assertThat(root.resolve("net/ipv4/conf/cali2")).doesNotExist();
        assertThat(root.resolve("net/ipv6")).doesNotExist();
    }

    @Test
    void refusalNamesTheSettingAndTheValue() throws IOException {
        Path directory = Files.createDirectories(root.resolve("net/ipv4/ip_forward"));

        assertThatThrownBy(() -> sysctls.setForHost("net/ipv4/ip_forward", "1"))
                .isInstanceOf(DataplaneException.Refused.class)
                .hasMessageStartingWith("read setting net/ipv4/ip_forward: ");
        assertThat(directory).isDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../all", "a/b", "a b", "cali\n", "sixteen_letters_", "ümlaut"})
    void nameThatIsNoInterfacesOrLeadsElsewhereIsRefused(String name) {
        assertThatThrownBy(() -> sysctls.setForLink(IpVersion.V4, name, "forwarding", "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("interface '" + name + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", "../forwarding", "/net", "net//ipv4", "Forwarding"})
    void keyThatLeadsElsewhereIsRefused(String key) {
        assertThatThrownBy(() -> sysctls.setForHost(key, "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("setting '" + key + "'");
    }
}
