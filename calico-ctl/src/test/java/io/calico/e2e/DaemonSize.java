package io.calico.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a daemon holds of its machine at one moment, after a full collection of its heap. */
record DaemonSize(long descriptors, long threads, long residentKiB, long heapKiB) {
    private static final Pattern USED = Pattern.compile("used (\\d+)K");

    static DaemonSize of(VirtualHost host, Supervised daemon) {
        String pid = host.run("cat", "/run/calico/node.pid");
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        host.run(jcmd, pid, "GC.run");
        long heap = 0;
        String info = host.run(jcmd, pid, "GC.heap_info");
        // The generations; not the metaspace, which has lines of its own.
        Matcher used = USED.matcher(info.substring(0, info.indexOf("Metaspace")));
        while (used.find()) {
            heap += Long.parseLong(used.group(1));
        }
        Path proc =
                Path.of("/proc", Long.toString(daemon.program().orElseThrow().pid()));
        try (Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
            List<String> status = Files.readAllLines(proc.resolve("status"));
            return new DaemonSize(descriptors.count(), number(status, "Threads:"), number(status, "VmRSS:"), heap);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long number(List<String> status, String field) {
        return status.stream()
                .filter(line -> line.startsWith(field))
                .map(line -> line.replaceAll("\\D+", ""))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow();
    }
}
