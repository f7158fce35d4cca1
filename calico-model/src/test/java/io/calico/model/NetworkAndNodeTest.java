package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.calico.model.json.ModelJson;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Networks, endpoint keys and nodes. */
class NetworkAndNodeTest {
    @Test
    void networkIsStoredWithIdNameAndHost() {
        Network network =
                Network.builder().id("9f0c").name("app-tier").host("h1").build();

        assertThat(ModelJson.write(network)).isEqualTo("""
                {"id":"9f0c","name":"app-tier","host":"h1"}""");
        Records.assertRoundTrip(network, Network::fromJson);
        assertThat(Records.reason("{\"id\":\"9f0c\"}", Network::fromJson)).isEqualTo("field 'name' is missing");
    }

    @Test
    void idOnAHostIsStoredWithNameAndCanonicalId() {
        HostNetwork network =
                HostNetwork.builder().name("app-tier").network("9f0c").build();

        assertThat(ModelJson.write(network)).isEqualTo("""
                {"name":"app-tier","network":"9f0c"}""");
        Records.assertRoundTrip(network, HostNetwork::fromJson);
    }

    @Test
    void fieldsOfOtherWritersSurviveAChange() {
        assertThat(ModelJson.write(
                        ModelJson.read(Records.KEY, "{\"x\":1,\"name\":\"n\",\"id\":\"i\"}", Network::fromJson)
                                .withName("m")))
                .isEqualTo("{\"id\":\"i\",\"name\":\"m\",\"x\":1}");
        assertThat(ModelJson.write(ModelJson.read(
                        Records.KEY, "{\"x\":1,\"name\":\"n\",\"network\":\"i\"}", HostNetwork::fromJson)))
                .isEqualTo("{\"name\":\"n\",\"network\":\"i\",\"x\":1}");
    }

    @Test
    void endpointsAreOrderedByHostOrchestratorWorkloadAndId() {
        List<EndpointKey> keys = new ArrayList<>(List.of(
                new EndpointKey("h2", "docker", "w", "e"),
                new EndpointKey("h1", "libnetwork", "w", "e"),
                new EndpointKey("h1", "docker", "w2", "e"),
                new EndpointKey("h1", "docker", "w1", "e2"),
                new EndpointKey("h1", "docker", "w1", "e1")));

        keys.sort(null);

        assertThat(keys)
                .map(EndpointKey::toString)
                .containsExactly(
                        "h1/docker/w1/e1", "h1/docker/w1/e2", "h1/docker/w2/e", "h1/libnetwork/w/e", "h2/docker/w/e");
    }

    @Test
    void partThatWouldMakeAnotherKeyIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EndpointKey("h", "docker", "a/b", "e"))
                .withMessage("workload 'a/b' of an endpoint is empty or holds a slash");
        assertThatIllegalArgumentException().isThrownBy(() -> new EndpointKey("", "docker", "w", "e"));
    }

    @Test
    void addressOfTheWrongVersionIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Node.builder().name("h").ipv4(IpAddress.parse("::1")).build())
                .withMessage("address ::1 of node h is not IPv4");
    }

    @Test
    void asNumberHas32Bits() {
        assertThat(Node.builder().name("h").asNumber(4294967295L).build().asNumber())
                .hasValue(4294967295L);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Node.builder().name("h").asNumber(4294967296L).build())
                .withMessage("AS number 4294967296 of node h is not in 0-4294967295");
    }
}
