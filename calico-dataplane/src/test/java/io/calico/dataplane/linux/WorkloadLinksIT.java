package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.netlink.NetlinkEvent;
import io.calico.dataplane.linux.netlink.NetlinkEvents;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.OtherNetwork;
import io.calico.dataplane.testing.Tool;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Against the real kernel, in a namespace with one uplink, {@code eth0} with 172.30.0.10; iproute2 is the witness. */
@InFreshNetwork
class WorkloadLinksIT {
    private static final IpAddress NODE = IpAddress.parse("172.30.0.10");
    private static final String HOST = "cali0123456789a";
    private static final String CONTAINER = "tmp0123456789a";

    private WorkloadLinks links;

    @BeforeEach
    void makeHost() {
        Tool.run("ip link set lo up");
        Tool.run("ip link add eth0 mtu 1400 type veth peer name far0");
        Tool.run("ip link set far0 up");
        Tool.run("ip addr add 172.30.0.10/24 dev eth0");
        Tool.run("ip link set eth0 up");
        links = WorkloadLinks.open(List.of(NODE));
    }

    @AfterEach
    void close() {
        links.close();
    }

    private static WorkloadInterface.Builder builder() {
        return WorkloadInterface.builder()
                .hostName(HOST)
                .containerName(CONTAINER)
                .containerMac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                .mtuBytes(1400);
    }

    private static WorkloadInterface workload() {
        return builder().addAddresses(IpAddress.parse("10.65.0.2")).build();
    }

    /** Everything that the host knows of the pair, as ip prints it; ends with the routes of the whole host. */
    private static String state() {
        return String.join(
                        "",
                        Tool.run("ip -o link show " + HOST)
                                .replaceAll("^\\d+: ", "")
                                .replaceAll("qdisc.* mode \\w+ ", ""),
                        Tool.run("ip -4 -o addr show " + HOST).replaceAll("^\\d+: |\\\\.*", ""),
                        Tool.run("ip neigh show nud permanent dev " + HOST),
                        Tool.run("ip route show proto 80"))
                .replaceAll(" +", " ")
                .replaceAll(" *\\\\ *", " ")
                .replaceAll(" *\n", "\n");
    }

    private static final String COMPLETE = """
            cali0123456789a@tmp0123456789a: <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN> mtu 1400 group 13242816 qlen 1000 link/ether 02:ca:11:c0:00:01 brd ff:ff:ff:ff:ff:ff
            cali0123456789a inet 169.254.1.1/32 scope link cali0123456789a
            10.65.0.2 lladdr ee:ee:ee:ee:ee:ee PERMANENT
            10.65.0.2 dev cali0123456789a scope link src 172.30.0.10 linkdown
            """;

    private static String linkNames() {
        return Tool.run("ip -o link")
                .replaceAll("(?m)^\\d+: ([^:@]+).*$", "$1")
                .replace("\n", " ")
                .trim();
    }

    @Nested
    class Adding {
        @Test
        void pairIsCompleteOnTheHostAndLeftToTheEngineOnTheOtherSide() {
            links.add(workload());

            assertThat(state()).isEqualTo(COMPLETE);
            assertThat(Tool.run("ip -o link show " + CONTAINER))
                    .contains("<BROADCAST,MULTICAST>", " mtu 1400 ", "group default", "link/ether ee:ee:ee:ee:ee:ee ");
            assertThat(Tool.run("cat /proc/sys/net/ipv4/conf/" + HOST + "/forwarding /proc/sys/net/ipv4/conf/" + HOST
                            + "/proxy_arp /proc/sys/net/ipv6/conf/" + HOST + "/forwarding /proc/sys/net/ipv6/conf/"
                            + HOST + "/accept_ra"))
                    .isEqualTo("1\n0\n1\n0\n");
        }

        @Test
        void linkIsUpOnlyAfterItsSettingsAndRoutedOnlyAfterItIsUp() {
            try (NetlinkEvents events = NetlinkEvents.open(EnumSet.allOf(NetlinkEvents.Topic.class))) {
                links.add(workload());

                Steps steps = new Steps();
                for (var some = events.await(Duration.ofSeconds(10));
                        !some.isEmpty();
                        some = events.await(Duration.ofMillis(100))) {
                    some.forEach(event -> event.accept(steps));
                }
                assertThat(steps.distinct).containsExactly("down", "address", "neighbour", "up", "route");
            }
        }

