package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Transaction;
import io.calico.model.HostNetwork;
import io.calico.model.Network;
import io.calico.model.json.BadRecordException;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetworksTest {
    private final MemoryDatastore memory = new MemoryDatastore();
    private final Networks networks = new CalicoStore(memory).networks();

    private static Network network(String name, String id) {
        return Network.builder().name(name).id(id).host("n1").build();
    }

    private static HostNetwork onHost(String name, String canonicalId) {
        return HostNetwork.builder().name(name).network(canonicalId).build();
    }

    @Test
    void theFirstNetworkOfANameKeepsIt() {
        assertThat(networks.claimName(network("app", "a1"))).isEqualTo(network("app", "a1"));
        assertThat(networks.claimName(network("app", "b2"))).isEqualTo(network("app", "a1"));
        assertThat(networks.find("app")).contains(network("app", "a1"));
        assertThat(networks.list().values()).containsExactly(network("app", "a1"));
    }

    @Test
    void onlyTheOwnerOfANameGivesItUp() {
        networks.claimName(network("app", "a1"));

        assertThat(networks.releaseName("app", "b2")).isFalse();
        assertThat(networks.find("app")).isPresent();
        assertThat(networks.releaseName("app", "a1")).isTrue();
        assertThat(networks.releaseName("app", "a1")).isFalse();
        assertThat(networks.claimName(network("app", "b2"))).isEqualTo(network("app", "b2"));
    }

    @Test
    void eachHostHasItsOwnIds() {
        networks.putOnHost("n1", "a1", onHost("app", "a1"));
        networks.putOnHost("n10", "c3", onHost("app", "a1"));

        assertThat(networks.ofHost("n1")).containsOnlyKeys("a1");
        assertThat(networks.findOnHost("n10", "c3")).contains(onHost("app", "a1"));
        assertThat(networks.findOnHost("n1", "c3")).isEmpty();
        assertThat(networks.removeFromHost("n10", "c3")).isTrue();
        assertThat(networks.removeFromHost("n10", "c3")).isFalse();
    }

    @Test
    void requestsAreKeptAsTheyCame() {
        String request = "{ \"NetworkID\" : \"a1\" , \"Odd\": [1,2] }";

        networks.putRequest("a1", request);

        assertThat(networks.findRequest("a1")).contains(request);
        assertThat(networks.requestIds()).containsExactly("a1");
        assertThat(networks.removeRequest("a1")).isTrue();
        assertThat(networks.removeRequest("a1")).isFalse();
        assertThat(networks.findRequest("a1")).isEmpty();
    }

    @Test
    void aNameWinsOverTheStartOfAnId() {
        networks.claimName(network("abc", "111"));
        networks.claimName(network("other", "abc222"));

        assertThat(networks.resolve("abc")).isEqualTo(new NetworkLookup.Found(network("abc", "111")));
        assertThat(networks.resolve("abc2")).isEqualTo(new NetworkLookup.Found(network("other", "abc222")));
        assertThat(networks.resolve("abc222")).isEqualTo(new NetworkLookup.Found(network("other", "abc222")));
    }

    @Test
    void theStartOfSeveralIdsIsAmbiguous() {
        networks.claimName(network("x", "abc1"));
        networks.claimName(network("y", "abc2"));

        assertThat(networks.resolve("abc"))
                .isEqualTo(new NetworkLookup.Ambiguous(List.of(network("x", "abc1"), network("y", "abc2"))));
        assertThat(networks.resolve("abd")).isEqualTo(new NetworkLookup.None());
        assertThat(networks.resolve("")).isEqualTo(new NetworkLookup.None());
        assertThat(networks.resolve("a/b")).isEqualTo(new NetworkLookup.None());
    }

    @Test
    void anIdOfAnyHostLeadsToItsNetworkOnce() {
        networks.claimName(network("app", "abc1"));
        networks.putOnHost("n1", "abc1", onHost("app", "abc1"));
        networks.putOnHost("n2", "abcf", onHost("app", "abc1"));

        assertThat(networks.resolve("abcf")).isEqualTo(new NetworkLookup.Found(network("app", "abc1")));
        assertThat(networks.resolve("abc")).isEqualTo(new NetworkLookup.Found(network("app", "abc1")));
    }

    @Test
    void damagedRecordsDoNotStandInTheWay() {
        networks.claimName(network("app", "a1"));
        memory.commit(Transaction.builder()
                .put("/calico/network/v1/name/broken", "[]")
                .put("/calico/network/v1/host/n1/a2", "{}")
                .build());

        assertThat(networks.resolve("a")).isEqualTo(new NetworkLookup.Found(network("app", "a1")));
        assertThat(networks.list().damaged())
                .extracting(BadRecordException::key)
                .containsExactly("/calico/network/v1/name/broken");
    }
}
