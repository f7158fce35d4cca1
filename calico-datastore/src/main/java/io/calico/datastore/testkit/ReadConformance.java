package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Promises of {@code get} and {@code list}. */
abstract class ReadConformance extends Conformance {
    @Test
    void anEmptyStoreHasNoRecordsButARevision() {
        assertThat(store.get("/t/a")).isEmpty();

        Page page = store.list(ListRequest.first("/", 10));

        assertThat(page.records()).isEmpty();
        assertThat(page.nextKey()).isEmpty();
        assertThat(page.revision()).isPositive();
    }

    @Test
    void aRecordIsReadAsItWasWritten() {
        long created = put("/t/a", "first");
        long changed = put("/t/a", "second");

        assertThat(changed).isGreaterThan(created);
        assertThat(store.get("/t/a")).contains(new KeyValue("/t/a", "second", created, changed));
        assertThat(store.listAll("/t/").records()).containsExactly(new KeyValue("/t/a", "second", created, changed));
    }

    @Test
    void aDeletedRecordIsGone() {
        put("/t/a", "1");
        delete("/t/a");

        assertThat(store.get("/t/a")).isEmpty();
        assertThat(store.listAll("/t/").records()).isEmpty();
    }

    @Test
    void aRecordMadeAgainIsANewOne() {
        put("/t/a", "1");
        delete("/t/a");
        long again = put("/t/a", "1");

        assertThat(store.get("/t/a")).contains(new KeyValue("/t/a", "1", again, again));
    }

    @Test
    void anEmptyValueIsARecord() {
        put("/t/a", "");

        assertThat(value("/t/a")).contains("");
    }

    @Test
    void aPrefixIsWholePathParts() {
        put("/t/node-1/x", "1");
        put("/t/node-10/x", "2");
        put("/t/node-1", "3");

        assertThat(listInPages(store, "/t/node-1/", 10)).containsExactly("/t/node-1/x=1");
    }

    @Test
    void keysComeInTheOrderOfTheirUtf8Bytes() {
        // U+FF5E is EF BD 9E and U+1F600 is F0 9F 98 80; as Java chars the second (D83D …) would be the smaller.
        List<String> keys = List.of("/t/Z", "/t/a", "/t/a-b", "/t/a/b", "/t/a0", "/t/é", "/t/～", "/t/😀", "/t/😀/x");
        List<String> shuffled = List.of(
                keys.get(7),
                keys.get(2),
                keys.get(5),
                keys.get(0),
                keys.get(8),
                keys.get(6),
                keys.get(3),
                keys.get(1),
                keys.get(4));
        shuffled.forEach(key -> put(key, "x"));

        assertThat(store.listAll("/t/").records()).extracting(KeyValue::key).containsExactlyElementsOf(keys);
        assertThat(listInPages(store, "/t/", 2))
                .hasSize(keys.size())
                .isSubsetOf(keys.stream().map(key -> key + "=x").toList());
    }

    @Test
    void wildcardsOfOtherLanguagesAreOrdinaryCharacters() {
        put("/t/100%/x", "1");
        put("/t/100_/x", "2");
        put("/t/1000/x", "3");
        put("/t/a*'\"\\;/x", "4");

        assertThat(listInPages(store, "/t/100%/", 10)).containsExactly("/t/100%/x=1");
        assertThat(listInPages(store, "/t/100_/", 10)).containsExactly("/t/100_/x=2");
        assertThat(listInPages(store, "/t/a*'\"\\;/", 10)).containsExactly("/t/a*'\"\\;/x=4");
    }

    @Test
    void keysAreCaseSensitive() {
        put("/t/a", "1");
        put("/t/A", "2");
        put("/T/a", "3");

        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/A=2", "/t/a=1");
    }

    @Test
    void pagesTogetherAreTheWholeList() {
        IntStream.range(0, 25).forEach(i -> put(String.format("/t/%02d", i), "v" + i));
        List<String> expected = IntStream.range(0, 25)
                .mapToObj(i -> String.format("/t/%02d=v%d", i, i))
                .toList();

        for (int limit : new int[] {1, 5, 24, 25, 26, 1000}) {
            assertThat(listInPages(store, "/t/", limit)).isEqualTo(expected);
        }
    }

