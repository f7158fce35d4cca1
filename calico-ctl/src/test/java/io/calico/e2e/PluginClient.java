package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plays a Docker engine on the plugin socket, on one connection that is kept. Confined to its thread.
 *
 * <p>An interface that Join has made keeps its container side in the host, where an engine would take it into a container.
 */
final class PluginClient implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("\"Address\"\\s*:\\s*\"([^/\"]+)/32\"");
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: *(\\d+)");

    /** What the plugin answered. */
    record Reply(int status, String body) {}

    private final SocketChannel channel;

    PluginClient(VirtualHost host) {
        Path socket = host.path("/run/docker/plugins/calico.sock");
        try {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String randomId(Random random) {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    void createNetwork(String network) {
        must("NetworkDriver.CreateNetwork", """
                {"NetworkID":"%s","Options":{"com.docker.network.enable_ipv6":false,"com.docker.network.generic":{}},\
                "IPv4Data":[{"AddressSpace":"CalicoLocalAddressSpace","Pool":"0.0.0.0/0","Gateway":"0.0.0.0/0"}],\
                "IPv6Data":[]}""".formatted(network));
    }

    void deleteNetwork(String network) {
        must("NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"%s\"}".formatted(network));
    }

    /** RequestAddress, CreateEndpoint, Join. */
    RunningEndpoint connect(String network, String endpoint) {
        String answer =
                must("IpamDriver.RequestAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\",\"Options\":null}");
        Matcher matcher = ADDRESS.matcher(answer);
        assertThat(matcher.find()).as("an address in %s", answer).isTrue();
        String address = matcher.group(1);
        must("NetworkDriver.CreateEndpoint", """
                {%s,"Interface":{"Address":"%s/32","AddressIPv6":"","MacAddress":""},"Options":{}}""".formatted(ids(network, endpoint), address));
        RunningEndpoint connected = new RunningEndpoint(
                endpoint.substring(0, 12), 0, network, endpoint, address, "ee:ee:ee:ee:ee:ee", sandbox(endpoint));
        Reply joined = join(connected);
        assertThat(joined.status()).as(joined.body()).isEqualTo(200);
        return connected;
    }

    Reply join(RunningEndpoint endpoint) {
        return call(
                "NetworkDriver.Join",
                "{%s,\"SandboxKey\":\"%s\",\"Options\":{}}"
                        .formatted(ids(endpoint.networkId(), endpoint.endpointId()), endpoint.sandbox()));
    }

    /** Leave, DeleteEndpoint, ReleaseAddress. */
    void disconnect(RunningEndpoint endpoint) {
        String ids = ids(endpoint.networkId(), endpoint.endpointId());
        must("NetworkDriver.Leave", "{" + ids + "}");
        must("NetworkDriver.DeleteEndpoint", "{" + ids + "}");
        must(
                "IpamDriver.ReleaseAddress",
                "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"%s\"}".formatted(endpoint.address()));
    }

    private static String ids(String network, String endpoint) {
        return "\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"".formatted(network, endpoint);
    }

    private static String sandbox(String endpoint) {
        return "/run/docker/netns/" + endpoint.substring(0, 12);
    }

    private String must(String method, String body) {
        Reply reply = call(method, body);
        assertThat(reply.status()).as("%s %s: %s", method, body, reply.body()).isEqualTo(200);
        return reply.body();
    }

    private Reply call(String method, String body) {
        byte[] content = (body + "\n").getBytes(StandardCharsets.UTF_8);
        String head = "POST /" + method + " HTTP/1.1\r\nHost: \r\n"
                + "Accept: application/vnd.docker.plugins.v1.2+json\r\nContent-Length: " + content.length
                + "\r\n\r\n";
        try {
            ByteBuffer out = ByteBuffer.allocate(head.length() + content.length);
            out.put(head.getBytes(StandardCharsets.US_ASCII)).put(content).flip();
            while (out.hasRemaining()) {
                channel.write(out);
            }
            return read();
        } catch (IOException e) {
            throw new UncheckedIOException(method, e);
        }
    }

    private Reply read() throws IOException {
        ByteBuffer in = ByteBuffer.allocate(64 * 1024);
        while (channel.read(in) >= 0) {
            String text = new String(in.array(), 0, in.position(), StandardCharsets.UTF_8);
            int end = text.indexOf("\r\n\r\n");
            Matcher length = LENGTH.matcher(text);
            if (end >= 0 && length.find() && in.position() >= end + 4 + Integer.parseInt(length.group(1))) {
                return new Reply(Integer.parseInt(text.substring(9, 12)), text.substring(end + 4));
            }
        }
        throw new IOException("the plugin closed the connection");
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
