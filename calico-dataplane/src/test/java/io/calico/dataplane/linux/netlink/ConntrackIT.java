package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.IpAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against the kernel's own table of connections, filled through the same interface; the program conntrack is the witness. Both
 * ways: with deletions that the kernel filters, if it can, and as with a kernel that cannot.
 */
@InFreshNetwork
@ParameterizedClass(name = "the kernel may delete by filter: {0}")
@ValueSource(booleans = {true, false})
class ConntrackIT {
    private static final int CTA_TUPLE_PROTO = 2;
    private static final int CTA_TIMEOUT = 7;
    private static final int CTA_PROTO_NUM = 1;
    private static final int CTA_PROTO_SRC_PORT = 2;
    private static final int CTA_PROTO_DST_PORT = 3;
    private static final int UDP = 17;

    private final boolean mayDeleteByFilter;
    private Conntrack conntrack;

    ConntrackIT(boolean mayDeleteByFilter) {
        this.mayDeleteByFilter = mayDeleteByFilter;
    }

    @BeforeEach
    void open() {
        conntrack = Conntrack.open(mayDeleteByFilter);
    }

    @AfterEach
    void close() {
        conntrack.close();
    }

    /** A flow of UDP whose replies come from {@code replySource} to {@code replyDestination}: others than asked where NAT is. */
    private static Request flow(
            String source, String destination, String replySource, String replyDestination, int port) {
        return flow(source, destination, replySource, replyDestination, port, 0);
    }

    private static Request flow(
            String source, String destination, String replySource, String replyDestination, int port, int zone) {
        IpAddress from = IpAddress.parse(source);
        return Request.netfilter(
                "create",
                "connection",
                Wire.NFNL_SUBSYS_CTNETLINK,
                Wire.IPCTNL_MSG_CT_NEW,
                Wire.NLM_F_CREATE | Wire.NLM_F_EXCL,
                out -> {
                    out.u8(from.isV4() ? Wire.AF_INET : Wire.AF_INET6).u8(0).u16(0);
                    tuple(out, Wire.CTA_TUPLE_ORIG, from, IpAddress.parse(destination), port, 53);
                    tuple(
                            out,
                            Wire.CTA_TUPLE_REPLY,
                            IpAddress.parse(replySource),
                            IpAddress.parse(replyDestination),
                            53,
                            port);
                    out.attribute(
                            CTA_TIMEOUT, ByteBuffer.allocate(4).putInt(300).array());
                    if (zone != 0) {
                        out.attribute(Wire.CTA_ZONE, number16(zone));
                    }
                });
    }

    private static Request flow(String one, String other, int port) {
        return flow(one, other, other, one, port);
    }

    private static void tuple(
            MessageWriter out, int type, IpAddress from, IpAddress to, int sourcePort, int destinationPort) {
        int tuple = out.beginNested(type);
        int ip = out.beginNested(Wire.CTA_TUPLE_IP);
        out.attribute(from.isV4() ? Wire.CTA_IP_V4_SRC : Wire.CTA_IP_V6_SRC, from);
        out.attribute(from.isV4() ? Wire.CTA_IP_V4_DST : Wire.CTA_IP_V6_DST, to);
        out.endNested(ip);
        int protocol = out.beginNested(CTA_TUPLE_PROTO);
        out.attribute(CTA_PROTO_NUM, new byte[] {UDP});
        out.attribute(CTA_PROTO_SRC_PORT, number16(sourcePort));
        out.attribute(CTA_PROTO_DST_PORT, number16(destinationPort));
        out.endNested(protocol);
        out.endNested(tuple);
    }

    private static byte[] number16(int number) {
        return ByteBuffer.allocate(2).putShort((short) number).array();
    }

    private static void create(List<Request> flows) {
        try (Exchange exchange = new Exchange(NetlinkSocket.open(Libc.NETLINK_NETFILTER, 0, 1 << 20))) {
            List<NetlinkException> failures = new ArrayList<>();
            for (int from = 0; from < flows.size(); from += 100) {
                exchange.run(flows.subList(from, Math.min(from + 100, flows.size())), in -> {}, failures);
            }
            assertThat(failures).isEmpty();
        }
    }

    private static List<String> sources(String family) {
        return Tool.run("conntrack -L -f " + family)
                .lines()
                .filter(line -> line.startsWith("udp"))
                .map(line -> line.replaceAll(".*?src=(\\S+).*", "$1"))
                .sorted()
                .toList();
    }

