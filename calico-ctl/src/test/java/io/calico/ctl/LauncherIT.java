package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.unix.DatastoreSocketServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bundled command as a process, through its launcher. */
class LauncherIT {
    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    private Path directory;

    private record Result(int code, String out, String err) {}

    private Result run(Map<String, String> environment, String... command) throws Exception {
        Path out = Files.createTempFile(directory, "out", "");
        Path err = Files.createTempFile(directory, "err", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("CALICO") || name.startsWith("ETCD"));
        builder.environment().put("CALICO_CACHE", directory.resolve("cache").toString());
        builder.environment().putAll(environment);
        int code = builder.start().waitFor();
        return new Result(
                code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
    }

    private Result calicoctl(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(HOME.resolve("bin/calicoctl").toString()));
        command.addAll(List.of(arguments));
        return run(environment, command.toArray(String[]::new));
    }

    private List<Path> archives() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("cache"))) {
            return files.toList();
        }
    }

    @Test
    void commandsOfSeveralProcessesShareAnEmbeddedStore() throws Exception {
        Map<String, String> store = Map.of("CALICO_DATASTORE", "sqlite:" + directory.resolve("calico.db"));

        assertThat(calicoctl(store, "pool", "add", "10.1.0.0/16", "--nat-outgoing"))
                .isEqualTo(new Result(0, "", ""));
        assertThat(calicoctl(store, "pool", "show", "--ipv4")).isEqualTo(new Result(0, """
                                +-------------+--------------+
                                |  IPv4 CIDR  |   Options    |
                                +-------------+--------------+
                                | 10.1.0.0/16 | nat-outgoing |
                                +-------------+--------------+
                                """, ""));
        assertThat(calicoctl(store, "profile", "none", "rule", "show"))
                .isEqualTo(new Result(1, "Profile none not found.\n", ""));
        assertThat(calicoctl(store, "pool").code()).isEqualTo(2);
    }

    @Test
    void askingTheRunningNodesStoreLoadsNothingHeavy() throws Exception {
        Path socket = directory.resolve("datastore.sock");
        Path log = directory.resolve("classes");
        try (MemoryDatastore datastore = new MemoryDatastore();
                DatastoreSocketServer server = new DatastoreSocketServer(datastore, socket)) {
            server.start();
            Map<String, String> environment =
                    Map.of("CALICO_DATASTORE", "unix:" + socket, "CALICO_JAVA_OPTS", "-Xlog:class+load:file=" + log);

            Result result = calicoctl(environment, "pool", "show");

            assertThat(result.code()).as(result.err()).isZero();
        }
        List<String> classes = Files.readAllLines(log);
        assertThat(classes)
                .as("classes that come from the archive")
                .anyMatch(line -> line.contains("io.calico.ctl.Calicoctl source: shared objects file"));
        assertThat(classes).filteredOn(LauncherIT::isHeavy).isEmpty();
    }

    /** Whether a line of the JVM's list of loaded classes names one of a library that takes long to load. */
    private static boolean isHeavy(String line) {
        return Stream.of(
                        " org.sqlite.",
                        " io.netty.",
                        " com.sun.jna.",
                        " picocli.",
                        " com.fasterxml.jackson.databind.ObjectMapper ")
                .anyMatch(line::contains);
    }

    @Test
    void archiveIsMadeOnceAndNothingElseIsLeft() throws Exception {
        calicoctl(Map.of(), "version");
        List<Path> first = archives();

        Result second = calicoctl(Map.of(), "version");

        assertThat(second.out()).isEqualTo(Version.text() + "\n");
        assertThat(first).hasSize(1);
        assertThat(Files.size(first.get(0))).isGreaterThan(1_000_000);
        assertThat(archives()).isEqualTo(first);
    }

    @Test
    void onlyWhoseDataIsInEtcdHasAnArchiveWithItsClasses() throws Exception {
        calicoctl(Map.of(), "version");
        Path without = archives().get(0);
        calicoctl(Map.of("CALICO_DATASTORE", "etcd://127.0.0.1:1"), "version");
        Path with = archives().stream()
                .filter(file -> !file.equals(without))
                .findAny()
                .orElseThrow();

        assertThat(symbols(with)).contains("io/calico/ctl/Calicoctl", "io/grpc/", "io/etcd/jetcd/api/KVGrpc");
        assertThat(symbols(without))
                .contains("io/calico/ctl/Calicoctl")
                .doesNotContain("io/grpc/", "io/etcd/jetcd/api/KVGrpc");
    }

    /** An archive has the names in its classes as they are. */
    private static String symbols(Path archive) throws IOException {
        return Files.readString(archive, StandardCharsets.ISO_8859_1);
    }

    @Test
    void theArchiveIsChosenAsTheDatastoreIs() throws Exception {
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        // Fails as a training run that ends with an empty archive, and tells what the launcher would run.
        Files.writeString(java, "#!/bin/sh\necho \"$*\"\nexit 1\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));

        assertThat(usesEtcdsArchive(Map.of())).isFalse();
        assertThat(usesEtcdsArchive(Map.of("CALICO_DATASTORE", "etcd://h:1"))).isTrue();
        assertThat(usesEtcdsArchive(Map.of("CALICO_DATASTORE", "etcds://h:1"))).isTrue();
        assertThat(usesEtcdsArchive(Map.of("ETCD_ENDPOINTS", "http://h:1"))).isTrue();
        assertThat(usesEtcdsArchive(Map.of("ETCD_AUTHORITY", "h:1"))).isTrue();
        assertThat(usesEtcdsArchive(Map.of("ETCD_SCHEME", "http"))).isTrue();
        assertThat(usesEtcdsArchive(Map.of("ETCD_AUTHORITY", ""))).isFalse();
        assertThat(usesEtcdsArchive(Map.of("CALICO_DATASTORE", "sqlite:/etcd", "ETCD_AUTHORITY", "h:1")))
                .isFalse();
        assertThat(usesEtcdsArchive(Map.of(), "--datastore=etcd://h:1")).isTrue();
        assertThat(usesEtcdsArchive(Map.of(), "--datastore", "etcd://h:1", "--nat-outgoing"))
                .isTrue();
        assertThat(usesEtcdsArchive(Map.of("CALICO_DATASTORE", "etcd://h:1"), "--datastore=sqlite:/a"))
                .isFalse();
    }

    private boolean usesEtcdsArchive(Map<String, String> environment, String... more) throws Exception {
        Map<String, String> all = new HashMap<>(environment);
        all.put("JAVA_HOME", directory.resolve("jdk").toString());
        List<String> arguments = new ArrayList<>(List.of("pool", "show"));
        arguments.addAll(List.of(more));
        String command = calicoctl(all, arguments.toArray(String[]::new)).out();
        assertThat(command).contains("-XX:SharedArchiveFile=" + directory.resolve("cache/calicoctl-"));
        return command.contains("/calicoctl-etcd-");
    }

    @Test
    void cacheThatCannotBeWrittenDoesNoHarm() throws Exception {
        assertThat(calicoctl(Map.of("CALICO_CACHE", "/proc/none"), "version"))
                .isEqualTo(new Result(0, Version.text() + "\n", ""));
    }

    @Test
    void launcherWorksThroughSymbolicLinks() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("ctl"), HOME.resolve("bin/calicoctl"));
        Path linkToLink = Files.createSymbolicLink(directory.resolve("calicoctl"), Path.of("ctl"));

        assertThat(run(Map.of(), link.toString(), "version").out()).isEqualTo(Version.text() + "\n");
        assertThat(run(Map.of(), linkToLink.toString(), "version").out()).isEqualTo(Version.text() + "\n");
        Files.delete(linkToLink);
        Files.delete(link);
    }

    @Test
    void launcherAloneSaysWhatToBuild() throws Exception {
        Path bin = Files.createDirectories(directory.resolve("copy/bin"));
        for (String script : List.of("calicoctl", "launcher.sh")) {
            Files.copy(HOME.resolve("bin").resolve(script), bin.resolve(script));
        }

        Result result = run(Map.of(), "/bin/sh", bin.resolve("calicoctl").toString(), "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).startsWith("calicoctl: not built yet: ").contains("mvn ");
        assertThat(run(
                                Map.of("CALICO_HOME", HOME.toString()),
                                "/bin/sh",
                                bin.resolve("calicoctl").toString(),
                                "version")
                        .out())
                .isEqualTo(Version.text() + "\n");
    }
}
