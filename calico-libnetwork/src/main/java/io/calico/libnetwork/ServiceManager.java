package io.calico.libnetwork;

import io.calico.dataplane.linux.netlink.UnixDatagrams;
import java.io.IOException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager (systemd) how the daemon is doing, if it was started by one that wants to know: the protocol of
 * sd_notify(3), datagrams to the socket in {@code NOTIFY_SOCKET}. Thread-safe.
 */
final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);

    private final String socket;
    private final Sender sender;

    /** Sends a datagram to a Unix socket. */
    interface Sender {
        void send(String address, String text) throws IOException;
    }

    /** The manager that the environment names; one that is told nothing if it names none. */
    static ServiceManager of(Map<String, String> environment) {
        return new ServiceManager(environment, UnixDatagrams::send);
    }

    ServiceManager(Map<String, String> environment, Sender sender) {
        this.socket = environment.getOrDefault("NOTIFY_SOCKET", "");
        this.sender = sender;
    }

    /** Policy is in force and the plugin answers: what was to wait for us may start. */
    void ready() {
        tell("READY=1\nSTATUS=policy is in force, the plugin answers");
    }

    /** The daemon has been told to end. */
    void stopping() {
        tell("STOPPING=1\nSTATUS=answering the calls in flight");
    }

    private void tell(String state) {
        if (socket.isEmpty()) {
            return;
        }
        try {
            sender.send(socket, state);
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("cannot tell the service manager: {}", e.toString());
        }
    }
}
