package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Every request byte for byte, against {@code linux/rtnetlink.h} and its kin; no kernel involved. */
class RequestTest {
    private static final IpAddress WORKLOAD = IpAddress.parse("10.65.0.2");
    private static final IpAddress WORKLOAD6 = IpAddress.parse("fd80::2");
    private static final MacAddress CONTAINER = MacAddress.parse("ee:ee:ee:ee:ee:ee");

    @Nested
    class Links {
        @Test
        void vethPairIsOneMessageWithBothEndsInside() {
            LinkSettings host = LinkSettings.builder()
                    .name("cali1")
                    .mac(MacAddress.parse("02:ca:11:c0:00:01"))
                    .mtuBytes(1400)
                    .group(13)
                    .build();
            LinkSettings peer = LinkSettings.builder()
                    .name("tmp1")
                    .mac(CONTAINER)
                    .mtuBytes(1400)
                    .build();

            assertThat(Bytes.of(Request.createVeth(host, peer))).isEqualTo(Bytes.hex("""
                    90000000    # length 144
                    1000        # type RTM_NEWLINK
                    0506        # flags REQUEST ACK CREATE EXCL
                    07000000    # sequence 7
                    00000000    # port 0: the kernel
                    00 00 0000  # family AF_UNSPEC, pad, device type
                    00000000    # index: the kernel chooses
                    00000000    # flags
                    00000000    # of which none is changed
                    0a00 0300 63616c693100 0000   # IFLA_IFNAME "cali1", padding
                    0a00 0100 02ca11c00001 0000   # IFLA_ADDRESS, padding
                    0800 0400 78050000            # IFLA_MTU 1400
                    0800 1b00 0d000000            # IFLA_GROUP 13
                    4800 1280                     # IFLA_LINKINFO, nested, 72 bytes
                      0900 0100 7665746800 000000    # IFLA_INFO_KIND "veth", padding
                      3800 0280                      # IFLA_INFO_DATA, nested, 56 bytes
                        3400 0180                       # VETH_INFO_PEER, nested, 52 bytes
                          00 00 0000 00000000 00000000 00000000   # its ifinfomsg
                          0900 0300 746d703100 000000   # IFLA_IFNAME "tmp1", padding
                          0a00 0100 eeeeeeeeeeee 0000   # IFLA_ADDRESS, padding
                          0800 0400 78050000            # IFLA_MTU 1400
                    """));
        }

        @Test
        void vethEndCanBeMadeInAnotherNamespaceAndWithAChosenIndex() {
            LinkSettings host =
                    LinkSettings.builder().name("cali1").index(600).up(true).build();
            LinkSettings peer =
                    LinkSettings.builder().name("tmp1").namespaceDescriptor(9).build();

            assertThat(Bytes.of(Request.createVeth(host, peer))).isEqualTo(Bytes.hex("""
                    68000000 1000 0506 07000000 00000000   # 104 bytes, RTM_NEWLINK, REQUEST ACK CREATE EXCL
                    00 00 0000
                    58020000                      # index 600
                    01000000                      # flags IFF_UP
                    01000000                      # of which IFF_UP is changed
                    0a00 0300 63616c693100 0000   # IFLA_IFNAME "cali1"
                    3c00 1280                     # IFLA_LINKINFO, nested, 60 bytes
                      0900 0100 7665746800 000000    # IFLA_INFO_KIND "veth"
                      2c00 0280                      # IFLA_INFO_DATA, nested, 44 bytes
                        2800 0180                       # VETH_INFO_PEER, nested, 40 bytes
                          00 00 0000 00000000 00000000 00000000
                          0900 0300 746d703100 000000   # IFLA_IFNAME "tmp1"
                          0800 1c00 09000000            # IFLA_NET_NS_FD 9
                    """));
        }

        @Test
        void linkIsChangedByItsIndex() {
            LinkSettings changes = LinkSettings.builder()
                    .name("eth7")
                    .up(false)
                    .group(14)
                    .namespaceOfProcess(4242)
                    .build();

            assertThat(Bytes.of(Request.changeLink(5, changes))).isEqualTo(Bytes.hex("""
                    3c000000 1300 0500 07000000 00000000   # 60 bytes, RTM_SETLINK, REQUEST ACK
                    00 00 0000
                    05000000                    # index 5
                    00000000                    # flags: IFF_UP not set
                    01000000                    # of which IFF_UP is changed
                    0900 0300 6574683700 000000 # IFLA_IFNAME "eth7": the new name
                    0800 1b00 0e000000          # IFLA_GROUP 14
                    0800 1300 92100000          # IFLA_NET_NS_PID 4242
                    """));
        }

