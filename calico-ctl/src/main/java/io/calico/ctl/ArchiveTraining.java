package io.calico.ctl;

import io.calico.datastore.etcd.EtcdTraining;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.unix.DatastoreSocketServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Runs typical commands on a scratch datastore behind a socket, as a running node serves it, so that a class-data archive
 * made of this process holds the classes that they load. The launcher runs it once, with
 * {@code -XX:ArchiveClassesAtExit}.
 */
final class ArchiveTraining {
    private static final String RULES =
            "{\"id\":\"p\",\"inbound_rules\":[],\"outbound_rules\":[{\"action\":\"allow\"}]}";

    private static final List<List<String>> COMMANDS = List.of(
            List.of("--help"),
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
        try {
            EtcdTraining.run();
        } catch (IOException | RuntimeException e) {
            System.err.println("without etcd: " + e);
        }
        Path directory = Files.createTempDirectory("calicoctl");
        Path socket = directory.resolve("datastore.sock");
        try (MemoryDatastore store = new MemoryDatastore();
                DatastoreSocketServer server = new DatastoreSocketServer(store, socket)) {
            server.start();
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
            Map<String, String> environment = Map.of("CALICO_DATASTORE", "unix:" + socket);
            for (List<String> command : COMMANDS) {
                byte[] input = RULES.getBytes(StandardCharsets.UTF_8);
                Calicoctl.run(command, environment, new ByteArrayInputStream(input), nowhere, nowhere);
            }
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }
}