    @Test
    void pagesStayAtOneRevisionWhileOthersWrite() {
        for (int i = 0; i < 10; i++) {
            put("/t/" + i, "old");
        }
        List<String> seen = new ArrayList<>();
        ListRequest request = ListRequest.first("/t/", 2);
        Page page = store.list(request);
        page.records().forEach(record -> seen.add(text(record)));
        while (page.nextKey().isPresent()) {
            put("/t/9", "new");
            put("/t/99", "new");
            delete("/t/8");
            delete("/t/0");
            put("/t/8", "made again");
            request = request.after(page);
            page = store.list(request);
            page.records().forEach(record -> seen.add(text(record)));
        }

        assertThat(seen)
                .isEqualTo(
                        IntStream.range(0, 10).mapToObj(i -> "/t/" + i + "=old").toList());
    }

    @Test
    void anOldRevisionShowsTheStoreAsItWas() {
        long first = put("/t/a", "1");
        long second = put("/t/b", "1");
        committed(store, Transaction.builder().put("/t/a", "2").delete("/t/b").build());

        assertThat(store.list(ListRequest.firstAt("/t/", first, 10)).records())
                .containsExactly(new KeyValue("/t/a", "1", first, first));
        assertThat(store.list(ListRequest.firstAt("/t/", second, 10)).records())
                .containsExactly(new KeyValue("/t/a", "1", first, first), new KeyValue("/t/b", "1", second, second));
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/a=2");
    }

    @Test
    void aThousandRevisionsStayReadable() {
        long first = put("/t/a", "first");
        for (int i = 0; i < 1000; i++) {
            put("/t/a", "later " + i);
        }

        assertThat(store.list(ListRequest.firstAt("/t/", first, 10)).records())
                .containsExactly(new KeyValue("/t/a", "first", first, first));
    }

    @Test
    void aRevisionThatTheStoreHasNotReachedCannotBeRead() {
        long newest = put("/t/a", "1");

        assertThatThrownBy(() -> store.list(ListRequest.firstAt("/t/", newest + 1000, 10)))
                .isInstanceOf(DatastoreException.Compacted.class);
    }

    @Test
    void aCompactedRevisionCannotBeReadAndTheOldestIsTold() {
        assumeAble(Ability.COMPACTION);
        long old = put("/t/a", "1");
        long newest = put("/t/a", "2");
        compact();

        DatastoreException.Compacted refusal = catchThrowableOfType(
                DatastoreException.Compacted.class, () -> store.list(ListRequest.firstAt("/t/", old, 10)));

        assertThat(refusal.oldestRevision()).isGreaterThan(old).isLessThanOrEqualTo(newest);
        assertThat(store.list(ListRequest.firstAt("/t/", refusal.oldestRevision(), 10))
                        .records())
                .hasSize(1);
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/a=2");
    }

    @Test
    void compactionChangesNothingThatIsThere() {
        assumeAble(Ability.COMPACTION);
        long created = put("/t/a", "1");
        long changed = put("/t/a", "2");
        put("/t/b", "1");
        delete("/t/b");

        compact();
        compact();

        assertThat(store.get("/t/a")).contains(new KeyValue("/t/a", "2", created, changed));
        assertThat(listInPages(store, "/t/", 10)).containsExactly("/t/a=2");
        assertThat(put("/t/b", "again")).isGreaterThan(changed);
    }

    @Test
    void aValueOfAMebibyteAndAnyCharacterIsKept() {
        String every = "\u0001\t\r\n\"\\ äß € \uD83D\uDE00 \uFFFF";
        String big = every + "x".repeat(Transaction.MAX_BYTES - 100);

        put("/t/big", big);
        put("/t/every", every);

        assertThat(value("/t/big")).contains(big);
        assertThat(value("/t/every")).contains(every);
        assertThat(store.listAll("/t/").records()).extracting(KeyValue::value).containsExactly(big, every);
    }

    @Test
    void manyBigValuesAreListed() {
        String big = "x".repeat(Transaction.MAX_BYTES - 100);
        for (int i = 0; i < 12; i++) {
            put("/t/" + (char) ('a' + i), i + big);
        }

        assertThat(store.listAll("/t/").records())
                .extracting(record -> record.value().length() > big.length())
                .hasSize(12)
                .containsOnly(true);
        assertThat(listInPages(store, "/t/", 5)).hasSize(12);
    }

    @Test
    void whatIsNoKeyOrPrefixIsRefused() {
        for (String key : List.of("", "/", "t/a", "/t/", "/t/\0", "/t/\uD83D")) {
            assertThatThrownBy(() -> store.get(key)).as(key).isInstanceOf(IllegalArgumentException.class);
        }
        for (String prefix : List.of("", "t/", "/t", "/t\0/")) {
            assertThatThrownBy(() -> store.listAll(prefix)).as(prefix).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
