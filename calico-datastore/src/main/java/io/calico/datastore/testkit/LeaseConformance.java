package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Promises of {@code grantLease}. The shortest lease is one second, so some of these take seconds. */
@SuppressWarnings("try") // a watch is held open, nothing else
abstract class LeaseConformance extends Conformance {
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofMinutes(10);

    private long put(String key, String value, Lease lease) {
        return committed(store, Transaction.builder().put(key, value, lease).build());
    }

    @Test
    void recordsOfALeaseVanishTogetherWhenItsTimeIsOver() {
        WatchRecorder recorder = new WatchRecorder();
        Lease lease = store.grantLease(SHORT);
        put("/t/a", "1", lease);
        long last = put("/t/b", "1", lease);
        put("/t/without", "1");
        try (Watch watch = store.watch("/t/", last + 1, recorder)) {
            recorder.awaitRevision(last + 2);
        }

        assertThat(recorder.events())
                .extracting(event -> event.key() + event.current().isPresent())
                .containsExactlyInAnyOrder("/t/afalse", "/t/bfalse");
        assertThat(recorder.calls()).hasSize(1);
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/without=1");
    }

    @Test
    void aLeaseEndsNotBeforeItsTimeAndAtMostTwoSecondsAfter() throws InterruptedException {
        long granted = System.nanoTime();
        Lease lease = store.grantLease(SHORT);
        put("/t/a", "1", lease);

        while (store.get("/t/a").isPresent()) {
            assertThat(Duration.ofNanos(System.nanoTime() - granted)).isLessThan(SHORT.plusSeconds(3));
            pause(20);
        }

        assertThat(Duration.ofNanos(System.nanoTime() - granted)).isGreaterThanOrEqualTo(SHORT);
    }

    @Test
    void aLeaseThatIsRenewedGoesOn() throws InterruptedException {
        Lease lease = store.grantLease(SHORT);
        put("/t/a", "1", lease);

        long until = System.nanoTime() + Duration.ofMillis(2500).toNanos();
        while (System.nanoTime() < until) {
            lease.keepAlive();
            pause(100);
            assertThat(value("/t/a")).contains("1");
        }
    }

    @Test
    void closingALeaseDeletesItsRecordsAtOnce() {
        Lease lease = store.grantLease(LONG);
        put("/t/a", "1", lease);
        put("/t/b", "1", lease);
        put("/t/without", "1");

        lease.close();
        lease.close();

        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/without=1");
    }

    @Test
    void anEndedLeaseCannotBeRenewedOrUsed() {
        Lease lease = store.grantLease(LONG);
        lease.close();

        assertThatThrownBy(lease::keepAlive).isInstanceOf(DatastoreException.NotFound.class);
        assertThatThrownBy(() -> store.commit(Transaction.builder()
                        .put("/t/a", "1")
                        .put("/t/b", "1", lease)
                        .build()))
                .isInstanceOf(DatastoreException.NotFound.class);
        assertThat(store.listAll("/t/").records()).isEmpty();
    }

    @Test
    void puttingWithoutTheLeaseFreesTheRecord() {
        Lease lease = store.grantLease(LONG);
        Lease other = store.grantLease(LONG);
        put("/t/freed", "1", lease);
        put("/t/freed", "2");
        put("/t/moved", "1", lease);
        put("/t/moved", "2", other);
        put("/t/again", "1", lease);
        delete("/t/again");
        put("/t/again", "2");

        lease.close();
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/again=2", "/t/freed=2", "/t/moved=2");

        other.close();
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/again=2", "/t/freed=2");
    }

    @Test
    void aLeaseKnowsItsTimeAndHasAnIdOfItsOwn() {
        Lease lease = store.grantLease(Duration.ofSeconds(90));
        Lease other = store.grantLease(Duration.ofSeconds(90));

        assertThat(lease.timeToLive()).isEqualTo(Duration.ofSeconds(90));
        assertThat(lease.id()).matches("[A-Za-z0-9-]+").isNotEqualTo(other.id());
    }

    @Test
    void aTimeBelowOneSecondIsRefused() {
        assertThatThrownBy(() -> store.grantLease(Duration.ofMillis(999))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLeaseOutlivesItsClientUntilItsTimeIsOver() throws InterruptedException {
        assumeAble(Ability.SEVERAL_CLIENTS);
        Datastore other = newClient();
        Lease lease = other.grantLease(Duration.ofSeconds(2));
        committed(other, Transaction.builder().put("/t/a", "1", lease).build());
        other.close();

        assertThat(store.get("/t/a").map(KeyValue::value)).contains("1");
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (store.get("/t/a").isPresent()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            pause(50);
        }
    }

    private static void pause(long millis) throws InterruptedException {
        // A latch that nobody opens: what is tested here is the passing of time.
        assertThat(new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)).isFalse();
    }
}
