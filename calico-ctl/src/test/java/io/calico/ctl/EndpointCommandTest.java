package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class EndpointCommandTest {
    private static final String ID = "0f6c2b1ad0e811e59a3b0242ac11aa01";

    private final Cli cli = new Cli();

    private EndpointKey endpoint(String host, String orchestrator, String workload, String id, String... profiles) {
        EndpointKey key = new EndpointKey(host, orchestrator, workload, id);
        cli.store
                .endpoints()
                .put(
                        key,
                        WorkloadEndpoint.builder()
                                .interfaceName("cali0f6c2b1ad0e")
                                .mac(MacAddress.parse("7A:10:0C:44:9E:02"))
                                .profileIds(List.of(profiles))
                                .build());
        return key;
    }

    private void addresses(EndpointKey key, String... addresses) {
        WorkloadEndpoint endpoint =
                cli.store.endpoints().find(key).orElseThrow().value();
        cli.store
                .endpoints()
                .put(
                        key,
                        endpoint.withAddresses(
                                Stream.of(addresses).map(IpAddress::parse).toList()));
    }

    private List<String> profiles(EndpointKey key) {
        return cli.store.endpoints().find(key).orElseThrow().value().profileIds();
    }

    @Test
    void endpointsAreCountedByHostAndOrchestrator() {
        endpoint("rack7-n3", "docker", "w1", "e1");
        endpoint("rack7-n3", "docker", "w1", "e2");
        endpoint("rack7-n3", "docker", "w2", "e3");
        for (int i = 0; i < 12; i++) {
            endpoint("rack7-n3", "libnetwork", "libnetwork", "n" + i);
        }
        endpoint("rack7-n2", "libnetwork", "libnetwork", "e4");

        cli.transcript("""
                $ endpoint show
                +----------+-----------------+---------------------+---------------------+
                | Hostname | Orchestrator ID | Number of Workloads | Number of Endpoints |
                +----------+-----------------+---------------------+---------------------+
                | rack7-n2 |    libnetwork   |          1          |          1          |
                | rack7-n3 |      docker     |          2          |          3          |
                | rack7-n3 |    libnetwork   |          1          |          12         |
                +----------+-----------------+---------------------+---------------------+

                $ endpoint show --host=rack7-n2
                +----------+-----------------+---------------------+---------------------+
                | Hostname | Orchestrator ID | Number of Workloads | Number of Endpoints |
                +----------+-----------------+---------------------+---------------------+
                | rack7-n2 |    libnetwork   |          1          |          1          |
                +----------+-----------------+---------------------+---------------------+

                $ endpoint show --orchestrator=docker --workload=w2
                +----------+-----------------+---------------------+---------------------+
                | Hostname | Orchestrator ID | Number of Workloads | Number of Endpoints |
                +----------+-----------------+---------------------+---------------------+
                | rack7-n3 |      docker     |          1          |          1          |
                +----------+-----------------+---------------------+---------------------+

                $ endpoint show --endpoint=none
                +----------+-----------------+---------------------+---------------------+
                | Hostname | Orchestrator ID | Number of Workloads | Number of Endpoints |
                +----------+-----------------+---------------------+---------------------+
                +----------+-----------------+---------------------+---------------------+

                """);
    }

    @Test
    void detailsHaveALineForEachEndpoint() {
        EndpointKey key = endpoint("rack7-n3", "docker", "5be1c0a9f3d2", ID, "orders", "audit");
        addresses(key, "fd80:24e2:f998:72d6::5", "10.77.0.10", "10.77.0.5");
        EndpointKey inactive = endpoint("rack7-n3", "libnetwork", "libnetwork", "e2");
        cli.store
                .endpoints()
                .put(
                        inactive,
                        cli.store
                                .endpoints()
                                .find(inactive)
                                .orElseThrow()
                                .value()
                                .withState(EndpointState.INACTIVE));

        cli.transcript("""
                $ endpoint show --detailed
                +----------+-----------------+--------------+----------------------------------+----------------------------+-------------------+--------------+----------+
                | Hostname | Orchestrator ID | Workload ID  |           Endpoint ID            |         Addresses          |        MAC        |   Profiles   |  State   |
                +----------+-----------------+--------------+----------------------------------+----------------------------+-------------------+--------------+----------+
                | rack7-n3 |      docker     | 5be1c0a9f3d2 | 0f6c2b1ad0e811e59a3b0242ac11aa01 |        10.77.0.5/32        | 7a:10:0c:44:9e:02 | orders,audit |  active  |
                |          |                 |              |                                  |       10.77.0.10/32        |                   |              |          |
                |          |                 |              |                                  | fd80:24e2:f998:72d6::5/128 |                   |              |          |
                | rack7-n3 |    libnetwork   |  libnetwork  |                e2                |                            | 7a:10:0c:44:9e:02 |              | inactive |
                +----------+-----------------+--------------+----------------------------------+----------------------------+-------------------+--------------+----------+

                """);
    }

    @Nested
    class Profiles {
        private final EndpointKey key = endpoint("rack7-n3", "docker", "w1", ID);

        Profiles() {
            cli.given("profile add orders", "profile add audit");
        }

        @Test
        void profilesAreAppendedRemovedAndSet() {
            cli.transcript("""
                    $ endpoint %1$s profile append orders audit
                    Profile(s) orders, audit appended.

                    $ endpoint %1$s profile show
                    +--------+
                    |  Name  |
                    +--------+
                    | audit  |
                    | orders |
                    +--------+

                    $ endpoint %1$s profile remove orders audit
                    Profile(s) orders,audit removed.

                    $ endpoint %1$s profile show
                    Endpoint has no profiles associated with it.
                    $ endpoint %1$s profile set audit orders
                    Profile(s) set to audit, orders.

                    """.formatted(ID));
            assertThat(profiles(key)).containsExactly("audit", "orders");
            cli.transcript("$ endpoint %s profile set\nRemoved all profiles from endpoint.\n\n".formatted(ID));
            assertThat(profiles(key)).isEmpty();
        }

        @Test
        void nothingIsDoneIfOneOfThemIsThereAlreadyOrIsNotThere() {
            cli.given("endpoint " + ID + " profile set audit");
            long before = cli.datastore.listAll("/calico/").revision();

            cli.transcript("""
                    $ endpoint %1$s profile append orders audit
                    Profile audit is already in endpoint profile list

                    $ endpoint %1$s profile remove audit orders
                    Profile orders is not in endpoint profile list.

                    $ endpoint %1$s profile append
                    No profile specified.

                    $ endpoint %1$s profile remove
                    No profile specified.

                    """.formatted(ID));
            assertThat(profiles(key)).containsExactly("audit");
            assertThat(cli.datastore.listAll("/calico/").revision()).isEqualTo(before);
        }

        @Test
        void profilesMustBeNamesExistAndBeGivenOnce() {
            cli.transcript("""
                    $ endpoint %1$s profile append orders a,b
                    Profile names may only hold numbers, letters, dots, dashes and underscores.

                    => 1
                    $ endpoint %1$s profile append orders none
                    Profile with name none was not found.
                    => 1
                    $ endpoint %1$s profile set orders audit orders
                    Profile with name orders was specified more than once.
                    => 1
                    """.formatted(ID));
            assertThat(profiles(key)).isEmpty();
        }

        @Test
        void unknownEndpointIsSaidAfterWhatFailed() {
            cli.transcript("""
                    $ endpoint none profile append orders
                    Failed to append profiles to endpoint.

                    Endpoint none is unknown to Calico.

                    => 1
                    $ endpoint none profile set orders
                    Failed to set profiles for endpoint.

                    Endpoint could not be found.

                    => 1
                    $ endpoint none profile remove orders
                    Failed to remove profiles from endpoint.

                    Endpoint could not be found.

                    => 1
                    $ endpoint none profile show
                    Failed to list profiles in endpoint.

                    Endpoint none is unknown to Calico.

                    => 1
                    """);
        }

        @Test
        void severalEndpointsOfOneIdNeedMoreFilters() {
            EndpointKey other = endpoint("rack7-n4", "docker", "w1", ID);
            String refusal = """
                    More than one endpoint matches %s. Say which one
                    with --host, --orchestrator and --workload.

                    => 1
                    """.formatted(ID);
            for (String form : List.of("append orders", "remove orders", "set orders", "show")) {
                assertThat(cli.run("endpoint " + ID + " profile " + form).transcript())
                        .as(form)
                        .isEqualTo(refusal);
            }

            cli.given("endpoint " + ID + " profile append --host=rack7-n4 orders");

            assertThat(profiles(other)).containsExactly("orders");
            assertThat(profiles(key)).isEmpty();
        }
    }
}
