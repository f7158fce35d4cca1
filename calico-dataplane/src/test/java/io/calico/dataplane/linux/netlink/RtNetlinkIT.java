package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.OtherNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Against the real kernel, in an empty network namespace; iproute2 is the witness. */
@InFreshNetwork
class RtNetlinkIT {
    private static final MacAddress HOST_MAC = MacAddress.parse("02:ca:11:c0:00:01");
    private static final MacAddress PEER_MAC = MacAddress.parse("ee:ee:ee:ee:ee:ee");
    private static final IpAddress WORKLOAD = IpAddress.parse("10.65.0.2");

    private RtNetlink netlink;

    @BeforeEach
    void open() {
        netlink = RtNetlink.open();
    }

    @AfterEach
    void close() {
        netlink.close();
    }

    private Link veth(String name, String peer) {
        return netlink.createVeth(
                LinkSettings.builder()
                        .name(name)
                        .mac(HOST_MAC)
                        .mtuBytes(1400)
                        .group(13)
                        .build(),
                LinkSettings.builder().name(peer).mac(PEER_MAC).mtuBytes(1400).build());
    }

    /** A pair of which both ends are up, the first with an address. */
    private Link uplink() {
        Link link = veth("eth0", "far0");
        netlink.execute(
                Request.addAddress(new LinkAddress(link.index(), IpNet.parse("172.30.0.10/24"), Scope.GLOBAL)),
                Request.changeLink(link.index(), LinkSettings.up(true)),
                Request.changeLink("far0", LinkSettings.up(true)));
        return link;
    }

    private static int setting(String path) {
        return Integer.parseInt(Tool.run("cat /proc/sys/net/" + path).strip());
    }

    @Nested
    class Links {
        @Test
        void vethPairIsThereAsAsked() {
            Link made = veth("cali1", "tmp1");

            assertThat(Tool.run("ip -d -o link show cali1"))
                    .contains("cali1@tmp1: <BROADCAST,MULTICAST,M-DOWN>", " mtu 1400 ", " group 13 ", " veth ")
                    .contains("link/ether 02:ca:11:c0:00:01 ");
            assertThat(Tool.run("ip -d -o link show tmp1"))
                    .contains("tmp1@cali1: <BROADCAST,MULTICAST,M-DOWN>", " mtu 1400 ", " group default ", " veth ")
                    .contains("link/ether ee:ee:ee:ee:ee:ee ");
            assertThat(made)
                    .isEqualTo(Link.builder()
                            .index(Tool.json("ip -j link show cali1")
                                    .get(0)
                                    .get("ifindex")
                                    .asInt())
                            .name("cali1")
                            .isUp(false)
                            .hasCarrier(false)
                            .mac(HOST_MAC)
                            .mtuBytes(1400)
                            .group(13)
                            .kind("veth")
                            .pairedIndex(Tool.json("ip -j link show tmp1")
                                    .get(0)
                                    .get("ifindex")
                                    .asInt())
                            .isPairedElsewhere(false)
                            .forwarding4(setting("ipv4/conf/cali1/forwarding"))
                            .proxyArp(setting("ipv4/conf/cali1/proxy_arp"))
                            .forwarding6(setting("ipv6/conf/cali1/forwarding"))
                            .acceptRouterAdvertisements(setting("ipv6/conf/cali1/accept_ra"))
                            .build());
        }

        @Test
        void linksAreThoseThatIpLists() {
            veth("cali1", "tmp1");
            Tool.run("ip link add br0 type bridge");
            Tool.run("ip link set cali1 master br0 up");

            List<Link> links = netlink.links();

            JsonNode listed = Tool.json("ip -d -j link");
            assertThat(links).hasSize(listed.size());
            for (int i = 0; i < listed.size(); i++) {
                JsonNode expected = listed.get(i);
                Link link = links.get(i);
                assertThat(link.name()).isEqualTo(expected.get("ifname").asText());
                assertThat(link.index()).isEqualTo(expected.get("ifindex").asInt());
                assertThat(link.mtuBytes()).isEqualTo(expected.get("mtu").asInt());
                assertThat(link.mac().map(MacAddress::toString).orElse(""))
                        .isEqualTo(expected.get("address").asText());
                assertThat(link.kind())
                        .isEqualTo(expected.path("linkinfo").path("info_kind").asText(""));
                assertThat(link.isUp())
                        .isEqualTo(expected.get("flags").toString().contains("\"UP\""));
            }
            int bridge = netlink.findLink("br0").orElseThrow().index();
            assertThat(netlink.findLink("cali1").orElseThrow().master()).isEqualTo(OptionalInt.of(bridge));
        }

