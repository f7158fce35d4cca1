package io.calico.datastore;

import io.calico.model.EndpointKey;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;

/**
 * What one key of the store names. Each kind knows its path ({@link #path}), {@link Keys#parse} is the way back, and a
 * path that is no kind's exact text is {@link Unknown}: {@code parse(key.path()).equals(key)}, and
 * {@code parse(path).path().equals(path)} for any text. Immutable.
 *
 * <p>There is no visitor on purpose: a reader of the store wants a few kinds and must pass over all others, also those of
 * later versions.
 */
public sealed interface StoreKey {
    /** The key's text in the store. */
    String path();

    /** {@code true} once the store is set up: {@code /calico/v1/Ready}. */
    record Ready() implements StoreKey {
        @Override
        public String path() {
            return Keys.READY;
        }
    }

    /** A setting of all hosts: {@code /calico/v1/config/InterfacePrefix}. */
    record GlobalConfig(String name) implements StoreKey {
        /** Checks the name. */
        public GlobalConfig {
            Keys.requirePart("setting", name);
        }

        @Override
        public String path() {
            return Keys.GLOBAL_CONFIG + name;
        }
    }

    /** A setting of one host: {@code /calico/v1/host/H/config/marker}. */
    record HostConfig(String host, String name) implements StoreKey {
        /** Checks the parts. */
        public HostConfig {
            Keys.requirePart("host", host);
            Keys.requirePart("setting", name);
        }

        @Override
        public String path() {
            return Keys.host(host) + "config/" + name;
        }
    }

    /** The host's IPv4 address under its old name: {@code /calico/v1/host/H/bird_ip}. */
    record HostBirdIp(String host) implements StoreKey {
        /** Checks the host. */
        public HostBirdIp {
            Keys.requirePart("host", host);
        }

        @Override
        public String path() {
            return Keys.host(host) + "bird_ip";
        }
    }

    /** How the host is reached through VXLAN: {@code /calico/v1/host/H/vxlan}. */
    record HostVxlan(String host) implements StoreKey {
        /** Checks the host. */
        public HostVxlan {
            Keys.requirePart("host", host);
        }

        @Override
        public String path() {
            return Keys.host(host) + "vxlan";
        }
    }

    /** A workload endpoint: {@code /calico/v1/host/H/workload/O/W/endpoint/E}. */
    record Endpoint(EndpointKey key) implements StoreKey {
        @Override
        public String path() {
            return Keys.workloads(key.host()) + key.orchestrator() + "/" + key.workload() + "/endpoint/"
                    + key.endpoint();
        }
    }

    /** A profile's tags: {@code /calico/v1/policy/profile/P/tags}. */
    record ProfileTags(String profile) implements StoreKey {
        /** Checks the profile's name. */
        public ProfileTags {
            Keys.requirePart("profile", profile);
        }

        @Override
        public String path() {
            return Keys.profile(profile) + "tags";
        }
    }

    /** A profile's rules: {@code /calico/v1/policy/profile/P/rules}. */
    record ProfileRulesKey(String profile) implements StoreKey {
        /** Checks the profile's name. */
        public ProfileRulesKey {
            Keys.requirePart("profile", profile);
        }

        @Override
        public String path() {
            return Keys.profile(profile) + "rules";
        }
    }

    /** An address pool: {@code /calico/v1/ipam/v4/pool/192.168.0.0-16}. */
    record Pool(Cidr cidr) implements StoreKey {
        @Override
        public String path() {
            return Keys.pools(cidr.version()) + Keys.cidr(cidr);
        }
    }

    /** What every new pool of a version rewrites, so that no two overlap: {@code /calico/v1/ipam/v4/last_pool}. */
    record PoolGuard(IpVersion version) implements StoreKey {
        @Override
        public String path() {
            return Keys.poolGuard(version);
        }
    }

