package io.calico.dataplane.linux.netlink;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * One element that a set or map of an nftables table shall have, or have no longer; not sent yet. Several are sent together
 * by {@link NfTables#commit}. Only elements without intervals, and of maps only those that hold data, not verdicts.
 * Immutable.
 *
 * <pre>
 * key    its parts one behind the other, each padded with zeros to a multiple of 4 bytes (a key of one part is not padded):
 *        interface name 16 bytes, IPv4 4, IPv6 16, MAC 6; network order
 * value  packet mark: 4 bytes in the machine's order
 * </pre>
 */
public final class ElementChange {
    private final Request request;

    private ElementChange(Request request) {
        this.request = request;
    }

    /**
     * The element is there afterwards; nothing happens if it was. Refused if there is no such set, or the key is there with
     * another value.
     *
     * @param table a table of family {@code inet}
     * @param value what the key is mapped to; empty in a set
     * @param text the element in words, for messages
     */
    public static ElementChange add(String table, String set, byte[] key, Optional<byte[]> value, String text) {
        return new ElementChange(new Request(
                "add element",
                describe(table, set, text),
                Wire.NFT_MSG_NEWSETELEM,
                Wire.NLM_F_CREATE,
                body(table, set, key.clone(), value.map(byte[]::clone))));
    }

    /** The element is not there afterwards. Refused if it was not, or there is no such set; else as {@link #add}. */
    public static ElementChange delete(String table, String set, byte[] key, String text) {
        return new ElementChange(new Request(
                "delete element",
                describe(table, set, text),
                Wire.NFT_MSG_DELSETELEM,
                0,
                body(table, set, key.clone(), Optional.empty())));
    }

    private static String describe(String table, String set, String text) {
        return "{ " + text + " } of set " + set + " in table inet " + table;
    }

    private static Consumer<MessageWriter> body(String table, String set, byte[] key, Optional<byte[]> value) {
        return out -> {
            out.u8(Wire.NFPROTO_INET).u8(0).u16(0);
            out.attribute(Wire.NFTA_SET_ELEM_LIST_TABLE, table);
            out.attribute(Wire.NFTA_SET_ELEM_LIST_SET, set);
            int elements = out.beginNested(Wire.NFTA_SET_ELEM_LIST_ELEMENTS);
            int element = out.beginNested(Wire.NFTA_LIST_ELEM);
            datum(out, Wire.NFTA_SET_ELEM_KEY, key);
            value.ifPresent(bytes -> datum(out, Wire.NFTA_SET_ELEM_DATA, bytes));
            out.endNested(element);
            out.endNested(elements);
        };
    }

    private static void datum(MessageWriter out, int type, byte[] bytes) {
        int datum = out.beginNested(type);
        out.attribute(Wire.NFTA_DATA_VALUE, bytes);
        out.endNested(datum);
    }

    /** The message. */
    Request request() {
        return request;
    }

    @Override
    public String toString() {
        return request.toString();
    }
}
