package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Docker hosts that share an etcd of three members, each with an engine and a node that is started again when it dies. */
final class Cluster implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(60);
    private static final Duration SPREAD = Duration.ofSeconds(20);
    private static final int MEMBERS = 3;

    private final Engine engine;
    private final Map<VirtualHost, Supervised> nodes = new HashMap<>();
    private final List<VirtualHost> hosts = new ArrayList<>();
    private final ClusterEtcd etcd;

    private Cluster(Engine engine, int... numbers) {
        this.engine = engine;
        for (int number : numbers) {
            hosts.add(newHost(number));
        }
        this.etcd = ClusterEtcd.start(MEMBERS);
    }

    /** Starts hosts with these numbers. */
    static Cluster start(Engine engine, int... numbers) {
        Cluster cluster = new Cluster(engine, numbers);
        CompletableFuture.allOf(cluster.hosts.stream()
                        .map(host -> CompletableFuture.runAsync(() -> cluster.startSoftware(host)))
                        .toArray(CompletableFuture<?>[]::new))
                .join();
        return cluster;
    }

    private static VirtualHost newHost(int number) {
        return VirtualHost.start(number, "CALICO_DATASTORE=" + ClusterEtcd.uri(MEMBERS));
    }

    /** One host more. */
    VirtualHost join(int number) {
        VirtualHost host = newHost(number);
        startSoftware(host);
        hosts.add(host);
        return host;
    }

    private void startSoftware(VirtualHost host) {
        Supervised node = host.superviseNode();
        synchronized (nodes) {
            nodes.put(host, node);
        }
        host.startDocker(engine, engine.clusterStore(host));
        awaitNode(host);
    }

    /** As when a machine burns down. */
    void lose(VirtualHost host) {
        hosts.remove(host);
        Supervised node = nodes.remove(host);
        node.abandon();
        host.close();
    }

    VirtualHost host(int index) {
        return hosts.get(index);
    }

    Supervised node(VirtualHost host) {
        return nodes.get(host);
    }

    ClusterEtcd etcd() {
        return etcd;
    }

    static void awaitNode(VirtualHost host) {
        await().atMost(READY)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> host.exec("test", "-e", "/run/calico/node.ready").succeeded());
    }

    /** Makes a network on the first host, and waits until every other has it. */
    void createNetwork(String name) {
        hosts.get(0).docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", name);
        for (VirtualHost host : hosts) {
            awaitNetwork(host, name);
        }
    }

    static void awaitNetwork(VirtualHost host, String name) {
        await().atMost(SPREAD)
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(() -> assertThat(networks(host))
                        .as("networks of %s", host.name())
                        .contains(name));
    }

    private static List<String> networks(VirtualHost host) {
        return EngineView.words(host.docker("network", "ls", "--filter", "driver=calico", "--format", "{{.Name}}"));
    }

    /** Removes all containers and networks. */
    void clear() {
        for (VirtualHost host : hosts) {
            host.closeProbes();
            List<String> containers = EngineView.words(host.docker("ps", "-aq"));
            if (!containers.isEmpty()) {
                List<String> command = new ArrayList<>(List.of("rm", "-f"));
                command.addAll(containers);
                host.docker(command.toArray(String[]::new));
            }
        }
        for (String network : networks(hosts.get(0))) {
            hosts.get(0).docker("network", "rm", network);
        }
        for (VirtualHost host : hosts) {
            await().atMost(SPREAD)
                    .untilAsserted(() -> assertThat(networks(host))
                            .as("networks of %s", host.name())
                            .isEmpty());
        }
    }

    /** Cuts the host off from etcd, and from nothing else. */
    static void partition(VirtualHost host) {
        host.run(
                "nft",
                "add table inet partition; "
                        + "add chain inet partition out { type filter hook output priority 0; }; "
                        + "add rule inet partition out ip daddr " + ClusterEtcd.MACHINE + " drop; "
                        + "add chain inet partition in { type filter hook input priority 0; }; "
                        + "add rule inet partition in ip saddr " + ClusterEtcd.MACHINE + " drop");
    }

    static void heal(VirtualHost host) {
        host.run("nft", "delete table inet partition");
    }

    /** The last lines of all logs. */
    String logs(int lines) {
        StringBuilder text = new StringBuilder();
        hosts.forEach(host -> text.append(host.name()).append('\n').append(host.logs(lines)));
        return text.toString();
    }

    @Override
    public void close() {
        nodes.values().forEach(Supervised::close);
        hosts.forEach(VirtualHost::close);
        etcd.close();
    }
}
