package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.dataplane.Agent;
import io.calico.dataplane.AgentOptions;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Sandbox;
import io.calico.dataplane.testing.Tool;
import io.calico.datastore.CalicoStore;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.Profile;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The dataplane of a host in a namespace, with the agent that drives it and a datastore in memory. Other programs are the
 * ones that administrators use, and the witnesses are the same.
 */
@InFreshNetwork
class LinuxDataplaneIT {
    private static final IpAddress NODE = IpAddress.parse("172.30.0.10");
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration MENDED = Duration.ofSeconds(1);
    /** No look at everything during a test: what is mended was told of. */
    private static final AgentOptions OPTIONS =
            AgentOptions.builder().refreshInterval(Duration.ofHours(1)).build();

    private final MemoryDatastore datastore = new MemoryDatastore();
    private final CalicoStore store = new CalicoStore(datastore);
    private final List<Sandbox> sandboxes = new ArrayList<>();
    private LinuxDataplane dataplane;
    private Agent agent;

    @BeforeEach
    void makeHost() throws InterruptedException {
        Tool.run("ip link set lo up");
        Tool.run("ip link add eth0 type veth peer name far0");
        Tool.run("ip link set far0 up");
        Tool.run("ip addr add 172.30.0.10/24 dev eth0");
        Tool.run("ip link set eth0 up");
        store.profiles().create(Profile.defaults("WEB"));
        start();
    }

    private void start() throws InterruptedException {
        dataplane = LinuxDataplane.open(List.of(NODE));
        agent = new Agent(datastore, "h1", dataplane, OPTIONS);
        agent.start();
        assertThat(agent.awaitInSync(LONG)).isTrue();
    }

    private void stop() {
        agent.close();
        dataplane.close();
    }

    @AfterEach
    void close() {
        stop();
        sandboxes.forEach(Sandbox::close);
        datastore.close();
    }

    private static EndpointKey key(int number) {
        return new EndpointKey("h1", "libnetwork", "libnetwork", "e" + number);
    }

    private static String address(int number) {
        return "10.65." + number / 200 + "." + (number % 200 + 1);
    }

    private static WorkloadInterface workload(int number) {
        return WorkloadInterface.builder()
                .hostName("cali" + number)
                .containerName("tmp" + number)
                .containerMac(MacAddress.of(0xeeeeee000000L + number))
                .addAddresses(IpAddress.parse(address(number)))
                .build();
    }

    private long put(int number) {
        return store.endpoints()
                .put(
                        key(number),
                        WorkloadEndpoint.builder()
                                .state(EndpointState.ACTIVE)
                                .interfaceName("cali" + number)
                                .mac(MacAddress.of(0xeeeeee000000L + number))
                                .addProfileIds("WEB")
                                .build()
                                .withAddresses(List.of(IpAddress.parse(address(number)))));
    }

    private void connect(int number) {
        agent.join(key(number), workload(number), put(number), LONG);
    }

    private Sandbox sandbox(int number) {
        Sandbox sandbox = Sandbox.around("tmp" + number, address(number));
        sandboxes.add(sandbox);
        return sandbox;
    }

    /** Until the condition holds; the milliseconds that took. */
    private static long millisUntil(Callable<Boolean> condition) {
        long start = System.nanoTime();
        await().atMost(LONG)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .until(condition);
        return (System.nanoTime() - start) / 1_000_000;
    }

    /** Also no while the program fails, as iptables does when the table changes under its hands. */
    private static boolean says(String command, String part) {
        try {
            return Tool.run(command).contains(part);
        } catch (AssertionError e) {
            return false;
        }
    }

    private static String table() {
        try {
            return Tool.run("nft list table inet calico");
        } catch (AssertionError e) {
            return "";
        }
    }

    @Nested
    class Drift {
        private String tableBefore;

