package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An etcd that asks for users. */
@RequiresEtcd
@SuppressWarnings("try") // a watch is held open, nothing else
class EtcdLoginIT {
    private static final Map<String, String> RIGHT = Map.of("ETCD_USERNAME", "felix", "ETCD_PASSWORD", "s3cret word");

    private static RealCluster cluster;

    @BeforeAll
    static void start() {
        cluster = RealCluster.start(1);
        try (Datastore store = open(RIGHT);
                Admin admin = new Admin(cluster.members().get(0))) {
            // Users are not asked for yet; that some are given does no harm.
            EtcdUnderTest.await(() -> store.get("/calico/none"));
            admin.requireUsers("felix", "s3cret word");
        }
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static Datastore open(Map<String, String> environment) {
        return new EtcdDatastoreProvider().open(cluster.uri(), environment);
    }

    private static Transaction put(String key, String value) {
        return Transaction.builder().put(key, value).build();
    }

    @Test
    void aUserMayDoWhatItsRoleAllows() {
        EventLog log = new EventLog();
        try (Datastore store = open(RIGHT);
                Lease lease = store.grantLease(Duration.ofMinutes(1))) {
            long first = store.commit(put("/calico/a", "1")).revision();
            try (Watch watch = store.watch("/calico/", first - 1, log)) {
                store.commit(
                        Transaction.builder().put("/calico/leased", "1", lease).build());
                lease.keepAlive();

                assertThat(log.awaitRevision(first + 1).events()).hasSize(2);
                assertThat(store.listAll("/calico/").records()).hasSizeGreaterThanOrEqualTo(2);
            }
        }
    }

    @Test
    void whatTheRoleDoesNotAllowIsNotPermitted() {
        EventLog log = new EventLog();
        try (Datastore store = open(RIGHT)) {
            assertThatThrownBy(() -> store.get("/other/a"))
                    .isInstanceOf(DatastoreException.NotPermitted.class)
                    .hasMessageContaining("no right to these keys");
            assertThatThrownBy(() -> store.commit(put("/other/a", "1")))
                    .isInstanceOf(DatastoreException.NotPermitted.class);
            store.watch("/other/", 0, log);
            assertThat(log.awaitEnd()).isInstanceOf(DatastoreException.NotPermitted.class);
        }
    }

    @Test
    void aWrongPasswordIsToldAtOnceAndNeverShown() {
        try (Datastore store = open(Map.of("ETCD_USERNAME", "felix", "ETCD_PASSWORD", "guessed"))) {
            assertThatThrownBy(() -> store.get("/calico/a"))
                    .isInstanceOf(DatastoreException.NotPermitted.class)
                    .hasMessageContaining("wrong ETCD_USERNAME or ETCD_PASSWORD")
                    .message()
                    .doesNotContain("guessed");
        }
    }

    @Test
    void withoutAUserItIsSaidWhatToSet() {
        try (Datastore store = open(Map.of())) {
            assertThatThrownBy(() -> store.get("/calico/a"))
                    .isInstanceOf(DatastoreException.NotPermitted.class)
                    .hasMessageContaining("set ETCD_USERNAME and ETCD_PASSWORD");
            assertThatThrownBy(() -> store.commit(put("/calico/a", "1")))
                    .isInstanceOf(DatastoreException.NotPermitted.class);
        }
    }

    @Test
    void tokensThatEtcdHasForgottenAreAskedForAgain() {
        EventLog log = new EventLog();
        try (Datastore store = open(RIGHT)) {
            long first = store.commit(put("/calico/b", "1")).revision();
            try (Watch watch = store.watch("/calico/b/", first, log)) {
                // A restart forgets all tokens.
                cluster.members().get(0).kill();
                cluster.members().get(0).start();

                EtcdUnderTest.await(() -> store.get("/calico/b"));
                long last = store.commit(put("/calico/b/c", "1")).revision();

                assertThat(log.awaitRevision(last).events()).hasSize(1);
            }
        }
    }
}
