package io.calico.dataplane.linux;

import io.calico.dataplane.linux.netlink.NetlinkEvent;
import io.calico.dataplane.linux.netlink.NetlinkEvents;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.NftEvents;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to what other programs do to this host, and has somebody look when it concerns us.
 *
 * <pre>
 *   rtnetlink  ─▶ LinkWatch ──────────┐
 *   nftables   ─▶ TableWatch ─────────┼─▶ Suspicions ─▶ listener ─▶ (the agent's thread) Dataplane.mend
 *   iptables-legacy ─▶ LegacyFilterWatch ┘
 * </pre>
 *
 * <p>The first event is passed on at once, what follows within {@link #PAUSE} together; if events are lost, everything is
 * suspected. Two threads that sleep while nothing happens. {@link #onDrift} and {@link #close} may be called from any thread.
 */
final class DriftWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DriftWatch.class);
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final Duration FOR_EVER = Duration.ofDays(1);
    private static final Path PROC_NET = Path.of("/proc/thread-self/net");

    private final Suspicions suspicions;
    private final NetlinkEvents linkEvents;
    private final NftEvents tableEvents;
    private final LinkWatch links;
    private final LegacyFilterWatch legacy = new LegacyFilterWatch(PROC_NET);
    private final Thread linkThread = new Thread(this::watchLinks, "calico-drift-1");
    private final Thread tableThread = new Thread(this::watchTables, "calico-drift-2");
    private volatile @Nullable Runnable listener;
    private volatile boolean isClosed;

    private DriftWatch(Suspicions suspicions, LinkWatch links, NetlinkEvents linkEvents, NftEvents tableEvents) {
        this.suspicions = suspicions;
        this.links = links;
        this.linkEvents = linkEvents;
        this.tableEvents = tableEvents;
        linkThread.setDaemon(true);
        tableThread.setDaemon(true);
    }

    /**
     * Begins to listen in the network namespace of the calling thread, which the two threads inherit.
     *
     * @throws NetlinkException if the kernel refuses a socket
     */
    static DriftWatch start(Suspicions suspicions, LinkWatch links) {
        NetlinkEvents linkEvents = NetlinkEvents.open(EnumSet.allOf(NetlinkEvents.Topic.class));
        NftEvents tableEvents;
        try {
            tableEvents = NftEvents.open();
        } catch (NetlinkException e) {
            linkEvents.close();
            throw e;
        }
        DriftWatch watch = new DriftWatch(suspicions, links, linkEvents, tableEvents);
        watch.linkThread.start();
        watch.tableThread.start();
        return watch;
    }

    /** From now on this one is called, on a thread of this object's, when there is something to look at. */
    void onDrift(Runnable newListener) {
        listener = newListener;
        if (!suspicions.isEmpty()) {
            newListener.run();
        }
    }

    private void watchLinks() {
        watch(() -> {
            List<NetlinkEvent> events = linkEvents.await(FOR_EVER);
            events.forEach(event -> event.accept(links));
        });
    }

    private void watchTables() {
        TableWatch tables = new TableWatch(suspicions, System.nanoTime());
        // What is there at the start is checked at the start.
        legacy.hasChanged();
        watch(new Runnable() {
            private long nextLook = System.nanoTime();

            @Override
            public void run() {
                long now = System.nanoTime();
                Duration untilLook = Duration.ofNanos(Math.max(nextLook - now, 1_000_000));
                Duration untilSettled = tables.untilSettled(now);
                tables.fold(
                        tableEvents.await(untilLook.compareTo(untilSettled) < 0 ? untilLook : untilSettled),
                        System.nanoTime());
                now = System.nanoTime();
                if (now - nextLook >= 0) {
                    if (legacy.hasChanged()) {
                        tables.suspectRule(now);
                    }
                    nextLook = now + legacy.interval().toNanos();
                }
                tables.settle(now);
            }
        });
    }

    private void watch(Runnable step) {
        while (!isClosed) {
            try {
                step.run();
                if (!suspicions.isEmpty()) {
                    Runnable told = listener;
                    if (told != null) {
                        told.run();
                    }
                    Thread.sleep(PAUSE.toMillis());
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                if (!isClosed) {
                    LOG.warn("an event of the kernel was not understood; everything is looked at", e);
                    links.overrun();
                    suspicions.add(found -> found.tableIsUnknown = true);
                }
            }
        }
    }

    /** To be called before the rule in iptables is looked for: what is changed from now on is seen. */
    void ruleIsBeingChecked() {
        legacy.hasChanged();
    }

    /** Ends both threads. Idempotent. */
    @Override
    public void close() {
        isClosed = true;
        linkEvents.close();
        tableEvents.close();
        legacy.close();
        linkThread.interrupt();
        tableThread.interrupt();
    }
}
