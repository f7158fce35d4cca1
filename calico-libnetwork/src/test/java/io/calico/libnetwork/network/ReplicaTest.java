package io.calico.libnetwork.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.libnetwork.RunningPlugin;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import io.calico.model.Profile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A network of another host's engine, of which this host's engine has a copy under an id of its own. */
@Timeout(60)
class ReplicaTest {
    private static final String HOST = RunningPlugin.HOST;
    private static final String ORIGINAL = "a".repeat(64);
    private static final String COPY = "b".repeat(64);
    private static final String ENDPOINT = "e".repeat(64);
    private static final String IDS = "\"NetworkID\":\"" + COPY + "\",\"EndpointID\":\"" + ENDPOINT + "\"";

    private final RunningPlugin plugin = RunningPlugin.start();

    /** What host12 has written when a user made the network there. */
    @BeforeEach
    void makeOriginal() {
        plugin.store().profiles().create(Profile.defaults(ORIGINAL));
        plugin.store()
                .networks()
                .putRequest(ORIGINAL, "{\"NetworkID\":\"" + ORIGINAL + "\",\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\"}]}");
        plugin.store()
                .networks()
                .claimName(Network.builder()
                        .id(ORIGINAL)
                        .name("data-tier")
                        .host("host12")
                        .build());
        plugin.store().networks().putOnHost("host12", ORIGINAL, known());
    }

    private static HostNetwork known() {
        return HostNetwork.builder().name("data-tier").network(ORIGINAL).build();
    }

    @AfterEach
    void stop() {
        plugin.close();
    }

    private static String creation(String original) {
        return "{\"NetworkID\":\"" + COPY
                + "\",\"Options\":{\"com.docker.network.generic\":{\"io.calico.network\":\"" + original
                + "\"}},\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\"}]}";
    }

    private void makeCopy() {
        plugin.ok("/NetworkDriver.CreateNetwork", creation(ORIGINAL));
    }

    private void deleteCopy() {
        plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + COPY + "\"}");
    }

    private void removedElsewhere() {
        plugin.store().networks().removeFromHost("host12", ORIGINAL);
        assertThat(plugin.store().networks().end(ORIGINAL)).isFalse();
    }

    @Test
    void aCopyHasNoProfileAndNoRequestOfItsOwn() {
        makeCopy();
        makeCopy();

        assertThat(plugin.store().networks().findOnHost(HOST, COPY)).hasValue(known());
        assertThat(plugin.store().networks().requestIds()).containsExactly(ORIGINAL);
        assertThat(plugin.store().profiles().list().values())
                .extracting(Profile::name)
                .containsExactly(ORIGINAL);
    }

    @Test
    void aContainerOnACopyHasTheProfileOfTheNetwork() {
        makeCopy();
        String address = plugin.ok("/IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\"}")
                .path("Address")
                .asText();

        plugin.ok("/NetworkDriver.CreateEndpoint", "{" + IDS + ",\"Interface\":{\"Address\":\"" + address + "\"}}");
        plugin.ok("/NetworkDriver.Join", "{" + IDS + ",\"SandboxKey\":\"/run/docker/netns/1\"}");

        assertThat(plugin.endpoints())
                .singleElement()
                .satisfies(stored -> assertThat(stored.value().profileIds()).containsExactly(ORIGINAL));
    }

    @Test
    void aCopyOfANetworkThatIsNotThereIsRefused() {
        assertThat(plugin.refused("/NetworkDriver.CreateNetwork", creation("c".repeat(64))))
                .contains("there is no network " + "c".repeat(64));
        assertThat(plugin.refused("/NetworkDriver.CreateNetwork", creation("../x")))
                .contains("io.calico.network");
        assertThat(plugin.store().networks().ofHost(HOST)).isEmpty();
    }

    @Test
    void aCopyOfARemovedNetworkIsRefused() {
        plugin.store().networks().putOnHost("host13", "d".repeat(64), known());
        removedElsewhere();

        assertThat(plugin.refused("/NetworkDriver.CreateNetwork", creation(ORIGINAL)))
                .contains("there is no network " + ORIGINAL);
    }

    @Test
    void removingACopyRemovesTheNetworkEverywhere() {
        makeCopy();

        deleteCopy();

        assertThat(plugin.store().networks().find("data-tier"))
                .hasValueSatisfying(network -> assertThat(network.removed()).isTrue());
        assertThat(plugin.store().networks().ofHost(HOST)).isEmpty();
        assertThat(plugin.store().profiles().exists(ORIGINAL))
                .as("containers of host12 need it")
                .isTrue();
    }

    @Test
    void theLastHostThatLetsARemovedNetworkGoRemovesWhatIsStored() {
        makeCopy();
        removedElsewhere();

        deleteCopy();

        assertThat(plugin.store().networks().list().values()).isEmpty();
        plugin.assertNothingIsLeft();
    }

    @Test
    @SuppressWarnings("try") // the guard is held, not called
    void anEngineThatTakesBackACopyWhileItIsMadeDoesNotRemoveTheNetwork() {
        ReplicaGuard.Making making = plugin.driver().replicas().making(ORIGINAL);
        makeCopy();
        deleteCopy();
        making.close();

        assertThat(plugin.store().networks().ofHost(HOST)).isEmpty();
        assertThat(plugin.store().networks().find("data-tier"))
                .hasValueSatisfying(network -> assertThat(network.removed()).isFalse());
    }

    @Test
    void anEngineThatSharesItsNetworksRemovesOneOnAllHostsAtOnce() {
        plugin.store().networks().putOnHost(HOST, ORIGINAL, known());

        plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + ORIGINAL + "\"}");

        assertThat(plugin.store().networks().whereIs(ORIGINAL)).isEmpty();
        assertThat(plugin.store().networks().list().values()).isEmpty();
        plugin.assertNothingIsLeft();
    }
}
