package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A real systemd at work on a virtual host, with no units but those that a test writes: none of the machine's, which would
 * clean up its files and set its kernel up.
 */
final class Systemd implements AutoCloseable {
    private static final String UNITS = "/run/systemd-test/units";
    /** Of its own, so that it takes no process of the machine for one of its own. */
    private static final Path CGROUP = Stream.of("/sys/fs/cgroup/systemd", "/sys/fs/cgroup")
            .map(Path::of)
            .filter(Files::isDirectory)
            .findFirst()
            .orElseThrow()
            .resolve("calico-test-systemd");

    private static final String BOOT = """
            set -e
            mkdir -p %s
            echo $$ > %s/cgroup.procs
            exec env container=other SYSTEMD_UNIT_PATH=%s \\
              unshare --mount --pid --fork --kill-child --mount-proc \\
              /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=0
            """.formatted(CGROUP, CGROUP, UNITS);

    private final VirtualHost host;
    private final Process process;

    private Systemd(VirtualHost host, Process process) {
        this.host = host;
        this.process = process;
    }

    /** Writes a unit for {@link #boot}. */
    static void unit(VirtualHost host, String name, String text) {
        try {
            Path file = host.path(UNITS + "/" + name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Boots to {@code multi-user.target}; returns when that is reached, and so all that it wants was started. */
    static Systemd boot(VirtualHost host) {
        for (String target : List.of("sysinit.target", "basic.target", "network-online.target", "shutdown.target")) {
            unit(host, target, "[Unit]\nDefaultDependencies=no\n");
        }
        try {
            Process process = new ProcessBuilder(host.command("sh", "-c", BOOT))
                    .redirectErrorStream(true)
                    .redirectOutput(host.file("systemd.log").toFile())
                    .start();
            Systemd systemd = new Systemd(host, process);
            await().atMost(Duration.ofMinutes(2))
                    .until(() -> systemd.exec("systemctl", "is-active", "multi-user.target")
                            .succeeded());
            return systemd;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private VirtualHost.Result exec(String... command) {
        List<String> words =
                new ArrayList<>(List.of("sh", "-c", "exec nsenter -t $(pgrep -x systemd) -m -p -- \"$@\"", "sh"));
        words.addAll(List.of(command));
        return host.exec(words.toArray(String[]::new));
    }

    /** Runs {@code systemctl}, which must succeed; its output without the last line end. */
    String ctl(String... arguments) {
        List<String> words = new ArrayList<>(List.of("systemctl", "--no-pager"));
        words.addAll(List.of(arguments));
        return VirtualHost.must(exec(words.toArray(String[]::new)), words + "\n" + host.logs(40));
    }

    /** What systemd knows of a unit. */
    String property(String unit, String name) {
        return ctl("show", "--property=" + name, "--value", unit);
    }

    /** Kills the unit's main process. */
    void kill(String unit) {
        assertThat(exec("kill", "-9", property(unit, "MainPID")).exit()).isZero();
    }

    /** Everything that it has started ends with it. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            VirtualHost.execute(
                    List.of("find", CGROUP.toString(), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"),
                    Duration.ofSeconds(10));
            return !Files.exists(CGROUP);
        });
    }
}
