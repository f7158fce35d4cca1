package io.calico.dataplane.linux.iptables;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The chains of one iptables filter table that decide what becomes of forwarded packets, as {@code iptables -S} prints
 * them. Immutable.
 *
 * <pre>
 *   FORWARD ─┬▶ DOCKER-USER ─▶ our rule         where Docker is, or will be: its daemon keeps this chain's content,
 *            │                                  and puts the jump first each time it starts
 *            ├▶ our rule                        only where something refuses and nothing leads to DOCKER-USER before it
 *            └▶ policy DROP, or a last REJECT
 * </pre>
 *
 * @param forward the lines of FORWARD
 * @param dockerUser the lines of DOCKER-USER; empty if there is no such chain
 * @param isDefault whether this is the table that the plain {@code iptables} program writes to, as Docker does
 */
record FilterChains(List<String> forward, Optional<List<String>> dockerUser, boolean isDefault) {
    static final String FORWARD = "FORWARD";
    static final String DOCKER_USER = "DOCKER-USER";
    private static final String COMMENT = "calico:accepted";

    /** The rule: packets with the accept bit pass. */
    static final List<String> RULE =
            List.of("-m", "mark", "--mark", "0x10000/0x10000", "-m", "comment", "--comment", COMMENT, "-j", "ACCEPT");

    FilterChains {
        forward = List.copyOf(forward);
        dockerUser = dockerUser.map(List::copyOf);
    }

    /** Commands, each the arguments of one run, after which accepted packets pass; empty if they do. */
    List<List<String>> missing() {
        List<List<String>> commands = new ArrayList<>();
        if (isDefault || dockerUser.isPresent()) {
            if (dockerUser.isEmpty()) {
                commands.add(List.of("-N", DOCKER_USER));
            }
            commands.addAll(ruleMissingIn(DOCKER_USER, dockerUser.orElse(List.of())));
        }
        if (refuses(forward) && !leadsToDockerUser()) {
            commands.addAll(ruleMissingIn(FORWARD, forward));
        }
        return List.copyOf(commands);
    }

    /** Commands after which no rule of ours is left. */
    List<List<String>> ours() {
        List<List<String>> commands = new ArrayList<>();
        forward.stream().filter(FilterChains::isOurs).forEach(r -> commands.add(command("-D", FORWARD)));
        List<String> user = dockerUser.orElse(List.of());
        user.stream().filter(FilterChains::isOurs).forEach(r -> commands.add(command("-D", DOCKER_USER)));
        boolean isEmptyThen = user.stream().noneMatch(line -> line.startsWith("-A ") && !isOurs(line));
        if (dockerUser.isPresent() && isEmptyThen && forward.stream().noneMatch(FilterChains::isDockerUserJump)) {
            commands.add(List.of("-X", DOCKER_USER));
        }
        return List.copyOf(commands);
    }

    private static List<List<String>> ruleMissingIn(String chain, List<String> lines) {
        int end = indexOfEnd(lines);
        for (int i = 0; i < end; i++) {
            if (isOurs(lines.get(i))) {
                return List.of();
            }
        }
        return List.of(command("-I", chain));
    }

    private static List<String> command(String verb, String chain) {
        List<String> command = new ArrayList<>(List.of(verb, chain));
        command.addAll(RULE);
        return List.copyOf(command);
    }

    private boolean leadsToDockerUser() {
        if (dockerUser.isEmpty()) {
            return false;
        }
        int end = indexOfEnd(forward);
        for (int i = 0; i < end; i++) {
            if (isDockerUserJump(forward.get(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isDockerUserJump(String line) {
        return line.equals("-A " + FORWARD + " -j " + DOCKER_USER);
    }

    private static boolean isOurs(String line) {
        return line.startsWith("-A ") && line.contains(COMMENT) && line.endsWith("-j ACCEPT");
    }

    /** Where the chain ends for every packet: its first rule without a condition that decides, or its length. */
    private static int indexOfEnd(List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            String[] words = lines.get(i).split(" ", -1);
            boolean isUnconditional = words.length >= 4 && words[0].equals("-A") && words[2].equals("-j");
            if (isUnconditional && List.of("DROP", "REJECT", "RETURN", "ACCEPT").contains(words[3])) {
                return i;
            }
        }
        return lines.size();
    }

    /** Whether packets that no rule accepts are refused: by the policy, or by a rule for all. */
    private static boolean refuses(List<String> lines) {
        int end = indexOfEnd(lines);
        if (end < lines.size()) {
            String last = lines.get(end);
            return last.contains(" -j DROP") || last.contains(" -j REJECT");
        }
        return lines.contains("-P " + FORWARD + " DROP");
    }
}
