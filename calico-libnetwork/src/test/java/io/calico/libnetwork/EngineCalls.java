package io.calico.libnetwork;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.libnetwork.http.RawClient;

/** Makes the calls that an engine makes for networks and containers, in its order, and rolls back as it does. */
final class EngineCalls implements AutoCloseable {
    private final RawClient client;

    /** A call was answered with an error, and what had been done before it has been rolled back. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String text) {
            super(text);
        }
    }

    EngineCalls(RunningPlugin plugin) {
        this.client = new RawClient(plugin.socket());
    }

    private RawClient.Reply call(String path, String body) {
        return client.call(path, body);
    }

    private JsonNode required(String path, String body) {
        RawClient.Reply reply = call(path, body);
        if (reply.status() != 200) {
            throw new Refused(path + ": " + reply.body());
        }
        return RunningPlugin.json(reply.body());
    }

    /** {@code docker network create}. */
    void createNetwork(String network) {
        required("/IpamDriver.RequestPool", "{\"Pool\":\"\",\"SubPool\":\"\",\"Options\":{},\"V6\":false}");
        try {
            required(
                    "/NetworkDriver.CreateNetwork",
                    "{\"NetworkID\":\"%s\",\"IPv4Data\":[{\"Pool\":\"0.0.0.0/0\",\"Gateway\":\"0.0.0.0/0\"}]}"
                            .formatted(network));
        } catch (Refused e) {
            releasePool();
            throw e;
        }
    }

    /** {@code docker network rm}. */
    void removeNetwork(String network) {
        releasePool();
        call("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + network + "\"}");
    }

    private void releasePool() {
        releaseAddress("0.0.0.0");
        call("/IpamDriver.ReleasePool", "{\"PoolID\":\"CalicoPoolIPv4\"}");
    }

    private void releaseAddress(String address) {
        call("/IpamDriver.ReleaseAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"" + address + "\"}");
    }

    /** {@code docker start}; the container's address. */
    String start(String network, String endpoint, String sandbox) {
        String address = required(
                        "/IpamDriver.RequestAddress",
                        "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"\",\"Options\":null}")
                .path("Address")
                .asText();
        String plain = address.substring(0, address.indexOf('/'));
        String ids = "\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"".formatted(network, endpoint);
        try {
            required(
                    "/NetworkDriver.CreateEndpoint",
                    "{" + ids + ",\"Interface\":{\"Address\":\"" + address + "\"},\"Options\":{}}");
        } catch (Refused e) {
            releaseAddress(plain);
            throw e;
        }
        try {
            required("/NetworkDriver.Join", "{" + ids + ",\"SandboxKey\":\"" + sandbox + "\"}");
        } catch (Refused e) {
            call("/NetworkDriver.DeleteEndpoint", "{" + ids + "}");
            releaseAddress(plain);
            throw e;
        }
        call("/NetworkDriver.ProgramExternalConnectivity", "{" + ids + "}");
        required("/NetworkDriver.EndpointOperInfo", "{" + ids + "}");
        return plain;
    }

    /** {@code docker stop}. */
    void stop(String network, String endpoint, String address) {
        String ids = "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"}".formatted(network, endpoint);
        call("/NetworkDriver.RevokeExternalConnectivity", ids);
        call("/NetworkDriver.Leave", ids);
        call("/NetworkDriver.DeleteEndpoint", ids);
        releaseAddress(address);
    }

    @Override
    public void close() {
        client.close();
    }
}
