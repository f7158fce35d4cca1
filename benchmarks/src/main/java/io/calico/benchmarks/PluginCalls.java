package io.calico.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plays a Docker engine on the plugin socket: whole endpoint lives (RequestAddress, CreateEndpoint, Join, Leave,
 * DeleteEndpoint, ReleaseAddress) with real interfaces, one caller or several, and prints the latency of each call.
 *
 * <p>Usage: {@code PluginCalls SOCKET CALLERS LIVES [WARM-UP-LIVES]}; lives are counted over all callers.
 */
public final class PluginCalls {
    private static final Pattern ADDRESS = Pattern.compile("\"Address\"\\s*:\\s*\"([^\"]+)\"");
    private static final List<String> CALLS = List.of(
            "IpamDriver.RequestAddress",
            "NetworkDriver.CreateEndpoint",
            "NetworkDriver.Join",
            "NetworkDriver.ProgramExternalConnectivity",
            "NetworkDriver.EndpointOperInfo",
            "NetworkDriver.RevokeExternalConnectivity",
            "NetworkDriver.Leave",
            "NetworkDriver.DeleteEndpoint",
            "IpamDriver.ReleaseAddress");

    private final Path socket;
    private final String network = randomId();
    private final Map<String, List<Long>> nanosByCall = new LinkedHashMap<>();

    private PluginCalls(Path socket) {
        this.socket = socket;
        CALLS.forEach(call -> nanosByCall.put(call, new ArrayList<>()));
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 3) {
            System.err.println("usage: PluginCalls SOCKET CALLERS LIVES [WARM-UP-LIVES]");
            System.exit(2);
        }
        int callers = Integer.parseInt(arguments[1]);
        int lives = Integer.parseInt(arguments[2]);
        int warmUp = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 50;
        new PluginCalls(Path.of(arguments[0])).run(callers, lives, warmUp);
    }

    private void run(int callers, int lives, int warmUp) throws Exception {
        try (Engine engine = new Engine()) {
            engine.createNetwork();
            for (int i = 0; i < warmUp; i++) {
                engine.live();
            }
            nanosByCall.values().forEach(List::clear);
            long start = System.nanoTime();
            inParallel(callers, lives);
            double seconds = (System.nanoTime() - start) / 1e9;
            engine.deleteNetwork();
            print(callers, lives, seconds);
        }
    }

    private void inParallel(int callers, int lives) throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<Future<?>> running = new ArrayList<>();
        for (int caller = 0; caller < callers; caller++) {
            running.add(threads.submit(() -> {
                try (Engine engine = new Engine()) {
                    for (int i = 0; i < lives / callers; i++) {
                        engine.live();
                    }
                }
                return null;
            }));
        }
        for (Future<?> one : running) {
            one.get();
        }
        threads.shutdown();
    }

    private void print(int callers, int lives, double seconds) {
        System.out.printf("| call, %d caller%s | p50 ms | p99 ms |%n|---|---|---|%n", callers, callers == 1 ? "" : "s");
        nanosByCall.forEach((call, nanos) -> {
            long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
            Arrays.sort(sorted);
            System.out.printf(
                    "| %s | %.2f | %.2f |%n",
                    call, sorted[sorted.length / 2] / 1e6, sorted[(int) (sorted.length * 0.99)] / 1e6);
        });
        System.out.printf("| endpoint lives per second | %.1f | |%n", lives / seconds);
    }

    private static String randomId() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** One keep-alive connection to the plugin. Confined to its thread. */
    private final class Engine implements AutoCloseable {
        private final SocketChannel channel;

        Engine() throws IOException {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        }

        void createNetwork() throws IOException {
            call("Plugin.Activate", "");
            call("IpamDriver.RequestPool", """
                    {"AddressSpace":"CalicoLocalAddressSpace","Pool":"","SubPool":"","Options":{},"V6":false}""");
            call("NetworkDriver.CreateNetwork", """
                    {"NetworkID":"%s","Options":{"com.docker.network.enable_ipv6":false,"com.docker.network.generic":{}},\
                    "IPv4Data":[{"AddressSpace":"CalicoLocalAddressSpace","Pool":"0.0.0.0/0","Gateway":"0.0.0.0/0"}],\
                    "IPv6Data":[]}""".formatted(network));
        }

        void deleteNetwork() throws IOException {
            call("NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"%s\"}".formatted(network));
        }

        void live() throws IOException {
            String endpoint = randomId();
            String ids = "\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"".formatted(network, endpoint);
            String answer = call(
                    "IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\",\"Options\":null}");
            Matcher matcher = ADDRESS.matcher(answer);
            if (!matcher.find()) {
                throw new IOException("no address in " + answer);
            }
            String address = matcher.group(1);
            call("NetworkDriver.CreateEndpoint", """
                    {%s,"Interface":{"Address":"%s","AddressIPv6":"","MacAddress":""},"Options":{}}""".formatted(ids, address));
            call(
                    "NetworkDriver.Join",
                    "{%s,\"SandboxKey\":\"/run/docker/netns/%s\",\"Options\":{}}"
                            .formatted(ids, endpoint.substring(0, 12)));
            call("NetworkDriver.ProgramExternalConnectivity", "{%s,\"Options\":{}}".formatted(ids));
            call("NetworkDriver.EndpointOperInfo", "{%s}".formatted(ids));
            call("NetworkDriver.RevokeExternalConnectivity", "{%s}".formatted(ids));
            call("NetworkDriver.Leave", "{%s}".formatted(ids));
            call("NetworkDriver.DeleteEndpoint", "{%s}".formatted(ids));
            call(
                    "IpamDriver.ReleaseAddress",
                    "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"%s\"}"
                            .formatted(address.substring(0, address.indexOf('/'))));
        }

        private String call(String method, String body) throws IOException {
            byte[] content = (body.isEmpty() ? "" : body + "\n").getBytes(StandardCharsets.UTF_8);
            String head = "POST /" + method + " HTTP/1.1\r\nHost: \r\n"
                    + "Accept: application/vnd.docker.plugins.v1.2+json\r\nContent-Length: " + content.length
                    + "\r\n\r\n";
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            request.write(head.getBytes(StandardCharsets.US_ASCII));
            request.write(content);
            long start = System.nanoTime();
            ByteBuffer out = ByteBuffer.wrap(request.toByteArray());
            while (out.hasRemaining()) {
                channel.write(out);
            }
            String answer = readAnswer();
            long nanos = System.nanoTime() - start;
            if (!answer.startsWith("HTTP/1.1 200 ")) {
                throw new IOException(method + ": " + answer);
            }
            List<Long> measured = nanosByCall.get(method);
            if (measured != null) {
                synchronized (measured) {
                    measured.add(nanos);
                }
            }
            return answer;
        }

        /** One answer with a Content-Length. */
        private String readAnswer() throws IOException {
            ByteBuffer in = ByteBuffer.allocate(64 * 1024);
            while (true) {
                if (channel.read(in) < 0) {
                    throw new IOException("the plugin closed the connection");
                }
                String text = new String(in.array(), 0, in.position(), StandardCharsets.UTF_8);
                int end = text.indexOf("\r\n\r\n");
                Matcher length = Pattern.compile("(?i)content-length: *(\\d+)").matcher(text);
                if (end >= 0 && length.find() && in.position() >= end + 4 + Integer.parseInt(length.group(1))) {
                    return text;
                }
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
