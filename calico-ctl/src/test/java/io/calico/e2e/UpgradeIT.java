package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A build of ours takes the place of an older one, in the same directory, while containers run. */
@DockerHosts
class UpgradeIT {
    private static final String HOME = "/run/calico-build";
    /** Class-data archives of these builds would take longer to make than the test, and push others' out of the cache. */
    private static final String NO_CACHE = "/proc/none";

    private static VirtualHost host;

    @BeforeAll
    static void startHost() throws IOException {
        host = VirtualHost.start(80);
        unpack("0.0.1-older");
        startDaemon();
        host.startDocker(Engine.INSTALLED);
        host.docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", "data-tier");
    }

    @AfterAll
    static void stopHost() {
        host.close();
    }

    /** Puts the jars and scripts of this checkout there, as a package manager does: each is renamed over the former one. */
    private static void unpack(String version) throws IOException {
        try (Stream<Path> scripts = Files.list(VirtualHost.CHECKOUT.resolve("bin"))) {
            for (Path script : scripts.filter(Files::isRegularFile).toList()) {
                put(script, "bin");
            }
        }
        for (String module : List.of("calico-libnetwork", "calico-ctl")) {
            try (Stream<Path> files =
                    Files.list(VirtualHost.CHECKOUT.resolve(module).resolve("target"))) {
                Path bundle = files.filter(file -> file.toString().endsWith("-bundle.jar"))
                        .findFirst()
                        .orElseThrow();
                Path copy = Files.createTempDirectory("calico-build").resolve(bundle.getFileName());
                Files.copy(bundle, copy);
                setVersion(copy, version);
                put(copy, "lib");
                Files.delete(copy);
                Files.delete(copy.getParent());
            }
        }
    }

    private static void put(Path file, String directory) throws IOException {
        Path target =
                Files.createDirectories(host.path(HOME).resolve(directory)).resolve(file.getFileName());
        Path unfinished = target.resolveSibling(target.getFileName() + ".new");
        Files.copy(file, unfinished, StandardCopyOption.COPY_ATTRIBUTES);
        Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void setVersion(Path jar, String version) throws IOException {
        try (FileSystem files = FileSystems.newFileSystem(jar)) {
            Path manifest = files.getPath("META-INF/MANIFEST.MF");
            String text = Files.readString(manifest, StandardCharsets.UTF_8);
            String changed = text.replaceFirst("Implementation-Version: .*", "Implementation-Version: " + version);
            assertThat(changed).contains(version);
            Files.writeString(manifest, changed, StandardCharsets.UTF_8);
        }
    }

    private static String calicoctl(String... arguments) {
        List<String> command = Stream.concat(
                        Stream.of("env", "CALICO_CACHE=" + NO_CACHE, HOME + "/bin/calicoctl"), Stream.of(arguments))
                .toList();
        return host.run(command.toArray(String[]::new));
    }

    private static void startDaemon() {
        calicoctl("node", "--libnetwork", "--ip=" + host.address());
    }

    @Test
    void aNewBuildTakesOverAndNoConnectionBreaks() throws IOException {
        Probe client = host.container("client", "data-tier");
        Probe served = host.container("server", "data-tier").serveTcp(80).serveUdp(5000);
        Probe stranger = host.container("stranger", "bridge");
        String server = host.addressOf("server", "data-tier");
        client.startStream(server, 80);
        stranger.startDatagrams(server, 5000);
        assertThat(calicoctl("status")).contains("0.0.1-older");

        unpack("0.0.2-newer");
        host.container("between", "data-tier");
        assertThat(calicoctl("status")).as("the daemon that runs").contains("0.0.1-older");
        calicoctl("node", "stop", "--force");
        startDaemon();

        assertThat(calicoctl("status")).contains("0.0.2-newer");
        assertThat(Audit.awaitNothingWrong(host, Duration.ofSeconds(20)).leftOver())
                .isEmpty();
        Probe third = host.container("third", "data-tier");
        assertThat(third.tcp(server, 80)).isEqualTo("open");
        Probe.StreamReport stream = client.endStream();
        assertThat(stream.rounds()).isGreaterThan(100);
        assertThat(stream.longestGapMillis())
                .as("longest wait for an answer, ms")
                .isLessThan(2000);
        Probe.DatagramReport forbidden = stranger.endDatagrams();
        assertThat(forbidden.sent()).isGreaterThan(100);
        assertThat(served.udpCount(5000)).as("forbidden datagrams that arrived").isZero();
        assertThat(third.udp(server, 5000)).as("a permitted one").isEqualTo("answered");
        assertThat(host.run("cat", "/var/log/calico/node.log")).doesNotContain("ERROR");
    }
}
