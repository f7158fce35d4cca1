package io.calico.datastore.syncer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.StoreKey;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.datastore.testkit.FaultyDatastore.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SyncerTest {
    private final MemoryDatastore memory = new MemoryDatastore();
    private final FaultyDatastore store = new FaultyDatastore(memory);
    private final RecordingListener listener = new RecordingListener();
    private final List<Integer> pauses = Collections.synchronizedList(new ArrayList<>());
    private final Syncer syncer = new Syncer(store, List.of("/t/"), listener, pauses::add);

    @AfterEach
    void close() {
        syncer.close();
        memory.close();
    }

    private static void put(Datastore store, String key, String value) {
        store.commit(Transaction.builder().put(key, value).build());
    }

    private void awaitCalls(String... calls) {
        await().untilAsserted(() -> assertThat(listener.calls()).containsExactly(calls));
    }

    @Test
    void theSnapshotComesBeforeInSyncAndChangesAfter() {
        put(memory, "/t/b", "1");
        put(memory, "/t/a", "2");
        put(memory, "/other/a", "3");

        syncer.start();
        awaitCalls("CONNECTING", "RESYNC", "/t/a=2 /t/b=1", "IN_SYNC");
        memory.commit(Transaction.builder().put("/t/c", "4").delete("/t/a").build());

        awaitCalls("CONNECTING", "RESYNC", "/t/a=2 /t/b=1", "IN_SYNC", "/t/c=4 /t/a=(deleted)");
    }

    @Test
    void keysAreParsed() {
        List<SyncUpdate> updates = Collections.synchronizedList(new ArrayList<>());
        put(memory, "/calico/v1/Ready", "true");
        SyncerListener collecting = new SyncerListener() {
            @Override
            public void onStatus(SyncStatus status) {}

            @Override
            public void onUpdates(List<SyncUpdate> batch, long revision) {
                updates.addAll(batch);
            }
        };

        try (Syncer other = new Syncer(store, List.of("/calico/v1/"), collecting)) {
            other.start();

            await().until(() -> !updates.isEmpty());
            assertThat(updates).extracting(SyncUpdate::key).containsExactly(new StoreKey.Ready());
        }
    }

    @Test
    void aLostWatchIsResumedWithoutASnapshot() {
        put(memory, "/t/a", "1");
        syncer.start();
        awaitCalls("CONNECTING", "RESYNC", "/t/a=1", "IN_SYNC");

        store.beforeNext(Operation.WATCH, () -> put(memory, "/t/b", "2"));
        store.dropWatches();

        awaitCalls("CONNECTING", "RESYNC", "/t/a=1", "IN_SYNC", "CONNECTING", "IN_SYNC", "/t/b=2");
        assertThat(pauses).containsExactly(1);
    }

    @Test
    void afterCompactionOnlyTheDifferencesAreDelivered() {
        put(memory, "/t/kept", "1");
        put(memory, "/t/changed", "1");
        put(memory, "/t/deleted", "1");
        syncer.start();
        awaitCalls("CONNECTING", "RESYNC", "/t/changed=1 /t/deleted=1 /t/kept=1", "IN_SYNC");

        store.beforeNext(Operation.WATCH, () -> {
            memory.commit(Transaction.builder()
                    .put("/t/changed", "2")
                    .put("/t/new", "2")
                    .delete("/t/deleted")
                    .build());
            memory.compact();
        });
        store.dropWatches();

        awaitCalls(
                "CONNECTING",
                "RESYNC",
                "/t/changed=1 /t/deleted=1 /t/kept=1",
                "IN_SYNC",
                "CONNECTING",
                "IN_SYNC",
                "RESYNC",
                "/t/changed=2 /t/new=2 /t/deleted=(deleted)",
                "IN_SYNC");
    }

    @Test
    void anUnreachableStoreIsTriedAgainWithGrowingPauses() {
        store.failNext(Operation.LIST, 3);

        syncer.start();

        awaitCalls("CONNECTING", "RESYNC", "IN_SYNC");
        assertThat(pauses).containsExactly(1, 2, 3);
    }

    @Test
    void aWatchThatDiesAtOnceDoesNotResetThePauses() {
        store.failNext(Operation.WATCH, 2);

        syncer.start();

        awaitCalls("CONNECTING", "RESYNC", "CONNECTING", "IN_SYNC");
        assertThat(pauses).containsExactly(1, 2);
    }

    @Test
    void changesElsewhereAdvanceTheRevisionOnly() {
        syncer.start();
        awaitCalls("CONNECTING", "RESYNC", "IN_SYNC");

        long revision =
                memory.commit(Transaction.builder().put("/other", "1").build()).revision();

        await().untilAsserted(() -> assertThat(listener.revision()).isEqualTo(revision));
        assertThat(listener.calls()).containsExactly("CONNECTING", "RESYNC", "IN_SYNC");
    }

    @Test
    void severalPrefixesAreOneStream() {
        try (Syncer two = new Syncer(store, List.of("/t/pair/", "/t/", "/u/"), listener)) {
            two.start();
            awaitCalls("CONNECTING", "RESYNC", "IN_SYNC");

            memory.commit(Transaction.builder()
                    .put("/t/pair/left", "1")
                    .put("/t/pair/right", "1")
                    .put("/u/x", "1")
                    .put("/v/x", "1")
                    .build());

            awaitCalls("CONNECTING", "RESYNC", "IN_SYNC", "/t/pair/left=1 /t/pair/right=1 /u/x=1");
        }
    }

    @Test
    void whatAListenerFailedOnIsDeliveredAgain() {
        AtomicInteger failures = new AtomicInteger(2);
        put(memory, "/t/a", "1");
        SyncerListener failing = new SyncerListener() {
            @Override
            public void onStatus(SyncStatus status) {
                listener.onStatus(status);
            }

            @Override
            public void onUpdates(List<SyncUpdate> updates, long revision) {
                if (failures.getAndDecrement() > 0) {
                    throw new IllegalStateException("on purpose");
                }
                listener.onUpdates(updates, revision);
            }
        };

        try (Syncer other = new Syncer(store, List.of("/t/"), failing, pauses::add)) {
            other.start();

            awaitCalls("CONNECTING", "RESYNC", "CONNECTING", "RESYNC", "CONNECTING", "RESYNC", "/t/a=1", "IN_SYNC");
        }
    }

    @Test
    void aSlowListenerGetsTheLastChangeOfEachKey() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        SyncerListener slow = new SyncerListener() {
            @Override
            public void onStatus(SyncStatus status) {
                listener.onStatus(status);
            }

            @Override
            public void onUpdates(List<SyncUpdate> updates, long revision) {
                listener.onUpdates(updates, revision);
                if (!updates.isEmpty()) {
                    entered.countDown();
                    awaitQuietly(goOn);
                }
            }
        };
        try (Syncer other = new Syncer(store, List.of("/t/"), slow)) {
            other.start();
            awaitCalls("CONNECTING", "RESYNC", "IN_SYNC");
            put(memory, "/t/a", "first");
            assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
            RecordingListener plain = new RecordingListener();
            try (Syncer witness = new Syncer(store, List.of("/t/"), plain)) {
                witness.start();
                for (int i = 0; i < 100; i++) {
                    put(memory, "/t/b", "b" + i);
                }
                put(memory, "/t/a", "last");
                await().until(() -> plain.state().getOrDefault("/t/a", "").equals("last"));
            }

            goOn.countDown();

            await().untilAsserted(() -> assertThat(listener.state()).containsEntry("/t/a", "last"));
            assertThat(listener.calls().size()).isLessThan(20);
            assertThat(listener.violations()).isEmpty();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void afterCloseNothingIsDelivered() {
        syncer.start();
        awaitCalls("CONNECTING", "RESYNC", "IN_SYNC");

        syncer.close();
        syncer.close();
        put(memory, "/t/a", "1");

        assertThat(listener.calls()).containsExactly("CONNECTING", "RESYNC", "IN_SYNC");
        assertThatThrownBy(syncer::start).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSyncerOfAClosedStoreEnds() {
        memory.close();

        syncer.start();

        awaitCalls("CONNECTING");
        assertThat(pauses).isEmpty();
    }
}
