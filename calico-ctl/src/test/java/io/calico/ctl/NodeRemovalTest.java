package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.Owner;
import io.calico.model.EndpointKey;
import io.calico.model.HostNetwork;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code node remove}. */
class NodeRemovalTest {
    private final Cli cli = new Cli();

    @BeforeEach
    void node() {
        cli.given("node --runtime=none --ip=10.200.1.3");
    }

    private void endpointWithAddress() {
        IpAddress address = new BlockAllocator(cli.datastore.newClient(), "rack7-n3")
                .autoAssign(AssignRequest.builder().num4(1).build())
                .ipv4()
                .addresses()
                .get(0);
        cli.store
                .endpoints()
                .put(
                        new EndpointKey("rack7-n3", "libnetwork", "libnetwork", "e1"),
                        WorkloadEndpoint.builder()
                                .interfaceName("cali0")
                                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                                .build()
                                .withAddresses(List.of(address)));
    }

    private List<String> keysOfTheHost() {
        return cli.datastore.listAll("/calico/").records().stream()
                .map(KeyValue::key)
                .filter(key -> key.contains("rack7-n3"))
                .toList();
    }

    @Test
    void nothingOfTheHostIsLeft() {
        endpointWithAddress();
        cli.store
                .networks()
                .putOnHost(
                        "rack7-n3",
                        "n1",
                        HostNetwork.builder().name("web").network("n1").build());

        cli.transcript("""
                $ node remove --remove-endpoints
                Node configuration removed
                $ ipam show
                +----------+--------------------------+------------+------------+-------------------+
                | GROUPING |           CIDR           | IPS TOTAL  | IPS IN USE |      IPS FREE     |
                +----------+--------------------------+------------+------------+-------------------+
                | IP Pool  |      192.168.0.0/16      |   65536    |   0 (0%)   |    65536 (100%)   |
                | IP Pool  | fd80:24e2:f998:72d6::/64 | 1.8447e+19 |   0 (0%)   | 1.8447e+19 (100%) |
                +----------+--------------------------+------------+------------+-------------------+
                """);
        assertThat(keysOfTheHost()).isEmpty();
        assertThat(cli.datastore.listAll("/calico/ipam/v2/assignment/").records())
                .isEmpty();
        assertThat(cli.machine.kernelRemovals).isEqualTo(1);
    }

    @Test
    void hostWithEndpointsIsRemovedOnlyWithThem() {
        endpointWithAddress();

        cli.transcript("""
                $ node remove
                The node has active Calico endpoints so can't be deleted. Force with
                --remove-endpoints

                Note that the containers of these endpoints lose their network then.

                => 1
                """);
        assertThat(cli.store.endpoints().findById("e1")).isPresent();
        assertThat(cli.machine.kernelRemovals).isZero();
    }

    @Test
    void removingAHostThatIsNotThereIsFine() {
        cli.machine.hostName = "rack7-n9";

        cli.transcript("$ node remove\nNode configuration removed\n");
    }

    @Test
    void removingAHostThatWasAnotherMachineLeavesThisKernelAlone() {
        cli.machine.addresses.remove(IpAddress.parse("10.200.1.3"));

        cli.given("node remove");

        assertThat(cli.machine.kernelRemovals).isZero();
        assertThat(keysOfTheHost()).isEmpty();
    }

    @Test
    void whatTheKernelKeepsIsToldAndCountsAsFailure() {
        cli.machine.leftInKernel = List.of("interface cali1 is busy");

        cli.transcript("""
                $ node remove
                Node configuration removed
                ! Warning: interface cali1 is busy
                => 1
                """);
        assertThat(keysOfTheHost()).isEmpty();
    }

    @Test
    void rootIsNeeded() {
        cli.machine.root = false;

        cli.transcript("$ node remove\n! This command must be run as root.\n=> 3\n");
    }

    /** A host that died for good: with an endpoint, and all else that a host may have. */
    private void deadHost() {
        cli.machine.hostName = "rack7-n9";
        cli.given("node --runtime=none --ip=10.200.1.9");
        cli.machine.hostName = "rack7-n3";
        BlockAllocator theirs = new BlockAllocator(cli.datastore.newClient(), "rack7-n9");
        IpAddress used = assign(theirs, Owner.endpoint("rack7-n9", "e9"));
        assign(theirs, Owner.pendingEndpoint("rack7-n9"));
        IpAddress gateway = assign(theirs, Owner.network("rack7-n9", "dead"));
        cli.store
                .endpoints()
                .put(
                        new EndpointKey("rack7-n9", "libnetwork", "libnetwork", "e9"),
                        WorkloadEndpoint.builder()
                                .interfaceName("cali9")
                                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                                .build()
                                .withAddresses(List.of(used)));
        IpAddress tunnel = theirs.autoAssign(AssignRequest.builder().num4(1).build())
                .ipv4()
                .addresses()
                .get(0);
        IpAddress ipip = theirs.autoAssign(AssignRequest.builder().num4(1).build())
                .ipv4()
                .addresses()
                .get(0);
        cli.store.config().setHost("rack7-n9", "IpInIpTunnelAddr", ipip.toString());
        cli.datastore.commit(Transaction.builder()
                .put("/calico/v1/host/rack7-n9/vxlan", "{\"ipv4\":\"" + tunnel + "\",\"mac\":\"66:00:00:00:00:01\"}")
                .put("/calico/network/v1/name/gone", "{\"id\":\"dead\",\"name\":\"gone\",\"removed\":true}")
                .put("/calico/network/v1/name/half", "{\"id\":\"half\",\"name\":\"half\",\"removed\":true}")
                .put("/calico/network/v1/name/web", "{\"id\":\"web\",\"name\":\"web\"}")
                .put("/calico/libnetwork/v1/dead", "{}")
                .put("/calico/libnetwork/v1/half", "{}")
                .put("/calico/libnetwork/v1/web", "{}")
                .build());
        cli.given("profile add dead", "profile add half", "profile add web");
        for (String network : List.of("dead", "half", "web")) {
            cli.store
                    .networks()
                    .putOnHost(
                            "rack7-n9",
                            network,
                            HostNetwork.builder().name(network).network(network).build());
        }
        cli.store
                .networks()
                .putOnHost(
                        "rack7-n3",
                        "elsewhere",
                        HostNetwork.builder().name("half").network("half").build());
        assertThat(gateway).isNotEqualTo(used);
    }

