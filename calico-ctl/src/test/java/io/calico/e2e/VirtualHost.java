package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A Docker host of its own on this machine, made by {@code tools/vhost}: namespaces with their own {@code /run} and
 * {@code /var/lib/calico}, a real dockerd, and our daemon from this build.
 */
final class VirtualHost implements AutoCloseable {
    /** What a command did. */
    record Result(int exit, String out, String err) {
        boolean succeeded() {
            return exit == 0;
        }
    }

    static final Path CHECKOUT = Path.of("").toAbsolutePath().getParent();

    private static final Path STATE = Path.of(System.getenv().getOrDefault("VHOST_STATE", "/tmp/vhost"));
    private static final Duration LONGEST = Duration.ofMinutes(2);

    private final int number;
    private final List<String> environment;
    private final List<Probe> probes = new ArrayList<>();

    private VirtualHost(int number, List<String> environment) {
        this.number = number;
        this.environment = environment;
    }

    /**
     * Creates the host; it has the address 10.10.0.NUMBER.
     *
     * @param environment {@code NAME=VALUE}, for every command in the host, as a login script would set it
     */
    static VirtualHost start(int number, String... environment) {
        VirtualHost host = new VirtualHost(number, List.of(environment));
        host.vhost(List.of("down", String.valueOf(number)), List.of());
        must(host.vhost(List.of("up", String.valueOf(number)), List.of()), "vhost up");
        return host;
    }

    void startDocker(Engine engine, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", String.valueOf(number)));
        command.addAll(List.of(arguments));
        must(vhost(command, engine.environment()), "vhost docker");
    }

