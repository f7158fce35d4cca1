package io.calico.dataplane.linux.iptables;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.process.Tool;
import io.calico.dataplane.linux.process.ToolResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rule that lets packets which policy accepted pass Docker's filter, wherever it is needed: in the table of
 * iptables-nft and in that of iptables-legacy, of IPv4 and of IPv6. The two variants know nothing of each other, both may
 * be in use, and each asks every packet.
 *
 * <p>What goes wrong in the field and how it is met: Docker's daemon starts after us (its chain DOCKER-USER is made in
 * advance, and kept by it), or is restarted (the chain is kept); a firewall reloads its rules (checked again with each
 * refresh); legacy's kernel tables come into being by looking at them (so they are asked for in /proc first); nobody has
 * iptables but something drops (reported).
 */
public final class ForwardAcceptRule {
    private static final Logger LOG = LoggerFactory.getLogger(ForwardAcceptRule.class);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** Of the thread's own network namespace. */
    private static final Path PROC_NET = Path.of("/proc/thread-self/net");

    private ForwardAcceptRule() {}

    /** One program that writes one kernel's table. */
    private record Variant(Tool tool, boolean isDefault) {
        ToolResult run(List<String> arguments) {
            // Others may hold the lock of the legacy tables for a moment.
            List<String> all = new ArrayList<>(List.of("-w", "5"));
            all.addAll(arguments);
            return tool.run("", all);
        }
    }

    /**
     * What became of it. Immutable.
     *
     * @param problems what keeps accepted packets from passing, in words for an operator; empty if nothing does
     * @param hasWritten whether something was missing and is there now
     */
    public record Outcome(List<String> problems, boolean hasWritten) {
        /** Copies the list. */
        public Outcome {
            problems = List.copyOf(problems);
        }
    }

    /** Writes the rule where it is missing. Never throws: what could not be done is told. */
    public static Outcome ensure() {
        List<String> problems = new ArrayList<>();
        boolean hasWritten = false;
        boolean hasProgram = false;
        for (String program : List.of("iptables", "ip6tables")) {
            List<Variant> variants = variants(program);
            hasProgram |= !variants.isEmpty();
            for (Variant variant : variants) {
                hasWritten |= carryOut(variant, FilterChains::missing, problems);
            }
        }
        if (!hasProgram) {
            problems.addAll(droppingChains());
        }
        return new Outcome(problems, hasWritten);
    }

    /**
     * Removes the rule wherever it is, and the chain DOCKER-USER where nobody uses it. Never throws.
     *
     * @return what could not be done, in words for an operator
     */
    public static List<String> remove() {
        List<String> problems = new ArrayList<>();
        for (String program : List.of("iptables", "ip6tables")) {
            variants(program).forEach(variant -> carryOut(variant, FilterChains::ours, problems));
        }
        return List.copyOf(problems);
    }

    private interface Plan {
        List<List<String>> commands(FilterChains chains);
    }

    /** Whether a command was carried out. */
    private static boolean carryOut(Variant variant, Plan plan, List<String> problems) {
        boolean hasWritten = false;
        try {
            Optional<FilterChains> chains = read(variant, problems);
            if (chains.isEmpty()) {
                return false;
            }
            for (List<String> command : plan.commands(chains.get())) {
                ToolResult result = variant.run(command);
                String words = variant.tool() + " " + String.join(" ", command);
                if (result.succeeded()) {
                    LOG.info("{}", words);
                    hasWritten = true;
                } else {
                    problems.add(words + ": " + result.output());
                }
            }
        } catch (DataplaneException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        return hasWritten;
    }

    private static Optional<FilterChains> read(Variant variant, List<String> problems) {
        ToolResult forward = variant.run(List.of("-S", FilterChains.FORWARD));
        if (!forward.succeeded()) {
            problems.add("forwarded packets may be dropped: " + variant.tool() + " cannot list chain FORWARD: "
                    + forward.output());
            return Optional.empty();
        }
        ToolResult dockerUser = variant.run(List.of("-S", FilterChains.DOCKER_USER));
        return Optional.of(new FilterChains(
                lines(forward),
                dockerUser.succeeded() ? Optional.of(lines(dockerUser)) : Optional.empty(),
                variant.isDefault()));
    }

    /** Without warnings, which come in between. */
    private static List<String> lines(ToolResult result) {
        return result.output().lines().filter(line -> line.startsWith("-")).toList();
    }

    private static List<Variant> variants(String program) {
        Optional<Tool> standard = Tool.find(program, LIMIT);
        if (standard.isEmpty()) {
            return List.of();
        }
        List<Variant> variants = new ArrayList<>();
        variants.add(new Variant(standard.get(), true));
        boolean standardIsNft = standard.get().run("-V").output().contains("nf_tables");
        if (standardIsNft && legacyTableExists(program)) {
            Tool.find(program + "-legacy", LIMIT).ifPresent(tool -> variants.add(new Variant(tool, false)));
        } else if (!standardIsNft) {
            Tool.find(program + "-nft", LIMIT).ifPresent(tool -> variants.add(new Variant(tool, false)));
        }
        return variants;
    }

    /** To list a legacy table makes it, with hooks that every packet then passes. */
    private static boolean legacyTableExists(String program) {
        Path names = PROC_NET.resolve(program.equals("iptables") ? "ip_tables_names" : "ip6_tables_names");
        try {
            return Files.exists(names) && Files.readAllLines(names).contains("filter");
        } catch (IOException e) {
            LOG.debug("{}", names, e);
            return false;
        }
    }

    /** Without iptables there is still nft to tell of chains that drop what they do not know. */
    private static List<String> droppingChains() {
        Optional<Tool> nft = Tool.find("nft", LIMIT);
        if (nft.isEmpty()) {
            return List.of();
        }
        ToolResult chains = nft.get().run("list", "chains");
        return chains.succeeded() ? ForeignChains.droppingForwarded(chains.output()) : List.of();
    }
}
