package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeOptionsTest {
    private static final Map<String, String> HOST = Map.of("HOSTNAME", "h1");

    @Test
    void withoutArgumentsEverythingIsWhereADistributionPutsIt() {
        NodeOptions options = NodeOptions.parse(List.of(), HOST);

        assertThat(options)
                .isEqualTo(NodeOptions.builder()
                        .host("h1")
                        .libnetwork(true)
                        .scope("auto")
                        .pluginSocket(Path.of("/run/docker/plugins/calico.sock"))
                        .dockerSocket(Path.of("/var/run/docker.sock"))
                        .runDirectory(Path.of("/run/calico"))
                        .logDirectory(Path.of("/var/log/calico"))
                        .build());
        assertThat(options.datastoreSocket()).isEqualTo(Path.of("/run/calico/datastore.sock"));
    }

    @Test
    void everyOptionIsUnderstood() {
        NodeOptions options = NodeOptions.parse(
                List.of(
                        "--ip=10.0.0.1",
                        "--ip6=fd00::1",
                        "--as=64.1",
                        "--hostname=h2",
                        "--datastore=sqlite:/tmp/x.db",
                        "--libnetwork=false",
                        "--scope=global",
                        "--plugin-socket=/p/calico.sock",
                        "--docker-socket=/d/docker.sock",
                        "--run-dir=/r",
                        "--log-dir="),
                HOST);

        assertThat(options)
                .isEqualTo(NodeOptions.builder()
                        .host("h2")
                        .ipv4(IpAddress.parse("10.0.0.1"))
                        .ipv6(IpAddress.parse("fd00::1"))
                        .asNumber(64L * 65536 + 1)
                        .datastore("sqlite:/tmp/x.db")
                        .libnetwork(false)
                        .scope("global")
                        .pluginSocket(Path.of("/p/calico.sock"))
                        .dockerSocket(Path.of("/d/docker.sock"))
                        .runDirectory(Path.of("/r"))
                        .logDirectory(Optional.empty())
                        .build());
    }

    @Test
    void anEmptyAddressIsNone() {
        assertThat(NodeOptions.parse(List.of("--ip6="), HOST).ipv6()).isEmpty();
    }

    @Test
    void theEnginesSocketIsThatOfTheDockerCommand() {
        Map<String, String> environment = Map.of("HOSTNAME", "h1", "DOCKER_HOST", "unix://run/other.sock");

        assertThat(NodeOptions.parse(List.of(), environment).dockerSocket()).isEqualTo(Path.of("/run/other.sock"));
    }

    @Test
    void withoutHostnameTheSystemsNameIsTaken() {
        assertThat(NodeOptions.parse(List.of(), Map.of()).host()).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --ip=10.0.0.256      | --ip '10.0.0.256' is not an IP address
                    --ip=fd00::1         | the host's addresses are of the wrong IP version: IPv4 fd00::1, IPv6 null
                    --as=many            | --as 'many' is not an AS number
                    --scope=swarm        | scope 'swarm' is none of auto, local, global
                    --libnetwork=perhaps | --libnetwork 'perhaps' is neither true nor false
                    --log-level=loud     | log level 'loud' is none of debug, info, warning, error
                    --metrics-port=http  | --metrics-port 'http' is not a port
                    --metrics-port=65536 | metrics port 65536 is not in 0-65535
                    --hostname=a/b       | host name 'a/b' is empty or holds a slash
                    --hostname=          | host name '' is empty or holds a slash
                    --run-dir=           | --run-dir is empty
                    --colour=red         | option --colour is not known
                    --ip                 | argument '--ip' is not of the form --name=value
                    start                | argument 'start' is not of the form --name=value
                    """)
    void whatCannotBeUnderstoodIsNamed(String argument, String message) {
        assertThatThrownBy(() -> NodeOptions.parse(List.of(argument), HOST))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void logLevelAndMetricsPortComeFromTheEnvironmentUnlessTheyAreGiven() {
        Map<String, String> environment =
                Map.of("HOSTNAME", "h1", "CALICO_LOG_LEVEL", "debug", "CALICO_METRICS_PORT", "9091");

        NodeOptions fromEnvironment = NodeOptions.parse(List.of(), environment);
        NodeOptions given = NodeOptions.parse(List.of("--log-level=error", "--metrics-port="), environment);

        assertThat(fromEnvironment.logLevel()).isEqualTo("debug");
        assertThat(fromEnvironment.metricsPort()).contains(9091);
        assertThat(given.logLevel()).isEqualTo("error");
        assertThat(NodeOptions.parse(List.of(), HOST).metricsPort()).isEmpty();
    }

    @Test
    void theJournalIsTheLogOnlyIfStandardErrorIsTheStreamThatSystemdNamed() throws IOException {
        String ours = Journal.identity(Path.of("/proc/self/fd/2"));

        assertThat(NodeOptions.parse(List.of(), Map.of("HOSTNAME", "h1", "JOURNAL_STREAM", ours))
                        .logDirectory())
                .isEmpty();
        assertThat(NodeOptions.parse(List.of(), Map.of("HOSTNAME", "h1", "JOURNAL_STREAM", "8:1"))
                        .logDirectory())
                .isPresent();
        assertThat(NodeOptions.parse(List.of("--log-dir=/var/log/x"), Map.of("HOSTNAME", "h1", "JOURNAL_STREAM", ours))
                        .logDirectory())
                .contains(Path.of("/var/log/x"));
    }

    @Test
    void anOptionThatIsGivenTwiceIsRefused() {
        assertThatThrownBy(() -> NodeOptions.parse(List.of("--ip=10.0.0.1", "--ip=10.0.0.2"), HOST))
                .hasMessage("option --ip is given twice");
    }
}
