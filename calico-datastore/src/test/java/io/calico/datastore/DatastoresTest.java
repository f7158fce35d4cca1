package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.memory.MemoryDatastoreProvider;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreProvider;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatastoresTest {
    @ParameterizedTest
    @CsvSource({
        "memory:, memory:",
        "sqlite:/a/../b.db, sqlite:/b.db",
        "unix:/run/x.sock, unix:/run/x.sock",
        "etcd://b:2379/, etcd://b:2379"
    })
    void theSchemeChoosesTheProviderAndOpeningDoesNothingElse(String uri, String canonical) {
        try (Datastore store = Datastores.open(uri, Map.of())) {
            assertThat(store.uri()).isEqualTo(canonical);
        }
    }

    @Test
    void anUnknownSchemeIsAnsweredWithTheKnownOnes() {
        assertThatThrownBy(() -> Datastores.open("redis:x", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("datastore 'redis:x': no provider on the class path knows 'redis:'; use one of etcd:, "
                        + "etcds:, memory:, sqlite:, unix:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/var/lib/calico/calico.db", ":x"})
    void aTextWithoutSchemeIsRefused(String uri) {
        assertThatThrownBy(() -> Datastores.open(uri, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + uri + "' has no scheme")
                .hasMessageContaining("memory:, sqlite:, unix:");
    }

    @Test
    void aMemoryStoreHasNoName() {
        assertThatThrownBy(() -> Datastores.open("memory:mine", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'memory:mine'");
    }

    @Test
    void twoProvidersOfOneSchemeAreNamed() {
        List<DatastoreProvider> known = List.of(new MemoryDatastoreProvider(), new Other());

        assertThatThrownBy(() -> Datastores.open("memory:", Map.of(), known))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(MemoryDatastoreProvider.class.getName())
                .hasMessageContaining(Other.class.getName())
                .hasMessageContaining("remove all but one");
    }

    @Test
    void noProviderAtAllIsAPackagingError() {
        assertThatThrownBy(() -> Datastores.open("memory:", Map.of(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("META-INF/services");
    }

    private static final class Other implements DatastoreProvider {
        @Override
        public Set<String> schemes() {
            return Set.of("memory");
        }

        @Override
        public Datastore open(String uri, Map<String, String> environment) {
            throw new AssertionError("must not be asked");
        }
    }
}