    @Test
    void entriesWithTheAddressInWhicheverPlaceAreDeletedAndNoOthers() {
        create(List.of(
                flow("10.65.0.2", "10.65.0.3", 1001),
                flow("10.65.0.4", "10.65.0.2", 1002),
                // Published port: the workload is only in the replies' source.
                flow("203.0.113.9", "172.30.0.10", "10.65.0.2", "203.0.113.9", 1003),
                // Masqueraded for somebody: the workload's address is only in the replies' destination.
                flow("10.65.0.7", "203.0.113.9", "203.0.113.9", "10.65.0.2", 1004),
                flow("10.65.0.20", "10.65.0.3", 1005),
                flow("10.65.0.4", "10.65.0.3", 1006)));

        conntrack.deleteEntriesOf(IpAddress.parse("10.65.0.2"));

        assertThat(sources("ipv4")).containsExactly("10.65.0.20", "10.65.0.4");
    }

    @Test
    void entriesOfBothVersionsAreDeletedForManyAddressesAtOnce() {
        create(List.of(
                flow("fd80::2", "fd80::9", 1001),
                flow("fd80::9", "fd80::3", 1002),
                flow("fd80::8", "fd80::9", 1003),
                flow("10.65.0.2", "10.65.0.9", 1004),
                flow("10.65.0.8", "10.65.0.9", 1005)));

        List<IpAddress> gone = IntStream.range(2, 8)
                .boxed()
                .flatMap(i -> Stream.of(IpAddress.parse("10.65.0." + i), IpAddress.parse("fd80::" + i)))
                .toList();
        conntrack.deleteEntriesOf(gone);

        assertThat(sources("ipv4")).containsExactly("10.65.0.8");
        assertThat(sources("ipv6")).containsExactly("fd80::8");
    }

    @Test
    void entriesOfBothVersionsAreDeletedForAFewAddresses() {
        create(List.of(
                flow("fd80::2", "fd80::9", 1001),
                flow("fd80::9", "fd80::2", 1002),
                flow("fd80::8", "fd80::9", 1003),
                flow("10.65.0.2", "10.65.0.9", 1004),
                flow("10.65.0.8", "10.65.0.9", 1005)));

        conntrack.deleteEntriesOf(IpAddress.parse("fd80::2"), IpAddress.parse("10.65.0.2"));

        assertThat(sources("ipv4")).containsExactly("10.65.0.8");
        assertThat(sources("ipv6")).containsExactly("fd80::8");
    }

    @Test
    void entriesOfOtherZonesAreDeletedToo() {
        create(List.of(
                flow("10.65.0.2", "10.65.0.9", "10.65.0.9", "10.65.0.2", 1001, 7),
                flow("10.65.0.8", "10.65.0.9", "10.65.0.9", "10.65.0.8", 1002, 7),
                flow("10.65.0.2", "10.65.0.9", 1003)));

        conntrack.deleteEntriesOf(IpAddress.parse("10.65.0.2"));

        assertThat(sources("ipv4")).containsExactly("10.65.0.8");
    }

    @Test
    void nothingIsDeletedForAddressesWithoutFlowsAndForNone() {
        create(List.of(flow("10.65.0.8", "10.65.0.9", 1005)));

        conntrack.deleteEntriesOf(IpAddress.parse("10.65.0.2"), IpAddress.parse("fd80::2"));
        conntrack.deleteEntriesOf();

        assertThat(sources("ipv4")).containsExactly("10.65.0.8");
    }

    @Test
    void aFewEntriesAreFoundAmongThousandsOfOthers() {
        int others = Boolean.getBoolean("calico.test.long") ? 60_000 : 30_000;
        create(IntStream.range(0, others)
                .mapToObj(i -> flow("10.66." + i / 250 + "." + (i % 250 + 1), "10.67.0.1", 1001))
                .toList());
        create(IntStream.range(0, 300)
                .mapToObj(i -> flow("10.65.0.2", "10.67.0.1", 2000 + i))
                .toList());

        conntrack.deleteEntriesOf(IpAddress.parse("10.65.0.2"));
        conntrack.deleteEntriesOf(IntStream.range(3, 15)
                .mapToObj(i -> IpAddress.parse("10.65.0." + i))
                .toList());

        assertThat(Tool.run("conntrack -C").strip()).isEqualTo(Integer.toString(others));

        // The kernel's filter takes IPv6 the wrong way round.
        create(List.of(flow("fd80::2", "fd80::9", 1001), flow("fd80::8", "fd80::9", 1003)));
        conntrack.deleteEntriesOf(IpAddress.parse("fd80::2"));
        assertThat(sources("ipv6")).containsExactly("fd80::8");
    }
}
