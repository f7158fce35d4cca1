package io.calico.dataplane.linux.nft;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.net.PortRange;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Values of elements as the kernel stores them. Values that are not one point (networks, ranges, prefixes), and those that
 * lead to chains, have no bytes. Stateless.
 */
final class ElementBytes implements Datum.Visitor<byte[]> {
    private static final int INTERFACE_NAME_LENGTH = SetType.Part.INTERFACE_NAME.length();

    private static final ElementBytes INSTANCE = new ElementBytes();

    private ElementBytes() {}

    /** Whether every part of the element has bytes. */
    static boolean canWrite(Element element) {
        return element.key().stream().allMatch(ElementBytes::hasBytes)
                && element.value().map(v -> v instanceof Datum.Scalar).orElse(true);
    }

    private static boolean hasBytes(Datum datum) {
        return datum instanceof Datum.Name name && !name.prefix()
                || datum instanceof Datum.Address
                || datum instanceof Datum.Mac
                || datum instanceof Datum.Scalar;
    }

    /** The bytes of a key; of several parts, each is padded to a multiple of four. */
    static byte[] ofKey(List<Datum> parts) {
        if (parts.size() == 1) {
            return of(parts.get(0));
        }
        ByteBuffer key = ByteBuffer.allocate(parts.size() * INTERFACE_NAME_LENGTH);
        for (Datum part : parts) {
            byte[] bytes = of(part);
            key.put(Arrays.copyOf(bytes, bytes.length + 3 & ~3));
        }
        return Arrays.copyOf(key.array(), key.position());
    }

    /**
     * The bytes of one value.
     *
     * @throws IllegalArgumentException if it has none
     */
    static byte[] of(Datum datum) {
        return datum.accept(INSTANCE);
    }

    /**
     * The value that has these bytes.
     *
     * @param bytes as many as the type has
     * @throws IllegalArgumentException if it is none that is written here
     */
    static Datum read(SetType.Part type, byte[] bytes) {
        return switch (type) {
            case INTERFACE_NAME -> Datum.name(textOf(bytes));
            case IPV4_ADDRESS, IPV6_ADDRESS -> Datum.address(IpAddress.ofBytes(bytes));
            case MAC_ADDRESS ->
                new Datum.Mac(MacAddress.of(ByteBuffer.allocate(8).put(2, bytes).getLong(0)));
            case MARK ->
                Datum.number(Integer.toUnsignedLong(
                        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getInt()));
            case VERDICT -> throw notAPoint(type);
        };
    }

    private static String textOf(byte[] bytes) {
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    @Override
    public byte[] name(Datum.Name name) {
        if (name.prefix()) {
            throw notAPoint(name);
        }
        return Arrays.copyOf(name.text().getBytes(StandardCharsets.US_ASCII), INTERFACE_NAME_LENGTH);
    }

    @Override
    public byte[] address(IpAddress address) {
        return address.toBytes();
    }

    @Override
    public byte[] network(Cidr network) {
        throw notAPoint(network);
    }

    @Override
    public byte[] mac(MacAddress mac) {
        return mac.toBytes();
    }

    /** Numbers in elements are packet marks, which are in the machine's order. */
    @Override
    public byte[] number(long value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.nativeOrder())
                .putInt((int) value)
                .array();
    }

    @Override
    public byte[] ports(PortRange range) {
        throw notAPoint(range);
    }

    @Override
    public byte[] word(Datum.Word word) {
        throw notAPoint(word);
    }

    @Override
    public byte[] verdict(NftVerdict verdict) {
        throw notAPoint(verdict);
    }

    private static IllegalArgumentException notAPoint(Object value) {
        return new IllegalArgumentException(value + " is not stored as one value of an element");
    }
}
