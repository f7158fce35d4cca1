package io.calico.policy.testkit;

import io.calico.policy.Packet;
import io.calico.policy.Path;
import io.calico.policy.Verdict;
import java.util.Optional;

/**
 * The first packet of a flow, and what must happen to it on one host.
 *
 * @param from name of the place that sends it (its addresses may be forged)
 * @param to name of the place it is sent to
 * @param packet as policy sees it: after destination translation
 * @param path its way through the host
 * @param host the host whose verdict is meant
 * @param verdict what this host must do with it
 * @param by what must have decided, in the words of {@link io.calico.policy.Decision#by}; empty where policy alone
 *     does not decide, and an evaluator is not asked
 */
public record Probe(
        String from, String to, Packet packet, Path path, String host, Verdict verdict, Optional<String> by) {

    /** For example {@code A→B tcp 40000→80}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(from + "→" + to + " " + packet.protocol());
        packet.destinationPort()
                .ifPresent(port -> text.append(' ')
                        .append(packet.sourcePort().orElseThrow())
                        .append('→')
                        .append(port));
        packet.icmpType()
                .ifPresent(type -> text.append(" type ")
                        .append(type)
                        .append(" code ")
                        .append(packet.icmpCode().orElseThrow()));
        return text + (packet.source().isV6() ? " over IPv6" : "") + (host.equals(Fixture.HOST) ? "" : " on " + host);
    }
}