        @Test
        void everyAddressOfBothVersionsIsRouted() {
            links.add(builder()
                    .addAddresses(IpAddress.parse("10.65.0.2"))
                    .addAddresses(IpAddress.parse("10.65.7.9"))
                    .addAddresses(IpAddress.parse("fd80::2"))
                    .gateway4(IpAddress.parse("169.254.77.1"))
                    .build());

            assertThat(Tool.run("ip route show proto 80").replaceAll(" +\n", "\n"))
                    .isEqualTo("""
                    10.65.0.2 dev cali0123456789a scope link src 172.30.0.10 linkdown
                    10.65.7.9 dev cali0123456789a scope link src 172.30.0.10 linkdown
                    """);
            assertThat(Tool.run("ip -6 route show proto 80")).startsWith("fd80::2 dev cali0123456789a metric 1024 ");
            assertThat(Tool.run("ip neigh show nud permanent").lines().sorted())
                    .map(String::strip)
                    .containsExactly(
                            "10.65.0.2 dev cali0123456789a lladdr ee:ee:ee:ee:ee:ee PERMANENT",
                            "10.65.7.9 dev cali0123456789a lladdr ee:ee:ee:ee:ee:ee PERMANENT",
                            "fd80::2 dev cali0123456789a lladdr ee:ee:ee:ee:ee:ee PERMANENT");
            assertThat(Tool.run("ip -4 -o addr show " + HOST)).contains("inet 169.254.77.1/32 scope link");
        }

        @Test
        void refusedStepLeavesNothing() {
            Tool.run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");

            assertThatThrownBy(() -> links.add(builder()
                            .addAddresses(IpAddress.parse("10.65.0.2"))
                            .addAddresses(IpAddress.parse("fd80::2"))
                            .build()))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessageStartingWith("connect workload " + HOST + ": ")
                    .hasMessageContaining("fd80::2 dev ")
                    .hasMessageContaining("EINVAL (Invalid argument)");

            assertThat(linkNames()).isEqualTo("lo far0 eth0");
            assertThat(Tool.run("ip route show proto 80")).isEmpty();
        }

        @Test
        void secondTimeChangesNothing() {
            links.add(workload());
            String index =
                    Tool.json("ip -j link show " + HOST).get(0).get("ifindex").asText();

            links.add(workload());

            assertThat(state()).isEqualTo(COMPLETE);
            assertThat(Tool.json("ip -j link show " + HOST)
                            .get(0)
                            .get("ifindex")
                            .asText())
                    .isEqualTo(index);
        }

        @Test
        void removedLinkThatStillWaitsForDeletionGivesWay() {
            links.add(workload());
            links.remove(HOST);

            links.add(workload());

            assertThat(state()).isEqualTo(COMPLETE);
            links.close();
            assertThat(state()).as("after the dead were deleted").isEqualTo(COMPLETE);
        }

        @Test
        void foreignInterfaceWithOneOfTheNamesIsNamedAndLeftAlone() {
            Tool.run("ip link add " + HOST + " type bridge");
            assertThatThrownBy(() -> links.add(workload()))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessage("use interface " + HOST + ": it is not a veth pair but a bridge");
            Tool.run("ip link del " + HOST);
            Tool.run("ip link add " + CONTAINER + " type bridge");

            assertThatThrownBy(() -> links.add(workload()))
                    .isInstanceOf(DataplaneException.Refused.class)
                    .hasMessage("connect workload " + HOST + ": another interface is called " + CONTAINER
                            + ", as its container side should be");
            assertThat(linkNames()).isEqualTo("lo far0 eth0 " + CONTAINER);
        }

        @Test
        void addressThatMovedToANewWorkloadIsRoutedThere() {
            links.add(workload());

            links.add(builder()
                    .hostName("calinew")
                    .containerName("tmpnew")
                    .addAddresses(IpAddress.parse("10.65.0.2"))
                    .build());

            assertThat(Tool.run("ip route show proto 80"))
                    .isEqualToIgnoringWhitespace("10.65.0.2 dev calinew scope link src 172.30.0.10 linkdown");
        }
    }

