package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a client of three members sees when some of them die. */
@RequiresEtcd
@SuppressWarnings("try") // a watch is held open, nothing else
class EtcdClusterIT {
    private static final int DEATHS = Boolean.getBoolean("calico.test.long") ? 20 : 3;

    private final RealCluster cluster = RealCluster.start(3);

    @AfterEach
    void stop() {
        cluster.close();
    }

    private Datastore open() {
        return open(EtcdCluster.CALL);
    }

    private Datastore open(Duration patience) {
        Datastore store = new EtcdDatastore(new EtcdCluster(EtcdSettings.parse(cluster.uri(), Map.of()), patience));
        EtcdUnderTest.await(() -> store.get("/t/none"));
        return store;
    }

    private int leader() {
        for (int i = 0; i < 3; i++) {
            try (Admin admin = new Admin(cluster.members().get(i))) {
                if (admin.isLeader()) {
                    return i;
                }
            }
        }
        throw new AssertionError("no leader");
    }

    @Test
    void membersThatDieOneAfterAnotherAreNotNoticedByReadsAndWatches() throws InterruptedException {
        EventLog log = new EventLog();
        List<Throwable> failures = new ArrayList<>();
        try (Datastore store = open();
                Counter counter = new Counter(store, "/t/a")) {
            long start = store.listAll("/t/").revision();
            Thread reader = new Thread(() -> {
                try {
                    while (!Thread.currentThread().isInterrupted()) {
                        store.get("/t/a");
                    }
                } catch (DatastoreException e) {
                    if (!Thread.currentThread().isInterrupted()) {
                        failures.add(e);
                    }
                }
            });
            try (Watch watch = store.watch("/t/", start, log)) {
                counter.start();
                reader.start();
                for (int i = 0; i < DEATHS; i++) {
                    counter.awaitMore(20);
                    // The leader first: that is an election.
                    EtcdServer victim = cluster.members().get(i % 2 == 0 ? leader() : i % 3);
                    victim.kill();
                    counter.awaitMore(20);
                    victim.start();
                    awaitMember(victim);
                }
                KeyValue last = counter.stop();
                reader.interrupt();
                reader.join();
                log.awaitRevision(last.modRevision());
            }
            assertThat(failures).isEmpty();
            assertThat(log.end()).isEmpty();
            assertThat(log.events())
                    .extracting(event -> event.current().orElseThrow().value())
                    .isEqualTo(counter.values());
            // One commit at a time, so at most one in flight for each death.
            assertThat(counter.unknown()).isLessThanOrEqualTo(DEATHS);
        }
    }

    private static void awaitMember(EtcdServer member) {
        try (Admin admin = new Admin(member)) {
            EtcdUnderTest.await(admin::revision);
        }
    }

    @Test
    void aMemberThatHangsCostsAReadOneShareOfItsTime() {
        try (Datastore store = open()) {
            cluster.members().get(0).freeze();
            try {
                long began = System.nanoTime();
                for (int i = 0; i < 5; i++) {
                    assertThat(store.get("/t/none")).isEmpty();
                }

                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
            } finally {
                cluster.members().get(0).thaw();
            }
        }
    }

    @Test
    void aCommitThatAMemberLeavesUnansweredIsAnsweredByAnotherOneWhenSentAgain() {
        Transaction put = Transaction.builder().put("/t/a", "1").build();
        List<EtcdServer> followers = new ArrayList<>(cluster.members());
        followers.remove(leader());
        String uri =
                "etcd://" + followers.get(0).endpoint() + "," + followers.get(1).endpoint();
        int unanswered = 0;
        try (Datastore store = new EtcdDatastore(new EtcdCluster(EtcdSettings.parse(uri, Map.of())))) {
            EtcdUnderTest.await(() -> store.commit(put));
            // A store keeps to one of its members; which one is chance.
            for (EtcdServer frozen : followers) {
                frozen.freeze();
                try {
                    store.commit(put);
                } catch (DatastoreException.UnknownResult e) {
                    assertThat(e).hasMessageContaining("sent to " + frozen.endpoint());
                    assertThat(store.commit(put).committed()).isTrue();
                    unanswered++;
                } finally {
                    frozen.thaw();
                }
            }
        }
        assertThat(unanswered).isPositive();
    }

    @Test
    void withoutAMajorityNothingIsDoneAndTheReasonIsSaid() {
        try (Datastore store = open(Duration.ofSeconds(3))) {
            cluster.members().get(0).kill();
            cluster.members().get(1).kill();
            Transaction put = Transaction.builder().put("/t/a", "1").build();

            assertThatThrownBy(() -> store.get("/t/a"))
                    .isInstanceOf(DatastoreException.Unavailable.class)
                    .hasMessageContainingAll(
                            cluster.members().get(0).endpoint() + ": connection refused",
                            cluster.members().get(2).endpoint() + ": the cluster has no leader");
            // Refused; on a busy machine the refusal may come too late to be heard.
            assertThatThrownBy(() -> store.commit(put))
                    .isInstanceOfAny(DatastoreException.Unavailable.class, DatastoreException.UnknownResult.class);

            cluster.members().get(0).start();
            EtcdUnderTest.await(() -> store.commit(put));
            assertThat(store.get("/t/a")).isPresent();
        }
    }
}
