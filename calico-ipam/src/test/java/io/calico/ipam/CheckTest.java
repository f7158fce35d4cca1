package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.StoreKey;
import io.calico.ipam.CheckReport.Kind;
import io.calico.model.EndpointKey;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class CheckTest {
    private final Cluster cluster = new Cluster().pool("10.0.0.0/24");
    private final BlockAllocator host = cluster.host("h");

    private CheckReport check() {
        return new IpamCheck(cluster.store, cluster.time).run();
    }

    private static Map<Kind, List<String>> byKind(CheckReport report) {
        return report.problems().stream()
                .collect(Collectors.groupingBy(
                        CheckReport.Problem::kind,
                        Collectors.mapping(CheckReport.Problem::subject, Collectors.toList())));
    }

    private void endpoint(String id, String address) {
        cluster.put(
                new StoreKey.Endpoint(new EndpointKey("h", "libnetwork", "libnetwork", id)),
                "{\"state\":\"active\",\"name\":\"cali0\",\"mac\":\"ee:ee:ee:ee:ee:ee\",\"profile_ids\":[],\"ipv4_nets\":[\""
                        + address + "/32\"],\"ipv6_nets\":[]}");
    }

    @Test
    void ofAClusterInWhichEveryAddressHasAUserFindsNothing() {
        host.autoAssign(v4(1, "h1"));
        endpoint("e1", "10.0.0.0");
        host.autoAssign(
                AssignRequest.builder().num4(1).owner(Owner.network("h", "n1")).build());
        cluster.put(new StoreKey.LibnetworkNetwork("n1"), "{}");
        host.autoAssign(v4(1));
        cluster.put(new StoreKey.HostConfig("h", "IpInIpTunnelAddr"), "10.0.0.2");

        CheckReport report = check();

        assertThat(report.problems()).isEmpty();
        assertThat(report.allocations()).hasSize(3).allMatch(a -> !a.isLeaked());
        assertThat(report.allocationsByHost()).isEqualTo(Map.of("h", 3L));
    }

    @Test
    void findsWhatIsAssignedAndNotUsedAndWhatIsUsedAndNotAssigned() {
        host.autoAssign(v4(2, "h1"));
        endpoint("e1", "10.0.0.1");
        endpoint("e2", "10.0.0.9");
        endpoint("e3", "11.0.0.9");
        endpoint("e4", "10.0.0.1");

        assertThat(byKind(check()))
                .isEqualTo(Map.of(
                        Kind.LEAKED, List.of("10.0.0.0"),
                        Kind.USED_NOT_ALLOCATED_IN_POOL, List.of("10.0.0.9"),
                        Kind.USED_NOT_ALLOCATED_OUTSIDE, List.of("11.0.0.9"),
                        Kind.SEVERAL_USERS, List.of("10.0.0.1")));
    }

    @Test
    void anAddressThatCoolsDownIsNotLeaked() {
        cluster.config("{\"ipCooldownSeconds\":60}");
        host.release(Cluster.releases(host.autoAssign(v4(1)).addresses()));

        assertThat(check().problems()).isEmpty();
        assertThat(check().allocations()).hasSize(1);
    }

    @Test
    void anAddressThatWaitsForItsEndpointIsLeakedAfterAMinute() {
        IpAddress address = host.autoAssign(AssignRequest.builder()
                        .num4(1)
                        .owner(Owner.pendingEndpoint("h"))
                        .build())
                .addresses()
                .get(0);

        cluster.time.advance(Duration.ofSeconds(59));
        assertThat(check().problems()).isEmpty();
        assertThat(check().allocations().get(0).users()).containsExactly("an endpoint that host h is creating");
        assertThat(CheckReportJson.read(CheckReportJson.write(check(), "test")).leaked())
                .isEmpty();

        cluster.time.advance(Duration.ofSeconds(1));
        assertThat(check().leaked()).extracting(CheckReport.Allocation::address).containsExactly(address);
    }

    @Test
    void anAddressWithoutOwnerHasNoGrace() {
        host.autoAssign(v4(1));

        assertThat(check().leaked()).hasSize(1);
    }

    @Test
    void recordsThatDisagreeAreFoundAndARepairPutsThemRightWithoutReleasingAnything_I4_I7_I8_I31() {
        List<IpAddress> used = host.autoAssign(v4(2, "h1")).addresses();
        cluster.put(new StoreKey.Handle("h1"), "{\"id\":\"h1\",\"block\":{\"10.0.0.0/26\":5}}");
        cluster.put(new StoreKey.Handle("h2"), "{\"id\":\"h2\",\"block\":{\"10.0.0.64/26\":1}}");
        cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.0.64/26")), "{\"state\":\"pending\"}");
        cluster.put(new StoreKey.Affinity("x", Cidr.parse("10.0.0.0/26")), "");
        cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.0.0/26")), "{\"state\":\"pendingDeletion\"}");
        cluster.blockOf("y", "10.0.0.128/26", 64).delete(new StoreKey.Affinity("y", Cidr.parse("10.0.0.128/26")));

        CheckReport report = new IpamCheck(cluster.store, cluster.time)
                .alsoInUse(used, "test")
                .run();

        assertThat(byKind(report).keySet())
                .containsExactlyInAnyOrder(
                        Kind.HANDLE_COUNT,
                        Kind.HANDLE_LEAKED,
                        Kind.ROW_WITHOUT_BLOCK,
                        Kind.ROW_OF_OTHERS_BLOCK,
                        Kind.ROW_UNCONFIRMED,
                        Kind.BLOCK_WITHOUT_ROW);

        assertThat(new IpamRepair(cluster.store).run(report)).hasSize(6);

        assertThat(new IpamCheck(cluster.store, cluster.time)
                        .alsoInUse(used, "test")
                        .run()
                        .problems())
                .isEmpty();
        assertThat(Audit.of(cluster.store)).containsOnlyKeys(used);
    }

    @Test
    void damagedAndOverlappingBlocksAreNamedAndLeftAlone_R4() {
        cluster.put(new StoreKey.Block(Cidr.parse("10.0.0.0/26")), "{\"cidr\":\"10.0.0.0/26\"}");
        cluster.blockOf("h", "10.0.0.64/26", 64).blockOf("h", "10.0.0.64/28", 16);
        Map<String, String> before = cluster.content();

        CheckReport report = check();
        new IpamRepair(cluster.store).run(report);

        assertThat(byKind(report).keySet()).containsExactlyInAnyOrder(Kind.INVALID, Kind.BLOCKS_OVERLAP);
        assertThat(cluster.content()).isEqualTo(before);
    }

    @Test
    void aHostThatNobodyKnowsIsNamed() {
        cluster.put(new StoreKey.HostBirdIp("h"), "192.0.2.1");
        cluster.blockOf("gone", "10.0.0.64/26", 64);

        assertThat(check().problems(Kind.UNKNOWN_HOST)).hasSize(1);
    }

    @Test
    void itsReportSurvivesTheFile() {
        host.autoAssign(AssignRequest.builder()
                .num4(1)
                .handle("h1")
                .owner(Owner.pendingEndpoint("h"))
                .build());
        cluster.put(new StoreKey.Handle("h2"), "{\"id\":\"h2\",\"block\":{\"10.0.0.64/26\":1}}");
        cluster.time.advance(Duration.ofMinutes(1));
        CheckReport report = check();

        CheckReport read = CheckReportJson.read(CheckReportJson.write(report, "test"));

        assertThat(read.leaked()).extracting(CheckReport.Allocation::address).isEqualTo(ips("10.0.0.0"));
        assertThat(read.leaked().get(0).release())
                .isEqualTo(report.leaked().get(0).release());
        assertThat(read.leakedHandles()).isEqualTo(report.leakedHandles()).hasSize(1);
        assertThatThrownBy(() -> CheckReportJson.read("{}")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void onlyWhatAllReportsAgreeOnIsReleasedAndNothingThatWasUsedAgain_X13_I16() {
        List<IpAddress> four = host.autoAssign(v4(4, "h1")).addresses();
        cluster.put(new StoreKey.Handle("h2"), "{\"id\":\"h2\",\"block\":{\"10.0.0.64/26\":1}}");
        CheckReport first = check();
        // The second one is used now, the third has been released and assigned anew.
        endpoint("e1", four.get(1).toString());
        host.release(Cluster.releases(four.subList(2, 3)));
        host.assign(four.get(2), AssignOptions.builder().handle("h1").build());
        CheckReport second = check();
        // The fourth is assigned anew after the last report.
        host.release(Cluster.releases(four.subList(3, 4)));
        host.assign(four.get(3), AssignOptions.builder().handle("h1").build());

        ReportRelease.Result result = new ReportRelease(cluster.store, host).release(List.of(first, second), "");

        assertThat(result.addresses()).isEqualTo(four.subList(0, 1));
        assertThat(result.refused()).isEqualTo(four.subList(3, 4));
        assertThat(result.handles()).containsExactly("h2");
        assertThat(Audit.of(cluster.store)).hasSize(3);
        assertThatThrownBy(() -> new ReportRelease(cluster.store, host).release(List.of(first), "another"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another");
    }
}
