package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Promises of opening, closing and being interrupted. */
abstract class LifecycleConformance extends Conformance {
    @Test
    void theUriHasAScheme() {
        assertThat(store.uri()).matches("[a-z][a-z0-9+.-]*:.*");
    }

    @Test
    void aClosedStoreSaysSoAtEveryCall() {
        Lease lease = store.grantLease(Duration.ofMinutes(1));
        store.close();
        store.close();

        assertClosed(() -> store.get("/t/a"));
        assertClosed(() -> store.list(ListRequest.first("/t/", 10)));
        assertClosed(() -> store.listAll("/t/"));
        assertClosed(() -> store.commit(Transaction.builder().put("/t/a", "1").build()));
        assertClosed(() -> store.watch("/t/", 1, new WatchRecorder()));
        assertClosed(() -> store.grantLease(Duration.ofMinutes(1)));
        assertClosed(lease::keepAlive);
        assertThat(store.uri()).isNotBlank();
    }

    private static void assertClosed(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(DatastoreException.Closed.class);
    }

    @Test
    void aStoreThatWasNeverUsedIsClosed() {
        store.close();

        assertClosed(() -> store.get("/t/a"));
    }

    @Test
    void closingEndsWatchesWithoutACallback() {
        long from = put("/t/a", "1");
        WatchRecorder recorder = new WatchRecorder();
        store.watch("/t/", from, recorder);
        recorder.awaitRevision(put("/t/b", "1"));

        store.close();

        assertThat(recorder.events()).hasSize(1);
        assertThat(recorder.violations()).isEmpty();
        assertThat(recorder.isEnded()).isFalse();
    }

    @Test
    void closingOneClientLeavesTheOthers() {
        assumeAble(Ability.SEVERAL_CLIENTS);
        Datastore other = newClient();
        put(other, "/t/a", "1");
        other.close();

        assertThat(value("/t/a")).contains("1");
        assertThat(put("/t/a", "2")).isPositive();
    }

    @Test
    void theContentIsThereAfterClosing() {
        assumeAble(Ability.DURABLE);
        long first = put("/t/a", "1");
        long second = put("/t/b", "1");
        store.close();

        Datastore again = newClient();

        assertThat(listInPages(again, "/t/", 10)).containsExactly("/t/a=1", "/t/b=1");
        assertThat(again.get("/t/a").orElseThrow().modRevision()).isEqualTo(first);
        assertThat(put(again, "/t/a", "2")).isGreaterThan(second);
        WatchRecorder recorder = new WatchRecorder();
        again.watch("/t/", first, recorder);
        recorder.awaitRevision(second);
    }

    @Test
    void anInterruptedThreadKeepsItsFlag() {
        put("/t/a", "1");
        Thread.currentThread().interrupt();
        try {
            store.get("/t/a");
        } catch (DatastoreException.Unavailable e) {
            assertThat(e.getMessage()).isNotBlank();
        }
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        try {
            store.commit(Transaction.builder().put("/t/a", "2").build());
        } catch (DatastoreException.Unavailable | DatastoreException.UnknownResult e) {
            assertThat(e.getMessage()).isNotBlank();
        }
        assertThat(Thread.interrupted()).isTrue();
        assertThat(put("/t/a", "3")).isPositive();
        assertThat(value("/t/a")).contains("3");
    }
}