    /** What happens to the host side, each kind of step when it is first seen. */
    private static final class Steps implements NetlinkEvent.Visitor {
        final List<String> distinct = new ArrayList<>();

        private void step(String name) {
            if (!distinct.contains(name)) {
                distinct.add(name);
            }
        }

        @Override
        public void link(NetlinkEvent.LinkChange event) {
            if (event.link().name().equals(HOST)) {
                step(event.link().isUp() ? "up" : "down");
            }
        }

        @Override
        public void address(NetlinkEvent.AddressChange event) {
            if (event.address().address().toString().equals("169.254.1.1/32")) {
                step("address");
            }
        }

        @Override
        public void route(NetlinkEvent.RouteChange event) {
            if (event.route().protocol() == WorkloadLinks.ROUTE_PROTOCOL) {
                step("route");
            }
        }

        @Override
        public void neighbour(NetlinkEvent.NeighbourChange event) {
            if (event.neighbour().isPermanent()) {
                step("neighbour");
            }
        }

        @Override
        public void forwarding(NetlinkEvent.ForwardingChange event) {}

        @Override
        public void settings(NetlinkEvent.SettingsChange event) {}

        @Override
        public void overrun() {
            step("overrun");
        }
    }

    @Nested
    class Repairing {
        @Test
        void whateverWasDamagedIsMadeRightAgain() {
            links.add(workload());
            Tool.run("ip link set " + HOST + " down group default address 02:00:00:00:00:01");
            Tool.run("ip addr add 169.254.9.9/32 dev " + HOST);
            Tool.run("ip addr del 169.254.1.1/32 dev " + HOST);
            Tool.run("ip neigh replace 10.65.0.9 lladdr 02:00:00:00:00:02 nud permanent dev " + HOST);
            Tool.run("sysctl -q -w net.ipv4.conf." + HOST + ".forwarding=0");

            assertThat(links.repair(workload())).isTrue();

            assertThat(state()).isEqualTo(COMPLETE);
            assertThat(Tool.run("sysctl -n net.ipv4.conf." + HOST + ".forwarding"))
                    .isEqualTo("1\n");
        }

        @Test
        void routesThatAreNotTheWorkloadsGo() {
            links.add(builder()
                    .addAddresses(IpAddress.parse("10.65.0.2"))
                    .addAddresses(IpAddress.parse("10.65.0.3"))
                    .build());
            Tool.run("ip route add 10.65.9.0/24 dev " + HOST + " proto 80");

            assertThat(links.repair(workload())).isTrue();

            assertThat(state()).isEqualTo(COMPLETE);
        }

        @Test
        void missingOrDeadPairIsNotMade() {
            assertThat(links.repair(workload())).isFalse();
            links.add(workload());
            links.remove(HOST);

            assertThat(links.repair(workload())).isFalse();
        }

        @Test
        void runningWorkloadsSideIsLeftAlone() {
            links.add(workload());
            try (OtherNetwork sandbox = OtherNetwork.open()) {
                Tool.run("ip link set " + CONTAINER + " netns " + sandbox.processId());
                sandbox.run("ip link set " + CONTAINER + " name cali0 mtu 1300 up");
                String before = sandbox.run("ip -o addr show cali0") + sandbox.run("ip -o link show cali0");
                Tool.run("ip link set " + HOST + " down");

                links.add(builder()
                        .addAddresses(IpAddress.parse("10.65.0.2"))
                        .mtuBytes(1280)
                        .build());

                assertThat(Tool.run("ip route show proto 80"))
                        .isEqualToIgnoringWhitespace("10.65.0.2 dev " + HOST + " scope link src 172.30.0.10");
                assertThat(sandbox.run("ip -o link show cali0"))
                        .contains(" mtu 1300 ")
                        .contains("UP,LOWER_UP");
                assertThat(before).contains(" mtu 1300 ");
            }
        }

        @Test
        void otherEndThatHasNotBeenMovedIsMadeRightToo() {
            links.add(workload());
            Tool.run("ip link set " + CONTAINER + " address 02:00:00:00:00:07 name other");

            links.add(workload());

            assertThat(Tool.run("ip -o link show " + CONTAINER)).contains("link/ether ee:ee:ee:ee:ee:ee ");
        }

