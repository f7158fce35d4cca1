package io.calico.libnetwork;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.libnetwork.http.RawClient;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Sends the requests of one recording, in the engine's place: on the connections that it used, and with our own answers
 * where a request repeats something from an earlier answer. Knows what must be there afterwards.
 */
final class RecordingReplay implements AutoCloseable {
    private static final Set<String> WITHOUT_BODY = Set.of(
            "/Plugin.Activate",
            "/NetworkDriver.GetCapabilities",
            "/IpamDriver.GetCapabilities",
            "/IpamDriver.GetDefaultAddressSpaces");

    private final RunningPlugin plugin;
    private final JsonNode exchanges;
    private final Map<String, RawClient> connections = new HashMap<>();

    /** Recorded address to ours. */
    private final Map<String, String> addresses = new HashMap<>();
    /** Recorded pool id to ours. */
    private final Map<String, String> pools = new HashMap<>();
    /** Ids of networks, pools and endpoints that we refused: an engine would not go on to use them. */
    private final Set<String> refused = new HashSet<>();

    private final Set<String> networks = new TreeSet<>();
    private final Set<String> addressesInUse = new TreeSet<>();
    /** Endpoint to its address. */
    private final Map<String, String> endpoints = new TreeMap<>();

    private final Map<String, String> networkOf = new HashMap<>();
    private final Set<String> joined = new TreeSet<>();

    RecordingReplay(RunningPlugin plugin, JsonNode recording) {
        this.plugin = plugin;
        this.exchanges = recording.path("exchanges");
    }

    /** Makes what was there when the recording began: networks that are used but not created in it, and pools. */
    void prepare() {
        Set<String> created = new HashSet<>();
        for (JsonNode exchange : exchanges) {
            JsonNode request = exchange.path("request");
            String network = request.path("NetworkID").asText("");
            String path = exchange.path("path").asText();
            if (path.equals("/NetworkDriver.CreateNetwork")) {
                created.add(network);
            } else if (path.equals("/NetworkDriver.CreateEndpoint") && !request.isNull() && created.add(network)) {
                plugin.ok(
                        "/NetworkDriver.CreateNetwork",
                        "{\"NetworkID\":\"%s\",\"IPv4Data\":[{\"Pool\":\"%s\"}]}"
                                .formatted(network, subnet(request.path("Interface"))));
                networks.add(network);
            } else if (path.equals("/IpamDriver.RequestPool")) {
                Cidr.tryParse(request.path("Pool").asText(""))
                        .filter(pool -> pool.prefixLength() > 0)
                        .ifPresent(pool -> plugin.store().pools().put(IpPool.of(pool)));
            }
        }
    }

    /** That of Docker's own IPAM driver, which is on link; our driver's is everything. */
    private static String subnet(JsonNode asked) {
        return IpNet.tryParse(asked.path("Address").asText(""))
                .map(IpNet::network)
                .filter(network -> !network.isSingleAddress())
                .map(Cidr::toString)
                .orElse("0.0.0.0/0");
    }

    void run() {
        int number = 0;
        for (JsonNode exchange : exchanges) {
            number++;
            String path = exchange.path("path").asText();
            JsonNode recorded = exchange.path("request");
            String body = recorded.isNull() ? "" : translated(path, recorded) + "\n";
            if (path.equals("/IpamDriver.ReleaseAddress")) {
                loseInterfaceOfDeadContainer(number, RunningPlugin.json(body));
            }
            RawClient.Reply reply = send(exchange, body);
            String what = "exchange %d: %s %s answered %d %s"
                    .formatted(number, path, body.strip(), reply.status(), reply.body());
            JsonNode answer = RunningPlugin.json(reply.body());
            assertThat(answer.isObject()).as(what).isTrue();
            if (reply.status() != 200) {
                assertThat(answer.path("Err").asText()).as(what).isNotEmpty();
            }
            JsonNode request = recorded.isNull() ? recorded : RunningPlugin.json(body);
            check(what, path, request, reply.status(), answer);
            if (reply.status() == 200) {
                remember(path, request, exchange.path("response").path("body"), answer);
            } else {
                refuse(path, request, exchange.path("response").path("body"));
            }
        }
    }

