package io.calico.dataplane.linux.netlink;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which tables of nftables are changed in one network namespace, that of the thread that opened it, by whom. Tells names
 * only: what the rules say is not looked at, and may be beyond this program. Reading is confined to one thread at a time;
 * {@link #wake()} and {@link #close()} may come from any.
 *
 * <pre>
 * a transaction   NFT_MSG_NEW…, NFT_MSG_DEL… { NFTA_TABLE name, … }, many in one datagram
 *                 NFT_MSG_NEWGEN { NFTA_GEN_PROC_PID, NFTA_GEN_PROC_NAME }, its last
 * </pre>
 *
 * All of them are queued before the writer gets its answer. All of them carry the port of the writer's socket, for a
 * process with one socket usually its id; the process id in the last message is that of the first pid namespace, and of a
 * thread.
 */
public final class NftEvents implements AutoCloseable {
    /** A table of 10,000 endpoints comes as 5 MB of events. Memory that is used only then. */
    private static final int RECEIVE_BUFFER = 16 << 20;
    /** How long to wait for the rest of a transaction whose beginning has been read. */
    private static final Duration REST = Duration.ofMillis(10);

    private static final int MAX_RESTS = 3;

    private final EventSocket socket;

    private NftEvents(EventSocket socket) {
        this.socket = socket;
    }

    /**
     * Something in a table was added, changed or removed.
     *
     * @param port of the socket through which it was done
     * @param family number of the table's family ({@code NFPROTO_…}): 1 inet, 2 ip, 10 ip6
     * @param table its name
     * @param chain the chain, if a chain itself or a rule of it was changed, else empty
     */
    public record Change(int port, int family, String table, String chain) {
        /** The family of tables for both IP versions. */
        public static final int INET = Wire.NFPROTO_INET;
    }

    /**
     * What has happened.
     *
     * @param changes each only once
     * @param writers the programs behind the ports, as far as known, in words
     * @param isIncomplete whether events were lost: anything may have changed
     */
    public record Changes(Set<Change> changes, Map<Integer, String> writers, boolean isIncomplete) {
        /** Whether nothing has happened. */
        public boolean isEmpty() {
            return changes.isEmpty() && !isIncomplete;
        }

        /** The program behind a port, in words. */
        public String writer(int port) {
            return writers.getOrDefault(port, "another program");
        }
    }

    /**
     * Begins to listen.
     *
     * @throws NetlinkException if the kernel refuses the socket, or knows no nftables
     */
    public static NftEvents open() {
        int group = 1 << Wire.NFNLGRP_NFTABLES - 1;
        return new NftEvents(EventSocket.open(Libc.NETLINK_NETFILTER, group, RECEIVE_BUFFER));
    }

    /**
     * What has happened since the last call; waits until there is something, but not longer than the given time, and not
     * when {@link #wake()} or {@link #close()} is called. Transactions are told whole wherever possible.
     *
     * @throws IllegalStateException if it is closed
     */
    public Changes await(Duration timeout) {
        Collector collector = new Collector();
        boolean isSomething = socket.await(timeout, collector::add, collector::overrun);
        for (int i = 0; isSomething && collector.isOpen() && i < MAX_RESTS; i++) {
            isSomething = socket.await(REST, collector::add, collector::overrun);
        }
        return new Changes(collector.changes, collector.writers, collector.isIncomplete);
    }

    /** Folds messages. */
    static final class Collector {
        final Set<Change> changes = new HashSet<>();
        final Map<Integer, String> writers = new HashMap<>();
        boolean isIncomplete;

        void overrun() {
            isIncomplete = true;
        }

        boolean isOpen() {
            return changes.stream().anyMatch(change -> !writers.containsKey(change.port()));
        }

        void add(MessageReader in) {
            if (in.type() >> 8 != Wire.NFNL_SUBSYS_NFTABLES) {
                return;
            }
            int message = in.type() & 0xff;
            MessageReader.Attributes attributes = in.attributes(Wire.NFGENMSG_LENGTH);
            if (message == Wire.NFT_MSG_NEWGEN) {
                String name = attributes.text(Wire.NFTA_GEN_PROC_NAME);
                writers.put(in.port(), "'" + name + "' (process " + attributes.be32(Wire.NFTA_GEN_PROC_PID, 0) + ")");
                return;
            }
            String chain = switch (message) {
                case Wire.NFT_MSG_NEWCHAIN, Wire.NFT_MSG_DELCHAIN -> attributes.text(Wire.NFTA_CHAIN_NAME);
                case Wire.NFT_MSG_NEWRULE, Wire.NFT_MSG_DELRULE -> attributes.text(Wire.NFTA_RULE_CHAIN);
                default -> "";
            };
            changes.add(new Change(in.port(), in.u8(in.content()), attributes.text(Wire.NFTA_TABLE), chain));
        }
    }

    /** Makes the {@link #await} that is under way, or else the next one, return at once. */
    public void wake() {
        socket.wake();
    }

    /** Ends the listening; an {@link #await} that is under way returns. The second call does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