        @Test
        void takenNameIsRefusedAndNothingIsCreated() {
            veth("cali1", "tmp1");

            NetlinkException taken = catchThrowableOfType(NetlinkException.class, () -> veth("cali1", "tmp2"));

            assertThat(taken.isPresent()).isTrue();
            assertThat(taken).hasMessageStartingWith("create veth pair cali1 (peer tmp2): EEXIST (File exists)");
            assertThatThrownBy(() -> veth("cali2", "tmp1")).hasMessageContaining("EEXIST");
            assertThat(netlink.links()).extracting(Link::name).containsExactlyInAnyOrder("lo", "tmp1", "cali1");
        }

        @Test
        void indexOfANewLinkCanBeChosen() {
            Link link = netlink.createVeth(
                    LinkSettings.builder().name("cali1").index(4000).build(),
                    LinkSettings.builder().name("tmp1").index(4001).build());

            assertThat(link.index()).isEqualTo(4000);
            assertThat(netlink.findLink(4001)).map(Link::name).contains("tmp1");
        }

        @Test
        void endIsCreatedInAnotherNamespaceOrMovedThereByDescriptorOrProcess() {
            try (OtherNetwork other = OtherNetwork.open();
                    NetworkNamespace namespace = NetworkNamespace.open(other.file())) {
                netlink.createVeth(
                        LinkSettings.builder().name("cali1").build(),
                        LinkSettings.builder()
                                .name("made")
                                .namespaceDescriptor(namespace.descriptor())
                                .build());
                int second = veth("cali2", "tmp2").pairedIndex().orElseThrow();
                int third = veth("cali3", "tmp3").pairedIndex().orElseThrow();

                netlink.execute(
                        Request.changeLink(
                                second,
                                LinkSettings.builder()
                                        .namespaceDescriptor(namespace.descriptor())
                                        .build()),
                        Request.changeLink(
                                third,
                                LinkSettings.builder()
                                        .namespaceOfProcess(other.processId())
                                        .build()));

                assertThat(other.run("ip -o link")).contains("made", "tmp2", "tmp3");
                assertThat(netlink.links())
                        .extracting(Link::name)
                        .containsExactlyInAnyOrder("lo", "cali1", "cali2", "cali3");
                assertThat(netlink.findLink("cali2").orElseThrow().isPairedElsewhere())
                        .isTrue();
            }
        }

        @Test
        void linkGoesWithTheNamespaceOfItsOtherEnd() {
            try (OtherNetwork other = OtherNetwork.open()) {
                int end = veth("cali1", "tmp1").pairedIndex().orElseThrow();
                netlink.execute(Request.changeLink(
                        end,
                        LinkSettings.builder()
                                .namespaceOfProcess(other.processId())
                                .build()));
            }

            await().untilAsserted(() -> assertThat(netlink.findLink("cali1")).isEmpty());
        }

        @Test
        void settingsOfALinkAreChanged() {
            Link link = veth("cali1", "tmp1");
            LinkSettings settings = LinkSettings.builder()
                    .name("cali9")
                    .mtuBytes(1300)
                    .mac(MacAddress.parse("02:00:00:00:00:09"))
                    .group(14)
                    .build();

            netlink.execute(
                    Request.changeLink(link.index(), settings), Request.changeLink("tmp1", LinkSettings.up(true)));
            netlink.execute(Request.changeLink(link.index(), LinkSettings.up(true)));

            assertThat(Tool.run("ip -o link show cali9"))
                    .contains("UP,LOWER_UP", " mtu 1300 ", " group 14 ", "link/ether 02:00:00:00:00:09 ");
            Link changed = netlink.findLink("cali9").orElseThrow();
            assertThat(changed.isUp()).isTrue();
            assertThat(changed.hasCarrier()).isTrue();
            netlink.execute(Request.changeLink("cali9", LinkSettings.up(false)));
            assertThat(netlink.findLink("cali9").orElseThrow().isUp()).isFalse();
        }

