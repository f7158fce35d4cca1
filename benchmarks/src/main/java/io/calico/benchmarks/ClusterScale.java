package io.calico.benchmarks;

import io.calico.dataplane.routes.RouteCalculator;
import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.Profile;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.PolicyCalculator;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a large cluster costs one of its hosts in calculation, as processor time: 1,000 hosts with 5 blocks and 50 endpoints each, in 20
 * networks, of which one with 30,000 endpoints; the host has endpoints in three of them.
 */
public final class ClusterScale {
    private static final int HOSTS = 1000;
    private static final int BLOCKS = 5;
    private static final int ENDPOINTS = 50;
    private static final int NETWORKS = 20;
    private static final int ROUNDS = 200;

    private final PolicyCalculator policy = new PolicyCalculator("n0");
    private final RouteCalculator routes = new RouteCalculator("n0");

    private ClusterScale() {}

    public static void main(String[] arguments) {
        for (int i = 0; i < 3; i++) {
            new ClusterScale().run();
        }
    }

    private void run() {
        long before = heapBytes();
        long start = cpuNanos();
        fill();
        CompiledPolicy first = policy.compile();
        int wanted = routes.pending().routes().size();
        routes.applied();
        print("everything for the first time", "ms", millis(start));
        System.out.printf(
                Locale.ROOT,
                "%d routes, %d sets with %d members, heap %d MiB%n",
                wanted,
                first.tagSets().size(),
                first.tagSets().values().stream().mapToInt(set -> set.size()).sum(),
                heapBytes() - before >> 20);
        // Endpoint 0 of a host is in network 0, endpoint 49 in one that n0 knows nothing of.
        print("an endpoint elsewhere, 30,000 in its network", "µs", micros(round -> flip(round, 0)));
        print("an endpoint elsewhere, of a network that is not here", "µs", micros(round -> flip(round, 49)));
        print("a block elsewhere", "µs", micros(round -> {
            routes.onAffinity("n" + (round + 1), block(round + 1, 0), round % 2 == 0);
            routes.pending();
            routes.applied();
        }));
        print("all endpoints of a host that goes", "µs", micros(round -> {
            for (int e = 0; e < ENDPOINTS; e++) {
                put(HOSTS - 1 - round, e, false);
            }
            policy.compile();
            routes.pending();
            routes.applied();
        }));
    }

    private void fill() {
        Cidr pool = Cidr.parse("10.0.0.0/8");
        policy.onPool(pool, Optional.of(IpPool.of(pool)));
        routes.onPool(pool, Optional.of(IpPool.of(pool)));
        for (int network = 0; network < NETWORKS; network++) {
            Profile profile = Profile.defaults("NET" + network);
            policy.onProfileTags(profile.name(), Optional.of(profile.tags()));
            policy.onProfileRules(profile.name(), profile.rules());
        }
        for (int host = 0; host < HOSTS; host++) {
            routes.onHostAddress("n" + host, IpVersion.V4, Optional.of(IpAddress.v4(0xac100000 + host)));
            for (int block = 0; block < BLOCKS; block++) {
                routes.onAffinity("n" + host, block(host, block), true);
            }
            for (int endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
                put(host, endpoint, true);
            }
        }
    }

    private static Cidr block(int host, int block) {
        return Cidr.of(IpAddress.v4((10 << 24) + (host << 9) + (block << 6)), 26);
    }

    /** 30 endpoints of a host in network 0, the others in one of the rest; n0 itself has three networks. */
    private static int network(int host, int endpoint) {
        return endpoint < 30 ? 0 : host == 0 ? 1 + endpoint % 2 : 3 + (host + endpoint) % (NETWORKS - 3);
    }

    private void put(int host, int endpoint, boolean isThere) {
        EndpointKey key = new EndpointKey("n" + host, "libnetwork", "libnetwork", "e" + endpoint);
        IpAddress address = block(host, endpoint % BLOCKS).first().plus(1 + endpoint / BLOCKS);
        Optional<WorkloadEndpoint> record = isThere
                ? Optional.of(WorkloadEndpoint.builder()
                        .state(EndpointState.ACTIVE)
                        .interfaceName("cali" + host + "x" + endpoint)
                        .mac(MacAddress.of(0xeeeeeeeeeeeeL))
                        .addProfileIds("NET" + network(host, endpoint))
                        .build()
                        .withAddresses(List.of(address)))
                : Optional.empty();
        policy.onEndpoint(key, record);
        routes.onEndpoint(key, isThere ? List.of(address) : List.of());
    }

    private void flip(int round, int endpoint) {
        put(1 + round / 2, endpoint, round % 2 == 1);
        policy.compile();
        routes.pending();
        routes.applied();
    }

    private interface Step {
        void run(int round);
    }

    /** The median. */
    private static double micros(Step step) {
        double[] times = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            long start = cpuNanos();
            step.run(i);
            times[i] = (cpuNanos() - start) / 1e3;
        }
        Arrays.sort(times);
        return times[ROUNDS / 2];
    }

    private static double millis(long start) {
        return (cpuNanos() - start) / 1e6;
    }

    private static void print(String what, String unit, double value) {
        System.out.printf(Locale.ROOT, "%-55s %10.1f %s%n", what, value, unit);
    }

    /** Of this thread: how long it waited for a processor says nothing. */
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long heapBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
