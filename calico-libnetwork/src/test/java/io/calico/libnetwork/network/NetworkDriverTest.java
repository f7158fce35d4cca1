package io.calico.libnetwork.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.dataplane.recording.RecordingDataplane;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.ipam.AssignOptions;
import io.calico.ipam.Owner;
import io.calico.libnetwork.RunningPlugin;
import io.calico.model.EndpointKey;
import io.calico.model.IpPool;
import io.calico.model.Profile;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each call of the network driver, as an engine makes it. */
@Timeout(60)
class NetworkDriverTest {
    private static final String NETWORK = "5419fc95c71374069466b6aa14f2f55d83513f6fb79f370606a13befba64e5f2";
    private static final String NETWORK_2 = "77aac0134be1b7a9a9f5a31b7e4f3b7a3b8a3de3a4c0de64ad4d4e2c8d1f0a11";
    private static final String ENDPOINT = "48f735201e5801393ea81a1196352c8ac788f9f8df6842ec2427c4c0d0ac91b2";
    private static final String ENDPOINT_2 = "0680c29b0ead34d31095fbab9d43169386d22e564d5067442023760923020947";
    private static final String SANDBOX = "/run/docker/netns/09ffebfd296e";
    private static final String OURS =
            "{\"AddressSpace\":\"CalicoLocalAddressSpace\",\"Pool\":\"0.0.0.0/0\",\"Gateway\":\"0.0.0.0/0\"}";
    private static final String DOCKERS =
            "{\"AddressSpace\":\"LocalDefault\",\"Pool\":\"172.18.0.0/16\",\"Gateway\":\"172.18.0.1/16\"}";

    private final MemoryDatastore datastore = new MemoryDatastore();
    private final RecordingDataplane dataplane = new RecordingDataplane();
    private final RunningPlugin plugin = RunningPlugin.start(datastore, dataplane);

    @AfterEach
    void stop() {
        plugin.close();
    }

    private static String networkRequest(String id, String ipv4Data, String generic) {
        return "{\"NetworkID\":\"%s\",\"Options\":{\"com.docker.network.enable_ipv6\":false,".formatted(id)
                + "\"com.docker.network.generic\":" + generic + "},\"IPv4Data\":[" + ipv4Data + "],\"IPv6Data\":[]}";
    }

