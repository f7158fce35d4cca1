package io.calico.dataplane.linux.netlink;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * What is in an nftables table of family {@code inet}, as the kernel tells it: all but the rules. Immutable, if nobody writes
 * to the arrays.
 *
 * <pre>
 * NFT_MSG_GETTABLE                NFTA_TABLE_FLAGS
 * NFT_MSG_GETCHAIN, a list        NFTA_CHAIN_NAME, _HOOK { _HOOKNUM, _PRIORITY }, _POLICY, _TYPE, _FLAGS
 * NFT_MSG_GETSET, a list          NFTA_SET_NAME, _FLAGS, _KEY_TYPE, _DATA_TYPE, …
 * NFT_MSG_GETSETELEM, a list each NFTA_SET_ELEM_LIST_ELEMENTS { NFTA_LIST_ELEM { _KEY, _DATA, … }, … }
 * </pre>
 *
 * (linux/netfilter/nf_tables.h.) The lists are read one after the other, so the table may have changed meanwhile; each by
 * itself is of one moment.
 *
 * @param flags {@code NFTA_TABLE_FLAGS}; 0 for a table that is in force and nobody's own
 * @param sets without those that belong to one rule and have no name of their own
 */
public record NftTable(int flags, List<Chain> chains, List<NamedSet> sets) {
    /** {@code NFT_SET_ANONYMOUS}: part of a rule. */
    private static final int ANONYMOUS = 1;

    private static final int MAX_DUMPS = 50;
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
     * @param isPlain whether it has neither timeouts nor expressions
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
     * @throws NetlinkException if the kernel refuses, or the table changes all the time
     * @throws LinkageError if JNA's native library cannot be loaded
     */
    public static Optional<NftTable> read(String name) {
        try (Reading reading = new Reading(name)) {
            return Optional.of(reading.table());
        } catch (NetlinkException e) {
            if (e.isAbsent()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** A socket of its own: this is done once, and whenever somebody else has been at the table. */
    private static final class Reading implements AutoCloseable {
        private final Exchange exchange = new Exchange(NetlinkSocket.open(Libc.NETLINK_NETFILTER, 0, RECEIVE_BUFFER));
        private final String table;

        Reading(String table) {
            this.table = table;
        }

        NftTable table() {
            List<Integer> flags = ask(
                    "read",
                    Wire.NFT_MSG_GETTABLE,
                    0,
                    out -> {},
                    (in, found) -> found.add(in.be32(Wire.NFTA_TABLE_FLAGS, 0)));
            List<Chain> chains = ask(
                    "list chains of",
                    Wire.NFT_MSG_GETCHAIN,
                    Wire.NLM_F_DUMP,
                    out -> {},
                    (in, found) -> found.add(chain(in)));
            List<NamedSet> sets = ask(
                    "list sets of", Wire.NFT_MSG_GETSET, Wire.NLM_F_DUMP, out -> {}, (in, found) -> found.add(set(in)));
            return new NftTable(
                    flags.isEmpty() ? 0 : flags.get(0),
                    chains,
                    sets.stream()
                            .filter(set -> (set.flags() & ANONYMOUS) == 0)
                            .map(this::filled)
                            .toList());
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
            boolean isPlain =
                    !in.has(Wire.NFTA_SET_TIMEOUT) && !in.has(Wire.NFTA_SET_EXPR) && !in.has(Wire.NFTA_SET_EXPRESSIONS);
            return new NamedSet(
                    in.text(Wire.NFTA_SET_NAME),
                    in.be32(Wire.NFTA_SET_FLAGS, 0),
                    in.be32(Wire.NFTA_SET_KEY_TYPE, 0),
                    in.be32(Wire.NFTA_SET_DATA_TYPE, 0),
                    isPlain,
                    List.of());
        }

        private NamedSet filled(NamedSet set) {
            List<SetElement> elements = ask(
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

        /** What the collector makes of the answers about this table; a list that changed meanwhile is asked for again. */
        private <T> List<T> ask(
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
            for (int i = 0; i < MAX_DUMPS; i++) {
                List<T> found = new ArrayList<>();
                List<NetlinkException> failures = new ArrayList<>();
                boolean isConsistent = exchange.run(
                        List.of(request), answer -> answer.decode(in -> collect(in, found, collector)), failures);
                if (!failures.isEmpty()) {
                    throw failures.get(0);
                }
                if (isConsistent) {
                    return found;
                }
            }
            throw NetlinkException.broken(
                    operation, "table inet " + table, "it changed during each of " + MAX_DUMPS + " readings");
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
