package io.calico.libnetwork.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.Keys;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.ForwardingDatastore;
import io.calico.ipam.AssignOptions;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.libnetwork.RunningPlugin;
import io.calico.libnetwork.engine.EngineSnapshot;
import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is removed, what is reported, and above all what is left alone. */
@Timeout(60)
class ReconcilerTest {
    private static final String HOST = RunningPlugin.HOST;
    private static final String NETWORK = "5419fc95c71374069466b6aa14f2f55d83513f6fb79f370606a13befba64e5f2";
    private static final String ENDPOINT = "48f735201e5801393ea81a1196352c8ac788f9f8df6842ec2427c4c0d0ac91b2";
    private static final String LINK = "cali48f735201e5";

    @TempDir
    Path run;

    private final MemoryDatastore datastore = new MemoryDatastore();
    private final RecordingDataplane dataplane = new RecordingDataplane();
    private final RunningPlugin plugin = RunningPlugin.start(datastore, dataplane);

    /** What the engine has; null: it does not answer. */
    private @Nullable String engine = "1";

    private final Map<String, String> networks = new TreeMap<>();
    private final Set<String> endpoints = new HashSet<>();
    private final Set<String> shown = new HashSet<>();
    private long nanos = 1_000_000_000_000L;
    private Instant clock = Instant.parse("2026-01-01T00:00:00Z");
    private Reconciler reconciler;

    @BeforeEach
    void makeReconciler() {
        reconciler = newReconciler();
    }

    private Reconciler newReconciler() {
        return newReconciler(plugin.store(), plugin.allocator());
    }

    private Reconciler newReconciler(CalicoStore store, BlockAllocator allocator) {
        return new Reconciler(
                store,
                allocator,
                plugin.links(),
                this::lookAtEngine,
                new ReconcilerOptions(HOST, Duration.ofMinutes(1), run),
                plugin.driver()::removed,
                () -> nanos,
                new Clock() {
                    @Override
                    public ZoneOffset getZone() {
                        return ZoneOffset.UTC;
                    }

                    @Override
                    public Clock withZone(java.time.ZoneId zone) {
                        return this;
                    }

                    @Override
                    public Instant instant() {
                        return clock;
                    }
                });
    }

    private Optional<EngineSnapshot> lookAtEngine() throws IOException {
        if (engine == null) {
            throw new IOException("the Docker engine did not answer in time");
        }
        return Optional.of(new EngineSnapshot(engine, networks, Map.of(), endpoints, shown));
    }

    @AfterEach
    void stop() {
        plugin.close();
    }

    private Report look() throws InterruptedException {
        return reconciler.look(Reconciler.Mode.MEND);
    }

    /** Two looks, more than a minute apart. */
    private Report lookTwice() throws InterruptedException {
        look();
        nanos += Duration.ofSeconds(61).toNanos();
        return look();
    }

    private static List<String> texts(Report report, Finding.State state) {
        return report.findings().stream()
                .filter(finding -> finding.state() == state)
                .map(Finding::text)
                .toList();
    }

    private void createNetwork() {
        networks.put(NETWORK, "data-tier");
        plugin.ok(
                "/NetworkDriver.CreateNetwork",
                "{\"NetworkID\":\"%s\",\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\"}]}".formatted(NETWORK));
    }

    private String requestAddress() {
        return plugin.ok("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\"}")
                .path("Address")
                .asText();
    }

    private static String ids() {
        return "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"".formatted(NETWORK, ENDPOINT);
    }

    /** A container as Docker starts it; Docker knows it. */
    private IpAddress start() {
        String address = requestAddress();
        plugin.ok("/NetworkDriver.CreateEndpoint", ids() + ",\"Interface\":{\"Address\":\"" + address + "\"}}");
        plugin.ok("/NetworkDriver.Join", ids() + ",\"SandboxKey\":\"/s\"}");
        endpoints.add(ENDPOINT);
        return IpAddress.parse(address.replace("/32", ""));
    }

    private Optional<Owner> owner(IpAddress address) {
        return plugin.allocator().info(address).flatMap(info -> info.owner());
    }

    @Nested
    class NothingIsWrong {
        @Test
        void aRunningContainerIsLeftAlone() throws Exception {
            createNetwork();
            start();

            assertThat(lookTwice().findings()).isEmpty();

            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(plugin.dataplane().liveInterfaces()).containsExactly(LINK);
        }

