package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.RecordFields;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.immutables.value.Value;

/**
 * How other hosts reach a host through VXLAN, as stored under the host's name:
 *
 * <pre>{"ipv4":"10.65.1.0","mac":"66:3b:0c:7e:51:90","host":"172.30.0.1"}</pre>
 *
 * Immutable. Fields of other writers are kept.
 */
@Value.Immutable
@CalicoStyle
public interface VxlanTunnel extends JsonRecord, WithVxlanTunnel {
    /** UDP port on which all hosts listen; Docker's overlay networks use it too. */
    int PORT = 4789;

    /** Network identifier (VNI) of all hosts' tunnels; overlay networks of Docker have others. */
    int NETWORK = 4096;

    /** Address of the tunnel device, the next hop of IPv4 packets; empty: IPv4 is not tunnelled. */
    Optional<IpAddress> ipv4();

    /** Address of the tunnel device, the next hop of IPv6 packets; empty: IPv6 is not tunnelled. */
    Optional<IpAddress> ipv6();

    /** Ethernet address of the tunnel device. JSON in lower case. */
    MacAddress mac();

    /** Address of the host, to which encapsulated packets are sent. */
    IpAddress host();

    /** Fields that this version does not know, kept for the next writer. */
    @Value.NaturalOrder
    SortedMap<String, JsonNode> otherFields();

    /** Each address has its version. */
    @Value.Check
    default void check() {
        if (ipv4().filter(IpAddress::isV6).isPresent()
                || ipv6().filter(IpAddress::isV4).isPresent()) {
            throw new IllegalArgumentException(
                    "a tunnel's ipv4 and ipv6 are " + ipv4().orElse(null) + " and " + ipv6().orElse(null));
        }
    }

    /** The tunnel device's address of that version. */
    default Optional<IpAddress> address(IpVersion version) {
        return version == IpVersion.V4 ? ipv4() : ipv6();
    }

    /**
     * The record as read.
     *
     * @throws IllegalArgumentException if {@code mac} or {@code host} is missing or a field has a bad value
     */
    static VxlanTunnel fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return builder()
                .ipv4(fields.find("ipv4", VxlanTunnel::readAddress))
                .ipv6(fields.find("ipv6", VxlanTunnel::readAddress))
                .mac(fields.require("mac", node -> MacAddress.parse(RecordFields.text(node))))
                .host(fields.require("host", VxlanTunnel::readAddress))
                .otherFields(fields.others(Set.of("ipv4", "ipv6", "mac", "host")))
                .build();
    }

    private static IpAddress readAddress(JsonNode node) {
        return IpAddress.parse(RecordFields.text(node));
    }

    /** The record as stored. */
    @Override
    default JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ipv4().ifPresent(address -> json.put("ipv4", address.toString()));
        ipv6().ifPresent(address -> json.put("ipv6", address.toString()));
        json.put("mac", mac().toString());
        json.put("host", host().toString());
        json.setAll(otherFields());
        return json;
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds the record; {@link #mac} and {@link #host} are required. */
    final class Builder extends ImmutableVxlanTunnel.Builder {}
}
