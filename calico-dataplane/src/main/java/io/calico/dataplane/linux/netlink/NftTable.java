package io.calico.dataplane.linux.netlink;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * What is in an nftables table of family {@code inet}, as the kernel tells it: all but the rules. Immutable, if nobody writes
 * to the arrays.
 *
 * <pre>
 * NFT_MSG_GETGEN                  NFTA_GEN_ID: grows with every transaction on any table
 * NFT_MSG_GETTABLE                NFTA_TABLE_FLAGS
 * NFT_MSG_GETCHAIN, a list        NFTA_CHAIN_NAME, _HOOK { _HOOKNUM, _PRIORITY }, _POLICY, _TYPE, _FLAGS
 * NFT_MSG_GETSET, a list          NFTA_SET_NAME, _FLAGS, _KEY_TYPE, _DATA_TYPE, _DESC { _SIZE }, …
 * NFT_MSG_GETSETELEM, a list each NFTA_SET_ELEM_LIST_ELEMENTS { NFTA_LIST_ELEM { _KEY, _DATA, … }, … }
 * NFT_MSG_GETOBJ, _GETFLOWTABLE   lists of what is only counted
 * NFT_MSG_GETGEN                  the same as before, or all is read again
 * </pre>
 *
 * (linux/netfilter/nf_tables.h.) The kernel marks a list of elements that changed meanwhile by nothing, so it is the generation
 * that tells. What it does not tell: while a set grows or shrinks its hash table, a list in several parts may miss elements.
 *
 * @param flags {@code NFTA_TABLE_FLAGS}; 0 for a table that is in force and nobody's own
 * @param sets without those that belong to one rule and have no name of their own
 * @param others how many objects and flow tables there are
 */
public record NftTable(int flags, List<Chain> chains, List<NamedSet> sets, int others) {
    /** {@code NFT_SET_ANONYMOUS}: part of a rule. */
    private static final int ANONYMOUS = 1;

    private static final int MAX_READINGS = 20;
    /** Whoever changes tables all the time leaves a gap now and then. */
    private static final Duration PAUSE = Duration.ofMillis(5);

    private static final int RECEIVE_BUFFER = 1 << 20;

    public NftTable {
        chains = List.copyOf(chains);
        sets = List.copyOf(sets);
    }

    /**
     * A chain.
     *
     * @param flags {@code NFTA_CHAIN_FLAGS}
     * @param hook where the kernel enters it; empty if it does not
     */
    public record Chain(String name, int flags, Optional<ChainHook> hook) {}

    /**
     * Where the kernel enters a base chain.
     *
     * @param number {@code NF_INET_…}
     * @param accepts whether a packet passes that no rule decided on
     */
    public record ChainHook(int number, int priority, String type, boolean accepts) {}

    /**
     * A set or map with its elements.
     *
     * @param flags {@code NFTA_SET_FLAGS}
     * @param keyType of several parts: 6 bits each, the first highest
     * @param valueType 0 in a set
     * @param isPlain whether it has neither timeouts nor expressions, nor a limit of its size
     */
    public record NamedSet(
            String name, int flags, int keyType, int valueType, boolean isPlain, List<SetElement> elements) {
        public NamedSet {
            elements = List.copyOf(elements);
        }
    }