        @Test
        void linkIsChangedByItsName() {
            assertThat(Bytes.of(Request.changeLink("cali1", LinkSettings.up(true))))
                    .isEqualTo(Bytes.hex("""
                    2c000000 1300 0500 07000000 00000000   # 44 bytes, RTM_SETLINK, REQUEST ACK
                    00 00 0000
                    00000000                      # no index
                    01000000                      # flags IFF_UP
                    01000000                      # of which IFF_UP is changed
                    0a00 0300 63616c693100 0000   # IFLA_IFNAME "cali1": which link
                    """));
        }

        @Test
        void linkIsDeletedByIndexNameOrGroup() {
            assertThat(Bytes.of(Request.deleteLink(5))).isEqualTo(Bytes.hex("""
                    20000000 1100 0500 07000000 00000000   # 32 bytes, RTM_DELLINK, REQUEST ACK
                    00 00 0000 05000000 00000000 00000000  # index 5
                    """));
            assertThat(Bytes.of(Request.deleteLink("cali1"))).isEqualTo(Bytes.hex("""
                    2c000000 1100 0500 07000000 00000000
                    00 00 0000 00000000 00000000 00000000
                    0a00 0300 63616c693100 0000            # IFLA_IFNAME "cali1"
                    """));
            assertThat(Bytes.of(Request.deleteGroup(14))).isEqualTo(Bytes.hex("""
                    28000000 1100 0500 07000000 00000000
                    00 00 0000 00000000 00000000 00000000
                    0800 1b00 0e000000                     # IFLA_GROUP 14
                    """));
        }

        @Test
        void linksAreListedWithoutTheirStatistics() {
            assertThat(Bytes.of(Request.listLinks())).isEqualTo(Bytes.hex("""
                    28000000 1200 0503 07000000 00000000   # 40 bytes, RTM_GETLINK, REQUEST ACK DUMP
                    00 00 0000 00000000 00000000 00000000
                    0800 1d00 08000000                     # IFLA_EXT_MASK RTEXT_FILTER_SKIP_STATS
                    """));
        }

        @Test
        void whatTheKernelWouldRefuseOrMisunderstandIsRefusedBefore() {
            LinkSettings unnamed = LinkSettings.builder().mtuBytes(1400).build();
            LinkSettings named = LinkSettings.builder().name("cali1").build();
            LinkSettings up = LinkSettings.builder().name("tmp1").up(true).build();
            LinkSettings numbered = LinkSettings.builder().index(7).build();

            assertThatThrownBy(() -> Request.createVeth(unnamed, named)).hasMessageContaining("needs a name");
            assertThatThrownBy(() -> Request.createVeth(named, unnamed)).hasMessageContaining("needs a name");
            assertThatThrownBy(() -> Request.createVeth(named, up)).hasMessageContaining("cannot be set up or down");
            assertThatThrownBy(() -> Request.changeLink(5, numbered)).hasMessageContaining("index cannot be changed");
            assertThatThrownBy(() -> Request.changeLink("cali0", named)).hasMessageContaining("renamed by its index");
            assertThatThrownBy(() -> Request.deleteGroup(0)).hasMessageContaining("all links of the host");
        }
    }

    @Nested
    class Addresses {
        private final LinkAddress gateway = new LinkAddress(5, IpNet.parse("169.254.1.1/32"), Scope.LINK);