        @Test
        void deletedLinkTakesItsOtherEndWithIt() {
            Link link = veth("cali1", "tmp1");
            veth("cali2", "tmp2");

            netlink.execute(Request.deleteLink(link.index()), Request.deleteLink("cali2"));

            assertThat(netlink.links()).extracting(Link::name).containsExactly("lo");
        }

        @Test
        void groupIsDeletedAtOnceAndOthersStay() {
            IntStream.range(0, 20).forEach(i -> veth("cali" + i, "tmp" + i));
            IntStream.range(0, 10)
                    .forEach(i -> netlink.execute(Request.changeLink(
                            "cali" + i, LinkSettings.builder().group(14).build())));

            netlink.execute(Request.deleteGroup(14));

            assertThat(netlink.links()).hasSize(1 + 2 * 10).noneMatch(link -> link.group() == 14);
            assertThatThrownBy(() -> netlink.execute(Request.deleteGroup(14)))
                    .isInstanceOfSatisfying(
                            NetlinkException.class,
                            e -> assertThat(e.isAbsent()).isTrue());
        }

        @Test
        void missingLinkIsAbsentNotAnError() {
            assertThat(netlink.findLink("cali1")).isEmpty();
            assertThat(netlink.findLink(4711)).isEmpty();
            assertThat(netlink.addresses(4711)).isEmpty();
            assertThat(netlink.neighbours(4711)).isEmpty();
            assertThat(netlink.routes(RouteFilter.main(IpVersion.V4).throughLink(4711)))
                    .isEmpty();
            assertThatThrownBy(() -> netlink.execute(Request.deleteLink("cali1")))
                    .isInstanceOf(NetlinkException.class)
                    .hasMessageStartingWith("delete link cali1: ENODEV (No such device)");
        }
    }

    @Nested
    class Addresses {
        @Test
        void addressesOfBothVersionsAreAssignedListedAndRemoved() {
            Link link = veth("cali1", "tmp1");
            LinkAddress gateway = new LinkAddress(link.index(), IpNet.parse("169.254.1.1/32"), Scope.LINK);
            LinkAddress wide = new LinkAddress(link.index(), IpNet.parse("172.30.0.10/24"), Scope.GLOBAL);
            LinkAddress six = new LinkAddress(link.index(), IpNet.parse("fd80::1/64"), Scope.GLOBAL);

            netlink.execute(Request.addAddress(gateway), Request.addAddress(wide), Request.addAddress(six));

            assertThat(Tool.run("ip -o addr show cali1"))
                    .contains("inet 169.254.1.1/32 scope link", "inet 172.30.0.10/24 scope global")
                    .containsPattern("inet6 fd80::1/64 scope global( tentative)? nodad|inet6 fd80::1/64 scope global");
            assertThat(netlink.addresses(link.index())).containsExactlyInAnyOrder(gateway, wide, six);
            assertThat(netlink.addresses()).containsExactlyInAnyOrder(gateway, wide, six);
            netlink.execute(Request.removeAddress(gateway), Request.removeAddress(wide), Request.removeAddress(six));
            assertThat(Tool.run("ip -o addr show cali1")).isEmpty();
        }

        @Test
        void presentAndAbsentAddressesAreToldApart() {
            Link link = veth("cali1", "tmp1");
            LinkAddress gateway = new LinkAddress(link.index(), IpNet.parse("169.254.1.1/32"), Scope.LINK);
            netlink.execute(Request.addAddress(gateway));

            assertThatThrownBy(() -> netlink.execute(Request.addAddress(gateway)))
                    .isInstanceOfSatisfying(
                            NetlinkException.class,
                            e -> assertThat(e.isPresent()).isTrue())
                    .hasMessageStartingWith("add address 169.254.1.1/32 dev " + link.index() + " scope link: EEXIST");
            netlink.execute(Request.removeAddress(gateway));
            assertThatThrownBy(() -> netlink.execute(Request.removeAddress(gateway)))
                    .isInstanceOfSatisfying(
                            NetlinkException.class,
                            e -> assertThat(e.isAbsent()).isTrue());
        }
    }

