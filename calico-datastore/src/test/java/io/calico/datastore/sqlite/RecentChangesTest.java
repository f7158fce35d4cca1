package io.calico.datastore.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchSource.Batch;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a watch gets without a query, and when it has to ask the file. */
class RecentChangesTest {
    private final RecentChanges recent = new RecentChanges();

    private static WatchEvent put(String key, long revision) {
        return new WatchEvent(key, Optional.of(new KeyValue(key, "v", revision, revision)), revision);
    }

    private void commit(long revision, WatchEvent... events) {
        recent.begin();
        recent.wrote(revision, List.of(events));
        recent.committed();
    }

    @Test
    void watchGetsWhatIsBelowItsPrefixAndPassesOverTheRest() {
        commit(5, put("/a/x", 5), put("/b/x", 5));
        commit(6, put("/b/y", 6));

        assertThat(recent.changes("/a/", 4)).isEqualTo(new Batch(List.of(put("/a/x", 5)), 6));
        assertThat(recent.changes("/b/", 5)).isEqualTo(new Batch(List.of(put("/b/y", 6)), 6));
        assertThat(recent.changes("/a/", 6)).isEqualTo(new Batch(List.of(), 6));
    }

    @Test
    void severalTransactionsMayShareACommit() {
        recent.begin();
        recent.wrote(5, List.of(put("/a/x", 5)));
        recent.wrote(6, List.of(put("/a/y", 6)));
        assertThat(recent.changes("/a/", 4).revision()).isEqualTo(4);

        recent.committed();
        assertThat(recent.changes("/a/", 4).events()).containsExactly(put("/a/x", 5), put("/a/y", 6));
    }

    @Test
    void whatWasNotCommittedIsToldToNobody() {
        recent.begin();
        recent.wrote(5, List.of(put("/a/lost", 5)));
        recent.wrote(6, List.of(put("/a/lost", 6)));
        commit(5, put("/a/x", 5));

        assertThat(recent.changes("/a/", 4)).isEqualTo(new Batch(List.of(put("/a/x", 5)), 5));
    }

    @Test
    void watchComesNoFurtherThanTheCommitOfAnotherProcess() {
        commit(5, put("/a/x", 5));
        commit(7, put("/a/y", 7));

        assertThat(recent.changes("/a/", 4).revision()).isEqualTo(5);
        assertThat(recent.changes("/a/", 5).revision()).isEqualTo(5);
        assertThat(recent.changes("/a/", 6).events()).containsExactly(put("/a/y", 7));
    }

    @Test
    void watchFarBehindHasToAskTheFile() {
        for (long revision = 5; revision < 1_000; revision++) {
            commit(revision, put("/a/x", revision));
        }

        assertThat(recent.changes("/a/", 4).revision()).isEqualTo(4);
        assertThat(recent.changes("/a/", 990).revision()).isEqualTo(999);
    }

    @Test
    void largeCommitsAreNotKept() {
        String value = "v".repeat(300_000);
        commit(5, put("/a/x", 5));
        commit(6, new WatchEvent("/a/y", Optional.of(new KeyValue("/a/y", value, 6, 6)), 6));

        assertThat(recent.changes("/a/", 4).revision()).isEqualTo(4);
        assertThat(recent.changes("/a/", 5).revision()).isEqualTo(5);
    }

    @Test
    void whatIsCompactedIsForgotten() {
        commit(5, put("/a/x", 5));
        commit(6, put("/a/x", 6));
        recent.forgetUpTo(5);

        assertThat(recent.changes("/a/", 4).revision()).isEqualTo(4);
        assertThat(recent.changes("/a/", 5).revision()).isEqualTo(6);
    }

    @Test
    void olderStateOfTheFileThatSomebodyPutBackIsNotMixedWithTheNewer() {
        commit(5, put("/a/x", 5));
        commit(6, put("/a/y", 6));
        commit(5, put("/a/z", 5));

        assertThat(recent.changes("/a/", 4)).isEqualTo(new Batch(List.of(put("/a/z", 5)), 5));
    }

    @Test
    void whatIsNewerThanTheFileIsForgottenWhenTheFileWasAsked() {
        commit(5, put("/a/x", 5));
        commit(6, put("/a/y", 6));
        recent.forgetAfter(5);

        assertThat(recent.changes("/a/", 4)).isEqualTo(new Batch(List.of(put("/a/x", 5)), 5));
    }
}