        @BeforeEach
        void connectTwo() {
            connect(1);
            connect(2);
            sandbox(1);
            sandbox(2);
            tableBefore = table();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "nft flush ruleset",
                    "nft delete table inet calico",
                    "nft flush table inet calico",
                    "nft delete element inet calico src4 { \"cali1\" . 10.65.0.2 }",
                    "nft add rule inet calico forward accept"
                })
        void tableThatAnotherProgramChangesIsBackWithinASecond(String command) {
            Tool.run(command);

            assertThat(millisUntil(() -> table().equals(tableBefore))).isLessThan(MENDED.toMillis());
            assertThat(agent.isInSync()).isTrue();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "ip route del 10.65.0.2 proto 80",
                    "ip route replace 10.65.0.2 dev eth0",
                    "ip route flush proto 80",
                    "ip link set cali1 down",
                    "ip addr del 169.254.1.1/32 dev cali1",
                    "ip addr add 10.9.9.9/32 dev cali1",
                    "ip neigh del 10.65.0.2 dev cali1",
                    "ip neigh replace 10.65.0.2 lladdr 02:00:00:00:00:01 dev cali1 nud permanent",
                    "ip link set cali1 address 02:00:00:00:00:02",
                    "ip link set cali1 group default",
                    "sysctl -qw net.ipv4.conf.cali1.forwarding=0",
                    "sysctl -qw net.ipv4.conf.cali1.proxy_arp=1",
                    "sysctl -qw net.ipv6.conf.cali1.forwarding=0",
                    "sysctl -qw net.ipv4.ip_forward=0",
                    "sysctl -qw net.ipv6.conf.all.forwarding=0"
                })
        void hostSideThatAnotherProgramChangesIsRightAgainWithinASecond(String command) {
            String before = state();
            Tool.run(command);

            assertThat(millisUntil(() -> state().equals(before))).isLessThan(MENDED.toMillis());
        }

        /** Also while there is none. */
        private static String wayTo(String address) {
            try {
                return Tool.run("ip route get " + address);
            } catch (AssertionError e) {
                return String.valueOf(e.getMessage());
            }
        }

        private String state() {
            return String.join(
                    "\n",
                    Tool.run("ip -o link show cali1"),
                    Tool.run("ip -4 -o addr show cali1"),
                    Tool.run("ip neigh show nud permanent dev cali1"),
                    Tool.run("ip route show 10.65.0.0/16"),
                    wayTo("10.65.0.2"),
                    Tool.run("sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.cali1.forwarding"
                            + " net.ipv4.conf.cali1.proxy_arp net.ipv6.conf.cali1.forwarding"));
        }

        @Test
        void settingOfWhichTheKernelDoesNotTellIsRightAfterARefresh() {
            Tool.run("sysctl -qw net.ipv6.conf.cali1.accept_ra=1");

            agent.refresh();

            millisUntil(() ->
                    Tool.run("sysctl -n net.ipv6.conf.cali1.accept_ra").strip().equals("0"));
        }

        @Test
        void deletedInterfaceIsAProblemUntilItsWorkloadIsTakenAway() {
            Tool.run("ip link del cali1");

            millisUntil(() -> agentProblems().contains("interface cali1 was deleted; its workload has no network"));
            assertThat(agent.isConnected("cali1")).isFalse();
            assertThat(agent.isConnected("cali2")).isTrue();

            agent.leave("cali1");
            assertThat(dataplane.problems()).noneMatch(problem -> problem.contains("cali1"));
        }

        private List<String> agentProblems() {
            return agent.status().problems();
        }

        @Test
        void newUplinkIsKnownToPolicyWithinASecond() {
            Tool.run("ip link add up1 type veth peer name far1");
            Tool.run("ip link set up1 up");
            Tool.run("ip addr add 192.0.2.2/24 dev up1");
            assertThat(table()).doesNotContain("up1");

            Tool.run("ip route add default via 192.0.2.1");

            assertThat(millisUntil(() -> table().contains("up1"))).isLessThan(MENDED.toMillis());
        }

        @Test
        void ruleThatAReloadOfIptablesTookAwayIsBackWithinASecond() {
            for (String program : List.of("iptables-nft", "ip6tables-nft")) {
                assertThat(Tool.run(program + " -S DOCKER-USER")).contains("calico:accepted");
                Tool.run(program + " -F DOCKER-USER");

                assertThat(millisUntil(() -> says(program + " -S DOCKER-USER", "calico:accepted")))
                        .isLessThan(MENDED.toMillis());
            }
        }

        @Test
        void ruleThatAReloadOfLegacyIptablesTookAwayIsBackWithinASecond() {
            Tool.run("iptables-legacy -P FORWARD DROP");
            millisUntil(() -> says("iptables-legacy -S FORWARD", "calico:accepted"));

            Tool.run("iptables-legacy -F FORWARD");

            assertThat(millisUntil(() -> says("iptables-legacy -S FORWARD", "calico:accepted")))
                    .isLessThan(MENDED.toMillis());
        }

        @Test
        void ownChangesMeanNothing() {
            connect(3);
            agent.leave("cali2");
            String handles = Tool.run("nft -a list chain inet calico forward");

            // Something foreign, to be sure that the events before it have been looked at.
            Tool.run("ip link set cali1 down");
            millisUntil(() -> Tool.run("ip link show cali1").contains(",UP"));

            assertThat(Tool.run("nft -a list chain inet calico forward")).isEqualTo(handles);
        }
    }

    @Nested
    class Restart {
        @Test
        void noPacketIsLostWhileTheAgentStopsAndStartsAgain() throws Exception {
            connect(1);
            connect(2);
            Sandbox first = sandbox(1);
            Sandbox second = sandbox(2);
            assertThat(first.reaches(second, 5000)).isTrue();
            try (Sandbox.Flow flow = first.flowTo(second).startPaced()) {
                for (int i = 0; i < 3; i++) {
                    stop();
                    start();
                }

                assertThat(flow.stopPaced()).isGreaterThan(50);
                millisUntil(() -> flow.unanswered() == 0);
            }
        }

        @Test
        void manyWorkloadsAreInSyncSoonAndWhatChangedMeanwhileIsRight() throws InterruptedException {
            int count = Boolean.getBoolean("calico.test.long") ? 1000 : 100;
            for (int i = 1; i <= count; i++) {
                put(i);
            }
            millisUntil(() -> agent.status().endpoints() == count);
            stop();
            try (WorkloadLinks links = WorkloadLinks.open(List.of(NODE))) {
                for (int i = 1; i <= count; i++) {
                    links.add(workload(i));
                }
            }
            String routes = Tool.run("ip route show proto 80");
            Tool.run("ip route del " + address(7) + " proto 80");
            Tool.run("ip link set cali8 down");

            long begin = System.nanoTime();
            start();
            Duration took = Duration.ofNanos(System.nanoTime() - begin);

            assertThat(took).isLessThan(Duration.ofSeconds(5));
            assertThat(routes()).isEqualTo(sorted(routes));
        }

        private String routes() {
            return sorted(Tool.run("ip route show proto 80"));
        }

        private String sorted(String lines) {
            return lines.lines().sorted().collect(Collectors.joining("\n"));
        }

        @Test
        void flowsGoOnWhenTheTableIsLostAndBack() throws InterruptedException {
            connect(1);
            connect(2);
            Sandbox first = sandbox(1);
            Sandbox second = sandbox(2);
            // Neighbours keep few packets for one who has not answered yet.
            assertThat(first.reaches(second, 5000)).isTrue();
            try (Sandbox.Flow flow = first.flowTo(second).startPaced()) {
                Tool.run("nft flush ruleset");
                millisUntil(() -> !table().isEmpty());

                assertThat(flow.stopPaced()).isPositive();
                millisUntil(() -> flow.unanswered() == 0);
            }
        }
    }

    @Nested
    class NoWindow {
        @Test
        void beforeTheFirstPolicyWorkloadInterfacesCarryNothing() {
            connect(1);
            connect(2);
            Sandbox first = sandbox(1);
            Sandbox second = sandbox(2);
            assertThat(first.reaches(second, 5000)).isTrue();
            stop();
            Tool.run("nft flush ruleset");
            assertThat(first.reaches(second, 5000)).isTrue();

            dataplane = LinuxDataplane.open(List.of(NODE));

            assertThat(table()).isNotEmpty();
            assertThat(first.reaches(second, 300)).isFalse();
            agent = new Agent(datastore, "h1", dataplane, OPTIONS);
            agent.start();
            millisUntil(agent::isInSync);
            assertThat(first.reaches(second, 5000)).isTrue();
        }
    }

    @Nested
    class AddressesThatGo {
        @Test
        void flowsOfAnAddressAreGoneBeforeItIsRoutedAgainAndOthersStay() {
            connect(1);
            connect(2);
            connect(3);
            Sandbox first = sandbox(1);
            Sandbox second = sandbox(2);
            Sandbox third = sandbox(3);
            assertThat(first.reaches(second, 5000)).isTrue();
            assertThat(third.reaches(first, 5000)).isTrue();
            assertThat(third.reaches(second, 5000)).isTrue();
            assertThat(Tool.run("conntrack -L -p udp")).contains("=" + address(1) + " ");

            agent.leave("cali1");
            store.endpoints().delete(key(1));
            connect(1);

            assertThat(Tool.run("conntrack -L -p udp"))
                    .doesNotContain("=" + address(1) + " ")
                    .contains("src=" + address(3) + " dst=" + address(2));
        }

        @Test
        void flowsOfAWorkloadThatEndedWhileNoAgentRanAreGoneBeforeItsAddressIsRoutedAgain()
                throws InterruptedException {
            connect(1);
            connect(2);
            assertThat(sandbox(1).reaches(sandbox(2), 5000)).isTrue();
            stop();
            Tool.run("ip link del cali1");
            store.endpoints().delete(key(1));
            start();
            assertThat(Tool.run("conntrack -L -p udp")).contains("=" + address(1) + " ");

            connect(1);

            assertThat(Tool.run("conntrack -L -p udp")).doesNotContain("=" + address(1) + " ");
        }

        @Test
        void interfaceThatIsRemovedIsNotConnectedAtOnce() {
            connect(1);
            assertThat(agent.isConnected("cali1")).isTrue();

            agent.leave("cali1");

            assertThat(agent.isConnected("cali1")).isFalse();
            connect(1);
            assertThat(agent.isConnected("cali1")).isTrue();
        }
    }
}
