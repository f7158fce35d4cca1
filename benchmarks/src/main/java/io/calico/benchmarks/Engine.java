package io.calico.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Plays a Docker engine on one keep-alive connection to the plugin socket. Confined to its thread. */
final class Engine implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("\"Address\"\\s*:\\s*\"([^\"]+)\"");

    private final String network;
    private final BiConsumer<String, Long> measured;
    private final SocketChannel channel;

    /**
     * @param network the network's id
     * @param measured told each call's name and nanoseconds
     */
    Engine(Path socket, String network, BiConsumer<String, Long> measured) throws IOException {
        this.network = network;
        this.measured = measured;
        this.channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    /** An id as engines make them. */
    static String randomId() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
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

    /** What an engine asks when a container starts and stops. */
    void live() throws IOException {
        String endpoint = randomId();
        stop(endpoint, start(endpoint));
    }

    /** What an engine asks when a container starts; returns the address with its prefix length. */
    String start(String endpoint) throws IOException {
        String ids = ids(endpoint);
        String answer =
                call("IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\",\"Options\":null}");
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
        return address;
    }

    private String ids(String endpoint) {
        return "\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"".formatted(network, endpoint);
    }

    /** What an engine asks when a container stops. */
    void stop(String endpoint, String address) throws IOException {
        String ids = ids(endpoint);
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
        measured.accept(method, nanos);
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
