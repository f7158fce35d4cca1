package io.calico.policy;

import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;

/**
 * One rule in the form in which it is enforced: if the packet is of the version and all matches hold, the verdict is
 * final. A rule of a profile becomes none, one or two of these, since one that depends on addresses exists once per
 * IP version.
 *
 * @param version the only version the rule is for; empty: both. Present whenever a match is for one version only
 * @param matches all must hold; in the order of the permitted types of {@link Match}, each type at most once; empty:
 *     every packet of the version
 * @param source the rule of the profile it was made of
 */
public record CompiledRule(Optional<IpVersion> version, Verdict verdict, List<Match> matches, RuleSource source) {
    public CompiledRule {
        matches = List.copyOf(matches);
    }

    /** Whether the rule decides every packet of that version, so that rules after it are never reached. */
    public boolean decidesAll(IpVersion ofVersion) {
        return matches.isEmpty() && isFor(ofVersion);
    }

    /** Whether the rule is for packets of that version. */
    public boolean isFor(IpVersion ofVersion) {
        return version.isEmpty() || version.get() == ofVersion;
    }

    /** For people, for example {@code IPv4 allow tcp from tag WEB to ports 80 (APP inbound 2)}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        version.ifPresent(only -> text.append("IPv").append(only.number()).append(' '));
        text.append(verdict);
        matches.forEach(match -> text.append(' ').append(match));
        return text.append(" (").append(source).append(')').toString();
    }
}