    /**
     * A container that was killed with its engine has taken its interface along. Engines with a cluster store then release
     * its address and ask nothing else about its endpoint.
     */
    private void loseInterfaceOfDeadContainer(int number, JsonNode release) {
        String address = release.path("Address").asText();
        for (String endpoint : List.copyOf(joined)) {
            boolean mentionedLater = false;
            for (int later = number; later < exchanges.size(); later++) {
                mentionedLater |= exchanges
                        .path(later)
                        .path("request")
                        .path("EndpointID")
                        .asText("")
                        .equals(endpoint);
            }
            if (address.equals(endpoints.get(endpoint)) && !mentionedLater) {
                plugin.links().remove("cali" + endpoint.substring(0, 11));
                joined.remove(endpoint);
            }
        }
    }

    private void refuse(String path, JsonNode request, JsonNode recordedAnswer) {
        switch (path) {
            case "/NetworkDriver.CreateNetwork" ->
                refused.add(request.path("NetworkID").asText(""));
            case "/NetworkDriver.CreateEndpoint" ->
                refused.add(request.path("EndpointID").asText(""));
            case "/IpamDriver.RequestPool" ->
                refused.add(recordedAnswer.path("PoolID").asText(""));
            case "/IpamDriver.RequestAddress" ->
                refused.add(recordedAnswer.path("Address").asText(""));
            default -> {}
        }
        refused.remove("");
    }

    private boolean isRefused(JsonNode request) {
        return refused.contains(request.path("NetworkID").asText())
                || refused.contains(request.path("EndpointID").asText())
                || refused.contains(request.path("Interface").path("Address").asText())
                || refused.contains(request.path("PoolID").asText());
    }

    private RawClient.Reply send(JsonNode exchange, String body) {
        boolean ipamSocket = exchange.path("socket").asText().contains("ipam");
        String key =
                exchange.path("socket").asText() + exchange.path("connection").asInt();
        RawClient client = connections.computeIfAbsent(
                key, k -> new RawClient(ipamSocket ? plugin.ipamSocket() : plugin.socket()));
        StringBuilder request = new StringBuilder();
        request.append(exchange.path("method").asText())
                .append(' ')
                .append(exchange.path("path").asText())
                .append(" HTTP/1.1\r\n");
        exchange.path("headers").properties().forEach(header -> {
            String value = header.getKey().equalsIgnoreCase("Content-Length")
                    ? Integer.toString(body.getBytes(java.nio.charset.StandardCharsets.UTF_8).length)
                    : header.getValue().asText();
            request.append(header.getKey()).append(": ").append(value).append("\r\n");
        });
        client.send(request.append("\r\n").append(body).toString());
        return client.reply();
    }

    private String translated(String path, JsonNode recorded) {
        ObjectNode request = recorded.deepCopy();
        switch (path) {
            case "/IpamDriver.RequestAddress", "/IpamDriver.ReleaseAddress", "/IpamDriver.ReleasePool" -> {
                String pool = request.path("PoolID").asText();
                request.put("PoolID", pools.getOrDefault(pool, pool));
                String address = request.path("Address").asText("");
                if (path.endsWith("ReleaseAddress")) {
                    request.put("Address", addresses.getOrDefault(address, address));
                }
            }
            case "/NetworkDriver.CreateEndpoint" -> {
                ObjectNode asked = (ObjectNode) request.path("Interface");
                asked.put("Address", translatedNet(asked.path("Address").asText("")));
            }
            case "/NetworkDriver.CreateNetwork" ->
                request.path("IPv4Data").forEach(data -> translateSubnet((ObjectNode) data));
            default -> {}
        }
        return request.toString();
    }

