package io.calico.libnetwork.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.libnetwork.RunningPlugin;
import io.calico.libnetwork.http.RawClient;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What must be true of a plugin and its process, whatever was sent to it. */
final class PluginAudit {
    private final RunningPlugin plugin;
    private final Set<String> keysBefore;
    private final long filesBefore;

    private PluginAudit(RunningPlugin plugin) throws IOException {
        this.plugin = plugin;
        this.filesBefore = openFiles();
        this.keysBefore = lastingKeys();
    }

    /** Looks at how it is before. */
    static PluginAudit begin(RunningPlugin plugin) throws IOException {
        return new PluginAudit(plugin);
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    /** All but the allocator's own, which keeps its blocks. */
    private Set<String> lastingKeys() {
        return records().stream()
                .map(KeyValue::key)
                .filter(key -> !key.startsWith(Keys.IPAM))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private List<KeyValue> records() {
        return plugin.store()
                .datastore()
                .list(new ListRequest("/", Optional.empty(), 0, 100_000))
                .records();
    }

    /** Nothing is in the datastore that does not belong there, and the host's interfaces are those of endpoints. */
    void checkInBetween() {
        assertThat(records())
                .extracting(KeyValue::key)
                .allSatisfy(
                        key -> assertThat(Keys.parse(key)).as("key %s", key).isNotInstanceOf(StoreKey.Unknown.class));
        CalicoStore store = plugin.store();
        assertThat(store.profiles().list().damaged()).isEmpty();
        assertThat(store.pools().list().damaged()).isEmpty();
        Set<String> ofEndpoints = plugin.endpoints().stream()
                .map(endpoint -> endpoint.value().interfaceName())
                .collect(Collectors.toSet());
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(
                        () -> assertThat(plugin.dataplane().liveInterfaces()).isSubsetOf(ofEndpoints));
    }

    /** Does what an engine does that gives everything back, then looks whether anything is left. */
    void checkEnd() throws IOException {
        checkInBetween();
        try (RawClient engine = new RawClient(plugin.socket())) {
            plugin.endpoints().forEach(stored -> {
                String ids = "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"}"
                        .formatted(Recorded.NETWORKS.get(0), stored.key().endpoint());
                assertThat(engine.call("/NetworkDriver.Leave", ids).status()).isEqualTo(200);
                assertThat(engine.call("/NetworkDriver.DeleteEndpoint", ids).status())
                        .isEqualTo(200);
            });
            for (String address : assigned()) {
                String body = "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"" + address + "\"}";
                assertThat(engine.call("/IpamDriver.ReleaseAddress", body).status())
                        .isEqualTo(200);
            }
            for (String network : plugin.store().networks().requestIds()) {
                String body = "{\"NetworkID\":\"" + network + "\"}";
                assertThat(engine.call("/NetworkDriver.DeleteNetwork", body).status())
                        .isEqualTo(200);
            }
        }
        plugin.assertNothingIsLeft();
        assertThat(lastingKeys()).isEqualTo(keysBefore);
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(openFiles()).as("open files").isLessThanOrEqualTo(filesBefore + 16));
        assertThat(Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("calico-plugin-"))
                        .count())
                .as("threads of the plugin")
                .isLessThanOrEqualTo(17);
    }

    private Set<String> assigned() {
        Set<String> addresses = new TreeSet<>();
        plugin.allocator().utilisation().stream()
                .flatMap(pool -> pool.blocks().stream())
                .filter(block -> block.inUse() > 0)
                .forEach(block -> {
                    for (int i = 0; i < block.capacity(); i++) {
                        IpAddress address = block.cidr().first().plus(i);
                        if (plugin.allocator().info(address).isPresent()) {
                            addresses.add(address.toString());
                        }
                    }
                });
        return addresses;
    }
}
