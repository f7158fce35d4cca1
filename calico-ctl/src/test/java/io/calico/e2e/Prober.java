package io.calico.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A program that sends and answers packets in the network namespace in which it was started, told what to do line by line
 * on standard input; one line of answer for each. Servers echo what they get, preceded (TCP) by the address from which
 * they were reached.
 *
 * <pre>
 *   serve-tcp PORT                        ok
 *   serve-udp PORT                        ok
 *   udp-count PORT                        number of datagrams that arrived there
 *   tcp HOST PORT [SOURCE [SOURCE-PORT]]  open ADDRESS-AS-SEEN-BY-THE-SERVER | refused | silent | failed TEXT
 *   udp HOST PORT [SOURCE]                answered | silent | failed TEXT
 *   ping HOST                             answered | silent
 *   stream HOST PORT                      ok; keeps one connection busy until asked for its report
 *   stream-report                         ROUNDS LONGEST-GAP-IN-MS TIME-OF-ITS-END | broken TEXT
 *   datagrams HOST PORT                   ok; sends one every five milliseconds, from one port, until asked for its report
 *   datagrams-report                      SENT ANSWERED
 *   flows HOST PORT                       ok; the same, each from another port, one after the other
 *   flows-report                          SENT ANSWERED
 * </pre>
 */
public final class Prober {
    private static final int TIMEOUT_MS = 800;
    /** Where an answer must come: a machine with much other work takes its time. */
    private static final int LONGEST_CONNECT_MS = 10_000;

    private final Map<Integer, AtomicLong> arrived = new ConcurrentHashMap<>();
    private volatile Stream stream = new Stream();
    private volatile Datagrams datagrams = new Datagrams();
    private volatile Flows flows = new Flows();

    private Prober() {}

    public static void main(String[] arguments) throws IOException {
        new Prober().serveStandardInput();
    }