    @Nested
    class Neighbours {
        @Test
        void neighbourIsPermanentReplacedAndRemoved() {
            Link link = uplink();
            IpAddress six = IpAddress.parse("fd80::2");

            netlink.execute(
                    Request.setNeighbour(link.index(), WORKLOAD, HOST_MAC),
                    Request.setNeighbour(link.index(), WORKLOAD, PEER_MAC),
                    Request.setNeighbour(link.index(), six, PEER_MAC));

            assertThat(Tool.run("ip neigh show dev eth0 nud permanent"))
                    .contains("10.65.0.2 lladdr ee:ee:ee:ee:ee:ee PERMANENT")
                    .contains("fd80::2 lladdr ee:ee:ee:ee:ee:ee PERMANENT");
            assertThat(netlink.neighbours(link.index()))
                    .contains(
                            new Neighbour(link.index(), WORKLOAD, Optional.of(PEER_MAC), true),
                            new Neighbour(link.index(), six, Optional.of(PEER_MAC), true));
            netlink.execute(
                    Request.removeNeighbour(link.index(), WORKLOAD), Request.removeNeighbour(link.index(), six));
            assertThat(netlink.neighbours(link.index())).noneMatch(Neighbour::isPermanent);
        }
    }

    @Nested
    class Routes {
        private Route route(String destination, NextHop... hops) {
            return Route.builder()
                    .destination(Cidr.parse(destination))
                    .addNextHops(hops)
                    .protocol(80)
                    .build();
        }

        private List<Route> ours(IpVersion version) {
            return netlink.routes(RouteFilter.main(version).ofProtocol(80));
        }

        @Test
        void routesOfEveryKindAreWrittenAsIpPrintsThemAndReadBackTheSame() {
            int link = uplink().index();
            IpAddress far6 = IpAddress.parse("fe80::1");
            IpAddress source = IpAddress.parse("172.30.0.10");
            List<Route> routes = List.of(
                    Route.builder()
                            .from(route("10.65.0.2/32", NextHop.link(link)))
                            .scope(Scope.LINK)
                            .preferredSource(source)
                            .build(),
                    Route.builder()
                            .from(route("10.65.0.0/26"))
                            .type(RouteType.BLACKHOLE)
                            .build(),
                    route("10.65.1.0/26", NextHop.via(IpAddress.parse("172.30.0.11"), link)),
                    route(
                            "10.65.2.0/26",
                            NextHop.via(IpAddress.parse("10.9.9.9"), link).onLink()),
                    route("10.65.3.0/26", NextHop.via(far6, link)),
                    Route.builder()
                            .from(route(
                                    "10.65.4.0/26",
                                    NextHop.via(IpAddress.parse("172.30.0.11"), link),
                                    NextHop.via(IpAddress.parse("172.30.0.12"), link)))
                            .metric(70)
                            .build());

            netlink.execute(routes.stream().map(Request::addRoute).toList());

            assertThat(Tool.run("ip route show proto 80").replaceAll(" +\n", "\n"))
                    .isEqualTo("""
                    blackhole 10.65.0.0/26
                    10.65.0.2 dev eth0 scope link src 172.30.0.10
                    10.65.1.0/26 via 172.30.0.11 dev eth0
                    10.65.2.0/26 via 10.9.9.9 dev eth0 onlink
                    10.65.3.0/26 via inet6 fe80::1 dev eth0
                    10.65.4.0/26 metric 70
                    \tnexthop via 172.30.0.11 dev eth0 weight 1
                    \tnexthop via 172.30.0.12 dev eth0 weight 1
                    """);
            assertThat(ours(IpVersion.V4)).containsExactlyInAnyOrderElementsOf(routes);
            netlink.execute(routes.stream().map(Request::deleteRoute).toList());
            assertThat(ours(IpVersion.V4)).isEmpty();
        }

