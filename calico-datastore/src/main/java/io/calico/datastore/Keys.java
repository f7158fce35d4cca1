package io.calico.datastore;

import io.calico.model.EndpointKey;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The layout of the store: the documented v1 layout of Calico and our additions. Prefixes end with a slash, in keys a
 * CIDR has a dash for its slash, and no part of a key may hold a slash.
 *
 * <pre>
 * /calico/v1/                 Ready · config/NAME
 *            host/H/          bird_ip · config/NAME · workload/O/W/endpoint/E · vxlan (ours)
 *            policy/profile/P/  tags · rules
 *            ipam/v4/pool/CIDR · ipam/v4/last_pool (ours)               (and v6)
 * /calico/ipam/v2/            config · assignment/ipv4/block/CIDR · host/H/ipv4/block/CIDR · handle/ID   (and ipv6)
 * /calico/bgp/v1/             global/NAME · host/H/ip_addr_v4 · host/H/ip_addr_v6 · host/H/as_num
 * /calico/libnetwork/v1/ID
 * /calico/network/v1/         name/NAME · host/H/ID                     ours
 * /calico/felix/v1/host/H/status                                        ours
 * /calico/datastore/v1/import                                           ours, see {@link ImportMarker}
 * </pre>
 */
public final class Keys {
    /** Everything of ours. */
    public static final String ROOT = "/calico/";

    /** Configuration, hosts with endpoints, profiles and pools: all that policy needs. */
    public static final String V1 = "/calico/v1/";

    /** The key that is {@code true} once the store is set up. */
    public static final String READY = "/calico/v1/Ready";

    /** Prefix of the settings of all hosts. */
    public static final String GLOBAL_CONFIG = "/calico/v1/config/";

    /** Prefix of the hosts with their settings and endpoints. */
    public static final String HOSTS = "/calico/v1/host/";

    /** Prefix of the profiles. */
    public static final String PROFILES = "/calico/v1/policy/profile/";

    /** Prefix of the pools of both versions. */
    public static final String IPAM_V1 = "/calico/v1/ipam/";

    /** Prefix of the allocator's records. */
    public static final String IPAM = "/calico/ipam/v2/";

    /** Prefix of the hosts' affinities to blocks: unlike the blocks they do not change with each address. */
    public static final String IPAM_HOSTS = "/calico/ipam/v2/host/";

    /** The key of the allocator's settings. */
    public static final String IPAM_CONFIG = "/calico/ipam/v2/config";

    /** Prefix of the handles. */
    public static final String HANDLES = "/calico/ipam/v2/handle/";

    /** Prefix of the global BGP settings. */
    public static final String GLOBAL_BGP = "/calico/bgp/v1/global/";

    /** Prefix of the hosts' BGP data. */
    public static final String BGP_HOSTS = "/calico/bgp/v1/host/";

    /** Prefix of the networks as Docker described them. */
    public static final String LIBNETWORK_NETWORKS = "/calico/libnetwork/v1/";

    /** Prefix of the networks by name. */
    public static final String NETWORK_NAMES = "/calico/network/v1/name/";

    /** Prefix of the networks by host. */
    public static final String NETWORK_HOSTS = "/calico/network/v1/host/";

    /** Prefix of the nodes' signs of life. */
    public static final String NODE_STATUSES = "/calico/felix/v1/host/";

    private Keys() {}

    /** Prefix of one host's settings and endpoints. */
    public static String host(String host) {
        return HOSTS + requirePart("host", host) + "/";
    }

    /** Prefix of one host's endpoints. */
    public static String workloads(String host) {
        return host(host) + "workload/";
    }

    /** Prefix of a profile's two records. */
    public static String profile(String name) {
        return PROFILES + requirePart("profile", name) + "/";
    }

    /** Prefix of the pools of a version. */
    public static String pools(IpVersion version) {
        return IPAM_V1 + "v" + version.number() + "/pool/";
    }

    /** The record that every new pool of a version rewrites; see {@link Pools}. */
    public static String poolGuard(IpVersion version) {
        return IPAM_V1 + "v" + version.number() + "/last_pool";
    }

    /** Prefix of the blocks of a version. */
    public static String blocks(IpVersion version) {
        return IPAM + "assignment/ipv" + version.number() + "/block/";
    }

    /** Prefix of a host's affinities of a version. */
    public static String affinities(String host, IpVersion version) {
        return IPAM_HOSTS + requirePart("host", host) + "/ipv" + version.number() + "/block/";
    }

    /** Prefix of a host's BGP data. */
    public static String bgpHost(String host) {
        return BGP_HOSTS + requirePart("host", host) + "/";
    }

    /** Prefix of the networks one host's engine knows. */
    public static String hostNetworks(String host) {
        return NETWORK_HOSTS + requirePart("host", host) + "/";
    }

    /** A CIDR as part of a key: {@code 192.168.0.0-16}, {@code fd80:24e2:f998:72d6::-64}. */
    public static String cidr(Cidr cidr) {
        return cidr.toString().replace('/', '-');
    }