    /** The node daemon in the foreground, started again at once whenever it dies, as systemd would. */
    Supervised superviseNode(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(CHECKOUT.resolve("bin/calico-node").toString(), "--libnetwork", "--ip=" + address()));
        command.addAll(List.of(arguments));
        return Supervised.start("calico-node", inHost(command), file("node.out"));
    }

    /** The engine, started again at once whenever it dies. Its image must be there: {@link #startDocker} made it. */
    Supervised superviseDocker(Engine engine, String... arguments) {
        List<String> command = new ArrayList<>(List.of("env"));
        command.addAll(engine.path());
        command.addAll(List.of(
                "dockerd",
                "--data-root",
                file("docker").toString(),
                "--exec-root",
                "/run/docker",
                "--pidfile",
                "/run/docker.pid"));
        command.addAll(List.of(arguments));
        return Supervised.start("dockerd", inHost(command), file("dockerd.log"));
    }

    /** Ends the engine that {@link #startDocker} started; returns when it has ended. */
    void stopDocker() {
        run("sh", "-c", "p=$(cat /run/docker.pid); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.05; done");
    }

    /** A file of the host that lies outside it: {@code dockerd.log}, {@code node.out}, {@code docker}. */
    Path file(String name) {
        return STATE.resolve(String.valueOf(number)).resolve(name);
    }

    /** A path of the host, as seen from here: its sockets can be connected to. */
    Path path(String inside) {
        try {
            String pid = Files.readString(file("pid")).strip();
            return Path.of("/proc", pid, "root").resolve(inside.substring(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last lines of the logs of daemon and engine, for the text of a failure. */
    String logs(int lines) {
        StringBuilder text = new StringBuilder();
        for (Path log : List.of(path("/var/log/calico/node.log"), file("node.out"), file("dockerd.log"))) {
            text.append("== ").append(log.getFileName()).append('\n').append(tail(log, lines));
        }
        return text.toString();
    }

    private static String tail(Path log, int lines) {
        try {
            List<String> all = Files.exists(log) ? Files.readAllLines(log, StandardCharsets.UTF_8) : List.of();
            return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size())) + "\n";
        } catch (IOException e) {
            return e + "\n";
        }
    }

    String address() {
        return "10.10.0." + number;
    }

    String name() {
        return "host" + number;
    }

    /** Runs a command in the host. */
    Result exec(String... command) {
        return exec(LONGEST, command);
    }

    /**
     * Runs a command in the host.
     *
     * @throws AssertionError if it has not ended by then
     */
    Result exec(Duration longest, String... command) {
        return execute(inHost(List.of(command)), longest);
    }

    /** What runs a command in the host. */
    List<String> command(String... command) {
        return inHost(List.of(command));
    }

    private List<String> inHost(List<String> command) {
        List<String> words = new ArrayList<>(
                List.of(CHECKOUT.resolve("tools/vhost").toString(), "exec", String.valueOf(number), "env"));
        words.addAll(environment);
        words.addAll(command);
        return words;
    }

    /** Runs a command in the host that must succeed; its output without the last line end. */
    String run(String... command) {
        return must(exec(command), String.join(" ", command));
    }

    String docker(String... arguments) {
        return run(dockerCommand(arguments));
    }

    Result tryDocker(String... arguments) {
        return exec(dockerCommand(arguments));
    }

    /** As {@link #exec(Duration, String...)}. */
    Result tryDocker(Duration longest, String... arguments) {
        return exec(longest, dockerCommand(arguments));
    }

    /** The client that came with the engine's package: a newer one that stands before it in the path refuses options. */
    private static String[] dockerCommand(String... arguments) {
        String packaged = "/usr/bin/docker";
        return prepend(Files.isExecutable(Path.of(packaged)) ? packaged : "docker", arguments);
    }

    String calicoctl(String... arguments) {
        return run(prepend(CHECKOUT.resolve("bin/calicoctl").toString(), arguments));
    }

    Result tryCalicoctl(String... arguments) {
        return exec(prepend(CHECKOUT.resolve("bin/calicoctl").toString(), arguments));
    }

    /** Starts a container that sleeps, and sends and answers packets from its network namespace. */
    Probe container(String name, String network, String... options) {
        startContainer(name, network, options);
        return probe(name);
    }

    void startContainer(String name, String network, String... options) {
        List<String> command =
                new ArrayList<>(List.of("run", "-d", "--stop-timeout", "1", "--name", name, "--net", network));
        command.addAll(List.of(options));
        command.addAll(List.of("busybox:local", "sleep", "100000"));
        docker(command.toArray(String[]::new));
    }

    /** A prober in the network namespace of a running container. */
    Probe probe(String container) {
        String pid = docker("inspect", "-f", "{{.State.Pid}}", container);
        return remember(new Probe(probeCommand("nsenter", "-t", pid, "-n", "--")));
    }

    /** A prober in the network namespace of a process of the host. */
    Probe probeOf(String pid) {
        return remember(new Probe(probeCommand("nsenter", "-t", pid, "-n", "--")));
    }

    /** A prober on the host itself. */
    Probe probe() {
        return remember(new Probe(probeCommand()));
    }

    private Probe remember(Probe probe) {
        probes.add(probe);
        return probe;
    }

    private List<String> probeCommand(String... enter) {
        List<String> command = new ArrayList<>(List.of(enter));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                // Files in /tmp named by process numbers, which hosts share: the JVM would complain in front of its
                // output.
                "-XX:-UsePerfData",
                "-Xshare:auto",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.net.preferIPv4Stack=true",
                "-cp",
                Path.of("target", "test-classes").toAbsolutePath().toString(),
                Prober.class.getName()));
        return inHost(command);
    }

    void closeProbes() {
        probes.forEach(Probe::close);
        probes.clear();
    }

    /** The address that Docker shows for a container on a network. */
    String addressOf(String container, String network) {
        return docker(
                "inspect", "-f", "{{(index .NetworkSettings.Networks \"" + network + "\").IPAddress}}", container);
    }

    private static String[] prepend(String first, String... rest) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(List.of(rest));
        return all.toArray(String[]::new);
    }

    static String must(Result result, String what) {
        assertThat(result.exit())
                .as("%s%nstdout: %s%nstderr: %s", what, result.out(), result.err())
                .isZero();
        return result.out().stripTrailing();
    }

    private Result vhost(List<String> arguments, List<String> environment) {
        List<String> command = new ArrayList<>(List.of("env"));
        command.addAll(environment);
        command.add(CHECKOUT.resolve("tools/vhost").toString());
        command.addAll(arguments);
        return execute(command, LONGEST);
    }

    /** Runs a command on the machine itself. */
    static Result execute(List<String> command, Duration longest) {
        try {
            File out = File.createTempFile("calico-e2e", ".out");
            File err = File.createTempFile("calico-e2e", ".err");
            try {
                Process process = new ProcessBuilder(command)
                        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                        .redirectOutput(out)
                        .redirectError(err)
                        .start();
                if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError("no end after " + longest + ": " + String.join(" ", command));
                }
                return new Result(
                        process.exitValue(),
                        Files.readString(out.toPath(), StandardCharsets.UTF_8),
                        Files.readString(err.toPath(), StandardCharsets.UTF_8));
            } finally {
                Files.delete(out.toPath());
                Files.delete(err.toPath());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        closeProbes();
        vhost(List.of("down", String.valueOf(number)), List.of());
    }
}
