package io.calico.libnetwork.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.URLDecoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * As much of a Docker engine as we ask for: its networks, which can be made and removed, and events as they happen.
 * Thread-safe.
 */
public final class FakeEngine implements AutoCloseable {
    private final Path socket;
    private final ServerSocketChannel server;
    private final Map<String, String> networks = new ConcurrentHashMap<>();
    private final List<SocketChannel> listeners = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private volatile String attached = "";
    private volatile String contained = "";
    private volatile String state = "running";

    public FakeEngine(Path socket) {
        this.socket = socket;
        try {
            Files.deleteIfExists(socket);
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread accepting = new Thread(this::acceptAll, "fake-engine");
        accepting.setDaemon(true);
        accepting.start();
    }

    /** {@code docker network create --driver calico}. */
    public void createNetwork(String id, String name) {
        networks.put(id, name);
        event("create", id, name, "calico");
    }

    /** {@code docker network rm}. */
    public void removeNetwork(String id) {
        String name = networks.remove(id);
        event("destroy", id, String.valueOf(name), "calico");
    }

    /** A network that was there before anybody listened. */
    public void hasNetwork(String id, String name) {
        networks.put(id, name);
    }

    /** Some event of the network type. */
    public void event(String action, String id, String name, String driver) {
        String json = """
                {"Type":"network","Action":"%s","Actor":{"ID":"%s","Attributes":{"name":"%s","type":"%s"}},"time":1}
                """.formatted(action, id, name, driver);
        for (SocketChannel listener : listeners) {
            send(listener, Integer.toHexString(json.length()) + "\r\n" + json + "\r\n");
        }
    }

    public void answerWith(int newStatus) {
        status = newStatus;
    }

    public List<String> requests() {
        return List.copyOf(requests);
    }

    public boolean hasListener() {
        return !listeners.isEmpty();
    }

    private void acceptAll() {
        while (true) {
            try {
                serve(server.accept());
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(SocketChannel client) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0 && client.read(buffer) >= 0) {
            head.append(StandardCharsets.US_ASCII.decode(buffer.flip()));
            buffer.clear();
        }
        String target = URLDecoder.decode(head.substring(4, head.indexOf(" HTTP/1.1")), StandardCharsets.UTF_8);
        requests.add(target);
        if (status != 200) {
            send(client, "HTTP/1.1 " + status + " Not Now\r\nContent-Length: 2\r\n\r\n{}");
            client.close();
        } else if (target.startsWith("/events")) {
            send(client, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
            listeners.add(client);
        } else if (target.startsWith("/networks/")) {
            answer(
                    client,
                    "{\"Containers\":{\"ep-" + attached + "\":{\"Name\":\"c\",\"EndpointID\":\"" + attached + "\"}}}");
        } else if (target.startsWith("/containers/json")) {
            answer(
                    client,
                    "[{\"Id\":\"c\",\"State\":\"" + state
                            + "\",\"NetworkSettings\":{\"Networks\":{\"data-tier\":{\"EndpointID\":\"" + contained
                            + "\"},\"stopped\":{\"EndpointID\":\"\"}}}}]");
        } else {
            StringBuilder list = new StringBuilder();
            networks.forEach((id, name) -> list.append(list.isEmpty() ? "" : ",")
                    .append("{\"Name\":\"%s\",\"Id\":\"%s\",\"Driver\":\"calico\"}".formatted(name, id)));
            String json = "[" + list + "]";
            answer(client, json);
        }
    }

    private static void answer(SocketChannel client, String json) throws IOException {
        send(client, "HTTP/1.1 200 OK\r\nContent-Length: " + json.length() + "\r\n\r\n" + json);
        client.close();
    }

    /**
     * Containers' endpoints.
     *
     * @param onNetworks as networks show it
     * @param inContainers as containers show it
     */
    void hasEndpoints(String onNetworks, String inContainers) {
        attached = onNetworks;
        contained = inContainers;
    }

    /** State of the container, as {@code docker ps} tells it. */
    void hasContainerIn(String newState) {
        state = newState;
    }

    private static void send(SocketChannel client, String text) {
        try {
            client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            // The client is gone.
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            for (SocketChannel listener : listeners) {
                listener.close();
            }
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