    /**
     * An element.
     *
     * @param key empty if it stands for all keys that are not there
     * @param value what the key is mapped to; empty in a set and where that is a verdict
     * @param verdict {@code NFT_GOTO} and so on, or of netfilter; 0 if there is none
     * @param chain where the verdict leads, or empty
     * @param isPlain whether it is one point, for ever, without expressions
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    public record SetElement(byte[] key, byte[] value, int verdict, String chain, boolean isPlain) {
        /** {@code NFT_GOTO}. */
        public static final int GOTO = -4;
    }

    /**
     * Reads a table of the calling thread's network namespace; empty if there is none.
     *
     * @throws NetlinkException if the kernel refuses, or tables are changed all the time
     * @throws LinkageError if JNA's native library cannot be loaded
     */
    public static Optional<NftTable> read(String name) {
        try (Reading reading = new Reading(name)) {
            for (int i = 0; i < MAX_READINGS; i++) {
                if (!reading.isThere()) {
                    return Optional.empty();
                }
                Optional<NftTable> table = reading.ofOneMoment();
                if (table.isPresent()) {
                    return table;
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
            throw NetlinkException.broken(
                    "read", "table inet " + name, "tables changed during each of " + MAX_READINGS + " readings");
        }
    }

    /** A socket of its own: this is done once, and whenever somebody else has been at the table. */
    private static final class Reading implements AutoCloseable {
        private final Exchange exchange = new Exchange(NetlinkSocket.open(Libc.NETLINK_NETFILTER, 0, RECEIVE_BUFFER));
        private final String table;
        private boolean isConsistent;

        Reading(String table) {
            this.table = table;
        }

        boolean isThere() {
            try {
                flags();
                return true;
            } catch (NetlinkException e) {
                if (e.isAbsent()) {
                    return false;
                }
                throw e;
            }
        }

        /** Empty if something changed meanwhile. */
        Optional<NftTable> ofOneMoment() {
            isConsistent = true;
            try {
                int before = generation();
                NftTable read = table();
                return isConsistent && generation() == before ? Optional.of(read) : Optional.empty();
            } catch (NetlinkException e) {
                if (e.isAbsent()) {
                    // A set that was listed, or the table: gone since.
                    return Optional.empty();
                }
                throw e;
            }
        }

        private int generation() {
            List<Integer> found = new ArrayList<>();
            Request request = new Request(
                    "read generation of",
                    "nftables",
                    Wire.NFT_MSG_GETGEN,
                    0,
                    out -> out.u8(Wire.AF_UNSPEC).u8(0).u16(0));
            ask(request, in -> found.add(in.attributes(Wire.NFGENMSG_LENGTH).be32(Wire.NFTA_GEN_ID, 0)));
            if (found.isEmpty()) {
                throw NetlinkException.broken("read generation of", "nftables", "no answer");
            }
            return found.get(0);
        }

        private int flags() {
            List<Integer> flags =
                    one("read", Wire.NFT_MSG_GETTABLE, 0, (in, found) -> found.add(in.be32(Wire.NFTA_TABLE_FLAGS, 0)));
            return flags.isEmpty() ? 0 : flags.get(0);
        }

        private NftTable table() {
            List<Chain> chains =
                    one("list chains of", Wire.NFT_MSG_GETCHAIN, Wire.NLM_F_DUMP, (in, found) -> found.add(chain(in)));
            List<NamedSet> sets =
                    one("list sets of", Wire.NFT_MSG_GETSET, Wire.NLM_F_DUMP, (in, found) -> found.add(set(in)));
            List<Integer> others = new ArrayList<>();
            for (int list : List.of(Wire.NFT_MSG_GETOBJ, Wire.NFT_MSG_GETFLOWTABLE)) {
                others.addAll(
                        one("list objects and flow tables of", list, Wire.NLM_F_DUMP, (in, found) -> found.add(list)));
            }
            return new NftTable(
                    flags(),
                    chains,
                    sets.stream()
                            .filter(set -> (set.flags() & ANONYMOUS) == 0)
                            .map(this::filled)
                            .toList(),
                    others.size());
        }

        private static Chain chain(MessageReader.Attributes in) {
            Optional<ChainHook> hook = Optional.empty();
            if (in.has(Wire.NFTA_CHAIN_HOOK)) {
                MessageReader.Attributes place = in.nested(Wire.NFTA_CHAIN_HOOK);
                hook = Optional.of(new ChainHook(
                        place.be32(Wire.NFTA_HOOK_HOOKNUM, -1),
                        place.be32(Wire.NFTA_HOOK_PRIORITY, 0),
                        in.text(Wire.NFTA_CHAIN_TYPE),
                        in.be32(Wire.NFTA_CHAIN_POLICY, Wire.NF_ACCEPT) == Wire.NF_ACCEPT));
            }
            return new Chain(in.text(Wire.NFTA_CHAIN_NAME), in.be32(Wire.NFTA_CHAIN_FLAGS, 0), hook);
        }

        private static NamedSet set(MessageReader.Attributes in) {
            boolean isPlain = in.nested(Wire.NFTA_SET_DESC).be32(Wire.NFTA_SET_DESC_SIZE, 0) == 0
                    && !in.has(Wire.NFTA_SET_TIMEOUT)
                    && !in.has(Wire.NFTA_SET_EXPR)
                    && !in.has(Wire.NFTA_SET_EXPRESSIONS);
            return new NamedSet(
                    in.text(Wire.NFTA_SET_NAME),
                    in.be32(Wire.NFTA_SET_FLAGS, 0),
                    in.be32(Wire.NFTA_SET_KEY_TYPE, 0),
                    in.be32(Wire.NFTA_SET_DATA_TYPE, 0),
                    isPlain,
                    List.of());
        }

        private NamedSet filled(NamedSet set) {
            List<SetElement> elements = one(
                    "list elements of set " + set.name() + " in",
                    Wire.NFT_MSG_GETSETELEM,
                    Wire.NLM_F_DUMP,
                    out -> out.attribute(Wire.NFTA_SET_ELEM_LIST_SET, set.name()),
                    (in, found) -> in.each(Wire.NFTA_SET_ELEM_LIST_ELEMENTS, each -> found.add(element(each))));
            return new NamedSet(set.name(), set.flags(), set.keyType(), set.valueType(), set.isPlain(), elements);
        }

        private static SetElement element(MessageReader.Attributes in) {
            boolean isPlain = in.be32(Wire.NFTA_SET_ELEM_FLAGS, 0) == 0
                    && !in.has(Wire.NFTA_SET_ELEM_TIMEOUT)
                    && !in.has(Wire.NFTA_SET_ELEM_EXPR)
                    && !in.has(Wire.NFTA_SET_ELEM_OBJREF)
                    && !in.has(Wire.NFTA_SET_ELEM_KEY_END)
                    && !in.has(Wire.NFTA_SET_ELEM_EXPRESSIONS);
            MessageReader.Attributes data = in.nested(Wire.NFTA_SET_ELEM_DATA);
            MessageReader.Attributes verdict = data.nested(Wire.NFTA_DATA_VERDICT);
            return new SetElement(
                    in.nested(Wire.NFTA_SET_ELEM_KEY).bytes(Wire.NFTA_DATA_VALUE),
                    data.bytes(Wire.NFTA_DATA_VALUE),
                    verdict.be32(Wire.NFTA_VERDICT_CODE, 0),
                    verdict.text(Wire.NFTA_VERDICT_CHAIN),
                    isPlain);
        }

        private <T> List<T> one(
                String operation, int message, int flags, BiConsumer<MessageReader.Attributes, List<T>> collector) {
            return one(operation, message, flags, out -> {}, collector);
        }

        /** What the collector makes of the answers to one question about this table. */
        private <T> List<T> one(
                String operation,
                int message,
                int flags,
                Consumer<MessageWriter> filter,
                BiConsumer<MessageReader.Attributes, List<T>> collector) {
            Request request = new Request(operation, "table inet " + table, message, flags, out -> {
                out.u8(Wire.NFPROTO_INET).u8(0).u16(0);
                out.attribute(Wire.NFTA_TABLE, table);
                filter.accept(out);
            });
            List<T> found = new ArrayList<>();
            ask(request, answer -> answer.decode(in -> collect(in, found, collector)));
            return found;
        }

        private void ask(Request request, Consumer<MessageReader> answers) {
            List<NetlinkException> failures = new ArrayList<>();
            isConsistent &= exchange.run(List.of(request), answers, failures);
            if (!failures.isEmpty()) {
                throw failures.get(0);
            }
        }

        /** Of chains, the kernel lists those of all tables. */
        private <T> List<T> collect(
                MessageReader in, List<T> found, BiConsumer<MessageReader.Attributes, List<T>> collector) {
            MessageReader.Attributes attributes = in.attributes(Wire.NFGENMSG_LENGTH);
            if (in.u8(in.content()) == Wire.NFPROTO_INET
                    && attributes.text(Wire.NFTA_TABLE).equals(table)) {
                collector.accept(attributes, found);
            }
            return found;
        }

        @Override
        public void close() {
            exchange.close();
        }
    }
}
