package io.calico.benchmarks;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells when packets begin to pass; hosts that are namespaces of one machine have one clock. Runs in the network namespace of
 * a container.
 *
 * <ul>
 *   <li>{@code PacketClock send HOST PORT}: a datagram every millisecond, until killed; never answered, so that connection
 *       tracking never takes the flow for an established one, to which rules no longer apply
 *   <li>{@code PacketClock receive PORT}: for the first datagram after each silence of 0.3 s, a line with the microseconds
 *       since 1970 at which it arrived
 *   <li>{@code PacketClock reach HOST}: tries every millisecond until the host says that nothing listens there, which is an
 *       answer; prints the microseconds since 1970
 * </ul>
 */
public final class PacketClock {
    private static final int SILENCE_MS = 300;
    private static final int UNUSED_PORT = 9;
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private PacketClock() {}

    public static void main(String[] arguments) throws IOException {
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case "send" -> send(new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2])));
            case "receive" -> receive(Integer.parseInt(arguments[1]));
            case "reach" -> System.out.println(reach(new InetSocketAddress(arguments[1], UNUSED_PORT)));
            default -> {
                System.err.println("usage: PacketClock send HOST PORT | receive PORT | reach HOST");
                System.exit(2);
            }
        }
    }

    private static void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }

    private static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    private static void send(InetSocketAddress to) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            DatagramPacket packet = new DatagramPacket(new byte[] {1}, 1, to);
            while (true) {
                socket.send(packet);
                pause();
            }
        }
    }

    private static void receive(int port) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(port)) {
            DatagramPacket packet = new DatagramPacket(new byte[16], 16);
            long last = 0;
            while (true) {
                socket.receive(packet);
                long arrived = now();
                if (arrived - last > TimeUnit.MILLISECONDS.toMicros(SILENCE_MS)) {
                    System.out.println(arrived);
                }
                last = arrived;
            }
        }
    }

    private static long reach(InetSocketAddress to) throws IOException {
        Instant end = Instant.now().plus(LONGEST);
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(to);
            socket.setSoTimeout(1);
            DatagramPacket answer = new DatagramPacket(new byte[16], 16);
            while (Instant.now().isBefore(end)) {
                try {
                    socket.send(new DatagramPacket(new byte[] {1}, 1));
                    socket.receive(answer);
                } catch (PortUnreachableException e) {
                    return now();
                } catch (IOException e) {
                    // Not yet: no answer, or no way.
                    pause();
                }
            }
        }
        throw new IOException(to + " was not reached in " + LONGEST);
    }
}
