package io.calico.benchmarks;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Datastores;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.Endpoints;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.model.EndpointKey;
import io.calico.model.Node;
import io.calico.model.Profile;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The records of many hosts that are not there, for one that is. One in twenty of their endpoints is on the network that is
 * named, the others are on nineteen networks of which the real host has none.
 *
 * <ul>
 *   <li>{@code FakeCluster load URI PROFILE HOSTS ENDPOINTS}: hosts with their blocks, and so many endpoints on each
 *   <li>{@code FakeCluster change URI RATE SECONDS}: endpoints of the first hosts, chosen at random, go and come back; so many
 *       changes a second
 * </ul>
 *
 * PROFILE is the id of the network; HOSTS at most 60,000, ENDPOINTS at most 60.
 */
public final class FakeCluster {
    private static final String NAME = "fake";
    private static final int NETWORKS = 20;
    private static final int LOADERS = 16;
    /** As many as are read in no time. */
    private static final int CHANGING_HOSTS = 100;

    private final CalicoStore store;
    private final String profile;
    private final int endpoints;

    private FakeCluster(Datastore datastore, String profile, int endpoints) {
        this.store = new CalicoStore(datastore);
        this.profile = profile;
        this.endpoints = endpoints;
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "load" -> {
                try (Datastore datastore = Datastores.open(arguments[1])) {
                    new FakeCluster(datastore, arguments[2], Integer.parseInt(arguments[4]))
                            .load(Integer.parseInt(arguments[3]));
                }
            }
            case "change" -> {
                try (Datastore datastore = Datastores.open(arguments[1])) {
                    change(
                            new CalicoStore(datastore).endpoints(),
                            Integer.parseInt(arguments[2]),
                            Integer.parseInt(arguments[3]));
                }
            }
            default -> {
                System.err.println("usage: FakeCluster load URI PROFILE HOSTS ENDPOINTS | change URI RATE SECONDS");
                System.exit(2);
            }
        }
    }

    private void load(int hosts) throws Exception {
        for (int network = 1; network < NETWORKS; network++) {
            store.profiles().create(Profile.defaults(profileOf(network)));
        }
        ExecutorService threads = Executors.newFixedThreadPool(LOADERS);
        List<Future<?>> running = new ArrayList<>();
        for (int host = 0; host < hosts; host++) {
            int number = host;
            running.add(threads.submit(() -> loadHost(number)));
        }
        threads.shutdown();
        for (Future<?> one : running) {
            one.get();
        }
    }

    private static String name(int host) {
        return NAME + host;
    }

    private String profileOf(int network) {
        return network == 0 ? profile : "fake-network-" + network;
    }

    private void loadHost(int host) {
        store.nodes()
                .put(Node.builder()
                        .name(name(host))
                        .ipv4(IpAddress.parse("10.10." + (1 + host / 250) + "." + (1 + host % 250)))
                        .build());
        List<IpAddress> addresses = new ArrayList<>(new BlockAllocator(store.datastore(), name(host))
                .autoAssign(AssignRequest.builder().num4(endpoints).build())
                .addresses());
        Transaction.Builder all = Transaction.builder();
        for (int i = 0; i < endpoints; i++) {
            for (Transaction.Write write : Endpoints.creation(key(host, i), endpoint(host, i, addresses.get(i)))
                    .writes()) {
                all.put(write.key(), write.value().orElseThrow());
            }
        }
        store.datastore().commit(all.build());
    }

    private static EndpointKey key(int host, int number) {
        return new EndpointKey(name(host), "libnetwork", "libnetwork", "%08x%056x".formatted(host, number));
    }

    private WorkloadEndpoint endpoint(int host, int number, IpAddress address) {
        return WorkloadEndpoint.builder()
                .interfaceName("cali%08x%03x".formatted(host, number))
                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                .addProfileIds(profileOf((host + number) % NETWORKS))
                .build()
                .withAddresses(List.of(address));
    }

    /** Each round takes one endpoint away and puts it back, so that both kinds of change come. */
    private static void change(Endpoints endpoints, int rate, int seconds) {
        List<StoredEndpoint> all = new ArrayList<>();
        for (int host = 0; host < CHANGING_HOSTS; host++) {
            all.addAll(endpoints.list(EndpointFilter.ofHost(name(host))).values());
        }
        Random random = new Random(1);
        long start = System.nanoTime();
        long step = TimeUnit.SECONDS.toNanos(1) / rate;
        for (long changes = 0; changes < (long) rate * seconds; changes += 2) {
            LockSupport.parkNanos(start + changes * step - System.nanoTime());
            StoredEndpoint one = all.get(random.nextInt(all.size()));
            endpoints.delete(one.key());
            endpoints.put(one.key(), one.value());
        }
        double took = (System.nanoTime() - start) / 1e9;
        System.out.printf("%.0f%n", (double) rate * seconds / took);
    }
}