        @Test
        void nothingOfOtherHostsIsReadMoreThanOnceAnHour() throws Exception {
            createNetwork();
            start();
            List<String> lists = new ArrayList<>();
            Datastore counted = new ForwardingDatastore(datastore) {
                @Override
                public Page list(ListRequest request) {
                    lists.add(request.prefix());
                    return super.list(request);
                }
            };
            reconciler = newReconciler(new CalicoStore(counted), new BlockAllocator(counted, HOST));
            look();
            assertThat(lists).contains(Keys.blocks(IpVersion.V4)).doesNotContain(Keys.HOSTS);
            lists.clear();

            assertThat(lookTwice().findings()).isEmpty();

            assertThat(lists)
                    .contains(Keys.affinities(HOST, IpVersion.V4), Keys.workloads(HOST))
                    .doesNotContain(Keys.blocks(IpVersion.V4), Keys.blocks(IpVersion.V6), Keys.HOSTS);
        }

        @Test
        void anEmptyHostIsClean() throws Exception {
            Report report = lookTwice();

            assertThat(report.findings()).isEmpty();
            assertThat(report.isClean()).isTrue();
        }
    }

    @Nested
    class Endpoints {
        @Test
        void oneThatDockerDoesNotKnowGoesWithInterfaceAndAddress() throws Exception {
            createNetwork();
            start();
            endpoints.clear();

            Report report = lookTwice();

            assertThat(texts(report, Finding.State.MENDED))
                    .containsExactly(
                            "endpoint " + ENDPOINT + " (" + LINK + ", 192.168.0.0) is not known to Docker: removed");
            assertThat(plugin.endpoints()).isEmpty();
            assertThat(plugin.dataplane().liveInterfaces()).isEmpty();
            assertThat(plugin.addressesInUse()).isZero();
            assertThat(look().findings()).isEmpty();
        }

        @Test
        void oneOfAConnectionThatFailedGoesThoughTheContainerStillShowsIt() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            shown.add(ENDPOINT);
            plugin.links().remove(LINK);

            lookTwice();

            assertThat(plugin.endpoints()).isEmpty();
            assertThat(plugin.addressesInUse()).isZero();
        }

        @Test
        void oneWithAnInterfaceThatAContainerShowsStaysThoughTheEngineMiscountsItsNetwork() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            shown.add(ENDPOINT);

