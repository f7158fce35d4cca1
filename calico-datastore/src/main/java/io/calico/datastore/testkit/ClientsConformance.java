package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.Watch;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Promises between clients of one store, which may be different processes. */
@SuppressWarnings("try") // a watch is held open, nothing else
abstract class ClientsConformance extends Conformance {
    private Datastore other;

    @BeforeEach
    void openSecond() {
        assumeAble(Ability.SEVERAL_CLIENTS);
        other = newClient();
    }

    @Test
    void whatOneWasAnsweredTheOtherReads() {
        for (int i = 0; i < 50; i++) {
            Datastore writer = i % 2 == 0 ? store : other;
            Datastore reader = i % 2 == 0 ? other : store;

            long revision = put(writer, "/t/a", "v" + i);

            assertThat(reader.get("/t/a").map(KeyValue::value)).contains("v" + i);
            assertThat(reader.listAll("/t/").revision()).isGreaterThanOrEqualTo(revision);
        }
    }

    @Test
    void revisionsAreThoseOfTheStore() {
        long first = put(store, "/t/a", "1");
        long second = put(other, "/t/b", "1");

        assertThat(second).isGreaterThan(first);
        assertThat(other.get("/t/a")).isEqualTo(store.get("/t/a"));
        assertThat(store.commit(Transaction.builder()
                                .ifUnchanged("/t/b", second)
                                .put("/t/b", "2")
                                .build())
                        .committed())
                .isTrue();
        assertThat(other.commit(Transaction.builder()
                                .ifUnchanged("/t/b", second)
                                .put("/t/b", "3")
                                .build())
                        .committed())
                .isFalse();
    }

    @Test
    void aWatchSeesWhatOthersWrite() {
        WatchRecorder recorder = new WatchRecorder();
        List<String> expected = new ArrayList<>();
        try (Watch watch = store.watch("/t/", store.listAll("/t/").revision(), recorder)) {
            long last = 0;
            for (int i = 0; i < 30; i++) {
                last = put(i % 3 == 0 ? store : other, "/t/" + i, "x");
                expected.add("/t/" + i + "=x@" + last);
            }
            recorder.awaitRevision(last);
        }

        assertThat(recorder.texts()).isEqualTo(expected);
        assertThat(recorder.violations()).isEmpty();
    }

    @Test
    void aWatchThatWaitsIsWokenByAnother() {
        WatchRecorder recorder = new WatchRecorder();
        try (Watch watch = other.watch("/t/", other.listAll("/t/").revision(), recorder)) {
            recorder.awaitRevision(put("/t/a", "1"));
            recorder.awaitRevision(put("/t/a", "2"));
        }

        assertThat(recorder.events()).hasSize(2);
    }
}
