package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;

/**
 * Writes 1, 2, 3, … to one key on a thread of its own, each over the one before, through every failure. After an unknown
 * outcome it reads back: the number is there, once, or is written again over what was read.
 */
final class Counter implements AutoCloseable {
    private final Datastore store;
    private final String key;
    private final Thread thread = new Thread(this::run, "calico-test-counter");
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;
    private final AtomicLong written = new AtomicLong();
    private final AtomicInteger unknown = new AtomicInteger();

    Counter(Datastore store, String key) {
        this.store = store;
        this.key = key;
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            Optional<KeyValue> seen = Optional.empty();
            while (!stopping) {
                seen = Optional.of(write(written.get() + 1, seen));
                written.incrementAndGet();
            }
        } catch (RuntimeException | AssertionError e) {
            failure.set(e);
        }
    }

    private KeyValue write(long number, Optional<KeyValue> before) {
        String value = Long.toString(number);
        Transaction next =
                Transaction.builder().ifAsSeen(key, before).put(key, value).build();
        while (true) {
            try {
                boolean committed = store.commit(next).committed();
                KeyValue now = store.get(key).orElseThrow();
                assertThat(now.value()).as("committed: %s", committed).isEqualTo(value);
                return now;
            } catch (DatastoreException.UnknownResult e) {
                unknown.incrementAndGet();
                Optional<KeyValue> now = readBack();
                if (now.map(KeyValue::value).equals(Optional.of(value))) {
                    return now.orElseThrow();
                }
            } catch (DatastoreException.Unavailable e) {
                Optional<KeyValue> now = readBack();
                if (now.map(KeyValue::value).equals(Optional.of(value))) {
                    return now.orElseThrow();
                }
            }
        }
    }

    private Optional<KeyValue> readBack() {
        AtomicReference<Optional<KeyValue>> now = new AtomicReference<>();
        EtcdUnderTest.await(() -> now.set(store.get(key)));
        return now.get();
    }

    void awaitMore(int count) {
        long goal = written.get() + count;
        await().atMost(Duration.ofSeconds(30)).until(() -> written.get() >= goal || failure.get() != null);
        assertThat(failure.get()).isNull();
    }

    /** Ends it and returns the last record. */
    KeyValue stop() throws InterruptedException {
        stopping = true;
        thread.join();
        assertThat(failure.get()).isNull();
        return store.get(key).orElseThrow();
    }

    /** How many commits had an unknown outcome. */
    int unknown() {
        return unknown.get();
    }

    /** Every number once. */
    List<String> values() {
        return LongStream.rangeClosed(1, written.get()).mapToObj(Long::toString).toList();
    }

    @Override
    public void close() {
        stopping = true;
    }
}