    private void serveStandardInput() throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(answer(line.split(" ", -1)));
        }
    }

    private String answer(String[] words) {
        try {
            return switch (words[0]) {
                case "serve-tcp" -> serveTcp(port(words[1]));
                case "serve-udp" -> serveUdp(port(words[1]));
                case "udp-count" -> String.valueOf(arrived.get(port(words[1])));
                case "tcp" -> tcp(words);
                case "udp" -> udp(words);
                case "ping" -> ping(words[1]);
                case "stream" -> startStream(words[1], port(words[2]));
                case "stream-report" -> stream.report();
                case "datagrams" -> startDatagrams(words[1], port(words[2]));
                case "datagrams-report" -> datagrams.report();
                case "flows" -> startFlows(words[1], port(words[2]));
                case "flows-report" -> flows.report();
                default -> "failed unknown command " + words[0];
            };
        } catch (SocketTimeoutException e) {
            return "silent";
        } catch (IOException e) {
            String text = String.valueOf(e.getMessage());
            return text.contains("refused") ? "refused" : "failed " + text;
        }
    }

    private static int port(String text) {
        return Integer.parseInt(text);
    }

    private static String serveTcp(int port) throws IOException {
        ServerSocket server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress("0.0.0.0", port));
        daemon(() -> {
            while (true) {
                Socket client = server.accept();
                daemon(() -> echo(client));
            }
        });
        return "ok";
    }

    private static void echo(Socket client) throws IOException {
        try (client) {
            OutputStream out = client.getOutputStream();
            String peer = client.getInetAddress().getHostAddress() + "\n";
            out.write(peer.getBytes(StandardCharsets.US_ASCII));
            client.getInputStream().transferTo(out);
        }
    }

    private String serveUdp(int port) throws IOException {
        DatagramSocket server = new DatagramSocket(new InetSocketAddress("0.0.0.0", port));
        AtomicLong count = new AtomicLong();
        arrived.put(port, count);
        daemon(() -> {
            while (true) {
                DatagramPacket packet = new DatagramPacket(new byte[64], 64);
                server.receive(packet);
                count.incrementAndGet();
                server.send(packet);
            }
        });
        return "ok";
    }

    private static String tcp(String[] words) throws IOException {
        try (Socket socket = new Socket()) {
            if (words.length > 3) {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(words[3], words.length > 4 ? port(words[4]) : 0));
            }
            socket.connect(new InetSocketAddress(words[1], port(words[2])), TIMEOUT_MS);
            socket.setSoTimeout(TIMEOUT_MS);
            return "open " + readLine(socket.getInputStream());
        }
    }

    private static String readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    private static String udp(String[] words) throws IOException {
        InetSocketAddress local = words.length > 3 ? new InetSocketAddress(words[3], 0) : new InetSocketAddress(0);
        try (DatagramSocket socket = new DatagramSocket(local)) {
            socket.setSoTimeout(TIMEOUT_MS);
            DatagramPacket packet = new DatagramPacket(
                    new byte[] {1}, 1, new InetSocketAddress(InetAddress.getByName(words[1]), port(words[2])));
            socket.send(packet);
            socket.receive(packet);
            return "answered";
        }
    }

    private static String ping(String host) throws IOException {
        Process ping = new ProcessBuilder("busybox", "ping", "-c", "1", "-W", "1", host)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return ping.waitFor() == 0 ? "answered" : "silent";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "failed interrupted";
        }
    }

    private String startStream(String host, int port) throws IOException {
        Stream started = new Stream();
        stream = started;
        Socket socket = new Socket();
        socket.setTcpNoDelay(true);
        long begun = System.nanoTime();
        socket.connect(new InetSocketAddress(host, port), LONGEST_CONNECT_MS);
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        if (took > TIMEOUT_MS) {
            System.err.println("stream to " + host + ":" + port + " took " + took + " ms to connect");
        }
        readLine(socket.getInputStream());
        daemon(() -> started.run(socket));
        return "ok";
    }

    /** One connection, a byte to and fro every five milliseconds. */
    private static final class Stream {
        private volatile boolean stop;
        private volatile String broken = "";
        private final AtomicLong rounds = new AtomicLong();
        private volatile long longestGapNanos;
        private volatile Instant endOfLongestGap = Instant.EPOCH;

        void run(Socket socket) throws IOException {
            try (socket) {
                socket.setSoTimeout(10_000);
                while (!stop) {
                    long sent = System.nanoTime();
                    socket.getOutputStream().write(1);
                    if (socket.getInputStream().read() < 0) {
                        throw new IOException("closed by the other side");
                    }
                    long gap = System.nanoTime() - sent;
                    if (gap > longestGapNanos) {
                        longestGapNanos = gap;
                        endOfLongestGap = Instant.now();
                    }
                    rounds.incrementAndGet();
                    pause();
                }
            } catch (IOException e) {
                broken = String.valueOf(e);
            }
        }

        String report() {
            stop = true;
            return broken.isEmpty()
                    ? rounds + " " + TimeUnit.NANOSECONDS.toMillis(longestGapNanos) + " " + endOfLongestGap
                    : "broken " + broken;
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String startDatagrams(String host, int port) throws IOException {
        Datagrams started = new Datagrams();
        datagrams = started;
        DatagramSocket socket = new DatagramSocket();
        socket.setSoTimeout(TIMEOUT_MS);
        socket.connect(new InetSocketAddress(host, port));
        daemon(() -> started.send(socket));
        daemon(() -> started.receive(socket));
        return "ok";
    }

    /** One flow; answers may come late, or never. */
    private static final class Datagrams {
        private final AtomicLong sent = new AtomicLong();
        private final AtomicLong answered = new AtomicLong();
        private volatile boolean stop;
        private volatile boolean ended;

        void send(DatagramSocket socket) {
            while (!stop) {
                try {
                    socket.send(new DatagramPacket(new byte[] {1}, 1));
                } catch (IOException e) {
                    // Counts as sent: a route that is missing loses it as a filter would.
                    System.err.println(e);
                }
                sent.incrementAndGet();
                pause();
            }
        }

        void receive(DatagramSocket socket) {
            try (socket) {
                while (true) {
                    try {
                        socket.receive(new DatagramPacket(new byte[1], 1));
                        answered.incrementAndGet();
                    } catch (SocketTimeoutException e) {
                        if (stop) {
                            return;
                        }
                    } catch (IOException e) {
                        System.err.println(e);
                    }
                }
            } finally {
                ended = true;
            }
        }

        String report() {
            stop = true;
            while (!ended && sent.get() > 0) {
                pause();
            }
            return sent + " " + answered;
        }
    }

    private String startFlows(String host, int port) {
        Flows started = new Flows();
        flows = started;
        daemon(() -> started.run(host, port));
        return "ok";
    }

    /** One flow after the other, a datagram and its answer each. */
    private static final class Flows {
        private final AtomicLong sent = new AtomicLong();
        private final AtomicLong answered = new AtomicLong();
        private volatile boolean stop;
        private volatile boolean ended;

        void run(String host, int port) {
            while (!stop) {
                String answer;
                Instant begun = Instant.now();
                try {
                    answer = udp(new String[] {"udp", host, String.valueOf(port)});
                } catch (IOException e) {
                    answer = String.valueOf(e);
                }
                sent.incrementAndGet();
                if (answer.equals("answered")) {
                    answered.incrementAndGet();
                } else {
                    System.err.println("flow to " + host + ":" + port + " begun at " + begun + ": " + answer);
                }
                pause();
            }
            ended = true;
        }

        String report() {
            stop = true;
            while (!ended && sent.get() > 0) {
                pause();
            }
            return sent + " " + answered;
        }
    }

    /** Work that may fail; a server's failure ends that server only. */
    private interface Work {
        void run() throws IOException;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                System.err.println(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
