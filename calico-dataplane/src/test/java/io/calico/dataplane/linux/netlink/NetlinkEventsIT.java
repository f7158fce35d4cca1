package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.dataplane.linux.netlink.NetlinkEvents.Topic;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the kernel tells of changes that iproute2 makes. */
@InFreshNetwork
class NetlinkEventsIT {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = Duration.ofSeconds(20);

    /** One line per event. */
    private static final class Journal implements NetlinkEvent.Visitor {
        private final List<String> lines = new ArrayList<>();

        void readAll(NetlinkEvents events) {
            List<NetlinkEvent> some = events.await(LONG);
            while (!some.isEmpty()) {
                some.forEach(event -> event.accept(this));
                some = events.await(SHORT);
            }
        }

        @Override
        public void link(NetlinkEvent.LinkChange event) {
            Link link = event.link();
            lines.add("link " + link.name() + (event.isGone() ? " gone" : link.isUp() ? " up" : " down"));
        }

        @Override
        public void address(NetlinkEvent.AddressChange event) {
            lines.add("address " + event.address().address() + (event.isGone() ? " gone" : ""));
        }

        @Override
        public void route(NetlinkEvent.RouteChange event) {
            if (event.route().table() == Route.TABLE_MAIN
                    && event.route().destination().version() == IpVersion.V4) {
                lines.add("route " + event.route().destination() + (event.isGone() ? " gone" : ""));
            }
        }

        @Override
        public void neighbour(NetlinkEvent.NeighbourChange event) {
            if (event.neighbour().isPermanent() || event.isGone()) {
                lines.add("neighbour " + event.neighbour().address() + (event.isGone() ? " gone" : ""));
            }
        }

        @Override
        public void forwarding(NetlinkEvent.ForwardingChange event) {}

        @Override
        public void settings(NetlinkEvent.SettingsChange event) {}

        @Override
        public void overrun() {
            lines.add("overrun");
        }
    }

    @Test
    void everyChangeIsToldInOrder() {
        try (NetlinkEvents events = NetlinkEvents.open(EnumSet.allOf(Topic.class))) {
            Tool.run("ip link add cali1 type veth peer name tmp1");
            Tool.run("ip addr add 10.0.0.1/24 dev cali1");
            Tool.run("ip link set cali1 up");
            Tool.run("ip route add 10.65.0.2/32 dev cali1 proto 80");
            Tool.run("ip neigh add 10.65.0.2 lladdr ee:ee:ee:ee:ee:ee nud permanent dev cali1");
            Tool.run("ip route del 10.65.0.2/32");
            Tool.run("ip neigh del 10.65.0.2 dev cali1");
            Tool.run("ip addr del 10.0.0.1/24 dev cali1");
            Tool.run("ip link del cali1");

            Journal journal = new Journal();
            journal.readAll(events);

            assertThat(journal.lines)
                    .containsSubsequence(
                            "link cali1 down",
                            "address 10.0.0.1/24",
                            "link cali1 up",
                            "route 10.65.0.2/32",
                            "neighbour 10.65.0.2",
                            "route 10.65.0.2/32 gone",
                            "neighbour 10.65.0.2 gone",
                            "address 10.0.0.1/24 gone",
                            "link cali1 gone")
                    .doesNotContain("overrun");
        }
    }

    @Test
    void onlyTheTopicsAskedForAreTold() {
        try (NetlinkEvents events = NetlinkEvents.open(Set.of(Topic.ADDRESSES))) {
            Tool.run("ip link add cali1 type veth peer name tmp1");
            Tool.run("ip addr add 10.0.0.1/24 dev cali1");

            assertThat(events.await(LONG))
                    .isEqualTo(List.of(new NetlinkEvent.AddressChange(
                            new LinkAddress(indexOf("cali1"), IpNet.parse("10.0.0.1/24"), Scope.GLOBAL), false)));
            assertThat(events.await(SHORT)).isEmpty();
        }
    }

    private static int indexOf(String link) {
        return Tool.json("ip -j link show " + link).get(0).get("ifindex").asInt();
    }

    @Test
    void lossOfEventsIsTold() {
        try (NetlinkEvents events = NetlinkEvents.open(Set.of(Topic.ROUTES));
                RtNetlink netlink = RtNetlink.open()) {
            List<Request> requests = IntStream.range(0, 30_000)
                    .mapToObj(i -> Request.addRoute(Route.builder()
                            .destination(Cidr.of(IpAddress.v4(0x0a00_0000 + i)))
                            .type(RouteType.BLACKHOLE)
                            .protocol(80)
                            .build()))
                    .toList();
            netlink.execute(requests);

            Journal journal = new Journal();
            journal.readAll(events);

            assertThat(journal.lines).contains("overrun").hasSizeLessThan(30_000);
            // What comes after the loss is heard again.
            netlink.execute(Request.addRoute(Route.builder()
                    .destination(Cidr.parse("10.200.0.0/24"))
                    .type(RouteType.BLACKHOLE)
                    .protocol(80)
                    .build()));
            assertThat(events.await(LONG)).hasSize(1);
        }
    }

    @Test
    void waitingEndsWhenWokenOrClosed() throws Exception {
        NetlinkEvents events = NetlinkEvents.open(Set.of(Topic.LINKS));
        CompletableFuture<List<NetlinkEvent>> woken = CompletableFuture.supplyAsync(() -> events.await(LONG));

        events.wake();

        assertThat(woken.get(10, TimeUnit.SECONDS)).isEmpty();
        CompletableFuture<List<NetlinkEvent>> closed = CompletableFuture.supplyAsync(() -> events.await(LONG));
        events.close();
        events.close();
        assertThat(closed.handle((result, error) -> "over").get(10, TimeUnit.SECONDS))
                .isEqualTo("over");
        assertThatThrownBy(() -> events.await(SHORT)).isInstanceOf(IllegalStateException.class);
        events.wake();
    }
}
