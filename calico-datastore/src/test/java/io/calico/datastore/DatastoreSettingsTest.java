package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.DatastoreSettings.Choice;
import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.unix.DatastoreSocketServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatastoreSettingsTest {
    @TempDir
    Path directory;

    private Choice resolve(String option, Map<String, String> environment) {
        return DatastoreSettings.resolve(Optional.ofNullable(option), environment, directory.resolve("datastore.sock"));
    }

    @Nested
    class WithoutADaemon {
        @Test
        void embeddedStoreIsTheDefault() {
            assertThat(resolve(null, Map.of()).uri()).isEqualTo("sqlite:/var/lib/calico/calico.db");
        }

        @Test
        void optionWinsOverVariableWinsOverEtcd() {
            Map<String, String> environment =
                    Map.of("CALICO_DATASTORE", "memory:", "ETCD_AUTHORITY", "h:1", "ETCD_ENDPOINTS", "http://a:2379");

            assertThat(resolve("sqlite:/x", environment))
                    .isEqualTo(new Choice("sqlite:/x", "sqlite:/x", "--datastore", Optional.empty()));
            assertThat(resolve(null, environment))
                    .isEqualTo(new Choice("memory:", "memory:", "CALICO_DATASTORE", Optional.empty()));
        }

        @Test
        void etcdVariablesNameAnEtcdStore() {
            assertThat(resolve(null, Map.of("ETCD_AUTHORITY", "10.0.0.1:2379")).uri())
                    .isEqualTo("etcd://10.0.0.1:2379");
            assertThat(resolve(null, Map.of("ETCD_AUTHORITY", "e:2379", "ETCD_SCHEME", "https"))
                            .uri())
                    .isEqualTo("etcds://e:2379");
            assertThat(resolve(null, Map.of("ETCD_ENDPOINTS", "https://a:2379,https://b:2379", "ETCD_AUTHORITY", "c:1"))
                            .uri())
                    .isEqualTo("etcds://a:2379,b:2379");
        }

        @Test
        void etcdSchemeAloneMeansTheEtcdOfThisHost() {
            assertThat(resolve(null, Map.of("ETCD_SCHEME", "http")).uri()).isEqualTo("etcd://127.0.0.1:2379");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"h", "h:", ":1", "h:0", "h:65536", "h:1:2", "::1", "http://h:1", "-h:1", "a,b:1", "h:x"})
        void badEtcdAuthorityIsRefused(String authority) {
            assertThatThrownBy(() -> resolve(null, Map.of("ETCD_AUTHORITY", authority)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Invalid ETCD_AUTHORITY. It must take the form <address>:<port>. Value provided is '"
                            + authority + "'");
            assertThat(resolve("memory:", Map.of("ETCD_AUTHORITY", authority)).uri())
                    .isEqualTo("memory:");
        }

        @ParameterizedTest
        @ValueSource(strings = {"a:2379", "http://a:2379,https://b:2379", "http://a:2379,b:2379", "http://a:2379,"})
        void badEtcdEndpointsAreRefused(String endpoints) {
            assertThatThrownBy(() -> resolve(null, Map.of("ETCD_ENDPOINTS", endpoints)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("Invalid ETCD_ENDPOINTS.")
                    .hasMessageContaining("'" + endpoints + "'");
        }

        @Test
        void endpointsMayBeWrittenAsTheRootOfAServer() {
            assertThat(resolve(null, Map.of("ETCD_ENDPOINTS", "http://a:2379/, http://b:2379/"))
                            .uri())
                    .isEqualTo("etcd://a:2379,b:2379");
        }

        @Test
        void aPasswordInEndpointsIsNotRepeated() {
            assertThatThrownBy(() -> resolve(null, Map.of("ETCD_ENDPOINTS", "felix:s3cret@a:2379")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .message()
                    .doesNotContain("s3cret");
        }

        @Test
        void badEtcdSchemeIsRefused() {
            assertThatThrownBy(() -> resolve(null, Map.of("ETCD_SCHEME", "ftp")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "Invalid ETCD_SCHEME. Value must be one of: \"\", \"http\", \"https\". Value provided: ftp");
        }

        @Test
        void emptyVariableIsNotSet() {
            assertThat(resolve(null, Map.of("CALICO_DATASTORE", "", "ETCD_AUTHORITY", ""))
                            .reason())
                    .isEqualTo("the embedded store");
        }

        @Test
        void socketOfADeadDaemonIsNoDaemon() throws IOException {
            Files.createFile(directory.resolve("datastore.sock"));

            assertThat(resolve(null, Map.of()).uri()).isEqualTo(DatastoreSettings.EMBEDDED);
            assertThat(resolve(null, Map.of("CALICO_DATASTORE", "memory:")).uri())
                    .isEqualTo("memory:");
        }
    }

    @Nested
    class WithADaemon {
        private Choice resolveWithDaemon(String option) throws IOException {
            Path socket = directory.resolve("datastore.sock");
            try (MemoryDatastore store = new MemoryDatastore();
                    DatastoreSocketServer server = new DatastoreSocketServer(store, socket)) {
                server.start();
                return resolve(option, Map.of());
            }
        }

        @Test
        void itsStoreIsTheDefault() throws IOException {
            assertThat(resolveWithDaemon(null))
                    .isEqualTo(new Choice(
                            "unix:" + directory.resolve("datastore.sock"),
                            "memory:",
                            "the running node daemon",
                            Optional.empty()));
        }

        @Test
        void settingThatNamesItsStoreGoesThroughIt() throws IOException {
            assertThat(resolveWithDaemon("memory:"))
                    .isEqualTo(new Choice(
                            "unix:" + directory.resolve("datastore.sock"), "memory:", "--datastore", Optional.empty()));
        }

        @Test
        void aPasswordInTheSettingIsNotInTheWarning() throws IOException {
            assertThat(resolveWithDaemon("etcd://felix:s3cret@h:2379").warning().orElseThrow())
                    .contains("etcd://…@h:2379")
                    .doesNotContain("s3cret");
        }

        @Test
        void settingThatNamesAnotherStoreIsFollowedWithAWarning() throws IOException {
            Choice choice = resolveWithDaemon("sqlite:/elsewhere.db");

            assertThat(choice.uri()).isEqualTo("sqlite:/elsewhere.db");
            assertThat(choice.warning())
                    .contains(
                            "WARNING: --datastore names sqlite:/elsewhere.db, but the node daemon of this host uses memory:.");
        }
    }
}