        @Test
        void ipv4AddressIsWrittenAsLocalAndAsPeer() {
            assertThat(Bytes.of(Request.addAddress(gateway))).isEqualTo(Bytes.hex("""
                    28000000 1400 0506 07000000 00000000   # 40 bytes, RTM_NEWADDR, REQUEST ACK CREATE EXCL
                    02 20 00 fd                 # AF_INET, /32, flags, scope link
                    05000000                    # link 5
                    0800 0200 a9fe0101          # IFA_LOCAL 169.254.1.1
                    0800 0100 a9fe0101          # IFA_ADDRESS 169.254.1.1
                    """));
            assertThat(Bytes.of(Request.removeAddress(gateway))).isEqualTo(Bytes.hex("""
                    28000000 1500 0500 07000000 00000000   # 40 bytes, RTM_DELADDR, REQUEST ACK
                    02 20 00 fd 05000000
                    0800 0200 a9fe0101
                    0800 0100 a9fe0101
                    """));
        }

        @Test
        void ipv6AddressIsAssignedWithoutLookingForDuplicates() {
            LinkAddress address = new LinkAddress(5, IpNet.parse("fd80::1/64"), Scope.GLOBAL);

            assertThat(Bytes.of(Request.addAddress(address))).isEqualTo(Bytes.hex("""
                    48000000 1400 0506 07000000 00000000   # 72 bytes, RTM_NEWADDR, REQUEST ACK CREATE EXCL
                    0a 40 00 00                 # AF_INET6, /64, flags, scope global
                    05000000                    # link 5
                    1400 0200 fd800000 00000000 00000000 00000001   # IFA_LOCAL
                    1400 0100 fd800000 00000000 00000000 00000001   # IFA_ADDRESS
                    0800 0800 02000000          # IFA_FLAGS IFA_F_NODAD
                    """));
        }

        @Test
        void addressesOfOneLinkAreAskedForByItsIndex() {
            assertThat(Bytes.of(Request.listAddresses(5))).isEqualTo(Bytes.hex("""
                    18000000 1600 0503 07000000 00000000   # 24 bytes, RTM_GETADDR, REQUEST ACK DUMP
                    00 00 00 00 05000000                   # AF_UNSPEC, link 5
                    """));
        }
    }

    @Nested
    class Neighbours {
        @Test
        void neighbourIsPermanent() {
            assertThat(Bytes.of(Request.setNeighbour(5, WORKLOAD, CONTAINER))).isEqualTo(Bytes.hex("""
                    30000000 1c00 0505 07000000 00000000   # 48 bytes, RTM_NEWNEIGH, REQUEST ACK CREATE REPLACE
                    02 00 0000                    # AF_INET, pad
                    05000000                      # link 5
                    8000 00 00                    # state NUD_PERMANENT, flags, type
                    0800 0100 0a410002            # NDA_DST 10.65.0.2
                    0a00 0200 eeeeeeeeeeee 0000   # NDA_LLADDR, padding
                    """));
        }

        @Test
        void neighbourIsRemovedByItsAddress() {
            assertThat(Bytes.of(Request.removeNeighbour(5, WORKLOAD6))).isEqualTo(Bytes.hex("""
                    30000000 1d00 0500 07000000 00000000   # 48 bytes, RTM_DELNEIGH, REQUEST ACK
                    0a 00 0000 05000000 0000 00 00         # AF_INET6, link 5
                    1400 0100 fd800000 00000000 00000000 00000002   # NDA_DST fd80::2
                    """));
        }

        @Test
        void neighboursOfOneLinkAreFilteredByAnAttribute() {
            // A strict kernel refuses an index in the fixed part of this question.
            assertThat(Bytes.of(Request.listNeighbours(5, IpVersion.V4))).isEqualTo(Bytes.hex("""
                    24000000 1e00 0503 07000000 00000000   # 36 bytes, RTM_GETNEIGH, REQUEST ACK DUMP
                    02 00 0000 00000000 0000 00 00         # AF_INET
                    0800 0800 05000000                     # NDA_IFINDEX 5
                    """));
        }
    }

    @Nested
    class Routes {
        @Test
        void routeToAWorkloadHasScopeLinkAndASource() {
            Route route = Route.builder()
                    .destination(Cidr.of(WORKLOAD))
                    .addNextHops(NextHop.link(5))
                    .scope(Scope.LINK)
                    .protocol(80)
                    .preferredSource(IpAddress.parse("172.30.0.10"))
                    .build();

            assertThat(Bytes.of(Request.replaceRoute(route))).isEqualTo(Bytes.hex("""
                    3c000000 1800 0505 07000000 00000000   # 60 bytes, RTM_NEWROUTE, REQUEST ACK CREATE REPLACE
                    02 20 00 00                 # AF_INET, destination /32, source /0, tos
                    fe 50 fd 01                 # table main, protocol 80, scope link, type unicast
                    00000000                    # flags
                    0800 0100 0a410002          # RTA_DST 10.65.0.2
                    0800 0f00 fe000000          # RTA_TABLE main
                    0800 0700 ac1e000a          # RTA_PREFSRC 172.30.0.10
                    0800 0400 05000000          # RTA_OIF 5
                    """));
        }

