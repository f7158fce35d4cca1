package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.json.BadRecordException;
import io.calico.model.net.Cidr;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EndpointsTest {
    private static final EndpointKey KEY = new EndpointKey("n1", "libnetwork", "libnetwork", "e1");

    private final MemoryDatastore memory = new MemoryDatastore();
    private final FaultyDatastore store = new FaultyDatastore(memory);
    private final Endpoints endpoints = new CalicoStore(store).endpoints();

    private static WorkloadEndpoint endpoint(String profile) {
        return WorkloadEndpoint.builder()
                .interfaceName("cali1")
                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                .addProfileIds(profile)
                .addIpv4Nets(Cidr.parse("10.0.0.1/32"))
                .build();
    }

    @Test
    void anEndpointIsStoredAtItsKeyWithItsRevisions() {
        long created = endpoints.create(KEY, endpoint("a")).orElseThrow();
        long changed = endpoints.update(KEY, created, endpoint("b")).orElseThrow();

        assertThat(endpoints.find(KEY)).contains(new StoredEndpoint(KEY, endpoint("b"), changed, created));
        assertThat(memory.get("/calico/v1/host/n1/workload/libnetwork/libnetwork/endpoint/e1")
                        .map(KeyValue::value))
                .contains(
                        "{\"state\":\"active\",\"name\":\"cali1\",\"mac\":\"ee:ee:ee:ee:ee:ee\",\"profile_ids\":[\"b\"],"
                                + "\"ipv4_nets\":[\"10.0.0.1/32\"],\"ipv6_nets\":[],\"ipv4_gateway\":null,"
                                + "\"ipv6_gateway\":null}");
    }

    @Test
    void writesKeepTheirConditions() {
        long created = endpoints.create(KEY, endpoint("a")).orElseThrow();

        assertThat(endpoints.create(KEY, endpoint("b"))).isEmpty();
        assertThat(endpoints.update(KEY, created + 1, endpoint("b"))).isEmpty();
        assertThat(endpoints.delete(KEY, created + 1)).isFalse();
        assertThat(endpoints.find(KEY).orElseThrow().value()).isEqualTo(endpoint("a"));

        long put = endpoints.put(KEY, endpoint("c"));
        assertThat(endpoints.delete(KEY, created)).isFalse();
        assertThat(endpoints.delete(KEY, put)).isTrue();
        assertThat(endpoints.delete(KEY)).isFalse();
        assertThat(endpoints.update(KEY, put, endpoint("d"))).isEmpty();
        assertThat(endpoints.find(KEY)).isEmpty();
    }

    @Test
    void lostAnswersAreFoundOut() {
        store.loseNextAnswers(1);
        long created = endpoints.create(KEY, endpoint("a")).orElseThrow();
        assertThat(endpoints.find(KEY).orElseThrow().modRevision()).isEqualTo(created);

        store.loseNextAnswers(1);
        long changed = endpoints.update(KEY, created, endpoint("b")).orElseThrow();
        assertThat(endpoints.find(KEY).orElseThrow().modRevision()).isEqualTo(changed);

        // As while a cluster chooses a leader.
        store.loseNextRequests(3);
        assertThat(endpoints.delete(KEY, changed)).isTrue();
        assertThat(endpoints.find(KEY)).isEmpty();
    }

    @Test
    void filtersMatchWholeParts() {
        for (String host : List.of("n1", "n10")) {
            for (String orchestrator : List.of("docker", "libnetwork")) {
                endpoints.put(new EndpointKey(host, orchestrator, "w1", "e1"), endpoint("a"));
                endpoints.put(new EndpointKey(host, orchestrator, "w1", "e2"), endpoint("a"));
                endpoints.put(new EndpointKey(host, orchestrator, "w2", "e1"), endpoint("a"));
            }
        }
        Optional<String> any = Optional.empty();

        assertThat(count(EndpointFilter.all())).isEqualTo(12);
        assertThat(count(EndpointFilter.ofHost("n1"))).isEqualTo(6);
        assertThat(count(new EndpointFilter(Optional.of("n1"), Optional.of("docker"), any, any)))
                .isEqualTo(3);
        assertThat(count(new EndpointFilter(Optional.of("n1"), Optional.of("docker"), Optional.of("w1"), any)))
                .isEqualTo(2);
        assertThat(count(new EndpointFilter(any, Optional.of("docker"), any, Optional.of("e1"))))
                .isEqualTo(4);
        assertThat(count(EndpointFilter.ofHost("n"))).isZero();
    }

    private int count(EndpointFilter filter) {
        return endpoints.list(filter).values().size();
    }

    @Test
    void damagedEndpointsAreReportedAndOtherKeysPassedOver() {
        endpoints.put(KEY, endpoint("a"));
        String broken = "/calico/v1/host/n1/workload/libnetwork/libnetwork/endpoint/e0";
        memory.commit(Transaction.builder()
                .put(broken, "{}")
                .put("/calico/v1/host/n1/config/marker", "created")
                .put("/calico/v1/host/n1/bird_ip", "10.0.0.9")
                .build());

        Listing<StoredEndpoint> listing = endpoints.list(EndpointFilter.all());

        assertThat(listing.values()).extracting(StoredEndpoint::key).containsExactly(KEY);
        assertThat(listing.damaged()).extracting(BadRecordException::key).containsExactly(broken);
        assertThatThrownBy(() -> endpoints.find(new EndpointKey("n1", "libnetwork", "libnetwork", "e0")))
                .isInstanceOf(BadRecordException.class);
    }

    @Test
    void anEndpointIsFoundByItsIdOnAnyHost() {
        endpoints.put(KEY, endpoint("a"));
        endpoints.put(new EndpointKey("n2", "libnetwork", "libnetwork", "e2"), endpoint("b"));

        assertThat(endpoints.findById("e2").orElseThrow().key().host()).isEqualTo("n2");
        assertThat(endpoints.findById("e")).isEmpty();
    }
}
