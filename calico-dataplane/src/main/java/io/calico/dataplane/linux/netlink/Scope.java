package io.calico.dataplane.linux.netlink;

/**
 * How far an address or a route reaches; a smaller number reaches farther. Immutable.
 *
 * @param number 0 to 255, as in {@code linux/rtnetlink.h}, {@code rt_scope_t}
 */
public record Scope(int number) {
    /** Valid everywhere; also every IPv6 route. */
    public static final Scope GLOBAL = new Scope(0);
    /** Valid on one link: a destination that is reached without a gateway. */
    public static final Scope LINK = new Scope(253);
    /** Valid inside this host. */
    public static final Scope HOST = new Scope(254);

    public Scope {
        if (number < 0 || number > 255) {
            throw new IllegalArgumentException("a scope is 0 to 255: " + number);
        }
    }

    @Override
    public String toString() {
        return switch (number) {
            case 0 -> "global";
            case 253 -> "link";
            case 254 -> "host";
            default -> Integer.toString(number);
        };
    }
}
