package io.calico.dataplane.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.concurrent.locks.LockSupport;

/**
 * What an engine makes of the container side of a pair: an interface {@code cali0} with an address and the usual next hop,
 * in a network namespace of its own, where somebody answers every datagram to port 7.
 */
public final class Sandbox implements AutoCloseable {
    private static final int ECHO_PORT = 7;
    private static final int LONGEST = 65_507;

    private final FreshNetwork network = FreshNetwork.open();
    private final String address;
    private final DatagramSocket server;

    private Sandbox(String containerName, String address) {
        this.address = address;
        Tool.run("ip link set " + containerName + " netns " + network.threadId());
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

    /** Gives it an IPv6 address, too, with the next hop that goes with it. */
    public Sandbox withIpv6(String address6) {
        network.run(() -> {
            Tool.run("ip addr add " + address6 + "/128 dev cali0 nodad");
            Tool.run("ip route add default via fe80::ca:11ff:fec0:1 dev cali0");
        });
        return this;
    }

    /** Takes the link of that name out of the calling thread's network. */
    public static Sandbox around(String containerName, String address) {
        return new Sandbox(containerName, address);
    }

    private void echo() {
        byte[] buffer = new byte[LONGEST];
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
        return flow(network, other.address, 4);
    }

    /**
     * Begins to send datagrams from a network to the sandbox with that address.
     *
     * @param bytes length of each, from 4; one that fits the interface's MTU is not fragmented anywhere
     */
    public static Flow flow(FreshNetwork network, String address, int bytes) {
        DatagramSocket socket = network.call(() -> {
            DatagramSocket made = new DatagramSocket();
            made.setSoTimeout(200);
            return made;
        });
        return new Flow(socket, address, bytes);
    }

    /** Begins to send datagrams of that length to any address. */
    public Flow flowTo(String other, int bytes) {
        return flow(network, other, bytes);
    }

    /** What a program says that is run in the sandbox. */
    public String run(String commandLine) {
        return network.call(() -> Tool.run(commandLine));
    }

    /** Whether another one answers a new flow's first datagram within the time. */
    public boolean reaches(Sandbox other, int millis) {
        try (Flow flow = flowTo(other)) {
            return flow.isAnswered(millis);
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

        private final int length;

        private Flow(DatagramSocket socket, String destination, int length) {
            this.length = length;
            this.socket = socket;
            try {
                this.destination = new InetSocketAddress(InetAddress.getByName(destination), ECHO_PORT);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            receiver.setDaemon(true);
            receiver.start();
        }

        /** Sends one; whether all so far are answered within the time. */
        public boolean isAnswered(int millis) {
            send();
            long end = System.nanoTime() + millis * 1_000_000L;
            while (unanswered() > 0 && System.nanoTime() < end) {
                LockSupport.parkNanos(1_000_000);
            }
            return unanswered() == 0;
        }

        /** Sends one. */
        public void send() {
            byte[] bytes = new byte[length];
            synchronized (open) {
                ByteBuffer.wrap(bytes).putInt(next);
                open.set(next++);
            }
            try {
                socket.send(new DatagramPacket(bytes, length, destination));
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
            byte[] buffer = new byte[LONGEST];
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
