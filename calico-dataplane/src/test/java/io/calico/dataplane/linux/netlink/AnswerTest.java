package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What the kernel says, byte for byte, and what is made of it. */
class AnswerTest {
    private static final String VETH = """
            90000000 1000 0000 07000000 39300000   # 144 bytes, RTM_NEWLINK, sequence 7, our port
            00 00 0100                    # family, pad, device type Ethernet
            05000000                      # index 5
            43100100                      # flags UP BROADCAST RUNNING MULTICAST LOWER_UP
            00000000
            0a00 0300 63616c693100 0000   # IFLA_IFNAME "cali1"
            0800 0400 78050000            # IFLA_MTU 1400
            0800 1b00 0d000000            # IFLA_GROUP 13
            0800 0500 02000000            # IFLA_LINK 2: the other end
            0800 2500 00000000            # IFLA_LINK_NETNSID 0: in another namespace
            0a00 0100 02ca11c00001 0000   # IFLA_ADDRESS
            0800 0a00 09000000            # IFLA_MASTER 9
            0500 1000 06 000000           # IFLA_OPERSTATE up: not of interface
            0800 4200 2a000000            # an attribute with a number beyond those we know
            1400 1200                     # IFLA_LINKINFO, not marked as nested
              0900 0100 7665746800 000000   # IFLA_INFO_KIND "veth"
              0400 0200                     # IFLA_INFO_DATA, empty
            0a00 0200 ffffffffffff 0000   # IFLA_BROADCAST
            """;

    private static final String ROUTE = """
            3c000000 1800 2200 07000000 39300000   # 60 bytes, RTM_NEWROUTE, MULTI DUMP_FILTERED
            02 20 00 00 fe 50 fd 01     # AF_INET, /32, table main, protocol 80, scope link, unicast
            00000000
            0800 0f00 fe000000          # RTA_TABLE main
            0800 0100 0a410002          # RTA_DST 10.65.0.2
            0800 0700 ac1e000a          # RTA_PREFSRC 172.30.0.10
            0800 0400 05000000          # RTA_OIF 5
            """;

    private static MessageReader first(String lines) {
        MessageReader in = Bytes.reader(lines);
        assertThat(in.next()).isTrue();
        return in;
    }

    @Test
    void linkIsReadWhateverElseTheKernelSaysOfIt() {
        Link link = LinkFormat.read(first(VETH));

        assertThat(link)
                .isEqualTo(Link.builder()
                        .index(5)
                        .name("cali1")
                        .isUp(true)
                        .hasCarrier(true)
                        .mac(MacAddress.parse("02:ca:11:c0:00:01"))
                        .mtuBytes(1400)
                        .group(13)
                        .kind("veth")
                        .pairedIndex(2)
                        .isPairedElsewhere(true)
                        .master(9)
                        .build());
    }

    @Test
    void addressIsTheLocalOneNotThePeers() {
        LinkAddress address = AddressFormat.readAddress(first("""
                28000000 1400 0200 07000000 39300000
                02 20 80 00 05000000        # AF_INET, /32, IFA_F_PERMANENT, scope global, link 5
                0800 0100 0a000002          # IFA_ADDRESS 10.0.0.2: the other side of a point-to-point link
                0800 0200 0a000001          # IFA_LOCAL 10.0.0.1
                """)).orElseThrow();

        assertThat(address).isEqualTo(new LinkAddress(5, IpNet.parse("10.0.0.1/32"), Scope.GLOBAL));
    }

    @Test
    void routeIsRead() {
        Route route = RouteFormat.read(first(ROUTE)).orElseThrow();

        assertThat(route)
                .isEqualTo(Route.builder()
                        .destination(Cidr.parse("10.65.0.2/32"))
                        .addNextHops(NextHop.link(5))
                        .protocol(80)
                        .scope(Scope.LINK)
                        .preferredSource(IpAddress.parse("172.30.0.10"))
                        .build());
    }

    @Test
    void routeOverSeveralNextHopsIsRead() {
        Route route = RouteFormat.read(first("""
                54000000 1800 0200 07000000 39300000   # 84 bytes
                02 00 00 00 fe 10 00 01 00000000       # AF_INET, /0, protocol 16
                0800 0f00 e8030000          # RTA_TABLE 1000
                0800 0600 64000000          # RTA_PRIORITY 100
                2800 0900                   # RTA_MULTIPATH, 40 bytes
                  1000 00 00 05000000         # link 5
                    0800 0500 ac1e0001          # RTA_GATEWAY 172.30.0.1
                  1400 04 00 06000000         # RTNH_F_ONLINK, link 6
                    0a00 1200 0200 ac1f0001 0000   # RTA_VIA AF_INET 172.31.0.1
                """)).orElseThrow();

        assertThat(route.destination()).isEqualTo(Cidr.parse("0.0.0.0/0"));
        assertThat(route.nextHops())
                .isEqualTo(List.of(
                        NextHop.via(IpAddress.parse("172.30.0.1"), 5),
                        NextHop.via(IpAddress.parse("172.31.0.1"), 6).onLink()));
        assertThat(route.table()).isEqualTo(1000);
        assertThat(route.metric()).isEqualTo(OptionalInt.of(100));
    }

