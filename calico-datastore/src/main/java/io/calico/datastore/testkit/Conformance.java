package io.calico.datastore.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.ListRequest;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.spi.TransactionResult;
import io.calico.datastore.testkit.StoreUnderTest.Ability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** What the parts of the kit have in common: a store, a client, and short ways to write. Confined to the test's thread. */
@Timeout(120)
abstract class Conformance {
    private StoreUnderTest under;
    private final List<Datastore> clients = new ArrayList<>();

    /** The client that most tests use. */
    protected Datastore store;

    /** An empty store; called for each test. */
    protected abstract StoreUnderTest newEmptyStore();

    @BeforeEach
    void openStore() {
        under = newEmptyStore();
        store = newClient();
    }

    @AfterEach
    void closeStore() {
        clients.forEach(Datastore::close);
        under.close();
    }

    /** A client that is closed after the test, if the test does not. */
    Datastore newClient() {
        Datastore client = under.open();
        clients.add(client);
        return client;
    }

    void compact() {
        under.compact();
    }

    /** Skips the test, with the provider's reason, if the store cannot do that. */
    void assumeAble(Ability ability) {
        @Nullable String reason = under.missing().get(ability);
        assumeTrue(reason == null, () -> ability + " is missing: " + reason);
    }

    long put(String key, String value) {
        return put(store, key, value);
    }

    static long put(Datastore client, String key, String value) {
        return committed(client, Transaction.builder().put(key, value).build());
    }

    long delete(String key) {
        return committed(store, Transaction.builder().delete(key).build());
    }

    static long committed(Datastore client, Transaction transaction) {
        TransactionResult result = client.commit(transaction);
        assertThat(result.committed()).isTrue();
        return result.revision();
    }

    /** {@code key=value} of all records under the prefix, read in pages of that size at one revision. */
    static List<String> listInPages(Datastore client, String prefix, int limit) {
        List<String> found = new ArrayList<>();
        ListRequest request = ListRequest.first(prefix, limit);
        Page page = client.list(request);
        long revision = page.revision();
        while (true) {
            assertThat(page.records().size()).isLessThanOrEqualTo(limit);
            assertThat(page.revision()).isEqualTo(revision);
            page.records().forEach(record -> found.add(text(record)));
            if (page.nextKey().isEmpty()) {
                return found;
            }
            request = request.after(page);
            page = client.list(request);
        }
    }

    static String text(KeyValue record) {
        return record.key() + "=" + record.value();
    }

    Optional<String> value(String key) {
        return store.get(key).map(KeyValue::value);
    }
}