        @Test
        void ipv6RoutesAreWrittenAsIpPrintsThem() {
            int link = uplink().index();

            netlink.execute(
                    Request.addRoute(route("fd80::2/128", NextHop.link(link))),
                    Request.addRoute(route("fd80:1::/64", NextHop.via(IpAddress.parse("fe80::1"), link))),
                    Request.addRoute(Route.builder()
                            .from(route("fd80:2::/64"))
                            .type(RouteType.BLACKHOLE)
                            .build()));

            assertThat(Tool.run("ip -6 route show proto 80").replaceAll(" +\n", "\n"))
                    .isEqualTo("""
                    fd80::2 dev eth0 metric 1024 pref medium
                    fd80:1::/64 via fe80::1 dev eth0 metric 1024 pref medium
                    blackhole fd80:2::/64 dev lo metric 1024 pref medium
                    """);
            List<Route> read = ours(IpVersion.V6);
            assertThat(read)
                    .hasSize(3)
                    .allSatisfy(one -> assertThat(one.metric()).isEqualTo(OptionalInt.of(1024)));
            netlink.execute(read.stream()
                    .map(one -> one.type() == RouteType.BLACKHOLE
                            ? Route.builder().from(one).nextHops(List.of()).build()
                            : one)
                    .map(Request::deleteRoute)
                    .toList());
            assertThat(ours(IpVersion.V6)).isEmpty();
        }

        @Test
        void replacedRouteLeavesNoSecondOne() {
            Link first = uplink();
            Link second = veth("cali1", "tmp1");
            netlink.execute(Request.changeLink(second.index(), LinkSettings.up(true)));
            Route old = Route.builder()
                    .from(route("10.65.0.2/32", NextHop.link(first.index())))
                    .scope(Scope.LINK)
                    .build();
            Route replacement = Route.builder()
                    .from(old)
                    .nextHops(List.of(NextHop.link(second.index())))
                    .build();
            netlink.execute(Request.addRoute(old));

            assertThatThrownBy(() -> netlink.execute(Request.addRoute(replacement)))
                    .isInstanceOfSatisfying(
                            NetlinkException.class,
                            e -> assertThat(e.isPresent()).isTrue());
            netlink.execute(Request.replaceRoute(replacement));

            assertThat(ours(IpVersion.V4)).containsExactly(replacement);
        }

        @Test
        void routeOverALinkThatIsDownIsRefusedWithTheKernelsReason() {
            Link link = veth("cali1", "tmp1");

            assertThatThrownBy(() -> netlink.execute(Request.addRoute(Route.builder()
                            .from(route("10.65.0.2/32", NextHop.link(link.index())))
                            .scope(Scope.LINK)
                            .build())))
                    .isInstanceOf(NetlinkException.class)
                    .hasMessageMatching("add route 10.65.0.2/32 dev " + link.index()
                            + " proto 80 scope link: ENETDOWN \\(Network is down\\): .*not up");
        }

        @Test
        void routesAreFilteredByTableProtocolAndLink() {
            int link = uplink().index();
            Route other = Route.builder()
                    .from(route("10.65.1.0/26", NextHop.via(IpAddress.parse("172.30.0.11"), link)))
                    .protocol(4)
                    .table(1000)
                    .build();
            netlink.execute(
                    Request.addRoute(other),
                    Request.addRoute(route("10.65.2.0/26", NextHop.via(IpAddress.parse("172.30.0.11"), link))));

            assertThat(netlink.routes(new RouteFilter(IpVersion.V4, 1000, 0, 0)))
                    .containsExactly(other);
            assertThat(netlink.routes(new RouteFilter(IpVersion.V4, 0, 4, 0))).containsExactly(other);
            assertThat(netlink.routes(RouteFilter.main(IpVersion.V4).throughLink(link)))
                    .extracting(one -> one.destination().toString())
                    .containsExactly("10.65.2.0/26", "172.30.0.0/24");
            assertThat(netlink.routes(new RouteFilter(IpVersion.V4, 1001, 0, 0)))
                    .as("a table that nobody made")
                    .isEmpty();
        }
    }

