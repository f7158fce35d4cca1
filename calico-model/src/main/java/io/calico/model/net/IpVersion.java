package io.calico.model.net;

/** The two IP versions, with what differs between them. */
public enum IpVersion {
    /** IPv4: 32 bits. */
    V4(4, 32),
    /** IPv6: 128 bits. */
    V6(6, 128);

    private final int number;
    private final int bits;

    IpVersion(int number, int bits) {
        this.number = number;
        this.bits = bits;
    }

    /** The version number as it stands in a packet's first four bits: 4 or 6. */
    public int number() {
        return number;
    }

    /** Length of an address in bits: 32 or 128. */
    public int bits() {
        return bits;
    }

    /**
     * The version with that number.
     *
     * @throws IllegalArgumentException if the number is neither 4 nor 6
     */
    public static IpVersion of(int number) {
        return switch (number) {
            case 4 -> V4;
            case 6 -> V6;
            default -> throw new IllegalArgumentException("IP version " + number + " is neither 4 nor 6");
        };
    }
}
