package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The unit that comes with the project, under a real systemd, beside a {@code docker.service} that has containers. */
@DockerHosts
class SystemdIT {
    private static final String NODE = "calico-node.service";
    private static final String DOCKER = "docker.service";

    private VirtualHost host;
    private Systemd systemd;

    @BeforeEach
    void install() throws IOException {
        assumeTrue(
                Boolean.getBoolean("calico.test.require") || Files.isExecutable(Path.of("/lib/systemd/systemd")),
                "SystemdIT needs systemd; bin/test sets it up");
        host = VirtualHost.start(53);
        host.startDocker(Engine.INSTALLED);
        host.stopDocker();
        String unit = Files.readString(VirtualHost.CHECKOUT.resolve("packaging/systemd/" + NODE));
        Systemd.unit(host, NODE, unit.replace("/opt/calico", VirtualHost.CHECKOUT.toString()));
        // This build and this JDK may lie in somebody's home.
        Systemd.unit(
                host,
                NODE + ".d/options.conf",
                "[Service]\nEnvironment=NODE_OPTIONS=--ip=%s\nEnvironment=JAVA_HOME=%s\nProtectHome=no\n"
                        .formatted(host.address(), System.getProperty("java.home")));
        Systemd.unit(
                host,
                DOCKER,
                "[Service]\nType=notify\nDelegate=yes\nExecStart=/usr/sbin/dockerd --data-root %s --exec-root /run/docker\n"
                        .formatted(host.file("docker")));
        // The engine is named first: what decides is the unit's order.
        Systemd.unit(host, "multi-user.target", "[Unit]\nWants=" + DOCKER + " " + NODE + "\n");
        systemd = Systemd.boot(host);
    }

    @AfterEach
    void stop() {
        if (systemd != null) {
            systemd.close();
        }
        if (host != null) {
            host.close();
        }
    }

    private long monotonicMicros(String unit, String name) {
        return Long.parseLong(systemd.property(unit, name));
    }

    private void theEngineStartedAfterTheNodeWasReady() {
        assertThat(monotonicMicros(DOCKER, "ExecMainStartTimestampMonotonic"))
                .as("start of the engine")
                .isGreaterThan(monotonicMicros(NODE, "ActiveEnterTimestampMonotonic"));
    }

    private void nodeIsActive() {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(
                                systemd.property(NODE, "ActiveState") + ": " + systemd.property(NODE, "StatusText"))
                        .isEqualTo("active: policy is in force, the plugin answers"));
    }

    private void aNewContainerReachesTheServer() {
        String server = host.addressOf("server", "data-tier");
        assertThat(host.docker("run", "--rm", "--net", "data-tier", "busybox:local", "ping", "-c", "1", server))
                .contains(" 0% packet loss");
    }

    @Test
    void theNodeIsReadyBeforeTheEngineStartsAndIsStartedAgainWhenItDies() {
        nodeIsActive();
        theEngineStartedAfterTheNodeWasReady();
        host.docker("network", "create", "--driver", "calico", "--ipam-driver", "calico", "data-tier");
        host.startContainer("server", "data-tier", "--restart=always");
        aNewContainerReachesTheServer();

        systemd.kill(NODE);

        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(systemd.property(NODE, "NRestarts")).isEqualTo("1"));
        nodeIsActive();
        aNewContainerReachesTheServer();

        systemd.ctl("stop", NODE, DOCKER);
        assertThat(systemd.property(NODE, "ActiveState") + " " + systemd.property(NODE, "Result"))
                .isEqualTo("inactive success");
        systemd.ctl("start", "multi-user.target");

        nodeIsActive();
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(host.tryDocker("ps", "--format", "{{.Names}} {{.State}}")
                                .out()
                                .strip())
                        .isEqualTo("server running"));
        theEngineStartedAfterTheNodeWasReady();
        aNewContainerReachesTheServer();
    }
}