    private void createNetwork(String id) {
        assertThat(plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(id, OURS, "{}") + "\n"))
                .isEmpty();
    }

    private static String endpointRequest(String network, String endpoint, String address, String mac) {
        return """
                {"NetworkID":"%s","EndpointID":"%s",\
                "Interface":{"Address":"%s","AddressIPv6":"","MacAddress":"%s"},\
                "Options":{"com.docker.network.endpoint.exposedports":[],"com.docker.network.portmap":[]}}""".formatted(network, endpoint, address, mac);
    }

    private JsonNode createEndpoint(String network, String endpoint, String address) {
        assign(address);
        return plugin.ok("/NetworkDriver.CreateEndpoint", endpointRequest(network, endpoint, address, ""));
    }

    /** As an engine asks for it before CreateEndpoint, with {@code --ip}; what is assigned stays so. */
    private void assign(String address) {
        String plain = address.substring(0, address.indexOf('/'));
        if (address.startsWith("192.168.")
                && plugin.allocator().info(IpAddress.parse(plain)).isEmpty()) {
            plugin.ok(
                    "/IpamDriver.RequestAddress",
                    "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"%s\"}".formatted(plain));
        }
    }

    private Optional<Owner> owner(String address) {
        return plugin.allocator()
                .info(IpAddress.parse(address.replace("/32", "")))
                .flatMap(info -> info.owner());
    }

    private static String joinRequest(String network, String endpoint, String sandbox) {
        return "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\",\"SandboxKey\":\"%s\",\"Options\":{}}"
                .formatted(network, endpoint, sandbox);
    }

    private JsonNode join(String network, String endpoint, String sandbox) {
        return plugin.ok("/NetworkDriver.Join", joinRequest(network, endpoint, sandbox));
    }

    private static String ids(String network, String endpoint) {
        return "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"}".formatted(network, endpoint);
    }

    private String requestAddress() {
        return plugin.ok(
                        "/IpamDriver.RequestAddress",
                        "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\",\"Options\":null}")
                .path("Address")
                .asText();
    }

    private void releaseAddress(String address) {
        plugin.ok(
                "/IpamDriver.ReleaseAddress",
                "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"%s\"}".formatted(address.replace("/32", "")));
    }

    private StoredEndpoint endpoint(String id) {
        return plugin.store()
                .endpoints()
                .find(new EndpointKey(RunningPlugin.HOST, "libnetwork", "libnetwork", id))
                .orElseThrow();
    }

    @Test
    void theDriversIntroduceThemselves() {
        assertThat(plugin.ok("/Plugin.Activate", ""))
                .isEqualTo(RunningPlugin.json("{\"Implements\":[\"NetworkDriver\",\"IpamDriver\"]}"));
        assertThat(plugin.ok("/NetworkDriver.GetCapabilities", ""))
                .isEqualTo(RunningPlugin.json("{\"Scope\":\"local\",\"ConnectivityScope\":\"global\"}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/NetworkDriver.DiscoverNew",
                "/NetworkDriver.DiscoverDelete",
            })
    void whatEnginesTellAboutEachOtherIsAccepted(String call) {
        assertThat(plugin.ok(call, "{\"DiscoveryType\":1,\"DiscoveryData\":{\"Address\":\"10.10.0.12\"}}"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/NetworkDriver.Leave",
                "/NetworkDriver.DeleteEndpoint",
                "/NetworkDriver.EndpointOperInfo",
                "/NetworkDriver.ProgramExternalConnectivity",
                "/NetworkDriver.RevokeExternalConnectivity",
                "/NetworkDriver.DeleteNetwork",
            })
    void aCallAboutSomethingUnknownSucceeds(String call) {
        plugin.ok(call, ids(NETWORK, ENDPOINT));
        plugin.ok(call, ids(NETWORK, ENDPOINT));
        plugin.assertNothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"NetworkID\":\"\"}",
                "{\"NetworkID\":null}",
                "{\"NetworkID\":\"a/b\"}",
                "{\"NetworkID\":\"..\"}",
                "{\"NetworkID\":[1]}"
            })
    void anIdThatIsNoneIsABadRequest(String body) {
        assertThat(plugin.call("/NetworkDriver.DeleteNetwork", body).status()).isEqualTo(400);
        assertThat(plugin.call("/NetworkDriver.CreateNetwork", body).status()).isEqualTo(400);
        assertThat(plugin.call("/NetworkDriver.Join", body).status()).isEqualTo(400);
    }

    @Test
    void fieldNamesMayBeWrittenInAnyCase() {
        plugin.ok(
                "/NetworkDriver.CreateNetwork",
                "{\"networkid\":\"%s\",\"ipv4data\":[{\"POOL\":\"0.0.0.0/0\"}]}".formatted(NETWORK));

        assertThat(plugin.store().networks().requestIds()).containsExactly(NETWORK);
    }

    @Nested
    class Networks {
        @Test
        void aNetworkIsAProfileAndTheRequestWordForWord() {
            createNetwork(NETWORK);

            assertThat(plugin.store().profiles().find(NETWORK)).hasValue(Profile.defaults(NETWORK));
            assertThat(plugin.store().networks().findRequest(NETWORK)).hasValue(networkRequest(NETWORK, OURS, "{}"));
        }

        @Test
        void aNetworkMayBeCreatedTwiceAndKeepsItsRules() {
            createNetwork(NETWORK);
            plugin.store().profiles().updateTags(NETWORK, tags -> java.util.List.of("changed"));

            createNetwork(NETWORK);

            assertThat(plugin.store().profiles().find(NETWORK).orElseThrow().tags())
                    .containsExactly("changed");
        }

        @Test
        void aDeletedNetworkLeavesNothing() {
            createNetwork(NETWORK);
            plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");

            plugin.assertNothingIsLeft();
        }

        @Test
        void gatewayAndAuxiliaryAddressesAreBoundToTheNetwork() {
            plugin.ok(
                    "/IpamDriver.RequestAddress",
                    "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"192.168.7.1\","
                            + "\"Options\":{\"RequestAddressType\":\"com.docker.network.gateway\"}}");
            plugin.ok(
                    "/IpamDriver.RequestAddress",
                    "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"192.168.7.9\",\"Options\":null}");
            String subnet = "{\"Pool\":\"0.0.0.0/0\",\"Gateway\":\"192.168.7.1/32\","
                    + "\"AuxAddresses\":{\"router\":\"192.168.7.9/32\"}}";

            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, subnet, "{}"));

            Owner network = Owner.network(RunningPlugin.HOST, NETWORK);
            for (String address : new String[] {"192.168.7.1", "192.168.7.9"}) {
                assertThat(plugin.allocator().info(IpAddress.parse(address)).flatMap(info -> info.owner()))
                        .hasValue(network);
            }
        }

        @Test
        void withDockersAddressesTheSubnetIsAPoolThatGivesNone() {
            plugin.ok(
                    "/NetworkDriver.CreateNetwork",
                    networkRequest(NETWORK, DOCKERS, "{\"ipip\":\"true\",\"nat-outgoing\":\"1\",\"other\":\"x\"}"));

            assertThat(plugin.store().pools().find(Cidr.parse("172.18.0.0/16")))
                    .hasValue(IpPool.builder()
                            .cidr(Cidr.parse("172.18.0.0/16"))
                            .ipam(false)
                            .ipip("tunl0")
                            .natOutgoing(true)
                            .build());

            plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");
            plugin.assertNothingIsLeft();
        }

        @Test
        void anOptionThatSaysNoIsNotTakenForYes() {
            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, DOCKERS, "{\"ipip\":\"false\"}"));

            assertThat(plugin.store().pools().find(Cidr.parse("172.18.0.0/16")).flatMap(IpPool::ipip))
                    .isEmpty();
        }

        @Test
        void aSubnetThatOverlapsAPoolIsRefusedAndNothingIsLeft() {
            String inside = DOCKERS.replace("172.18.0.0/16", "192.168.5.0/24");

            assertThat(plugin.refused("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, inside, "{}")))
                    .contains("192.168.5.0/24", "192.168.0.0/16", "--ipam-driver calico");

            plugin.assertNothingIsLeft();
        }

        @Test
        void aSubnetThatIsAPoolOfOursIsRefused() {
            String same = DOCKERS.replace("172.18.0.0/16", "192.168.0.0/16");

            assertThat(plugin.refused("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, same, "{}")))
                    .contains("192.168.0.0/16 is a pool of calico");
            assertThat(plugin.store().pools().find(Cidr.parse("192.168.0.0/16")).map(IpPool::ipam))
                    .hasValue(true);
        }

        @Test
        void aSubnetOfAnotherNetworkIsRefusedAndThatNetworkStays() {
            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, DOCKERS, "{}"));

            assertThat(plugin.refused("/NetworkDriver.CreateNetwork", networkRequest(NETWORK_2, DOCKERS, "{}")))
                    .contains("172.18.0.0/16", NETWORK);
            assertThat(plugin.store().pools().find(Cidr.parse("172.18.0.0/16"))).isPresent();
            assertThat(plugin.store().profiles().exists(NETWORK_2)).isFalse();
        }

        @Test
        void aNetworkWithDockersAddressesMayBeCreatedTwice() {
            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, DOCKERS, "{}"));

            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, DOCKERS, "{}"));

            plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");
            plugin.assertNothingIsLeft();
        }

        @Test
        void aNetworkIsNotMadeIntoAnother() {
            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, DOCKERS, "{}"));

            assertThat(plugin.refused("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, OURS, "{}")))
                    .contains("exists with other subnets");

            assertThat(plugin.store().pools().find(Cidr.parse("172.18.0.0/16"))).isPresent();
        }

        @Test
        void ofTwoNetworksWithOneSubnetAtTheSameMomentOneIsMade() {
            long made = Stream.of(NETWORK, NETWORK_2)
                    .parallel()
                    .filter(id -> plugin.call("/NetworkDriver.CreateNetwork", networkRequest(id, DOCKERS, "{}"))
                                    .status()
                            == 200)
                    .count();

            assertThat(made).isEqualTo(1);
            assertThat(plugin.store().networks().requestIds()).hasSize(1);
            assertThat(plugin.store().profiles().list().values()).hasSize(1);
            assertThat(plugin.store().pools().find(Cidr.parse("172.18.0.0/16"))).isPresent();
        }

        @Test
        void anAddressThatTheNetworkAskedForAndLostMakesNoNetwork() {
            String subnet = "{\"Pool\":\"0.0.0.0/0\",\"Gateway\":\"192.168.7.1/32\","
                    + "\"AuxAddresses\":{\"router\":\"192.168.7.9/32\"}}";
            assign("192.168.7.1/32");

            assertThat(plugin.refused("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, subnet, "{}")))
                    .contains("192.168.7.9");

            assertThat(owner("192.168.7.1")).hasValue(Owner.pendingEndpoint(RunningPlugin.HOST));
            releaseAddress("192.168.7.1");
            plugin.assertNothingIsLeft();
        }

        @Test
        void theEngineReleasesTheNetworksAddressesBeforeItDeletesTheNetwork() {
            String subnet = "{\"Pool\":\"0.0.0.0/0\",\"Gateway\":\"192.168.7.1/32\"}";
            assign("192.168.7.1/32");
            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, subnet, "{}"));

            releaseAddress("192.168.7.1");
            plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");

            plugin.assertNothingIsLeft();
        }

        @Test
        void ipv6IsRefusedWithAReason() {
            String request = networkRequest(NETWORK, OURS, "{}")
                    .replace("\"IPv6Data\":[]", "\"IPv6Data\":[{\"Pool\":\"fd00::/64\",\"Gateway\":\"fd00::1/64\"}]");

            assertThat(plugin.refused("/NetworkDriver.CreateNetwork", request)).contains("IPv6");
            plugin.assertNothingIsLeft();
        }

        @Test
        void whatCannotBeWrittenWholeIsTakenBack() {
            String unstorable =
                    networkRequest(NETWORK, OURS, "{\"x\":\"\\u0000\"}").replace("{}", "{}") + "\u0000";

            assertThat(plugin.call("/NetworkDriver.CreateNetwork", unstorable).status())
                    .isGreaterThanOrEqualTo(400);
            plugin.assertNothingIsLeft();
        }
    }

    @Nested
    class Endpoints {
        @Test
        void anEndpointIsStoredWithTheNetworksProfile() {
            createNetwork(NETWORK);

            JsonNode answer = createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");

            assertThat(answer).isEqualTo(RunningPlugin.json("{\"Interface\":{\"MacAddress\":\"ee:ee:ee:ee:ee:ee\"}}"));
            assertThat(ModelJson.write(endpoint(ENDPOINT).value()))
                    .isEqualTo("{\"state\":\"active\",\"name\":\"cali48f735201e5\",\"mac\":\"ee:ee:ee:ee:ee:ee\","
                            + "\"profile_ids\":[\"" + NETWORK + "\"],\"ipv4_nets\":[\"192.168.0.2/32\"],"
                            + "\"ipv6_nets\":[],\"ipv4_gateway\":null,\"ipv6_gateway\":null}");
            assertThat(dataplane.interfaces()).isEmpty();
        }

        @Test
        void aMacThatTheUserChoseIsTakenAndNotAnswered() {
            createNetwork(NETWORK);

            assign("192.168.0.2/32");
            JsonNode answer = plugin.ok(
                    "/NetworkDriver.CreateEndpoint",
                    endpointRequest(NETWORK, ENDPOINT, "192.168.0.2/32", "02:42:0A:4D:00:09"));

            assertThat(answer).isEqualTo(RunningPlugin.json("{\"Interface\":{}}"));
            assertThat(endpoint(ENDPOINT).value().mac()).hasToString("02:42:0a:4d:00:09");
        }

        @ParameterizedTest
        @ValueSource(strings = {"02:ca:11:c0:00:01", "01:00:5e:00:00:01", "00:00:00:00:00:00"})
        void aMacThatCannotWorkIsRefused(String mac) {
            createNetwork(NETWORK);

            assertThat(plugin.refused(
                            "/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT, "192.168.0.2/32", mac)))
                    .contains(mac);
            assertThat(plugin.endpoints()).isEmpty();
        }

        @Test
        void anEndpointOfAnUnknownNetworkIsRefused() {
            assertThat(plugin.refused(
                            "/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT, "192.168.0.2/32", "")))
                    .contains(NETWORK, "not known");
            assertThat(plugin.endpoints()).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "fd00::1/128"})
        void anEndpointWithoutAnIpv4AddressIsRefused(String address) {
            createNetwork(NETWORK);

            plugin.refused("/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT, address, ""));
            assertThat(plugin.endpoints()).isEmpty();
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                {"NetworkID":"n"}                                                | EndpointID is missing
                {"NetworkID":"n","EndpointID":null}                              | EndpointID is missing
                {"NetworkID":"n","EndpointID":[]}                                | field 'EndpointID': not a string but []
                {"networkid":"n","ENDPOINTID":7,"interface":{"address":"x"}}     | field 'Interface': Address 'x' is not an address with a mask
                {"NetworkID":"n","EndpointID":"e","Interface":"192.168.0.2/32"}  | field 'Interface': not a JSON object but "192.168.0.2/32"
                """)
        void aFieldThatCannotBeReadIsNamed(String request, String reason) {
            assertThat(plugin.refused("/NetworkDriver.CreateEndpoint", request))
                    .isEqualTo("/NetworkDriver.CreateEndpoint: " + reason);
        }

        @Test
        void anAddressThatIsNoneIsABadRequest() {
            createNetwork(NETWORK);

            assertThat(plugin.call(
                                    "/NetworkDriver.CreateEndpoint",
                                    endpointRequest(NETWORK, ENDPOINT, "192.168.0.300/32", ""))
                            .status())
                    .isEqualTo(400);
        }

        @Test
        void theSameEndpointMayBeCreatedTwiceButNotAnother() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");

            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            assign("192.168.0.3/32");

            assertThat(plugin.refused(
                            "/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT, "192.168.0.3/32", "")))
                    .contains("exists with another address");
            assertThat(endpoint(ENDPOINT).value().addresses()).containsExactly(IpAddress.parse("192.168.0.2"));
        }

        @Test
        void aDeletedEndpointIsGoneWithAnInterfaceThatJoinLeft() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            join(NETWORK, ENDPOINT, SANDBOX);

            plugin.ok("/NetworkDriver.DeleteEndpoint", ids(NETWORK, ENDPOINT));

            assertThat(plugin.endpoints()).isEmpty();
            assertThat(dataplane.interfaces()).isEmpty();
        }

        @Test
        void anEndpointOfALostHostIsDeletedFromHere() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            StoredEndpoint here = endpoint(ENDPOINT);
            EndpointKey there = new EndpointKey("host12", "libnetwork", "libnetwork", ENDPOINT_2);
            plugin.store().endpoints().put(there, here.value());

            plugin.ok("/NetworkDriver.DeleteEndpoint", ids(NETWORK, ENDPOINT_2));

            assertThat(plugin.endpoints()).extracting(StoredEndpoint::key).containsExactly(here.key());
        }

        @Test
        void theAddressIsTheEndpointsWhileThereIsOne() {
            createNetwork(NETWORK);
            String address = requestAddress();
            assertThat(owner(address)).hasValue(Owner.pendingEndpoint(RunningPlugin.HOST));

            createEndpoint(NETWORK, ENDPOINT, address);
            assertThat(owner(address)).hasValue(Owner.endpoint(RunningPlugin.HOST, ENDPOINT));

            plugin.ok("/NetworkDriver.DeleteEndpoint", ids(NETWORK, ENDPOINT));
            assertThat(owner(address)).hasValue(Owner.pendingEndpoint(RunningPlugin.HOST));
        }

        @Test
        void anAddressThatWasReleasedSinceItWasRequestedMakesNoEndpoint() {
            createNetwork(NETWORK);
            String address = requestAddress();
            releaseAddress(address);

            assertThat(plugin.refused("/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT, address, "")))
                    .contains(address.replace("/32", ""), "released, or given to another");

            assertThat(plugin.endpoints()).isEmpty();
            assertThat(plugin.addressesInUse()).isZero();
        }

        @Test
        void anAddressOfAnotherEndpointMakesNoSecond() {
            createNetwork(NETWORK);
            String address = requestAddress();
            createEndpoint(NETWORK, ENDPOINT, address);

            assertThat(plugin.refused(
                            "/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT_2, address, "")))
                    .contains("given to another");

            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(owner(address)).hasValue(Owner.endpoint(RunningPlugin.HOST, ENDPOINT));
        }

        @Test
        void anAddressThatWaitsOnAnotherHostMakesNoEndpointHere() {
            createNetwork(NETWORK);
            IpAddress address = IpAddress.parse("192.168.0.9");
            plugin.allocator()
                    .assign(
                            address,
                            AssignOptions.builder()
                                    .owner(Owner.pendingEndpoint("host12"))
                                    .build());

            plugin.refused("/NetworkDriver.CreateEndpoint", endpointRequest(NETWORK, ENDPOINT, address + "/32", ""));
            releaseAddress(address.toString());

            assertThat(plugin.endpoints()).isEmpty();
            assertThat(owner(address.toString())).hasValue(Owner.pendingEndpoint("host12"));
        }

        @Test
        void operInfoNeedsNoDatastore() {
            datastore.close();

            assertThat(plugin.ok("/NetworkDriver.EndpointOperInfo", ids(NETWORK, ENDPOINT)))
                    .isEqualTo(RunningPlugin.json("{\"Value\":{}}"));
        }
    }

    @Nested
    class Joining {
        private static final String USUAL_ANSWER = """
                {"InterfaceName":{"SrcName":"tmp48f735201e5","DstPrefix":"cali"},
                 "Gateway":"169.254.1.1",
                 "StaticRoutes":[{"Destination":"169.254.1.1/32","RouteType":1,"NextHop":""}]}""";

        @Test
        void theContainerGetsItsInterfaceBehindItsFirewall() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");

            JsonNode answer = join(NETWORK, ENDPOINT, SANDBOX);

            assertThat(answer).isEqualTo(RunningPlugin.json(USUAL_ANSWER));
            assertThat(dataplane.liveInterfaces()).containsExactly("cali48f735201e5");
            assertThat(endpoint(ENDPOINT).value().ipv4Gateway()).hasValue(IpAddress.parse("169.254.1.1"));
        }

        @Test
        void joiningTwiceAnswersTheSame() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");

            assertThat(join(NETWORK, ENDPOINT, SANDBOX)).isEqualTo(join(NETWORK, ENDPOINT, SANDBOX));
        }

        @Test
        void anUnknownEndpointIsRefused() {
            createNetwork(NETWORK);

            assertThat(plugin.refused("/NetworkDriver.Join", joinRequest(NETWORK, ENDPOINT, SANDBOX)))
                    .contains(ENDPOINT, "not known");
            assertThat(dataplane.interfaces()).isEmpty();
        }

        @Test
        void whatTheHostRefusesIsToldAndNothingIsLeftAfterTheRollback() {
            createNetwork(NETWORK);
            String address = requestAddress();
            createEndpoint(NETWORK, ENDPOINT, address);
            dataplane.failNext(RecordingDataplane.Operation.ADD, 1);

            assertThat(plugin.refused("/NetworkDriver.Join", joinRequest(NETWORK, ENDPOINT, SANDBOX)))
                    .contains("injected failure");

            assertThat(dataplane.interfaces()).isEmpty();
            plugin.ok("/NetworkDriver.DeleteEndpoint", ids(NETWORK, ENDPOINT));
            releaseAddress(address);
            plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");
            plugin.assertNothingIsLeft();
        }

        @Test
        void aSecondNetworkOfTheSameContainerGetsAGatewayOfItsOwnThatSurvivesARestart() {
            createNetwork(NETWORK);
            createNetwork(NETWORK_2);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            join(NETWORK, ENDPOINT, SANDBOX);
            createEndpoint(NETWORK_2, ENDPOINT_2, "192.168.0.3/32");
            plugin.close();
            RecordingDataplane host = new RecordingDataplane();
            dataplane.interfaces().keySet().forEach(host::plantInterface);

            try (RunningPlugin restarted = RunningPlugin.start(datastore, host)) {
                JsonNode answer = restarted.ok("/NetworkDriver.Join", joinRequest(NETWORK_2, ENDPOINT_2, SANDBOX));

                String gateway = answer.path("Gateway").asText();
                assertThat(gateway).startsWith("169.254.").isNotEqualTo("169.254.1.1");
                assertThat(answer.path("StaticRoutes")
                                .get(0)
                                .path("Destination")
                                .asText())
                        .isEqualTo(gateway + "/32");
                assertThat(endpoint(ENDPOINT_2).value().ipv4Gateway()).hasValue(IpAddress.parse(gateway));
                assertThat(host.interfaces()
                                .get("cali0680c29b0ea")
                                .workload()
                                .orElseThrow()
                                .gateway4())
                        .isEqualTo(IpAddress.parse(gateway));
            }
        }

        @Test
        void anotherContainerHasTheUsualGateway() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            createEndpoint(NETWORK, ENDPOINT_2, "192.168.0.3/32");
            join(NETWORK, ENDPOINT, SANDBOX);

            JsonNode answer = join(NETWORK, ENDPOINT_2, "/run/docker/netns/4eaa61d57b76");

            assertThat(answer.path("Gateway").asText()).isEqualTo("169.254.1.1");
        }

        @Test
        void theUsualGatewayIsFreeAgainWhenTheFirstNetworkIsDisconnected() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            join(NETWORK, ENDPOINT, SANDBOX);
            plugin.ok("/NetworkDriver.Leave", ids(NETWORK, ENDPOINT));
            plugin.ok("/NetworkDriver.DeleteEndpoint", ids(NETWORK, ENDPOINT));
            createEndpoint(NETWORK, ENDPOINT_2, "192.168.0.3/32");

            assertThat(join(NETWORK, ENDPOINT_2, SANDBOX).path("Gateway").asText())
                    .isEqualTo("169.254.1.1");
        }

        @Test
        void withDockersAddressesNeighboursAreReachedThroughTheGatewayToo() {
            plugin.ok("/NetworkDriver.CreateNetwork", networkRequest(NETWORK, DOCKERS, "{}"));
            createEndpoint(NETWORK, ENDPOINT, "172.18.0.2/16");

            assertThat(join(NETWORK, ENDPOINT, SANDBOX)).isEqualTo(RunningPlugin.json("""
                                    {"InterfaceName":{"SrcName":"tmp48f735201e5","DstPrefix":"cali"},
                                     "Gateway":"169.254.1.1",
                                     "StaticRoutes":[{"Destination":"169.254.1.1/32","RouteType":1,"NextHop":""},
                                      {"Destination":"172.18.0.0/17","RouteType":0,"NextHop":"169.254.1.1"},
                                      {"Destination":"172.18.128.0/17","RouteType":0,"NextHop":"169.254.1.1"}]}"""));
            assertThat(endpoint(ENDPOINT).value().addresses()).containsExactly(IpAddress.parse("172.18.0.2"));
        }

        @Test
        void whoLeavesHasNoInterfaceButKeepsItsEndpoint() {
            createNetwork(NETWORK);
            createEndpoint(NETWORK, ENDPOINT, "192.168.0.2/32");
            join(NETWORK, ENDPOINT, SANDBOX);

            plugin.ok("/NetworkDriver.Leave", ids(NETWORK, ENDPOINT));

            assertThat(dataplane.interfaces()).isEmpty();
            assertThat(plugin.endpoints()).hasSize(1);
        }
    }

    @Nested
    class LateReleases {
        @Test
        void theAddressOfALiveInterfaceIsNotFreed() {
            createNetwork(NETWORK);
            String address = requestAddress();
            createEndpoint(NETWORK, ENDPOINT, address);
            join(NETWORK, ENDPOINT, SANDBOX);

            releaseAddress(address);

            assertThat(plugin.addressesInUse()).isEqualTo(1);
            assertThat(plugin.endpoints()).hasSize(1);
            assertThat(dataplane.liveInterfaces()).hasSize(1);
        }

        @Test
        void anEndpointWithoutAnInterfaceGoesWithItsAddress() {
            createNetwork(NETWORK);
            String address = requestAddress();
            createEndpoint(NETWORK, ENDPOINT, address);

            releaseAddress(address);

            assertThat(plugin.addressesInUse()).isZero();
            assertThat(plugin.endpoints()).isEmpty();
        }

        @Test
        void theAddressOfAnEndpointOfAnotherHostIsNotFreed() {
            createNetwork(NETWORK);
            IpAddress address = IpAddress.parse("192.168.0.9");
            plugin.allocator()
                    .assign(
                            address,
                            AssignOptions.builder()
                                    .owner(Owner.endpoint("host12", ENDPOINT))
                                    .build());

            releaseAddress(address.toString());

            assertThat(plugin.addressesInUse()).isEqualTo(1);
        }

        @Test
        void theAddressOfAnEndpointThatAnEarlierReleaseMadeIsNotFreedWhileItLives() {
            createNetwork(NETWORK);
            String address = requestAddress();
            createEndpoint(NETWORK, ENDPOINT, address);
            join(NETWORK, ENDPOINT, SANDBOX);
            // As a release of before owners were bound wrote it.
            plugin.allocator()
                    .transferOwner(
                            IpAddress.parse(address.replace("/32", "")),
                            Owner.endpoint(RunningPlugin.HOST, ENDPOINT),
                            Owner.pendingEndpoint(RunningPlugin.HOST),
                            io.calico.datastore.spi.Transaction.builder().build());

            releaseAddress(address);

            assertThat(plugin.addressesInUse()).isEqualTo(1);
            assertThat(plugin.endpoints()).hasSize(1);
        }

        @Test
        void anEndpointThatAnotherHostDeletedHoldsNothing() {
            createNetwork(NETWORK);
            String address = requestAddress();
            createEndpoint(NETWORK, ENDPOINT, address);
            plugin.store().endpoints().delete(endpoint(ENDPOINT).key());

            releaseAddress(address);

            assertThat(plugin.addressesInUse()).isZero();
        }
    }

    @Test
    void aWholeLifeLeavesNothing() {
        createNetwork(NETWORK);
        String address = requestAddress();
        createEndpoint(NETWORK, ENDPOINT, address);
        join(NETWORK, ENDPOINT, SANDBOX);
        plugin.ok("/NetworkDriver.ProgramExternalConnectivity", ids(NETWORK, ENDPOINT));
        plugin.ok("/NetworkDriver.EndpointOperInfo", ids(NETWORK, ENDPOINT));
        plugin.ok("/NetworkDriver.RevokeExternalConnectivity", ids(NETWORK, ENDPOINT));
        plugin.ok("/NetworkDriver.Leave", ids(NETWORK, ENDPOINT));
        plugin.ok("/NetworkDriver.DeleteEndpoint", ids(NETWORK, ENDPOINT));
        releaseAddress(address);
        plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");

        plugin.assertNothingIsLeft();
        assertThat(plugin.store().networks().findOnHost(RunningPlugin.HOST, NETWORK))
                .isEqualTo(Optional.empty());
    }
}
