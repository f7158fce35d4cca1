package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What the kernel tells of changes and of connections, byte for byte, and what is made of it. */
class EventBytesTest {
    private static MessageReader first(String lines) {
        MessageReader in = Bytes.reader(lines);
        assertThat(in.next()).isTrue();
        return in;
    }

    @Test
    void transactionOfNftablesIsReadAsNamesAndItsWriter() {
        NftEvents.Collector collector = new NftEvents.Collector();
        MessageReader in = Bytes.reader("""
                2c000000 080a 0000 01000000 39300000     # 44 bytes, NFT_MSG_DELRULE, port 12345
                01 00 0005                               # inet, version 0, resource
                0b00 0100 63616c69636f00 00              # NFTA_RULE_TABLE "calico"
                0a00 0200 746f2d6f6b00 0000              # NFTA_RULE_CHAIN "to-ok"
                24000000 0e0a 0000 01000000 39300000     # NFT_MSG_DELSETELEM
                01 00 0005
                0b00 0100 63616c69636f00 00
                04000200
                2c000000 050a 0000 01000000 39300000     # NFT_MSG_DELCHAIN
                02 00 0005                               # ip
                0b00 0100 66696c74657200 00              # "filter"
                0c00 0300 464f525741524400               # NFTA_CHAIN_NAME "FORWARD"
                2c000000 0f0a 0000 01000000 39300000     # NFT_MSG_NEWGEN
                00 00 0000
                0800 0100 00000005                       # NFTA_GEN_ID
                0800 0200 00003039                       # NFTA_GEN_PROC_PID 12345, big-endian
                0800 0300 6e667400                       # NFTA_GEN_PROC_NAME "nft"
                """);
        while (in.next()) {
            collector.add(in);
        }

        assertThat(collector.changes)
                .containsExactlyInAnyOrder(
                        new NftEvents.Change(12345, 1, "calico", "to-ok"),
                        new NftEvents.Change(12345, 1, "calico", ""),
                        new NftEvents.Change(12345, 2, "filter", "FORWARD"));
        assertThat(collector.writers).containsExactly(Map.entry(12345, "'nft' (process 12345)"));
        assertThat(collector.isOpen()).isFalse();
    }

    @Test
    void settingsOfALinkAndOfTheHostAreRead() {
        Optional<NetlinkEvent> ofLink = NetlinkEvents.read(first("""
                24000000 5000 0000 00000000 00000000     # 36 bytes, RTM_NEWNETCONF
                02 000000                                # AF_INET
                0800 0100 07000000                       # NETCONFA_IFINDEX 7
                0800 0500 01000000                       # NETCONFA_PROXY_NEIGH 1
                """));
        Optional<NetlinkEvent> ofHost = NetlinkEvents.read(first("""
                24000000 5000 0000 00000000 00000000
                0a 000000                                # AF_INET6
                0800 0100 ffffffff                       # all
                0800 0200 00000000                       # NETCONFA_FORWARDING 0
                """));

        assertThat(ofLink)
                .contains(new NetlinkEvent.SettingsChange(IpVersion.V4, 7, OptionalInt.empty(), OptionalInt.of(1)));
        assertThat(ofHost)
                .contains(new NetlinkEvent.SettingsChange(
                        IpVersion.V6, NetlinkEvent.SettingsChange.HOST, OptionalInt.of(0), OptionalInt.empty()));
    }

    @Test
    void settingsThatComeWithALinkAreRead() {
        Link link = LinkFormat.read(first("""
                54000000 1000 0000 07000000 39300000     # 84 bytes, RTM_NEWLINK
                00 00 0100 05000000 43100100 00000000
                0a00 0300 63616c693100 0000              # "cali1"
                2800 1a00                                # IFLA_AF_SPEC
                  1400 0200                              # AF_INET
                    1000 0100 01000000 00000000 01000000   # IFLA_INET_CONF: forwarding 1, mc_forwarding 0, proxy_arp 1
                  1000 0a00                              # AF_INET6
                    0c00 0200 01000000 40000000            # IFLA_INET6_CONF, shorter than today's: forwarding, hop limit
                """));

        assertThat(link.forwarding4()).hasValue(1);
        assertThat(link.proxyArp()).hasValue(1);
        assertThat(link.forwarding6()).hasValue(1);
        assertThat(link.acceptRouterAdvertisements()).isEmpty();
    }

    private static final String CONNECTION = """
            6c000000 0001 0200 07000000 39300000     # 108 bytes, IPCTNL_MSG_CT_NEW
            02 00 0000                               # AF_INET
            2400 0180                                # CTA_TUPLE_ORIG
              1400 0180 0800 0100 0a410002 0800 0200 cb007109   # IP: 10.65.0.2 to 203.0.113.9
              0c00 0280 0500 0100 11000000             # PROTO: UDP
            2400 0280                                # CTA_TUPLE_REPLY
              1400 0180 0800 0100 cb007109 0800 0200 ac1e000a   # IP: 203.0.113.9 to 172.30.0.10: masqueraded
              0c00 0280 0500 0100 11000000
            0800 0c00 12345678                       # CTA_ID
            0800 0700 0000001e                       # CTA_TIMEOUT
            """;

    private static boolean concerns(String... addresses) {
        return ConntrackFormat.concerns(
                first(CONNECTION),
                new ConntrackFormat.Wanted(
                        List.of(addresses).stream().map(IpAddress::parse).toList(), ByteOrder.LITTLE_ENDIAN));
    }

    @Test
    void connectionConcernsTheAddressesOfBothItsDirections() {
        assertThat(concerns("10.65.0.2")).isTrue();
        assertThat(concerns("172.30.0.10")).isTrue();
        assertThat(concerns("fd80::1", "10.65.0.9", "203.0.113.9")).isTrue();
        assertThat(concerns("10.65.0.20", "fd80::2")).isFalse();
    }

    @Test
    void deletionNamesTheFlowAndItsNumber() {
        assertThat(Bytes.of(ConntrackFormat.deletion(first(CONNECTION)))).isEqualTo(Bytes.hex("""
                40000000 0201 0500 07000000 00000000     # 64 bytes, IPCTNL_MSG_CT_DELETE, REQUEST ACK
                02 00 0000
                2400 0180 1400 0180 0800 0100 0a410002 0800 0200 cb007109 0c00 0280 0500 0100 11000000
                0800 0c00 12345678
                """));
    }

    @Test
    void filterAsksForOneFieldOfOneDirection() {
        Request list = ConntrackFormat.list(IpAddress.parse("10.65.0.2"), ConntrackFormat.Place.REPLY_DESTINATION);

        assertThat(Bytes.of(list)).isEqualTo(Bytes.hex("""
                38000000 0101 0503 07000000 00000000     # 56 bytes, IPCTNL_MSG_CT_GET, REQUEST ACK DUMP
                02 00 0000
                1000 0280 0c00 0180 0800 0200 0a410002   # CTA_TUPLE_REPLY { CTA_TUPLE_IP { CTA_IP_V4_DST } }
                1400 1980 0800 0100 00000000 0800 0200 02000000   # CTA_FILTER: of the original nothing, of the reply DST
                """));
    }
}