    @Test
    void unicastRouteWhoseNextHopIsAnObjectIsReadWithoutOne() {
        Route route = RouteFormat.read(first("""
                2c000000 1800 0200 07000000 39300000
                02 18 00 00 fe 10 00 01 00000000       # AF_INET, /24
                0800 0100 0a000100          # RTA_DST 10.0.1.0
                0800 1e00 07000000          # RTA_NH_ID 7
                """)).orElseThrow();

        assertThat(route.nextHops()).isEmpty();
    }

    @Test
    void neighbourIsReadAndABridgesEntryIsNot() {
        String ours = """
                30000000 1c00 0200 07000000 39300000
                02 00 0000 05000000 8000 00 01   # AF_INET, link 5, NUD_PERMANENT, RTN_UNICAST
                0800 0100 0a410002               # NDA_DST 10.65.0.2
                0a00 0200 eeeeeeeeeeee 0000      # NDA_LLADDR
                """;

        assertThat(AddressFormat.readNeighbour(first(ours)))
                .contains(new Neighbour(
                        5, IpAddress.parse("10.65.0.2"), Optional.of(MacAddress.parse("ee:ee:ee:ee:ee:ee")), true));
        assertThat(AddressFormat.readNeighbour(first(ours.replace("02 00 0000", "07 00 0000"))))
                .isEmpty();
    }

    @Test
    void messageOfABridgeAboutItsPortIsNoEvent() {
        assertThat(NetlinkEvents.read(first(VETH))).isPresent();
        assertThat(NetlinkEvents.read(first(VETH.replace("00 00 0100", "07 00 0100"))))
                .isEmpty();
    }

    @Test
    void refusalNamesTheErrorAndTheKernelsText() {
        Request request = Request.deleteLink("cali1");

        NetlinkException capped = failure(request, """
                34000000 0200 0003 07000000 39300000   # 52 bytes, NLMSG_ERROR, CAPPED ACK_TLVS
                edffffff                               # -19
                2c000000 1100 0500 07000000 00000000   # header of the request
                0e00 0100 747279206c6174657200 0000    # NLMSGERR_ATTR_MSG "try later"
                """);
        NetlinkException whole = failure(request, """
                40000000 0200 0002 07000000 39300000   # 64 bytes, NLMSG_ERROR, ACK_TLVS
                edffffff                               # -19
                1c000000 1100 0500 07000000 00000000   # the request with all of its 28 bytes
                  0c00 0300 63616c693100 0000
                0e00 0100 747279206c6174657200 0000    # NLMSGERR_ATTR_MSG "try later"
                """);

        assertThat(capped).hasMessage("delete link cali1: ENODEV (No such device): try later");
        assertThat(whole).hasMessage(capped.getMessage());
        assertThat(capped.isAbsent()).isTrue();
    }

    @Test
    void refusalByAnOldKernelHasNoText() {
        NetlinkException old = failure(Request.deleteLink(5), """
                24000000 0200 0000 07000000 39300000   # 36 bytes, NLMSG_ERROR
                85ffffff                               # -123: none of those that are listed
                20000000 1100 0500 07000000 00000000
                """);

        assertThat(old).hasMessage("delete link 5: errno 123");
    }

    private static NetlinkException failure(Request request, String answer) {
        return Acknowledgement.failure(first(answer), request).orElseThrow();
    }

    @Test
    void acknowledgementWithoutErrorIsNoFailure() {
        assertThat(Acknowledgement.failure(first("""
                24000000 0200 0001 07000000 39300000   # 36 bytes, NLMSG_ERROR, CAPPED
                00000000                               # no error
                2c000000 1100 0500 07000000 00000000   # header of the request
                """), Request.deleteLink(5))).isEmpty();
    }

    @Property
    void damagedMessageIsReportedAndNeverReadBeyondItsEnd(
            @ForAll @IntRange(min = 0, max = 159) int position,
            @ForAll byte value,
            @ForAll @IntRange(max = 220) int cut) {
        for (String lines : List.of(VETH, ROUTE)) {
            byte[] bytes = Bytes.parse(lines);
            bytes[position % bytes.length] = value;
            int length = Math.min(cut, bytes.length);
            // Behind the cut stands what would be noticed: a buffer that is larger than the datagram.
            MessageReader in = new MessageReader(
                    ByteBuffer.wrap(bytes).limit(length).slice().order(ByteOrder.LITTLE_ENDIAN), length);

            Throwable outcome = catching(() -> {
                while (in.next()) {
                    in.decode(NetlinkEvents::read);
                }
            });

            assertThat(outcome)
                    .satisfiesAnyOf(
                            e -> assertThat(e).isNull(),
                            e -> assertThat(e)
                                    .isInstanceOf(NetlinkException.class)
                                    .hasMessageStartingWith("read "));
        }
    }

    private static Throwable catching(Runnable action) {
        try {
            action.run();
            return null;
        } catch (RuntimeException e) {
            return e;
        }
    }

    @Test
    void impossibleLengthsAreReported() {
        assertThatThrownBy(() ->
                        Bytes.reader("0f000000 1000 0000 07000000 00000000").next())
                .isInstanceOf(NetlinkException.class)
                .hasMessageContaining("a message of 15 bytes where 16 are left");
        assertThatThrownBy(() -> Bytes.reader("1000").next())
                .isInstanceOf(NetlinkException.class)
                .hasMessageContaining("cut off after 2 bytes");
    }
}
