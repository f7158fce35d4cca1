package io.calico.datastore.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A way to a server that can be interrupted: in both directions, or so that answers get lost. Thread-safe. */
final class TcpProxy implements AutoCloseable {
    private final int target;
    private final ServerSocket listening;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;
    private volatile boolean answersLost;

    TcpProxy(EtcdServer server) {
        target = Integer.parseInt(server.endpoint().split(":", 2)[1]);
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::acceptAll);
    }

    String uri() {
        return "etcd://127.0.0.1:" + listening.getLocalPort();
    }

    /** Ends all connections and lets none through. */
    void cut() {
        cut = true;
        open.forEach(TcpProxy::close);
    }

    /** What the server answers from now on vanishes; the connections stay. */
    void loseAnswers() {
        answersLost = true;
    }

    /** Connections are let through again, whole ones. */
    void mend() {
        cut = false;
        answersLost = false;
        open.forEach(TcpProxy::close);
    }

    private void acceptAll() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                open.add(client);
                if (cut) {
                    close(client);
                    continue;
                }
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                open.add(server);
                start(() -> pass(client, server, false));
                start(() -> pass(server, client, true));
            } catch (IOException e) {
                // The client sees its connection end, as it should.
            }
        }
    }

    private void pass(Socket from, Socket to, boolean answers) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                if (!answers || !answersLost) {
                    out.write(buffer, 0, length);
                }
            }
        } catch (IOException e) {
            // One end is gone; the other is closed.
        }
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "calico-test-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        open.forEach(TcpProxy::close);
    }
}
