package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Transaction;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiagsCommandTest {
    @TempDir
    private Path directory;

    private final Cli cli = new Cli();

    @BeforeEach
    void machine() {
        cli.machine.directory = directory;
    }

    /** The archive that the command has printed, file by file; it is deleted. */
    private static Map<String, String> unpacked(Cli.Result result) throws IOException {
        Path archive = Path.of(result.out()
                .lines()
                .filter(line -> line.startsWith("Diags saved to "))
                .findFirst()
                .orElseThrow()
                .substring("Diags saved to ".length()));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(archive)))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(archive.getParent())))
                .isEqualTo("rwx------");
        assertThat(archive.getParent().toFile().list()).hasSize(1);
        byte[] tar = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(archive))).readAllBytes();
        Files.delete(archive);
        Files.delete(archive.getParent());
        return files(tar);
    }

    /** Reads a tar as POSIX says it is, and checks every checksum. */
    private static Map<String, String> files(byte[] tar) {
        Map<String, String> files = new LinkedHashMap<>();
        int at = 0;
        while (tar[at] != 0) {
            byte[] header = Arrays.copyOfRange(tar, at, at + 512);
            String name = text(header, 0, 100);
            int size = Integer.parseInt(text(header, 124, 12).strip(), 8);
            int expected = Integer.parseInt(text(header, 148, 8).strip(), 8);
            Arrays.fill(header, 148, 156, (byte) ' ');
            int sum = 0;
            for (byte b : header) {
                sum += b & 0xff;
            }
            assertThat(sum).as(name).isEqualTo(expected);
            assertThat(text(header, 257, 5)).isEqualTo("ustar");
            files.put(name, new String(tar, at + 512, size, StandardCharsets.UTF_8));
            at += 512 + (size + 511) / 512 * 512;
        }
        assertThat(tar.length - at).isEqualTo(1024);
        return files;
    }

    private static String text(byte[] header, int from, int length) {
        String text = new String(header, from, length, StandardCharsets.US_ASCII);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    @Test
    void whatIsMissingIsSaidAndStopsNothing() throws IOException {
        Cli.Result result = cli.run("diags");

        assertThat(result.code()).isZero();
        assertThat(result.out())
                .startsWith("Collecting diags\n")
                .contains("\n  - ")
                .contains(".tar.gz\n");
        assertThat(unpacked(result))
                .containsKeys("diagnostics/date", "diagnostics/nftables", "diagnostics/datastore_calico")
                .hasEntrySatisfying(
                        "diagnostics/status.json", text -> assertThat(text).startsWith("missing: "))
                .hasEntrySatisfying(
                        "diagnostics/logs/missing", text -> assertThat(text).startsWith("missing: no logs in "))
                .containsEntry("diagnostics/hostname", "rack7-n3\n")
                .containsEntry("diagnostics/process", "not running\n");
    }

    @Test
    void logsAndDatastoreAreInItAndSecretsAreNot() throws IOException {
        cli.given("pool add 10.1.0.0/24");
        cli.datastore.commit(Transaction.builder()
                .put("/calico/v1/config/EtcdPassword", "swordfish")
                .put("/calico/v1/config/EtcdAddr", "https://joe:swordfish@etcd:2379")
                .build());
        Files.createDirectories(directory.resolve("log/deep"));
        Files.writeString(directory.resolve("log/node.log"), "all is well at etcds://root:swordfish@h:1\n");
        Files.writeString(directory.resolve("log/lock"), "");

        Map<String, String> files = unpacked(cli.run("diags"));

        assertThat(files).doesNotContainKey("diagnostics/logs/lock");
        assertThat(files.get("diagnostics/logs/node.log")).isEqualTo("all is well at etcds://***@h:1\n");
        assertThat(files.get("diagnostics/datastore_calico"))
                .contains("FILE   /calico/v1/ipam/v4/pool/10.1.0.0-24   {")
                .contains("FILE   /calico/v1/config/EtcdPassword   (left out)")
                .contains("FILE   /calico/v1/config/EtcdAddr   https://***@etcd:2379");
        assertThat(files.values()).noneMatch(text -> text.contains("swordfish"));
    }

    @Test
    void anUnknownRuntimeIsRefusedAfterTheFirstLine() {
        cli.transcript("""
                $ diags --runtime=lxc
                Collecting diags
                Invalid runtime specified: 'lxc'
                => 1
                """);
    }
}
