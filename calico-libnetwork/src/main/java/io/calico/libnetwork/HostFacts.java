package io.calico.libnetwork;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.process.Tool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a support person wants to know of a host's network, as the host's own programs tell it. Of firewall rules only
 * Calico's own table is read. Nothing is changed. Stateless; calls block.
 */
public final class HostFacts {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String SYSCTLS = "^net\\.ipv[46]\\.(ip_forward|conf\\.(all|default|cali[^.]*)\\.)"
            + "|^net\\.netfilter\\.nf_conntrack_(max|count)|^net\\.bridge\\.";

    private static final List<Fact> ALL = List.of(
            new Fact("netstat", "sockets", "ss", "-anp"),
            new Fact("route", "routes", "ip", "route", "show", "table", "all"),
            new Fact("route6", "IPv6 routes", "ip", "-6", "route", "show", "table", "all"),
            new Fact("ip_rule", "routing rules", "ip", "rule"),
            new Fact("ip_addr", "interfaces and addresses", "ip", "-details", "-statistics", "address"),
            new Fact("ip_neighbour", "neighbours", "ip", "neighbour"),
            new Fact("nftables", "Calico's nftables table", "nft", "-a", "list", "table", "inet", "calico"),
            new Fact("sysctl", "kernel settings", "sysctl", "-a", "--pattern", SYSCTLS),
            new Fact("docker_version", "Docker's version", "docker", "version"),
            new Fact("docker_info", "Docker's state", "docker", "info"),
            new Fact("docker_networks", "Docker's networks", "docker", "network", "ls", "--no-trunc"),
            new Fact("docker_containers", "Docker's containers", "docker", "ps", "--all", "--no-trunc"),
            new Fact("nft_version", "nft's version", "nft", "--version"),
            new Fact("uname", "the kernel's version", "uname", "-a"),
            new Fact(
                    "calico-node.journal",
                    "the journal",
                    "journalctl",
                    "--no-pager",
                    "--lines=20000",
                    "--unit=calico-node"));

    private HostFacts() {}

    /**
     * Something to know.
     *
     * @param name of the file for it
     * @param title what it is, for people
     * @param command a program's name and its arguments
     */
    public record Fact(String name, String title, List<String> command) {
        Fact(String name, String title, String... command) {
            this(name, title, List.of(command));
        }

        /** Copies the list. */
        public Fact {
            command = List.copyOf(command);
        }
    }

    /** All there is to ask. */
    public static List<Fact> all() {
        return ALL;
    }

    /**
     * Asks, and writes the answer into a file.
     *
     * @return why the answer is missing or not whole, in words; empty if it is there
     */
    public static Optional<String> save(Fact fact, Path file) {
        String program = fact.command().get(0);
        Optional<Tool> tool = Tool.find(program, LIMIT);
        if (tool.isEmpty()) {
            return Optional.of("Missing command: " + program);
        }
        try {
            int code = tool.get()
                    .runInto(file, fact.command().subList(1, fact.command().size()));
            return code == 0 ? Optional.empty() : Optional.of(String.join(" ", fact.command()) + " ended with " + code);
        } catch (DataplaneException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
