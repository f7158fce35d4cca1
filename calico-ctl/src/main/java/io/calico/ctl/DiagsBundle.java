package io.calico.ctl;

import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.libnetwork.HostFacts;
import io.calico.libnetwork.health.StatusClient;
import io.calico.libnetwork.health.WithoutPassword;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * One archive of everything. A part that cannot be had is noted in its own file and on the console, and never stops the
 * rest. Confined to one thread; used once.
 */
final class DiagsBundle {
    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern("ddMMyy_HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** Of a longer file the end is taken: that is where the error is. */
    private static final int MOST_BYTES = 32 << 20;

    private static final String CALICO = "/calico/";
    private static final Pattern SECRET =
            Pattern.compile("(?i)(password|passwd|secret|token|credential|private)[^/]*$|(?i)key$");

    private final Session session;
    private final Path logs;

    DiagsBundle(Session session, Path logs) {
        this.session = session;
        this.logs = logs;
    }

    /** A part of the archive. */
    private interface Part {
        byte[] content() throws IOException;
    }

    /**
     * Collects and writes all.
     *
     * @return the archive, which only this user may read
     */
    Path write() throws IOException {
        Path directory = Files.createTempDirectory("calico-diags-");
        Path archive =
                directory.resolve("diags-" + NAME.format(session.machine().now()) + ".tar.gz");
        Files.createFile(archive, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Path scratch = directory.resolve("scratch");
        try (TarWriter tar = new TarWriter(
                new GZIPOutputStream(new BufferedOutputStream(Files.newOutputStream(archive))),
                session.machine().now())) {
            addMachine(tar);
            addDaemon(tar);
            for (HostFacts.Fact fact : HostFacts.all()) {
                add(tar, fact.name(), fact.title(), () -> fact(fact, scratch));
            }
            add(tar, "datastore_calico", "the datastore", this::datastore);
            addLogs(tar);
        } finally {
            Files.deleteIfExists(scratch);
        }
        return archive;
    }

    private void add(TarWriter tar, String name, String title, Part part) throws IOException {
        session.console().line("Dumping " + title);
        byte[] content;
        try {
            content = part.content();
        } catch (IOException | RuntimeException e) {
            String reason = String.valueOf(FailureText.of(new IllegalStateException(e.getMessage(), e))
                    .text()
                    .replaceFirst("^Error: ", ""));
            session.console().line("  - " + reason);
            content = ("missing: " + reason + "\n").getBytes(StandardCharsets.UTF_8);
        }
        tar.add("diagnostics/" + name, content);
    }

    private void addMachine(TarWriter tar) throws IOException {
        add(tar, "date", "the date", () -> text(session.machine().now() + "\n"));
        add(tar, "hostname", "the host's name", () -> text(session.machine().hostName() + "\n"));
        add(
                tar,
                "versions",
                "versions",
                () -> text("calicoctl " + Version.text() + "\njava "
                        + System.getProperty("java.vm.name") + " " + System.getProperty("java.version") + "\n"
                        + Files.readString(Path.of("/etc/os-release"))));
    }

    private void addDaemon(TarWriter tar) throws IOException {
        NodeProcess node = session.machine().nodeProcess();
        StatusClient daemon = new StatusClient(node.statusSocket());
        add(tar, "status.json", "the daemon's status", () -> text(daemon.page(StatusClient.STATUS)));
        add(tar, "metrics", "the daemon's metrics", () -> text(daemon.page(StatusClient.METRICS)));
        add(tar, "threads", "the daemon's threads", () -> text(daemon.page(StatusClient.THREADS)));
        add(tar, "process", "the daemon's process", () -> process(node));
    }

    private static byte[] process(NodeProcess node) throws IOException {
        Optional<String> failure = node.lastFailure();
        StringBuilder text = new StringBuilder();
        failure.ifPresent(line -> text.append("last failure: ").append(line).append('\n'));
        Optional<ProcessHandle> running = node.running();
        if (running.isEmpty()) {
            return text(text.append("not running\n").toString());
        }
        Path proc = Path.of("/proc", String.valueOf(running.get().pid()));
        for (String file : List.of("cmdline", "status", "limits")) {
            text.append(file)
                    .append(":\n")
                    .append(Files.readString(proc.resolve(file)).replace('\0', ' '));
            text.append('\n');
        }
        return text(text.toString());
    }

    private static byte[] fact(HostFacts.Fact fact, Path scratch) throws IOException {
        Files.deleteIfExists(scratch);
        Optional<String> missing = HostFacts.save(fact, scratch);
        String output = Files.exists(scratch) ? end(scratch) : "";
        if (missing.isPresent()) {
            String words = output.strip();
            String excerpt = words.substring(0, Math.min(200, words.length()));
            throw new IOException(missing.get() + (excerpt.isEmpty() ? "" : ": " + excerpt));
        }
        return text(output);
    }

    private byte[] datastore() {
        StringBuilder dump = new StringBuilder("dir?, key, value\n");
        Optional<String> from = Optional.empty();
        do {
            Page page = session.store().datastore().list(new ListRequest(CALICO, from, 0, 500));
            for (KeyValue record : page.records()) {
                String value = SECRET.matcher(record.key()).find() ? "(left out)" : record.value();
                dump.append("FILE   ").append(record.key()).append("   ");
                dump.append(value.replace("\n", "\\n")).append('\n');
            }
            from = page.nextKey();
        } while (from.isPresent());
        return text(dump.toString());
    }

    private void addLogs(TarWriter tar) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(logs)) {
            files = all.filter(Files::isRegularFile)
                    .filter(file -> !String.valueOf(file.getFileName()).equals("lock"))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            add(tar, "logs/missing", "logs", () -> {
                throw new IOException("no logs in " + logs + ": " + e.getMessage(), e);
            });
            return;
        }
        for (Path file : files) {
            String name = String.valueOf(file.getFileName());
            String plain = name.replaceAll("[^A-Za-z0-9_.-]", "_");
            add(tar, "logs/" + plain.substring(0, Math.min(80, plain.length())), "log " + plain, () -> text(end(file)));
        }
    }

    /** The file, or the end of it if it is too long. */
    private static String end(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long start = Math.max(0, channel.size() - MOST_BYTES);
            ByteBuffer bytes = ByteBuffer.allocate((int) (channel.size() - start));
            while (bytes.hasRemaining() && channel.read(bytes, start + bytes.position()) > 0) {
                // More of it.
            }
            return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
        }
    }

    private static byte[] text(String text) {
        return WithoutPassword.uri(text).getBytes(StandardCharsets.UTF_8);
    }
}