        @Test
        void routeIsDeletedWhateverItsScope() {
            Route route = Route.builder()
                    .destination(Cidr.of(WORKLOAD))
                    .addNextHops(NextHop.link(5))
                    .scope(Scope.LINK)
                    .protocol(80)
                    .build();

            assertThat(Bytes.of(Request.deleteRoute(route))).isEqualTo(Bytes.hex("""
                    34000000 1900 0500 07000000 00000000   # 52 bytes, RTM_DELROUTE, REQUEST ACK
                    02 20 00 00
                    fe 50 ff 01                 # scope nowhere: any
                    00000000
                    0800 0100 0a410002
                    0800 0f00 fe000000
                    0800 0400 05000000
                    """));
        }

        @Test
        void blackholeHasNoNextHop() {
            Route route = Route.builder()
                    .destination(Cidr.parse("10.65.0.0/26"))
                    .type(RouteType.BLACKHOLE)
                    .protocol(80)
                    .build();

            assertThat(Bytes.of(Request.addRoute(route))).isEqualTo(Bytes.hex("""
                    2c000000 1800 0506 07000000 00000000   # 44 bytes, RTM_NEWROUTE, REQUEST ACK CREATE EXCL
                    02 1a 00 00                 # AF_INET, destination /26
                    fe 50 00 06                 # table main, protocol 80, scope global, type blackhole
                    00000000
                    0800 0100 0a410000          # RTA_DST 10.65.0.0
                    0800 0f00 fe000000          # RTA_TABLE main
                    """));
        }

        @Test
        void ipv6DefaultRouteOverAnOnLinkGatewayHasNoDestinationAndNoScope() {
            Route route = Route.builder()
                    .destination(Cidr.parse("::/0"))
                    .addNextHops(NextHop.via(IpAddress.parse("fe80::1"), 5).onLink())
                    .protocol(80)
                    .scope(Scope.LINK)
                    .metric(20)
                    .build();

            assertThat(Bytes.of(Request.addRoute(route))).isEqualTo(Bytes.hex("""
                    48000000 1800 0506 07000000 00000000   # 72 bytes, RTM_NEWROUTE, REQUEST ACK CREATE EXCL
                    0a 00 00 00                 # AF_INET6, destination /0
                    fe 50 00 01                 # table main, protocol 80, scope global: the only one of IPv6
                    04000000                    # flags RTNH_F_ONLINK
                    0800 0f00 fe000000          # RTA_TABLE main
                    0800 0600 14000000          # RTA_PRIORITY 20
                    0800 0400 05000000          # RTA_OIF 5
                    1400 0500 fe800000 00000000 00000000 00000001   # RTA_GATEWAY fe80::1
                    """));
        }

        @Test
        void gatewayOfTheOtherVersionCarriesItsFamily() {
            Route route = Route.builder()
                    .destination(Cidr.parse("10.65.1.0/26"))
                    .addNextHops(NextHop.via(IpAddress.parse("fe80::1"), 5))
                    .table(1000)
                    .protocol(80)
                    .build();

            assertThat(Bytes.of(Request.addRoute(route))).isEqualTo(Bytes.hex("""
                    4c000000 1800 0506 07000000 00000000   # 76 bytes, RTM_NEWROUTE, REQUEST ACK CREATE EXCL
                    02 1a 00 00
                    00 50 00 01                 # the table's number does not fit here
                    00000000
                    0800 0100 0a410100          # RTA_DST 10.65.1.0
                    0800 0f00 e8030000          # RTA_TABLE 1000
                    0800 0400 05000000          # RTA_OIF 5
                    1600 1200 0a00 fe800000 00000000 00000000 00000001 0000   # RTA_VIA AF_INET6 fe80::1, padding
                    """));
        }

