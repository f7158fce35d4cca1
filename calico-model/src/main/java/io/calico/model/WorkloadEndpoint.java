package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.immutables.value.Value;

/**
 * One virtual interface of one workload, as stored at its {@link EndpointKey}:
 *
 * <pre>
 * {"state":"active","name":"cali0f6c2b1ad0e","mac":"7a:10:0c:44:9e:02","profile_ids":["orders","audit"],
 *  "ipv4_nets":["10.77.0.5/32"],"ipv6_nets":["fd80:24e2:f998:72d6::5/128"],
 *  "ipv4_gateway":"10.200.1.3","ipv6_gateway":null}
 * </pre>
 *
 * Immutable. Fields of other writers are kept.
 */
@Value.Immutable
@CalicoStyle
public interface WorkloadEndpoint extends JsonRecord, WithWorkloadEndpoint {
    /** Whether it may have traffic at all; active unless said otherwise. */
    @Value.Default
    default EndpointState state() {
        return EndpointState.ACTIVE;
    }

    /** The interface on the host's side. JSON {@code name}. */
    String interfaceName();

    /** Of the interface inside the workload: the only source address its packets may have. */
    MacAddress mac();

    /** Profiles in the order in which they are tried. */
    List<String> profileIds();

    /** IPv4 addresses, each a /32, sorted as text, no two equal. */
    List<Cidr> ipv4Nets();

    /** IPv6 addresses, each a /128, sorted as text, no two equal. */
    List<Cidr> ipv6Nets();

    /** The IPv4 next hop that the workload was given. */
    Optional<IpAddress> ipv4Gateway();

    /** The IPv6 next hop that the workload was given. */
    Optional<IpAddress> ipv6Gateway();

    /** Fields that this version does not know, kept for the next writer. */
    @Value.NaturalOrder
    SortedMap<String, JsonNode> otherFields();

    /** All addresses, IPv4 before IPv6, in the order of the two lists. */
    default List<IpAddress> addresses() {
        List<IpAddress> addresses =
                new ArrayList<>(ipv4Nets().size() + ipv6Nets().size());
        ipv4Nets().forEach(net -> addresses.add(net.first()));
        ipv6Nets().forEach(net -> addresses.add(net.first()));
        return List.copyOf(addresses);
    }

    /**
     * Names the sandbox, that is the container, that the endpoint is in; empty: not known. Kept in the field {@code
     * sandbox}, which is ours. Endpoints of one host with the same name are interfaces of one container.
     */
    default Optional<String> sandbox() {
        return Optional.ofNullable(otherFields().get("sandbox"))
                .filter(JsonNode::isTextual)
                .map(JsonNode::textValue)
                .filter(name -> !name.isEmpty());
    }

    /** The endpoint in that sandbox; an empty name: in none that is known. */
    default WorkloadEndpoint withSandbox(String name) {
        SortedMap<String, JsonNode> fields = new TreeMap<>(otherFields());
        fields.put("sandbox", TextNode.valueOf(name));
        return withOtherFields(fields);
    }

    /** The endpoint with these addresses instead of its own, in any order and of any version. */
    default WorkloadEndpoint withAddresses(Iterable<IpAddress> addresses) {
        List<Cidr> v4 = new ArrayList<>();
        List<Cidr> v6 = new ArrayList<>();
        addresses.forEach(address -> (address.isV4() ? v4 : v6).add(Cidr.of(address)));
        return withIpv4Nets(v4).withIpv6Nets(v6);
    }

    /**
     * Why no dataplane may apply this endpoint; empty if it is fine. It then counts as absent. Whether the interface has
     * the host's prefix is not looked at.
     */
    default Optional<String> invalidReason() {
        if (!interfaceName().matches("[^/\\s]{1,15}") || interfaceName().startsWith(".")) {
            return Optional.of("'" + interfaceName() + "' is not the name of an interface");
        }
        return profileIds().stream()
                .filter(id -> !Names.isValidName(id))
                .findFirst()
                .map(id -> "'" + id + "' is not the name of a profile");
    }

    /** Sorts the address lists; refuses networks that are not one address, and addresses of the wrong version. */
    @Value.Check
    default WorkloadEndpoint normalised() {
        requireSingle("ipv4_nets", ipv4Nets(), IpVersion.V4);
        requireSingle("ipv6_nets", ipv6Nets(), IpVersion.V6);
        requireVersion("ipv4_gateway", ipv4Gateway(), IpVersion.V4);
        requireVersion("ipv6_gateway", ipv6Gateway(), IpVersion.V6);
        List<Cidr> v4 = sorted(ipv4Nets());
        List<Cidr> v6 = sorted(ipv6Nets());
        if (v4.equals(ipv4Nets()) && v6.equals(ipv6Nets())) {
            return this;
        }
        // In one step: with… checks each copy again, and would never come to an end while the other list is unsorted.
        return builder().from(this).ipv4Nets(v4).ipv6Nets(v6).build();
    }

    private static List<Cidr> sorted(List<Cidr> nets) {
        return nets.stream()
                .distinct()
                .sorted(Comparator.comparing(Cidr::toString))
                .toList();
    }

    private static void requireSingle(String field, List<Cidr> nets, IpVersion version) {
        for (Cidr net : nets) {
            if (net.version() != version || !net.isSingleAddress()) {
                throw new IllegalArgumentException(field + " of an endpoint holds " + net + ", which is not an IPv"
                        + version.number() + " /" + version.bits());
            }
        }
    }

    private static void requireVersion(String field, Optional<IpAddress> address, IpVersion version) {
        if (address.isPresent() && address.get().version() != version) {
            throw new IllegalArgumentException(
                    field + " " + address.get() + " of an endpoint is not an IPv" + version.number() + " address");
        }
    }

    /**
     * The endpoint of a stored record, old forms included: {@code profile_id} with one name, gateways absent, networks
     * shorter than /32 or /128 (their address counts).
     *
     * @throws IllegalArgumentException if a required field is missing or a known field has a bad value
     */
    static WorkloadEndpoint fromJson(JsonNode json) {
        return WorkloadEndpointJson.read(json);
    }

    /** The record as stored: always all eight fields, absent gateways as null. */
    @Override
    default JsonNode toJson() {
        return WorkloadEndpointJson.write(this);
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds an endpoint; interface name and MAC are required. */
    final class Builder extends ImmutableWorkloadEndpoint.Builder {}
}