    /** The allocator's settings: {@code /calico/ipam/v2/config}. */
    record IpamConfig() implements StoreKey {
        @Override
        public String path() {
            return Keys.IPAM_CONFIG;
        }
    }

    /** A block of addresses: {@code /calico/ipam/v2/assignment/ipv4/block/192.168.3.64-26}. */
    record Block(Cidr cidr) implements StoreKey {
        @Override
        public String path() {
            return Keys.blocks(cidr.version()) + Keys.cidr(cidr);
        }
    }

    /** A host's right to a block: {@code /calico/ipam/v2/host/H/ipv4/block/192.168.3.64-26}. */
    record Affinity(String host, Cidr cidr) implements StoreKey {
        /** Checks the host. */
        public Affinity {
            Keys.requirePart("host", host);
        }

        @Override
        public String path() {
            return Keys.affinities(host, cidr.version()) + Keys.cidr(cidr);
        }
    }

    /** The blocks in which a handle has addresses: {@code /calico/ipam/v2/handle/ID}. */
    record Handle(String id) implements StoreKey {
        /** Checks the id. */
        public Handle {
            Keys.requirePart("handle", id);
        }

        @Override
        public String path() {
            return Keys.HANDLES + id;
        }
    }

    /** A global BGP setting, {@code as_num}, {@code node_mesh} or {@code loglevel}: {@code /calico/bgp/v1/global/as_num}. */
    record GlobalBgp(String name) implements StoreKey {
        /** Checks the name. */
        public GlobalBgp {
            Keys.requirePart("BGP setting", name);
        }

        @Override
        public String path() {
            return Keys.GLOBAL_BGP + name;
        }
    }

    /** A host's address: {@code /calico/bgp/v1/host/H/ip_addr_v4}. */
    record HostAddress(String host, IpVersion version) implements StoreKey {
        /** Checks the host. */
        public HostAddress {
            Keys.requirePart("host", host);
        }

        @Override
        public String path() {
            return Keys.bgpHost(host) + "ip_addr_v" + version.number();
        }
    }

    /** A host's AS number: {@code /calico/bgp/v1/host/H/as_num}. */
    record HostAsNumber(String host) implements StoreKey {
        /** Checks the host. */
        public HostAsNumber {
            Keys.requirePart("host", host);
        }

        @Override
        public String path() {
            return Keys.bgpHost(host) + "as_num";
        }
    }

    /** What Docker said when it created a network, as the plugin of old stored it: {@code /calico/libnetwork/v1/ID}. */
    record LibnetworkNetwork(String id) implements StoreKey {
        /** Checks the id. */
        public LibnetworkNetwork {
            Keys.requirePart("network id", id);
        }

        @Override
        public String path() {
            return Keys.LIBNETWORK_NETWORKS + id;
        }
    }

    /** A network by its name: {@code /calico/network/v1/name/NAME}. */
    record NetworkName(String name) implements StoreKey {
        /** Checks the name. */
        public NetworkName {
            Keys.requirePart("network name", name);
        }

        @Override
        public String path() {
            return Keys.NETWORK_NAMES + name;
        }
    }

    /** A network as one host's engine knows it: {@code /calico/network/v1/host/H/ID}, with the engine's own id. */
    record HostNetworkKey(String host, String id) implements StoreKey {
        /** Checks the parts. */
        public HostNetworkKey {
            Keys.requirePart("host", host);
            Keys.requirePart("network id", id);
        }

        @Override
        public String path() {
            return Keys.hostNetworks(host) + id;
        }
    }

    /** A node's sign of life, under a lease: {@code /calico/felix/v1/host/H/status}. */
    record NodeStatus(String host) implements StoreKey {
        /** Checks the host. */
        public NodeStatus {
            Keys.requirePart("host", host);
        }

        @Override
        public String path() {
            return Keys.NODE_STATUSES + host + "/status";
        }
    }

    /** A key of no kind that this version knows, or a misspelt one. */
    record Unknown(String path) implements StoreKey {}
}