    @Nested
    class ManyAtOnce {
        private List<Route> blackholes(int count) {
            List<Route> routes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                routes.add(Route.builder()
                        .destination(Cidr.of(IpAddress.v4(0x0a00_0000 + i)))
                        .type(RouteType.BLACKHOLE)
                        .protocol(80)
                        .build());
            }
            return routes;
        }

        @Test
        void thousandsOfRequestsAndAnswersArriveWhole() {
            List<Route> routes = blackholes(5000);

            netlink.execute(routes.stream().map(Request::addRoute).toList());

            assertThat(netlink.routes(RouteFilter.main(IpVersion.V4).ofProtocol(80)))
                    .containsExactlyElementsOf(routes);
            netlink.execute(routes.stream().map(Request::deleteRoute).toList());
            assertThat(netlink.routes(RouteFilter.main(IpVersion.V4))).isEmpty();
        }

        @Test
        void refusedRequestDoesNotStopTheOthersAndEachRefusalIsTold() {
            List<Route> routes = blackholes(300);
            netlink.execute(Request.addRoute(routes.get(7)), Request.addRoute(routes.get(250)));

            NetlinkException refusal = catchThrowableOfType(
                    NetlinkException.class,
                    () -> netlink.execute(routes.stream().map(Request::addRoute).toList()));

            assertThat(refusal).hasMessageStartingWith("add route blackhole 10.0.0.7/32 proto 80: EEXIST");
            assertThat(refusal.getSuppressed())
                    .singleElement()
                    .satisfies(other -> assertThat(other)
                            .hasMessageStartingWith("add route blackhole 10.0.0.250/32 proto 80: EEXIST"));
            assertThat(netlink.routes(RouteFilter.main(IpVersion.V4))).hasSize(300);
        }

        @Test
        void listIsCompleteWhileOthersChangeIt() throws Exception {
            List<Route> lasting = blackholes(2000);
            netlink.execute(lasting.stream().map(Request::addRoute).toList());
            Route passing = Route.builder()
                    .destination(Cidr.parse("10.200.0.0/24"))
                    .type(RouteType.BLACKHOLE)
                    .protocol(4)
                    .build();
            AtomicBoolean isOver = new AtomicBoolean();
            CountDownLatch started = new CountDownLatch(1);
            RtNetlink others = RtNetlink.open();
            CompletableFuture<Void> churn = CompletableFuture.runAsync(() -> {
                while (!isOver.get()) {
                    others.execute(Request.addRoute(passing), Request.deleteRoute(passing));
                    started.countDown();
                }
            });
            started.await();

            for (int i = 0; i < 50; i++) {
                assertThat(netlink.routes(RouteFilter.main(IpVersion.V4).ofProtocol(80)))
                        .hasSize(lasting.size());
            }

            isOver.set(true);
            churn.get();
            others.close();
        }

        @Test
        void listOfLinksIsCompleteWhileOthersMakeAndDeleteSome() throws Exception {
            IntStream.range(0, 100).forEach(i -> veth("cali" + i, "tmp" + i));
            AtomicBoolean isOver = new AtomicBoolean();
            RtNetlink others = RtNetlink.open();
            CompletableFuture<Void> churn = CompletableFuture.runAsync(() -> {
                while (!isOver.get()) {
                    others.createVeth(
                            LinkSettings.builder().name("a").build(),
                            LinkSettings.builder().name("b").build());
                    others.execute(Request.deleteLink("a"));
                }
            });

            for (int i = 0; i < 50; i++) {
                assertThat(netlink.links().stream().filter(link -> link.group() == 13))
                        .hasSize(100);
            }

            isOver.set(true);
            churn.get();
            others.close();
        }
    }

    @Test
    void closedConnectionIsRefusedNotUsed() {
        netlink.close();
        netlink.close();

        assertThatThrownBy(netlink::links).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void missingNamespaceIsNamed() {
        assertThatThrownBy(() -> NetworkNamespace.open(Path.of("/run/netns/no-such")))
                .isInstanceOf(NetlinkException.class)
                .hasMessage("open network namespace /run/netns/no-such: ENOENT (No such file or directory)");
    }
}