    /** What a key names. Never throws: what is not exactly a known key's text is {@link StoreKey.Unknown}. */
    public static StoreKey parse(String path) {
        Optional<StoreKey> key;
        try {
            key = Optional.ofNullable(parts(List.of(path.split("/", -1))));
        } catch (IllegalArgumentException e) {
            key = Optional.empty();
        }
        // Texts that differ would otherwise name one thing twice: 10.0.0.5-16 and 10.0.0.0-16, v4/pool/fd80::-64.
        return key.filter(found -> found.path().equals(path)).orElseGet(() -> new StoreKey.Unknown(path));
    }

    /** The parts of {@code /a/b} are an empty text, {@code a} and {@code b}. */
    private static @Nullable StoreKey parts(List<String> parts) {
        if (parts.size() < 4 || !parts.get(0).isEmpty() || !parts.get(1).equals("calico")) {
            return null;
        }
        List<String> rest = parts.subList(4, parts.size());
        return switch (parts.get(2) + "/" + parts.get(3)) {
            case "v1/Ready" -> rest.isEmpty() ? new StoreKey.Ready() : null;
            case "v1/config" -> rest.size() == 1 ? new StoreKey.GlobalConfig(rest.get(0)) : null;
            case "v1/host" -> hostKey(rest);
            case "v1/policy" -> profileKey(rest);
            case "v1/ipam" -> poolKey(rest);
            case "ipam/v2" -> ipamKey(rest);
            case "bgp/v1" -> bgpKey(rest);
            case "libnetwork/v1" -> rest.size() == 1 ? new StoreKey.LibnetworkNetwork(rest.get(0)) : null;
            case "network/v1" -> networkKey(rest);
            case "felix/v1" -> rest.size() == 3 ? new StoreKey.NodeStatus(rest.get(1)) : null;
            default -> null;
        };
    }

    private static @Nullable StoreKey hostKey(List<String> rest) {
        return switch (rest.size()) {
            case 2 ->
                rest.get(1).equals("vxlan")
                        ? new StoreKey.HostVxlan(rest.get(0))
                        : new StoreKey.HostBirdIp(rest.get(0));
            case 3 -> new StoreKey.HostConfig(rest.get(0), rest.get(2));
            case 6 -> new StoreKey.Endpoint(new EndpointKey(rest.get(0), rest.get(2), rest.get(3), rest.get(5)));
            default -> null;
        };
    }

    private static @Nullable StoreKey profileKey(List<String> rest) {
        if (rest.size() != 3) {
            return null;
        }
        return rest.get(2).equals("tags")
                ? new StoreKey.ProfileTags(rest.get(1))
                : new StoreKey.ProfileRulesKey(rest.get(1));
    }

    private static @Nullable StoreKey poolKey(List<String> rest) {
        return switch (rest.size()) {
            case 2 -> new StoreKey.PoolGuard(rest.get(0).equals("v4") ? IpVersion.V4 : IpVersion.V6);
            case 3 -> new StoreKey.Pool(parseCidr(rest.get(2)));
            default -> null;
        };
    }

    private static @Nullable StoreKey ipamKey(List<String> rest) {
        return switch (rest.isEmpty() ? "" : rest.get(0) + " " + rest.size()) {
            case "config 1" -> new StoreKey.IpamConfig();
            case "handle 2" -> new StoreKey.Handle(rest.get(1));
            case "assignment 4" -> new StoreKey.Block(parseCidr(rest.get(3)));
            case "host 5" -> new StoreKey.Affinity(rest.get(1), parseCidr(rest.get(4)));
            default -> null;
        };
    }

    private static @Nullable StoreKey bgpKey(List<String> rest) {
        if (rest.size() == 2) {
            return new StoreKey.GlobalBgp(rest.get(1));
        }
        if (rest.size() != 3) {
            return null;
        }
        return switch (rest.get(2)) {
            case "ip_addr_v4" -> new StoreKey.HostAddress(rest.get(1), IpVersion.V4);
            case "ip_addr_v6" -> new StoreKey.HostAddress(rest.get(1), IpVersion.V6);
            case "as_num" -> new StoreKey.HostAsNumber(rest.get(1));
            default -> null;
        };
    }

    private static @Nullable StoreKey networkKey(List<String> rest) {
        return switch (rest.size()) {
            case 2 -> new StoreKey.NetworkName(rest.get(1));
            case 3 -> new StoreKey.HostNetworkKey(rest.get(1), rest.get(2));
            default -> null;
        };
    }

    private static Cidr parseCidr(String part) {
        int dash = part.lastIndexOf('-');
        if (dash < 0) {
            throw new IllegalArgumentException("'" + part + "' is not a CIDR with a dash for its slash");
        }
        return Cidr.parse(part.substring(0, dash) + "/" + part.substring(dash + 1));
    }

    static String requirePart(String what, String part) {
        if (part.isEmpty() || part.indexOf('/') >= 0) {
            throw new IllegalArgumentException(what + " '" + part + "' is empty or holds a slash");
        }
        return part;
    }
}