    /** What our IPAM driver answered for what the recorded one did; Docker's own answers stay. */
    private void translateSubnet(ObjectNode data) {
        if (!data.path("AddressSpace").asText().startsWith("Calico")) {
            return;
        }
        data.put("Pool", "0.0.0.0/0");
        String gateway = translatedNet(data.path("Gateway").asText(""));
        data.put("Gateway", isAssigned(gateway) ? gateway : "0.0.0.0/0");
        if (data.path("AuxAddresses") instanceof ObjectNode aux) {
            aux.properties()
                    .forEach(entry -> aux.put(
                            entry.getKey(), translatedNet(entry.getValue().asText())));
        }
    }

    private boolean isAssigned(String net) {
        return IpNet.tryParse(net)
                .filter(n -> addressesInUse.contains(n.address().toString()))
                .isPresent();
    }

    private String translatedNet(String recorded) {
        return IpNet.tryParse(recorded)
                .map(net -> addresses.get(net.address().toString()))
                .map(ours -> ours + "/32")
                .orElse(recorded);
    }

    private void check(String what, String path, JsonNode request, int status, JsonNode answer) {
        if (path.equals("/NetworkDriver.GwAllocCheck")) {
            assertThat(status).as(what).isEqualTo(404);
        } else if (request.isNull() && !WITHOUT_BODY.contains(path)) {
            assertThat(status).as(what).isEqualTo(400);
        } else if (isRefused(request)) {
            assertThat(status).as(what).isIn(200, 400, 500);
        } else if (isUnsupported(path, request)) {
            assertThat(status).as(what).isIn(400, 500);
        } else {
            assertThat(status).as(what).isEqualTo(200);
            checkForm(what, path, request, answer);
        }
    }

    /** IPv6, address ranges, and pools that no plugin with our capabilities is asked for. */
    private static boolean isUnsupported(String path, JsonNode request) {
        return switch (path) {
            case "/IpamDriver.RequestPool" ->
                request.path("V6").asBoolean()
                        || !request.path("SubPool").asText("").isEmpty()
                        || request.path("Pool").asText("").equals("0.0.0.0/0");
            case "/IpamDriver.RequestAddress" ->
                request.path("PoolID").asText().contains("IPv6")
                        || request.path("PoolID").asText().contains(":")
                        || request.path("Address").asText().equals("0.0.0.0");
            case "/NetworkDriver.CreateNetwork" -> !request.path("IPv6Data").isEmpty();
            case "/NetworkDriver.CreateEndpoint" ->
                !request.path("Interface").path("AddressIPv6").asText("").isEmpty();
            default -> false;
        };
    }

    private static void checkForm(String what, String path, JsonNode request, JsonNode answer) {
        switch (path) {
            case "/Plugin.Activate" ->
                assertThat(answer.path("Implements").isArray()).as(what).isTrue();
            case "/NetworkDriver.GetCapabilities" ->
                assertThat(answer.path("Scope").asText()).as(what).isIn("local", "global");
            case "/IpamDriver.RequestPool" -> {
                assertThat(answer.path("PoolID").asText()).as(what).isNotEmpty();
                assertThat(Cidr.tryParse(answer.path("Pool").asText())).as(what).isPresent();
                assertThat(answer.path("Data").isObject()).as(what).isTrue();
            }
            case "/IpamDriver.RequestAddress" ->
                assertThat(Cidr.tryParse(answer.path("Address").asText()))
                        .as(what)
                        .hasValueSatisfying(
                                net -> assertThat(net.isSingleAddress()).isTrue());
            case "/NetworkDriver.CreateEndpoint" ->
                request.path("Interface").properties().stream()
                        .filter(field -> !field.getValue().asText().isEmpty())
                        .forEach(field -> assertThat(answer.path("Interface")
                                        .path(field.getKey())
                                        .asText(""))
                                .as("%s: %s was asked for and must not be answered", what, field.getKey())
                                .isEmpty());
            case "/NetworkDriver.Join" -> checkJoin(what, request, answer);
            case "/NetworkDriver.EndpointOperInfo" ->
                assertThat(answer.path("Value").isObject()).as(what).isTrue();
            default -> {}
        }
    }