        @Test
        void sourceThatTheHostHasLostIsReplaced() {
            Tool.run("ip addr add 172.30.0.99/24 dev eth0");
            links.add(workload());
            Tool.run("ip addr del 172.30.0.10/24 dev eth0");
            Tool.run("ip addr add 172.30.0.99/24 dev eth0");
            assertThat(Tool.run("ip route show proto 80"))
                    .as("the kernel took the route")
                    .isEmpty();

            assertThat(links.repair(workload())).isTrue();

            assertThat(Tool.run("ip route show proto 80")).contains("src 172.30.0.99");
        }
    }

    @Nested
    class Removing {
        @Test
        void trafficEndsAtOnceAndThePairGoesSoon() {
            links.add(workload());
            try (OtherNetwork sandbox = OtherNetwork.open()) {
                Tool.run("ip link set " + CONTAINER + " netns " + sandbox.processId());

                links.remove(HOST);

                assertThat(Tool.run("ip route show proto 80")).isEmpty();
                await().untilAsserted(() -> assertThat(linkNames()).isEqualTo("lo far0 eth0"));
                assertThat(sandbox.run("ip -o link")).doesNotContain("tmp");
            }
        }

        @Test
        void deadLinkIsDownAndNotPresentBeforeItIsDeleted() {
            links.add(workload());
            assertThat(links.present()).containsExactly(HOST);

            links.remove(HOST);

            assertThat(links.present()).isEmpty();
        }

        @Test
        void linksInUseSurviveTheDeletionOfManyDeadOnes() {
            for (int i = 0; i < 40; i++) {
                links.add(builder()
                        .hostName("cali" + i)
                        .containerName("tmp" + i)
                        .addAddresses(IpAddress.v4(0x0a41_0000 + i))
                        .build());
            }
            for (int i = 0; i < 40; i += 2) {
                links.remove("cali" + i);
            }

            await().untilAsserted(() -> assertThat(linkNames().split(" ", -1)).hasSize(3 + 2 * 20));
            assertThat(links.present()).hasSize(20).contains("cali1", "cali39").doesNotContain("cali0");
            assertThat(Tool.run("ip route show proto 80").lines()).hasSize(20);
        }

        @Test
        void interfaceThatIsNotThereIsNoError() {
            links.remove(HOST);
            links.add(workload());
            links.remove(HOST);
            links.remove(HOST);
            await().untilAsserted(() -> assertThat(linkNames()).isEqualTo("lo far0 eth0"));
            links.remove(HOST);
        }

        @Test
        void interfaceThatIsMadeAgainCanBeRemovedAgain() {
            links.add(workload());
            links.remove(HOST);
            links.add(workload());
            assertThat(state()).isEqualTo(COMPLETE);

            links.remove(HOST);

            assertThat(links.present()).isEmpty();
            await().untilAsserted(() -> assertThat(linkNames()).isEqualTo("lo far0 eth0"));
        }

        @Test
        void foreignInterfaceIsNeverRemoved() {
            Tool.run("ip link add calibr0 type bridge");

            assertThatThrownBy(() -> links.remove("calibr0")).isInstanceOf(DataplaneException.Refused.class);
            assertThatThrownBy(() -> links.remove("eth0")).isInstanceOf(IllegalArgumentException.class);

            assertThat(linkNames()).isEqualTo("lo far0 eth0 calibr0");
            assertThat(links.present()).isEmpty();
        }

        @Test
        void deadLinksOfAnEarlierRunGoAtTheNextStartAndLivingOnesStay() {
            links.add(workload());
            links.close();
            Tool.run("ip link add calidead group " + WorkloadLinks.DEAD_GROUP + " type veth peer name tmpdead");

            links = WorkloadLinks.open(List.of(NODE));

            await().untilAsserted(() -> assertThat(linkNames()).isEqualTo("lo far0 eth0 " + CONTAINER + " " + HOST));
            assertThat(state()).isEqualTo(COMPLETE);
            assertThat(links.present()).containsExactly(HOST);
        }

