package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Many tries to reach something, and what is to come of each. Those of one sender are made one after the other, the senders
 * at the same time: most tries that policy forbids take as long as a prober waits.
 */
final class Attempts {
    private record Attempt(String what, Function<Probe, String> make, String expected) {}

    private final Map<Probe, List<Attempt>> bySender = new LinkedHashMap<>();

    /** All of TCP to these ports is answered. */
    Attempts open(Probe sender, String what, String to, int... ports) {
        return tcp(sender, what, to, "open", ports);
    }

    /** No answer of any kind from these ports. */
    Attempts closed(Probe sender, String what, String to, int... ports) {
        return tcp(sender, what, to, "silent", ports);
    }

    private Attempts tcp(Probe sender, String what, String to, String expected, int... ports) {
        for (int port : ports) {
            add(sender, what + ", TCP " + port, probe -> probe.tcp(to, port), expected);
        }
        return this;
    }

    Attempts udp(Probe sender, String what, String to, int port, String expected) {
        return add(sender, what + ", UDP " + port, probe -> probe.udp(to, port), expected);
    }

    Attempts ping(Probe sender, String what, String to, String expected) {
        return add(sender, what + ", ping", probe -> probe.ping(to), expected);
    }

    private Attempts add(Probe sender, String what, Function<Probe, String> make, String expected) {
        bySender.computeIfAbsent(sender, s -> new ArrayList<>()).add(new Attempt(what, make, expected));
        return this;
    }

    /** Makes them; fails with all that went otherwise. */
    void make() {
        List<CompletableFuture<List<String>>> senders = new ArrayList<>();
        bySender.forEach((sender, attempts) -> senders.add(CompletableFuture.supplyAsync(() -> attempts.stream()
                .map(attempt -> outcome(sender, attempt))
                .filter(text -> !text.isEmpty())
                .toList())));
        assertThat(senders.stream().flatMap(sender -> sender.join().stream())).isEmpty();
    }

    private static String outcome(Probe sender, Attempt attempt) {
        String outcome = attempt.make().apply(sender);
        return outcome.equals(attempt.expected())
                ? ""
                : attempt.what() + ": " + outcome + ", expected " + attempt.expected();
    }
}