    private static void checkJoin(String what, JsonNode request, JsonNode answer) {
        String endpoint = request.path("EndpointID").asText();
        assertThat(answer.path("InterfaceName").toString())
                .as(what)
                .isEqualTo("{\"SrcName\":\"tmp" + endpoint.substring(0, 11) + "\",\"DstPrefix\":\"cali\"}");
        IpAddress gateway = IpAddress.parse(answer.path("Gateway").asText());
        JsonNode route = answer.path("StaticRoutes").path(0);
        assertThat(route.path("Destination").asText()).as(what).isEqualTo(gateway + "/32");
        assertThat(route.path("RouteType").asInt()).as(what).isEqualTo(1);
    }

    private void remember(String path, JsonNode request, JsonNode recordedAnswer, JsonNode answer) {
        String endpoint = request.path("EndpointID").asText("");
        String network = request.path("NetworkID").asText("");
        switch (path) {
            case "/IpamDriver.RequestPool" ->
                pools.put(
                        recordedAnswer.path("PoolID").asText(""),
                        answer.path("PoolID").asText());
            case "/IpamDriver.RequestAddress" -> {
                String ours = plain(answer.path("Address").asText());
                addressesInUse.add(ours);
                // A fault may have been recorded as text.
                JsonNode theirs =
                        recordedAnswer.isTextual() ? RunningPlugin.json(recordedAnswer.asText()) : recordedAnswer;
                addresses.put(plain(theirs.path("Address").asText("")), ours);
            }
            case "/IpamDriver.ReleaseAddress" ->
                released(request.path("Address").asText());
            case "/NetworkDriver.CreateNetwork" -> networks.add(network);
            case "/NetworkDriver.DeleteNetwork" -> networks.remove(network);
            case "/NetworkDriver.CreateEndpoint" -> {
                endpoints.put(
                        endpoint,
                        plain(request.path("Interface").path("Address").asText()));
                networkOf.put(endpoint, network);
            }
            case "/NetworkDriver.Join" -> joined.add(endpoint);
            case "/NetworkDriver.Leave" -> joined.remove(endpoint);
            case "/NetworkDriver.DeleteEndpoint" -> {
                joined.remove(endpoint);
                endpoints.remove(endpoint);
            }
            default -> {}
        }
    }

    /** A late release frees nothing while the interface lives; without one the endpoint goes with its address. */
    private void released(String address) {
        boolean live = joined.stream().anyMatch(endpoint -> address.equals(endpoints.get(endpoint)));
        if (!live) {
            endpoints.values().remove(address);
            addressesInUse.remove(address);
        }
    }

    private static String plain(String net) {
        return IpNet.tryParse(net).map(n -> n.address().toString()).orElse(net);
    }

    /** What the recording's engine thinks is there is there, and nothing else. */
    void checkEnd() {
        assertThat(plugin.endpoints())
                .extracting(stored -> stored.key().endpoint())
                .containsExactlyInAnyOrderElementsOf(endpoints.keySet());
        assertThat(plugin.dataplane().liveInterfaces())
                .containsExactlyInAnyOrderElementsOf(joined.stream()
                        .map(endpoint -> "cali" + endpoint.substring(0, 11))
                        .toList());
        assertThat(plugin.addressesInUse()).isEqualTo(addressesInUse.size());
        assertThat(plugin.store().networks().requestIds()).containsExactlyInAnyOrderElementsOf(networks);
    }

    /** What an engine does that stops its containers and removes its networks. */
    void tearDown() {
        endpoints.forEach((endpoint, address) -> {
            String ids = "{\"NetworkID\":\"%s\",\"EndpointID\":\"%s\"}".formatted(networkOf.get(endpoint), endpoint);
            plugin.ok("/NetworkDriver.Leave", ids);
            plugin.ok("/NetworkDriver.DeleteEndpoint", ids);
        });
        addressesInUse.forEach(address -> plugin.ok(
                "/IpamDriver.ReleaseAddress", "{\"PoolID\":\"CalicoPoolIPv4\",\"Address\":\"" + address + "\"}"));
        networks.forEach(network -> plugin.ok("/NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + network + "\"}"));
    }

    @Override
    public void close() {
        connections.values().forEach(RawClient::close);
    }
}