            assertThat(lookTwice().findings()).isEmpty();

            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(plugin.dataplane().liveInterfaces()).containsExactly(LINK);
        }

        @Test
        void oneThatIsYoungerThanAMinuteStays() throws Exception {
            createNetwork();
            start();
            endpoints.clear();

            look();
            nanos += Duration.ofSeconds(59).toNanos();
            Report report = look();

            assertThat(texts(report, Finding.State.YOUNG)).hasSize(1);
            assertThat(report.isClean()).isTrue();
            assertThat(plugin.endpoints()).hasSize(1);
        }

        @Test
        void theMinuteBeginsAnewWhenDockerKnewItInBetween() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            look();
            endpoints.add(ENDPOINT);
            nanos += Duration.ofSeconds(40).toNanos();
            look();
            endpoints.clear();
            nanos += Duration.ofSeconds(40).toNanos();

            assertThat(texts(look(), Finding.State.YOUNG)).hasSize(1);

            assertThat(plugin.endpoints()).hasSize(1);
        }

        @Test
        void theMinuteBeginsAnewWithAnotherRunOfTheEngine() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            look();
            engine = "2";
            nanos += Duration.ofSeconds(61).toNanos();

            assertThat(texts(look(), Finding.State.YOUNG)).hasSize(1);

            assertThat(plugin.endpoints()).hasSize(1);
        }

        @Test
        void aRestartOfTheDaemonDoesNotBeginTheMinuteAnew() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            look();
            reconciler = newReconciler();
            nanos += Duration.ofSeconds(61).toNanos();

            assertThat(texts(look(), Finding.State.MENDED)).hasSize(1);
        }

        @Test
        void oneWithAnInterfaceOnANetworkThatThisEngineDoesNotHaveIsReportedOnly() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            networks.clear();

            Report report = lookTwice();

            assertThat(texts(report, Finding.State.REPORTED)).anyMatch(text -> text.contains("another engine's"));
            assertThat(texts(report, Finding.State.MENDED)).isEmpty();
            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(report.isClean()).isFalse();
        }

        @Test
        void oneWithAnInterfaceOnANetworkThatWasDeletedGoes() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            networks.clear();
            plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");

            lookTwice();

            assertThat(plugin.endpoints()).isEmpty();
            assertThat(plugin.dataplane().liveInterfaces()).isEmpty();
            assertThat(plugin.addressesInUse()).isZero();
        }

        @Test
        void afterARebootOneOnANetworkThatIsGoneGoes() throws Exception {
            createNetwork();
            start();
            plugin.links().remove(LINK);
            endpoints.clear();
            networks.clear();

            assertThat(texts(lookTwice(), Finding.State.MENDED)).hasSize(1);

            assertThat(plugin.endpoints()).isEmpty();
        }

        @Test
        void oneWithoutAnInterfaceIsReportedAndStays() throws Exception {
            createNetwork();
            start();
            plugin.links().remove(LINK);

            Report report = lookTwice();

            assertThat(texts(report, Finding.State.REPORTED))
                    .singleElement()
                    .asString()
                    .contains(ENDPOINT, "no interface", "restarted");
            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(plugin.addressesInUse()).isEqualTo(1);
        }

        @Test
        void thoseOfOtherHostsAndOtherOrchestratorsAreLeftAlone() throws Exception {
            createNetwork();
            WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                    .interfaceName("cali0000000001")
                    .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                    .addProfileIds(NETWORK)
                    .build();
            plugin.store().endpoints().put(new EndpointKey("host12", "libnetwork", "libnetwork", "e1"), endpoint);
            plugin.store()
                    .endpoints()
                    .put(new EndpointKey(HOST, "cni", "pod", "e2"), endpoint.withInterfaceName("cali0000000002"));
            dataplane.plantInterface("cali0000000002");

            assertThat(texts(lookTwice(), Finding.State.MENDED)).isEmpty();

            assertThat(plugin.endpoints()).hasSize(2);
            assertThat(plugin.links().names()).contains("cali0000000002");
        }
    }

    @Nested
    class TheEngineDoesNotAnswer {
        @Test
        void nothingIsMended() throws Exception {
            createNetwork();
            start();
            requestAddress();
            endpoints.clear();
            look();
            engine = null;
            nanos += Duration.ofMinutes(10).toNanos();

            Report report = lookTwice();

            assertThat(report.incomplete()).hasValue("the Docker engine did not answer in time");
            assertThat(report.isClean()).isFalse();
            assertThat(texts(report, Finding.State.MENDED)).isEmpty();
            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(plugin.addressesInUse()).isEqualTo(2);
        }

        @Test
        void theMinuteBeginsAnewWhenItAnswersAgain() throws Exception {
            createNetwork();
            start();
            endpoints.clear();
            look();
            engine = null;
            nanos += Duration.ofMinutes(10).toNanos();
            look();
            engine = "1";

            assertThat(texts(look(), Finding.State.YOUNG)).hasSize(1);

            assertThat(plugin.endpoints()).hasSize(1);
        }
    }

    @Nested
    class Addresses {
        @Test
        void oneThatNoEndpointCameForIsReleased() throws Exception {
            requestAddress();

            assertThat(texts(lookTwice(), Finding.State.MENDED))
                    .containsExactly("address 192.168.0.0 is assigned to this host and no endpoint has it: released");

            assertThat(plugin.addressesInUse()).isZero();
        }

        @Test
        void oneThatWasReleasedAndRequestedAgainIsAnother() throws Exception {
            requestAddress();
            look();
            plugin.ok("/IpamDriver.ReleaseAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"192.168.0.0\"}");
            plugin.ok("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"192.168.0.0\"}");
            nanos += Duration.ofSeconds(61).toNanos();

            assertThat(texts(look(), Finding.State.YOUNG)).hasSize(1);

            assertThat(plugin.addressesInUse()).isEqualTo(1);
        }

        @Test
        void oneWhoseEndpointOrNetworkIsGoneIsReleased() throws Exception {
            assign("192.168.0.8", Owner.endpoint(HOST, "gone"));
            assign("192.168.0.9", Owner.network(HOST, "gone"));

            assertThat(texts(lookTwice(), Finding.State.MENDED)).hasSize(2);

            assertThat(plugin.addressesInUse()).isZero();
        }

        @Test
        void thoseOfOtherHostsOfNobodyAndOfUnknownOwnersAreLeftAlone() throws Exception {
            assign("192.168.0.5", Owner.pendingEndpoint("host12"));
            assign("192.168.0.6", Owner.endpoint("host12", "gone"));
            assign("192.168.0.7", new Owner(HOST, "tunnel", Optional.empty()));
            plugin.allocator().assign(IpAddress.parse("192.168.0.8"), AssignOptions.none());

            assertThat(lookTwice().findings()).isEmpty();

            assertThat(plugin.addressesInUse()).isEqualTo(4);
        }

        private void giveTo(IpAddress address, Owner other) {
            Transaction nothingElse = Transaction.builder().build();
            plugin.allocator().transferOwner(address, Owner.endpoint(HOST, ENDPOINT), other, nothingElse);
        }

        @Test
        void oneThatAnEndpointHasAndThatIsNotBoundToItIsBoundAtOnce() throws Exception {
            createNetwork();
            IpAddress address = start();
            giveTo(address, Owner.pendingEndpoint(HOST));

            assertThat(texts(look(), Finding.State.MENDED)).hasSize(1);

            assertThat(owner(address)).hasValue(Owner.endpoint(HOST, ENDPOINT));
        }

        @Test
        void oneThatAnEndpointHasAndThatIsNotAssignedIsAssigned() throws Exception {
            createNetwork();
            IpAddress address = start();
            plugin.allocator().release(List.of(io.calico.ipam.ReleaseRequest.of(address)));

            assertThat(texts(lookTwice(), Finding.State.MENDED)).hasSize(1);

            assertThat(owner(address)).hasValue(Owner.endpoint(HOST, ENDPOINT));
            assertThat(look().findings()).isEmpty();
        }

        @Test
        void oneThatAnEndpointHasAndThatIsAnothersIsReported() throws Exception {
            createNetwork();
            IpAddress address = start();
            giveTo(address, Owner.endpoint("host12", "other"));

            assertThat(texts(lookTwice(), Finding.State.REPORTED))
                    .singleElement()
                    .asString()
                    .contains(address.toString(), "host12");
        }

        @Test
        void anOperatorsCommandBelievesTheClockAndTheDaemonDoesNot() throws Exception {
            requestAddress();
            clock = Instant.now().plus(Duration.ofMinutes(2));

            assertThat(texts(look(), Finding.State.YOUNG)).hasSize(1);
            assertThat(texts(reconciler.look(Reconciler.Mode.LOOK), Finding.State.TO_MEND))
                    .hasSize(1);
            assertThat(texts(reconciler.look(Reconciler.Mode.MEND_BY_CLOCK), Finding.State.MENDED))
                    .hasSize(1);

            assertThat(plugin.addressesInUse()).isZero();
        }

        @Test
        void nothingIsFreedWhileAnEndpointsRecordCannotBeRead() throws Exception {
            requestAddress();
            dataplane.plantInterface("cali0000000009");
            datastore.commit(Transaction.builder()
                    .put("/calico/v1/host/" + HOST + "/workload/libnetwork/libnetwork/endpoint/e9", "{damaged")
                    .build());

            Report report = lookTwice();

            assertThat(texts(report, Finding.State.MENDED)).isEmpty();
            assertThat(texts(report, Finding.State.REPORTED)).hasSize(1);
            assertThat(plugin.addressesInUse()).isEqualTo(1);
        }

        @Test
        void nothingIsFreedWhileAnotherHostsEndpointCannotBeRead() throws Exception {
            requestAddress();
            datastore.commit(Transaction.builder()
                    .put("/calico/v1/host/host12/workload/libnetwork/libnetwork/endpoint/e9", "{damaged")
                    .build());

            assertThat(texts(lookTwice(), Finding.State.MENDED)).isEmpty();

            assertThat(plugin.addressesInUse()).isEqualTo(1);
        }

        @Test
        void oneThatAnotherHostsEndpointHasIsNotFreed() throws Exception {
            IpAddress address = IpAddress.parse(requestAddress().replace("/32", ""));
            plugin.store()
                    .endpoints()
                    .put(
                            new EndpointKey("host12", "libnetwork", "libnetwork", "e1"),
                            WorkloadEndpoint.builder()
                                    .interfaceName("cali0000000001")
                                    .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                                    .addIpv4Nets(Cidr.parse(address + "/32"))
                                    .addProfileIds(NETWORK)
                                    .build());

            assertThat(lookTwice().findings()).isEmpty();

            assertThat(plugin.addressesInUse()).isEqualTo(1);
        }

        @Test
        void oneInAnotherHostsBlockIsFoundAtTheFirstLookAndAfterAnHour() throws Exception {
            borrow(new BlockAllocator(datastore, "host12"));

            assertThat(texts(lookTwice(), Finding.State.MENDED)).hasSize(1);
            assertThat(plugin.addressesInUse()).isZero();

            borrow(new BlockAllocator(datastore, "host13"));
            lookTwice();
            assertThat(plugin.addressesInUse()).isEqualTo(1);

            nanos += Duration.ofHours(1).toNanos();
            assertThat(texts(lookTwice(), Finding.State.MENDED)).hasSize(1);
            assertThat(plugin.addressesInUse()).isZero();
        }

        private void borrow(BlockAllocator other) {
            other.autoAssign(AssignRequest.builder()
                    .num4(1)
                    .owner(Owner.endpoint(HOST, "gone"))
                    .build());
        }

        private void assign(String address, Owner owner) {
            plugin.allocator()
                    .assign(
                            IpAddress.parse(address),
                            AssignOptions.builder().owner(owner).build());
        }
    }

    @Nested
    class Interfaces {
        @Test
        void oneOfNoEndpointGoes() throws Exception {
            dataplane.plantInterface("cali0000000009");

            assertThat(texts(lookTwice(), Finding.State.MENDED))
                    .containsExactly("interface cali0000000009 belongs to no endpoint: removed");

            await().untilAsserted(() -> assertThat(plugin.links().names()).isEmpty());
        }
    }

    @Nested
    class Networks {
        @Test
        void aProfileIsNeverRemoved() throws Exception {
            createNetwork();
            networks.clear();

            Report report = lookTwice();

            assertThat(texts(report, Finding.State.REPORTED))
                    .singleElement()
                    .asString()
                    .contains(NETWORK, "calicoctl profile remove");
            assertThat(plugin.store().profiles().exists(NETWORK)).isTrue();
            assertThat(plugin.store().networks().requestIds()).containsExactly(NETWORK);
        }

        @Test
        void whatIsLeftOfANetworkWhoseProfileTheOperatorRemovedGoes() throws Exception {
            createNetwork();
            networks.clear();
            plugin.store().profiles().remove(NETWORK);

            assertThat(texts(lookTwice(), Finding.State.MENDED)).hasSize(1);

            assertThat(plugin.store().networks().requestIds()).isEmpty();
        }

        @Test
        void oneThatOnlyDockerHasIsReported() throws Exception {
            networks.put(NETWORK, "data-tier");

            assertThat(texts(lookTwice(), Finding.State.REPORTED))
                    .singleElement()
                    .asString()
                    .contains("data-tier", "create it anew");
        }
    }

    @Test
    void aLookDoesNotChangeAnything() throws Exception {
        createNetwork();
        start();
        endpoints.clear();
        requestAddress();

        reconciler.look(Reconciler.Mode.LOOK);
        nanos += Duration.ofSeconds(61).toNanos();
        Report report = reconciler.look(Reconciler.Mode.LOOK);

        assertThat(texts(report, Finding.State.TO_MEND)).hasSize(2);
        assertThat(report.isClean()).isFalse();
        assertThat(plugin.endpoints()).hasSize(1);
        assertThat(plugin.addressesInUse()).isEqualTo(2);
    }

    @Test
    void whatCannotBeMendedIsToldAndTriedAgain() throws Exception {
        dataplane.plantInterface("cali0000000009");
        look();
        nanos += Duration.ofSeconds(61).toNanos();
        dataplane.failNext(RecordingDataplane.Operation.REMOVE, 1);

        assertThat(texts(look(), Finding.State.TO_MEND))
                .singleElement()
                .asString()
                .contains("could not be mended", "injected failure");

        assertThat(texts(look(), Finding.State.MENDED)).hasSize(1);
    }
}
