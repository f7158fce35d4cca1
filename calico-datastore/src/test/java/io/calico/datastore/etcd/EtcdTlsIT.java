package io.calico.datastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS against an etcd that asks for client certificates, with certificates that are made for this run. */
@RequiresEtcd
class EtcdTlsIT {
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    static Path files;

    private static RealCluster cluster;

    @BeforeAll
    static void start() {
        openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem");
        openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=another -keyout other.key -out other.pem");
        certificate("server", "-newkey rsa:2048", "subjectAltName=IP:127.0.0.1");
        certificate("client", "-newkey rsa:2048", "extendedKeyUsage=clientAuth");
        certificate("ec", "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1", "extendedKeyUsage=clientAuth");
        openssl("rsa -in client.key -traditional -out client-pkcs1.key");
        openssl("ec -in ec.key -out ec-sec1.key");
        openssl("pkcs8 -topk8 -in client.key -passout pass:secret -out client-locked.key");
        cluster = RealCluster.startWithTls(
                1,
                "--cert-file=" + files.resolve("server.pem"),
                "--key-file=" + files.resolve("server.key"),
                "--client-cert-auth",
                "--trusted-ca-file=" + files.resolve("ca.pem"));
        try (Datastore store = open("etcds", environment("ca.pem", "client.pem", "client.key"))) {
            EtcdUnderTest.await(() -> store.get("/t/none"));
        }
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static void certificate(String name, String key, String extension) {
        openssl("req " + key + " -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".csr");
        try {
            Files.writeString(files.resolve(name + ".ext"), extension + "\n");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        openssl("x509 -req -in " + name + ".csr -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -extfile " + name
                + ".ext -out " + name + ".pem");
    }

    private static void openssl(String arguments) {
        try {
            Process process = new ProcessBuilder(("openssl " + arguments).split(" "))
                    .directory(files.toFile())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError("openssl " + arguments + ": " + output);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Map<String, String> environment(String ca, String certificate, String key) {
        Map<String, String> environment = new HashMap<>();
        environment.put("ETCD_CA_CERT_FILE", files.resolve(ca).toString());
        if (!certificate.isEmpty()) {
            environment.put("ETCD_CERT_FILE", files.resolve(certificate).toString());
            environment.put("ETCD_KEY_FILE", files.resolve(key).toString());
        }
        return environment;
    }

    private static Datastore open(String scheme, Map<String, String> environment) {
        return open(scheme, environment, Duration.ofSeconds(2));
    }

    private static Datastore open(String scheme, Map<String, String> environment, Duration patience) {
        String uri = scheme + "://" + cluster.members().get(0).endpoint();
        return new EtcdDatastore(new EtcdCluster(EtcdSettings.parse(uri, environment), patience));
    }

    private static void assertRefused(Datastore store, String... texts) {
        long began = System.nanoTime();
        try (store) {
            assertThatThrownBy(() -> store.get("/t/a"))
                    .isInstanceOf(DatastoreException.Unavailable.class)
                    .hasMessageContainingAll(texts)
                    .message()
                    .doesNotContain("\n");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"client.pem client.key", "client.pem client-pkcs1.key", "ec.pem ec.key", "ec.pem ec-sec1.key"})
    void keysInEachFormThatToolsWriteAreTaken(String pair) {
        String[] names = pair.split(" ", 2);
        try (Datastore store = open("etcds", environment("ca.pem", names[0], names[1]), LONG)) {
            store.commit(Transaction.builder().put("/t/a", pair).build());

            assertThat(store.get("/t/a").orElseThrow().value()).isEqualTo(pair);
        }
    }

    @Test
    void anotherAuthorityIsNotTrusted() {
        assertRefused(
                open("etcds", environment("other.pem", "client.pem", "client.key")),
                "its certificate is not accepted",
                "ETCD_CA_CERT_FILE");
    }

    @Test
    void aNameThatIsNotInTheCertificateIsNotTrusted() {
        String uri = "etcds://localhost:" + cluster.members().get(0).endpoint().split(":", 2)[1];
        EtcdSettings settings = EtcdSettings.parse(uri, environment("ca.pem", "client.pem", "client.key"));

        assertRefused(
                new EtcdDatastore(new EtcdCluster(settings, Duration.ofSeconds(2))), "its certificate is not accepted");
    }

    @Test
    void withoutTheCertificateThatEtcdAsksForItIsSaidWhatToSet() {
        assertRefused(open("etcds", environment("ca.pem", "", "")), "ETCD_CERT_FILE");
    }

    @Test
    void aClientWithoutTlsIsToldSo() {
        assertRefused(open("etcd", Map.of()), "if it speaks TLS, use etcds://");
    }

    @Test
    void aServerWithoutTlsIsSaidToBeOne() {
        try (RealCluster plain = RealCluster.start(1)) {
            try (Datastore store = new EtcdDatastoreProvider().open(plain.uri(), Map.of())) {
                EtcdUnderTest.await(() -> store.get("/t/none"));
            }
            String uri = "etcds://" + plain.members().get(0).endpoint();
            EtcdSettings settings = EtcdSettings.parse(uri, environment("ca.pem", "client.pem", "client.key"));

            assertRefused(
                    new EtcdDatastore(new EtcdCluster(settings, Duration.ofSeconds(2))),
                    "if it does not speak TLS, use etcd://");
        }
    }

    @Test
    void filesThatCannotBeUsedAreNamed() {
        assertRefused(open("etcds", environment("none.pem", "", "")), "ETCD_CA_CERT_FILE", "none.pem does not exist");
        assertRefused(open("etcds", environment("ca.key", "", "")), "ETCD_CA_CERT_FILE", "holds no certificate");
        assertRefused(
                open("etcds", environment("ca.pem", "client.pem", "client.pem")), "ETCD_KEY_FILE", "no private key");
        assertRefused(
                open("etcds", environment("ca.pem", "client.pem", "client-locked.key")), "ETCD_KEY_FILE", "password");
    }

    @Test
    void aStoreIsUsedAgainOnceItsFilesAreMended() throws IOException {
        Path mine = files.resolve("mine.pem");
        Files.copy(files.resolve("other.pem"), mine, StandardCopyOption.REPLACE_EXISTING);
        try (Datastore store = open("etcds", environment("mine.pem", "client.pem", "client.key"), LONG)) {
            assertThatThrownBy(() -> store.get("/t/a")).isInstanceOf(DatastoreException.Unavailable.class);
            Files.copy(files.resolve("ca.pem"), mine, StandardCopyOption.REPLACE_EXISTING);

            assertThat(store.listAll("/none/").records()).isEmpty();
        }
    }
}