        @Test
        void severalNextHopsAreAList() {
            Route route = Route.builder()
                    .destination(Cidr.parse("0.0.0.0/0"))
                    .addNextHops(NextHop.via(IpAddress.parse("172.30.0.1"), 5))
                    .addNextHops(NextHop.via(IpAddress.parse("172.31.0.1"), 6).onLink())
                    .protocol(4)
                    .build();

            assertThat(Bytes.of(Request.addRoute(route))).isEqualTo(Bytes.hex("""
                    48000000 1800 0506 07000000 00000000   # 72 bytes, RTM_NEWROUTE, REQUEST ACK CREATE EXCL
                    02 00 00 00
                    fe 04 00 01
                    00000000
                    0800 0f00 fe000000          # RTA_TABLE main
                    2400 0980                   # RTA_MULTIPATH, nested, 36 bytes
                      1000 00 00 05000000       # 16 bytes, flags, weight 1, link 5
                        0800 0500 ac1e0001      # RTA_GATEWAY 172.30.0.1
                      1000 04 00 06000000       # 16 bytes, RTNH_F_ONLINK, weight 1, link 6
                        0800 0500 ac1f0001      # RTA_GATEWAY 172.31.0.1
                    """));
        }

        @Test
        void routesAreFilteredInTheKernelByTableProtocolAndLink() {
            RouteFilter filter = RouteFilter.main(IpVersion.V4).ofProtocol(80).throughLink(5);

            assertThat(Bytes.of(Request.listRoutes(filter))).isEqualTo(Bytes.hex("""
                    2c000000 1a00 0503 07000000 00000000   # 44 bytes, RTM_GETROUTE, REQUEST ACK DUMP
                    02 00 00 00 fe 50 00 00 00000000       # AF_INET, table main, protocol 80
                    0800 0f00 fe000000                     # RTA_TABLE main
                    0800 0400 05000000                     # RTA_OIF 5
                    """));
        }

        @Test
        void impossibleRouteIsRefusedBeforeItIsSent() {
            Route.Builder route = Route.builder().destination(Cidr.of(WORKLOAD)).protocol(80);
            Route noHop = route.build();
            Route good = route.addNextHops(NextHop.link(5)).build();
            Route hopToNowhere = route.type(RouteType.BLACKHOLE).build();
            Route otherSource =
                    route.type(RouteType.UNICAST).preferredSource(WORKLOAD6).build();
            Route strangeProtocol = Route.builder().from(good).protocol(256).build();

            assertThatThrownBy(() -> Request.addRoute(noHop)).hasMessage("route 10.65.0.2/32 has no next hop");
            assertThatThrownBy(() -> Request.addRoute(hopToNowhere))
                    .hasMessage("a blackhole route has no next hop: 10.65.0.2/32");
            assertThatThrownBy(() -> Request.replaceRoute(otherSource))
                    .hasMessage("route 10.65.0.2/32 with source fd80::2");
            assertThatThrownBy(() -> Request.deleteRoute(strangeProtocol))
                    .hasMessage("a route's protocol is 0 to 255: 256");
            assertThatThrownBy(() -> NextHop.link(0)).hasMessageContaining("needs a link or a gateway");
        }
    }

    @Test
    void requestSaysInWordsWhatItAsks() {
        Route route = Route.builder()
                .destination(Cidr.of(WORKLOAD))
                .addNextHops(NextHop.link(5))
                .scope(Scope.LINK)
                .protocol(80)
                .preferredSource(IpAddress.parse("172.30.0.10"))
                .build();
        LinkSettings changes =
                LinkSettings.builder().up(false).group(14).mtuBytes(1400).build();

        assertThat(Request.addRoute(route))
                .hasToString("add route 10.65.0.2/32 dev 5 proto 80 scope link src 172.30.0.10");
        assertThat(Request.changeLink(5, changes)).hasToString("change link 5 down mtu 1400 group 14");
        assertThat(Request.setNeighbour(5, WORKLOAD, CONTAINER))
                .hasToString("set neighbour 10.65.0.2 dev 5 lladdr ee:ee:ee:ee:ee:ee permanent");
    }
}
