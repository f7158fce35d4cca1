package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServiceManagerTest {
    private final List<String> sent = new ArrayList<>();

    @Test
    void readinessAndTheEndAreToldWhereTheEnvironmentSays() {
        ServiceManager manager = new ServiceManager(
                Map.of("NOTIFY_SOCKET", "/run/systemd/notify"), (address, text) -> sent.add(address + " " + text));

        manager.ready();
        manager.stopping();

        assertThat(sent).hasSize(2);
        assertThat(sent.get(0)).startsWith("/run/systemd/notify READY=1\n");
        assertThat(sent.get(1)).startsWith("/run/systemd/notify STOPPING=1\n");
    }

    @Test
    void withoutAManagerNothingIsTold() {
        ServiceManager manager = new ServiceManager(Map.of(), (address, text) -> sent.add(text));

        manager.ready();

        assertThat(sent).isEmpty();
    }

    @Test
    void aManagerThatDoesNotListenStopsNothing() {
        new ServiceManager(Map.of("NOTIFY_SOCKET", "/gone"), (address, text) -> {
                    throw new IOException("no such socket");
                })
                .ready();
    }
}
