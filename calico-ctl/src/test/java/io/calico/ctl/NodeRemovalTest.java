package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.AssignRequest;
import io.calico.ipam.BlockAllocator;
import io.calico.model.EndpointKey;
import io.calico.model.HostNetwork;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.List;
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
}
