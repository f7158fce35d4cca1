package io.calico.ctl;

import io.calico.datastore.DatastoreSettings;
import io.calico.datastore.etcd.EtcdTraining;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.unix.DatastoreSocketServer;
import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.health.StatusServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs typical commands on a scratch datastore behind a socket, as a running node serves it, so that a class-data archive
 * made of this process holds the classes that they load. The launcher runs it once, with
 * {@code -XX:ArchiveClassesAtExit}. With the argument {@code etcd} it is for commands on an etcd; others do not pay for
 * those classes.
 */
final class ArchiveTraining {
    private static final String RULES =
            "{\"id\":\"p\",\"inbound_rules\":[],\"outbound_rules\":[{\"action\":\"allow\"}]}";

    private static final String STATUS =
            "{\"version\":\"1\",\"in_sync\":true,\"since\":\"\",\"endpoints\":1,\"datastore\":\"memory:\",\"problems\":"
                    + "[{\"problem\":\"t\",\"remedy\":\"r\",\"blocking\":false}]}";

    private static final List<List<String>> COMMANDS = List.of(
            List.of("pool", "--help"),
            List.of("version"),
            List.of("pool", "add", "10.0.0.0/16", "--nat-outgoing"),
            List.of("pool", "show"),
            List.of("pool", "show", "--no-such-option"),
            List.of("profile", "add", "p"),
            List.of("profile", "p", "tag", "add", "t"),
            List.of("profile", "p", "tag", "show"),
            List.of("profile", "p", "rule", "add", "inbound", "allow", "tcp", "from", "tag", "t", "to", "ports", "1:2"),
            List.of("profile", "p", "rule", "remove", "inbound", "--at=1"),
            List.of("profile", "p", "rule", "show", "--names"),
            List.of("profile", "p", "rule", "json"),
            List.of("profile", "p", "rule", "update"),
            List.of("profile", "no-such-profile", "rule", "show"),
            List.of("profile", "show", "--detailed"),
            List.of("endpoint", "show", "--detailed"),
            List.of("ipam", "show", "--show-blocks"),
            List.of("ipam", "info", "10.0.0.1"),
            List.of("status"));

    private ArchiveTraining() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Calicoctl.silenceLogs();
        if (List.of(args).contains("etcd")) {
            useEtcd();
        }
        Path directory = Files.createTempDirectory("calicoctl");
        Path socket = directory.resolve("datastore.sock");
        try (MemoryDatastore store = new MemoryDatastore();
                DatastoreSocketServer server = new DatastoreSocketServer(store, socket)) {
            server.start();
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
            Map<String, String> environment = Map.of("CALICO_DATASTORE", "unix:" + socket);
            // As where a daemon runs: commands look at the environment and ask it which store it serves.
            Calicoctl.run(List.of("--help"), System.getenv(), InputStream.nullInputStream(), nowhere, nowhere);
            DatastoreSettings.resolve(Optional.empty(), Map.of(), socket);
            for (List<String> command : COMMANDS) {
                byte[] input = RULES.getBytes(StandardCharsets.UTF_8);
                Calicoctl.run(command, environment, new ByteArrayInputStream(input), nowhere, nowhere);
            }
            askForStatus(directory.resolve("status.sock"));
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }

    private static void useEtcd() throws InterruptedException {
        try {
            EtcdTraining.run();
        } catch (IOException | RuntimeException e) {
            System.err.println("without etcd: " + e);
        }
    }

    /** There is no daemon for {@code status} to ask, but somebody who answers as one. */
    private static void askForStatus(Path socket) throws IOException {
        StatusServer.Page page = new StatusServer.Page(200, "application/json", STATUS);
        try (StatusServer server = StatusServer.onSocket(socket, Map.of(StatusClient.STATUS, () -> page))) {
            new StatusClient(socket).status();
            // Used by the answer, and not without a daemon.
            Class.forName("io.calico.ctl.NodeReport", true, ArchiveTraining.class.getClassLoader());
            server.port();
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("a class of this jar is missing", e);
        } finally {
            Files.deleteIfExists(socket);
        }
    }
}