        @Test
        void closingDeletesWhatWaitsAndLeavesTheRest() {
            links.add(workload());
            links.add(builder()
                    .hostName("cali2")
                    .containerName("tmp2")
                    .addAddresses(IpAddress.parse("10.65.0.3"))
                    .build());
            links.remove("cali2");

            links.close();

            assertThat(linkNames()).isEqualTo("lo far0 eth0 " + CONTAINER + " " + HOST);
            assertThat(state()).isEqualTo(COMPLETE);
        }
    }

    @Nested
    class Suspending {
        @Test
        void suspendedWorkloadKeepsItsInterfaceWithoutRoutesUntilItIsRepaired() {
            links.add(workload());

            links.suspend(HOST);

            assertThat(Tool.run("ip route show proto 80")).isEmpty();
            assertThat(Tool.run("ip -o link show " + HOST)).doesNotContain("UP");
            assertThat(links.present()).containsExactly(HOST);
            assertThat(links.repair(workload())).isTrue();
            assertThat(state()).isEqualTo(COMPLETE);
        }

        @Test
        void suspendingWhatIsNotThereDoesNothing() {
            links.suspend(HOST);

            assertThat(links.present()).isEmpty();
        }
    }

    @Nested
    class Traffic {
        /** What an engine does with the container side. */
        private static void start(OtherNetwork sandbox, String end, String address) {
            Tool.run("ip link set " + end + " netns " + sandbox.processId());
            sandbox.run("ip link set " + end + " name cali0");
            sandbox.run("ip addr add " + address + "/32 dev cali0");
            sandbox.run("ip link set cali0 up");
            sandbox.run("ip route add 169.254.1.1 dev cali0 scope link");
            sandbox.run("ip route add default via 169.254.1.1 dev cali0");
        }

        @Test
        void workloadsReachEachOtherAndTheHostWithoutDefaultRouteOrProxyArp() {
            links.enableForwarding();
            links.add(workload());
            links.add(builder()
                    .hostName("cali2")
                    .containerName("tmp2")
                    .addAddresses(IpAddress.parse("10.65.0.3"))
                    .build());
            try (OtherNetwork first = OtherNetwork.open();
                    OtherNetwork second = OtherNetwork.open()) {
                start(first, CONTAINER, "10.65.0.2");
                start(second, "tmp2", "10.65.0.3");

                // The kernel drops what comes in the moment in which a link has its carrier but not yet its queue.
                await().untilAsserted(() -> first.run("busybox ping -c 1 -W 1 10.65.0.3"));
                await().untilAsserted(() -> second.run("busybox ping -c 1 -W 1 172.30.0.10"));
                await().untilAsserted(() -> Tool.run("busybox ping -c 1 -W 1 10.65.0.2"));

                assertThat(Tool.run("ip route get 10.65.0.2")).contains("src 172.30.0.10");
            }
        }
    }

    @Nested
    class Host {
        @Test
        void forwardingIsSwitchedOn() {
            Tool.run("sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0");

            links.enableForwarding();

            assertThat(Tool.run("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding"))
                    .isEqualTo("1\n1\n");
        }

        @Test
        void uplinkKeepsListeningToTheAdvertisementsThatMadeItsDefaultRoute() {
            Tool.run("ip -6 route add default via fe80::1 dev eth0 proto ra");

            links.enableForwarding();

            assertThat(Tool.run("sysctl -n net.ipv6.conf.eth0.accept_ra")).isEqualTo("2\n");
            assertThat(Tool.run("sysctl -n net.ipv4.conf.eth0.arp_ignore")).isEqualTo("0\n");
        }

        @Test
        void uplinkInTheLinkLocalNetworkDoesNotAnswerForTheGateway() {
            Tool.run("ip addr add 169.254.10.1/16 dev eth0");

            links.enableForwarding();

            assertThat(Tool.run("sysctl -n net.ipv4.conf.eth0.arp_ignore")).isEqualTo("1\n");
        }

        @Test
        void uplinksAndMtuAreThoseOfTheNodesAddress() {
            assertThat(links.uplinks()).containsExactly("eth0");
            assertThat(links.mtuBytes()).isEqualTo(1400);

            Tool.run("ip link add br0 mtu 1300 type bridge");
            Tool.run("ip link set br0 up");
            Tool.run("ip route add default dev br0");

            assertThat(links.uplinks()).containsExactly("br0", "eth0");
            assertThat(links.mtuBytes()).isEqualTo(1300);
        }
    }
}
