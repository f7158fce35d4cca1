package io.calico.e2e;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The Docker engines that the end-to-end tests run against. */
enum Engine {
    /** The machine's own: Debian 12 has 20.10. */
    INSTALLED("", 0),
    /** Debian stable's: 26.1. */
    MODERN("trixie", 1),
    /** Debian unstable's: 28.5 or later; only in the long job, for it moves. */
    NEWEST("sid", 2);

    private final String suite;
    private final int number;

    Engine(String suite, int number) {
        this.suite = suite;
        this.number = number;
    }

    /**
     * Number of the virtual host that runs this engine for a class of tests.
     *
     * @param first of the class: classes run at the same time, so each has numbers of its own
     */
    int hostNumber(int first) {
        return first + number;
    }

    private Path directory() {
        return VirtualHost.CHECKOUT
                .resolve("target")
                .resolve("engines")
                .resolve(suite)
                .resolve("bin");
    }

    boolean isAvailable() {
        return this == INSTALLED
                ? Files.isExecutable(Path.of("/usr/sbin/dockerd"))
                : Files.exists(directory().resolve("dockerd"));
    }

    List<String> environment() {
        return this == INSTALLED ? List.of() : List.of("VHOST_ENGINE=" + directory());
    }

    /** What a command in the environment of {@code env} needs in front, to find this engine's programs. */
    List<String> path() {
        return this == INSTALLED ? List.of() : List.of("PATH=" + directory() + ":" + System.getenv("PATH"));
    }

    /** Whether this engine shares networks with others through a store; later ones have no such thing. */
    boolean hasClusterStore() {
        return this == INSTALLED;
    }

    /** Arguments of dockerd that join it to the others that use the etcd of the machine; none if it cannot. */
    String[] clusterStore(VirtualHost host) {
        return hasClusterStore()
                ? new String[] {
                    "--cluster-store=etcd://" + ClusterEtcd.authority(),
                    "--cluster-advertise=" + host.address() + ":2376"
                }
                : new String[0];
    }

    /** The engines to test with in this run. */
    static Stream<Engine> inThisRun() {
        return Boolean.getBoolean("calico.test.long") ? Stream.of(values()) : Stream.of(INSTALLED, MODERN);
    }
}