    private static IpAddress assign(BlockAllocator allocator, Owner owner) {
        return allocator
                .autoAssign(AssignRequest.builder().num4(1).owner(owner).build())
                .ipv4()
                .addresses()
                .get(0);
    }

    private List<String> keysOf(String text) {
        return cli.datastore.listAll("/calico/").records().stream()
                .map(KeyValue::key)
                .filter(key -> key.contains(text))
                .toList();
    }

    @Test
    void hostThatIsGoneIsRemovedFromAnyOtherWithAllThatItHad() {
        endpointWithAddress();
        deadHost();
        // Not root, and not on that machine: only the datastore is concerned.
        cli.machine.root = false;

        cli.transcript("$ node remove --host=rack7-n9 --remove-endpoints\nNode configuration removed\n");

        assertThat(keysOf("rack7-n9")).isEmpty();
        assertThat(new BlockAllocator(cli.datastore.newClient(), "any").addressesOwnedOn("rack7-n9"))
                .isEmpty();
        assertThat(keysOf("/ipam/v2/assignment/")).as("the other host's block").hasSize(1);
        assertThat(cli.run("ipam check").code()).isZero();
        assertThat(cli.machine.kernelRemovals).isZero();
        assertThat(cli.store.endpoints().findById("e1")).isPresent();
    }

    @Test
    void networksThatWaitedOnlyForTheHostThatIsGoneAreGone() {
        deadHost();

        cli.given("node remove --host=rack7-n9 --remove-endpoints");

        assertThat(keysOf("dead")).isEmpty();
        assertThat(keysOf("gone")).isEmpty();
        assertThat(keysOf("half"))
                .containsExactly(
                        "/calico/libnetwork/v1/half",
                        "/calico/network/v1/name/half",
                        "/calico/v1/policy/profile/half/rules",
                        "/calico/v1/policy/profile/half/tags");
        assertThat(keysOf("web")).contains("/calico/network/v1/name/web", "/calico/libnetwork/v1/web");
    }

    @Test
    void gatewayOfANetworkThatOthersHaveStaysTaken() {
        deadHost();
        BlockAllocator theirs = new BlockAllocator(cli.datastore.newClient(), "rack7-n9");
        IpAddress gateway = assign(theirs, Owner.network("rack7-n9", "web"));

        cli.given("node remove --host=rack7-n9 --remove-endpoints");

        assertThat(theirs.info(gateway)).isPresent();
    }

    @Test
    void hostThatIsAliveIsRemovedOnlyByForce() {
        deadHost();
        cli.announce("rack7-n9");

        cli.transcript("""
                $ node remove --host=rack7-n9 --remove-endpoints
                Host rack7-n9 is alive: its node runs, or has ended less than a minute ago.
                Stop it there first: calicoctl node stop. Force with --force

                Note that a node that runs writes its data again, and that its containers lose
                their network.

                => 1
                """);
        assertThat(cli.store.endpoints().findById("e9")).isPresent();

        cli.transcript("""
                $ node remove --host=rack7-n9 --remove-endpoints --force
                Node configuration removed
                """);
        assertThat(keysOf("rack7-n9")).isEmpty();
    }

    @Test
    void removalThatWasBrokenOffIsDoneAgain() {
        endpointWithAddress();
        for (int commits = 0; ; commits++) {
            deadHost();
            FaultyDatastore faulty = new FaultyDatastore(cli.datastore.newClient());
            for (int i = 0; i < commits; i++) {
                faulty.beforeNext(FaultyDatastore.Operation.COMMIT, () -> {});
            }
            faulty.failNext(FaultyDatastore.Operation.COMMIT, 1);
            cli.between = store -> faulty;
            boolean whole =
                    cli.run("node remove --host=rack7-n9 --remove-endpoints").code() == 0;
            cli.between = UnaryOperator.identity();
            if (whole) {
                assertThat(commits).isGreaterThan(5);
                break;
            }
            cli.given("node remove --host=rack7-n9 --remove-endpoints");

            assertThat(keysOf("rack7-n9")).as("after %d commits", commits).isEmpty();
            assertThat(keysOf("dead")).as("after %d commits", commits).isEmpty();
            assertThat(cli.run("ipam check").code())
                    .as("after %d commits", commits)
                    .isZero();
        }
    }

    @Test
    void nameOfNoHostIsTold() {
        cli.transcript("""
                $ node remove --host=rack7-n8
                Host rack7-n8 has nothing in the datastore.
                Node configuration removed
                """);
        assertThat(cli.run("node remove --host=a/b").code()).isEqualTo(2);
    }
}
