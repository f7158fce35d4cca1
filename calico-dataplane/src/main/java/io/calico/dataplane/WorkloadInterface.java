package io.calico.dataplane;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.stream.Collectors;
import org.immutables.value.Value;

/**
 * The veth pair of one workload, as it shall be: the host side stays here, the container side is moved into the
 * workload's sandbox by whoever starts it. Immutable.
 */
@Value.Immutable
public interface WorkloadInterface {
    /** What every host-side interface name starts with; an interface with this prefix is subject to policy. */
    String PREFIX = "cali";

    /** What the container side is called until it is moved and renamed. */
    String CONTAINER_PREFIX = "tmp";

    /** MAC of every host side, so that workloads know their IPv6 next hop, {@code fe80::ca:11ff:fec0:1}, in advance. */
    MacAddress HOST_MAC = MacAddress.parse("02:ca:11:c0:00:01");

    /** IPv4 next hop of a workload with one interface. */
    IpAddress DEFAULT_GATEWAY = IpAddress.parse("169.254.1.1");

    /** How many characters of an endpoint's id follow the prefix; Linux limits a name to 15. */
    int ID_LENGTH = 11;

    /** Host-side name, {@code cali} and 1 to 11 characters of {@code A-Z a-z 0-9 _ . -}. */
    String hostName();

    /** Name of the container side until it is moved, at most 15 characters of the same set. */
    String containerName();

    /** MAC of the container side; differs from {@link #HOST_MAC}. */
    MacAddress containerMac();

    /** Addresses of the workload, at least one; each gets a /32 or /128 route. */
    List<IpAddress> addresses();

    /** IPv4 link-local address that the host side answers for; the workload's next hop. */
    @Value.Default
    default IpAddress gateway4() {
        return DEFAULT_GATEWAY;
    }

    /** MTU of both ends in bytes, 68 to 65535. */
    @Value.Default
    default int mtuBytes() {
        return 1500;
    }

    /** The host-side name that belongs to an endpoint's id: {@code cali} and its first 11 characters. */
    static String hostNameFor(String endpointId) {
        return PREFIX + endpointId.substring(0, Math.min(ID_LENGTH, endpointId.length()));
    }

    /** The container-side name that belongs to an endpoint's id: {@code tmp} and its first 11 characters. */
    static String containerNameFor(String endpointId) {
        return CONTAINER_PREFIX + endpointId.substring(0, Math.min(ID_LENGTH, endpointId.length()));
    }

    /** Whether the text may be a host-side interface name: {@link #PREFIX} and 1 to 11 plain characters. */
    static boolean isHostName(String name) {
        return name.startsWith(PREFIX) && name.length() > PREFIX.length() && isPlainName(name);
    }

    private static boolean isPlainName(String name) {
        return !name.isEmpty()
                && name.length() <= 15
                && name.chars()
                        .allMatch(c -> c >= 'a' && c <= 'z'
                                || c >= 'A' && c <= 'Z'
                                || c >= '0' && c <= '9'
                                || c == '_'
                                || c == '-'
                                || c == '.');
    }

    /** The addresses of one version, in the order given. */
    default List<IpAddress> addresses(IpVersion version) {
        return addresses().stream().filter(a -> a.version() == version).collect(Collectors.toUnmodifiableList());
    }

    @Value.Check
    default void check() {
        if (!isHostName(hostName())) {
            throw new IllegalArgumentException(
                    "host-side interface '" + hostName() + "' is not 'cali' and 1 to 11 of A-Z a-z 0-9 _ . -");
        }
        if (!isPlainName(containerName())) {
            throw new IllegalArgumentException(
                    "container-side interface '" + containerName() + "' is not 1 to 15 of A-Z a-z 0-9 _ . -");
        }
        if (containerName().equals(hostName())) {
            throw new IllegalArgumentException("both sides of the pair are called '" + hostName() + "'");
        }
        if (addresses().isEmpty()) {
            throw new IllegalArgumentException("workload interface " + hostName() + " has no address");
        }
        if (containerMac().equals(HOST_MAC)) {
            throw new IllegalArgumentException(
                    "the MAC of workload interface " + hostName() + " is the host side's, " + HOST_MAC);
        }
        if (!gateway4().isV4()) {
            throw new IllegalArgumentException("gateway4 " + gateway4() + " of " + hostName() + " is not IPv4");
        }
        if (mtuBytes() < 68 || mtuBytes() > 65535) {
            throw new IllegalArgumentException("MTU " + mtuBytes() + " of " + hostName() + " is not in 68-65535");
        }
    }

    /** A builder without values. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link WorkloadInterface}; {@code build()} refuses values out of range with an {@link IllegalArgumentException}. */
    final class Builder extends ImmutableWorkloadInterface.Builder {
        Builder() {}
    }
}
