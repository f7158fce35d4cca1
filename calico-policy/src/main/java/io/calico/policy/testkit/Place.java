package io.calico.policy.testkit;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Arrays;
import java.util.List;

/**
 * Somewhere packets come from or go to.
 *
 * @param name as the rows call it
 * @param host name of the Calico host it lives on; of the host itself, its own name; {@code -} outside of all hosts
 * @param interfaceName the interface of that host behind which it is; empty for the host itself and outside
 * @param addresses its addresses, preferred ones of each version first
 */
public record Place(String name, String host, String interfaceName, List<IpAddress> addresses) {
    static final String OUTSIDE = "-";

    public Place {
        addresses = List.copyOf(addresses);
    }

    static Place behind(String name, String host, String interfaceName, String... addresses) {
        return new Place(name, host, interfaceName, parsed(addresses));
    }

    static Place host(String name, String... addresses) {
        return new Place(name, name, "", parsed(addresses));
    }

    static Place outside(String name, String... addresses) {
        return new Place(name, OUTSIDE, "", parsed(addresses));
    }

    private static List<IpAddress> parsed(String... addresses) {
        return Arrays.stream(addresses).map(IpAddress::parse).toList();
    }

    /** Whether it is a Calico host itself. */
    public boolean isHost() {
        return host.equals(name);
    }

    /**
     * Its address of that version.
     *
     * @throws IllegalArgumentException if it has none
     */
    public IpAddress address(IpVersion version) {
        return addresses.stream()
                .filter(address -> address.version() == version)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " has no address of " + version));
    }
}
