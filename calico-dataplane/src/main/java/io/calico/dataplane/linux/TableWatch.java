package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.NftEvents;
import java.time.Duration;
import java.util.Set;

/**
 * Tells when our table of nftables was changed, and when a chain was in which accepted packets need the rule of ours. Names
 * are all it looks at: what the rules of others say it does not know. Confined to one thread.
 *
 * <p>Whether a change of our table is a foreign one is for the writer to say, who alone knows its own; the port of the socket
 * tells.
 */
final class TableWatch {
    private static final String OUR_TABLE = "calico";
    private static final String FILTER_TABLE = "filter";
    private static final Set<String> CHAINS = Set.of("FORWARD", "DOCKER-USER");
    /** {@code NFPROTO_IPV4} and {@code NFPROTO_IPV6}. */
    private static final Set<Integer> IP_FAMILIES = Set.of(2, 10);

    /** A firewall is often reloaded in several transactions; our rule is looked for after the last. */
    private static final Duration SETTLING = Duration.ofMillis(100);
    /** To look for the rule takes some ten processes, so it is not done more often. */
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(500);

    private static final Duration FOR_EVER = Duration.ofDays(1);

    private final Suspicions suspicions;
    private boolean isRuleSuspected;
    private long ruleDue;
    private long lastLook;

    TableWatch(Suspicions suspicions, long nowNanos) {
        this.suspicions = suspicions;
        this.lastLook = nowNanos - LOOK_INTERVAL.toNanos();
    }

    /** Takes in what happened. */
    void fold(NftEvents.Changes changes, long nowNanos) {
        if (changes.isIncomplete()) {
            suspicions.add(found -> found.tableIsUnknown = true);
            suspectRule(nowNanos);
        }
        for (NftEvents.Change change : changes.changes()) {
            if (change.family() == NftEvents.Change.INET && change.table().equals(OUR_TABLE)) {
                suspicions.add(found -> found.tableWriters.put(change.port(), changes.writer(change.port())));
            } else if (IP_FAMILIES.contains(change.family())
                    && change.table().equals(FILTER_TABLE)
                    && (change.chain().isEmpty() || CHAINS.contains(change.chain()))) {
                suspectRule(nowNanos);
            }
        }
    }

    /** A legacy table has another shape than before. */
    void suspectRule(long nowNanos) {
        if (!isRuleSuspected) {
            isRuleSuspected = true;
            ruleDue = Math.max(nowNanos + SETTLING.toNanos(), lastLook + LOOK_INTERVAL.toNanos());
        }
    }

    /** Passes on what has settled. */
    void settle(long nowNanos) {
        if (isRuleSuspected && nowNanos - ruleDue >= 0) {
            isRuleSuspected = false;
            lastLook = nowNanos;
            suspicions.add(found -> found.forwardRule = true);
        }
    }

    /** How long until {@link #settle} has something to pass on. */
    Duration untilSettled(long nowNanos) {
        return isRuleSuspected ? Duration.ofNanos(Math.max(ruleDue - nowNanos, 1_000_000)) : FOR_EVER;
    }
}
