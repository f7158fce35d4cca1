package io.calico.dataplane.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.locks.LockSupport;

/**
 * What an engine makes of the container side of a pair: an interface {@code cali0} with an address and the usual next hop,
 * in a network namespace of its own, where somebody answers every datagram to port 7.
 */
public final class Sandbox implements AutoCloseable {
    private static final int ECHO_PORT = 7;

    private final FreshNetwork network = FreshNetwork.open();
    private final String address;
    private final DatagramSocket server;

    private Sandbox(String containerName, String address) {
        this.address = address;
        String thread = network.call(() -> Files.readSymbolicLink(Path.of("/proc/thread-self"))
                .getFileName()
                .toString());
        Tool.run("ip link set " + containerName + " netns " + thread);
        network.run(() -> {
            Tool.run("ip link set lo up");
            Tool.run("ip link set " + containerName + " name cali0");
            Tool.run("ip addr add " + address + "/32 dev cali0");
            Tool.run("ip link set cali0 up");
            Tool.run("ip route add 169.254.1.1 dev cali0 scope link");
            Tool.run("ip route add default via 169.254.1.1 dev cali0");
        });
        this.server = network.call(() -> new DatagramSocket(ECHO_PORT));
        Thread echo = new Thread(this::echo, "calico-test-echo-1");
        echo.setDaemon(true);
        echo.start();
    }

    /** Takes the link of that name out of the calling thread's network. */
    public static Sandbox around(String containerName, String address) {
        return new Sandbox(containerName, address);
    }

    private void echo() {
        byte[] buffer = new byte[64];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                server.receive(packet);
                server.send(packet);
            }
        } catch (IOException e) {
            if (!server.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Begins to send datagrams to another one. */
    public Flow flowTo(Sandbox other) {
        DatagramSocket socket = network.call(() -> {
            DatagramSocket made = new DatagramSocket();
            made.setSoTimeout(200);
            return made;
        });
        return new Flow(socket, other.address);
    }

    /** Whether another one answers a new flow's first datagram within the time. */
    public boolean reaches(Sandbox other, int millis) {
        try (Flow flow = flowTo(other)) {
            flow.send();
            long end = System.nanoTime() + millis * 1_000_000L;
            while (flow.unanswered() > 0 && System.nanoTime() < end) {
                LockSupport.parkNanos(1_000_000);
            }
            return flow.unanswered() == 0;
        }
    }

    /** Datagrams with numbers, of which each is answered or lost. Thread-safe. */
    public static final class Flow implements AutoCloseable {
        private final DatagramSocket socket;
        private final InetSocketAddress destination;
        private final BitSet open = new BitSet();
        private int next;
        private volatile boolean isPaced;
        private final Thread receiver = new Thread(this::receive, "calico-test-receiver-1");
        private final Thread sender = new Thread(this::pace, "calico-test-sender-1");

        private Flow(DatagramSocket socket, String destination) {
            this.socket = socket;
            try {
                this.destination = new InetSocketAddress(InetAddress.getByName(destination), ECHO_PORT);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            receiver.setDaemon(true);
            receiver.start();
        }

        /** Sends one. */
        public void send() {
            byte[] bytes = new byte[4];
            synchronized (open) {
                ByteBuffer.wrap(bytes).putInt(next);
                open.set(next++);
            }
            try {
                socket.send(new DatagramPacket(bytes, 4, destination));
            } catch (IOException e) {
                // Refused by the sandbox itself: it stays unanswered.
                return;
            }
        }

        /** Sends one every two milliseconds from now on. */
        public Flow startPaced() {
            isPaced = true;
            sender.setDaemon(true);
            sender.start();
            return this;
        }

        private void pace() {
            while (isPaced) {
                send();
                LockSupport.parkNanos(2_000_000);
            }
        }

        /** Ends {@link #startPaced}; how many were sent. */
        public int stopPaced() throws InterruptedException {
            isPaced = false;
            sender.join();
            synchronized (open) {
                return next;
            }
        }

        private void receive() {
            byte[] buffer = new byte[64];
            while (!socket.isClosed()) {
                try {
                    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                    socket.receive(packet);
                    synchronized (open) {
                        open.clear(ByteBuffer.wrap(buffer).getInt());
                    }
                } catch (SocketTimeoutException e) {
                    // Time to see whether it is closed.
                } catch (IOException e) {
                    // An ICMP error, or closed.
                    LockSupport.parkNanos(100_000);
                }
            }
        }

        /** How many are not answered, yet. */
        public int unanswered() {
            synchronized (open) {
                return open.cardinality();
            }
        }

        /** The numbers of those, for messages. */
        @Override
        public String toString() {
            synchronized (open) {
                return "unanswered " + open + " of " + next;
            }
        }

        @Override
        public void close() {
            isPaced = false;
            socket.close();
        }
    }

    @Override
    public void close() {
        server.close();
        network.close();
    }
}
