package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.RecordFields;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.immutables.value.Value;

/**
 * A range of addresses from which blocks are cut for hosts, as stored at its key:
 *
 * <pre>{"cidr":"10.77.0.0/18","ipip":"tunl0","masquerade":true,"ipam":false}</pre>
 *
 * Immutable. Fields of other writers are kept.
 */
@Value.Immutable
@CalicoStyle
public interface IpPool extends JsonRecord, WithIpPool {
    /** Addresses of the pool. */
    Cidr cidr();

    /** Tunnel device of IP-in-IP traffic between hosts ({@code tunl0}); empty: not encapsulated. JSON {@code ipip}. */
    Optional<String> ipip();

    /**
     * Packets from the pool to an address in no pool leave with the host's address. JSON {@code masquerade}, written only
     * if true.
     */
    @Value.Default
    default boolean natOutgoing() {
        return false;
    }

    /** Addresses may be assigned from the pool. JSON {@code ipam}, written only if false. */
    @Value.Default
    default boolean ipam() {
        return true;
    }

    /** No new addresses are assigned, those in use stay. JSON {@code disabled}, written only if true. */
    @Value.Default
    default boolean disabled() {
        return false;
    }

    /** VXLAN between hosts: {@code always} or {@code cross-subnet}; empty: none. JSON {@code vxlan}. */
    Optional<String> vxlan();

    /** Prefix length of the pool's blocks where it is not the default. JSON {@code blockSize}. */
    Optional<Integer> blockSize();

    /** Fields that this version does not know, kept for the next writer. */
    @Value.NaturalOrder
    SortedMap<String, JsonNode> otherFields();

    /** Prefix length of the pool's blocks: {@link #blockSize}, else 26 (IPv4) or 122 (IPv6). */
    default int blockPrefixLength() {
        return blockSize().orElse(cidr().version() == IpVersion.V4 ? 26 : 122);
    }

    /** A block is 20 to 32 (IPv4) or 116 to 128 (IPv6) long. */
    @Value.Check
    default void check() {
        int highest = cidr().version().bits();
        int length = blockPrefixLength();
        if (length < highest - 12 || length > highest) {
            throw new IllegalArgumentException(
                    "block size " + length + " of pool " + cidr() + " is not in " + (highest - 12) + "-" + highest);
        }
    }

    /** The pool with that CIDR and no options. */
    static IpPool of(Cidr cidr) {
        return builder().cidr(cidr).build();
    }

    /**
     * The pool of a stored record; an empty {@code ipip} or {@code vxlan} is the same as none.
     *
     * @throws IllegalArgumentException if the CIDR is missing or a known field has a bad value
     */
    static IpPool fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return builder()
                .cidr(fields.require("cidr", node -> Cidr.parse(RecordFields.text(node))))
                .ipip(fields.find("ipip", RecordFields::text).filter(device -> !device.isEmpty()))
                .natOutgoing(fields.find("masquerade", RecordFields::flag).orElse(false))
                .ipam(fields.find("ipam", RecordFields::flag).orElse(true))
                .disabled(fields.find("disabled", RecordFields::flag).orElse(false))
                .vxlan(fields.find("vxlan", RecordFields::text).filter(mode -> !mode.isEmpty()))
                .blockSize(fields.find("blockSize", RecordFields::integer))
                .otherFields(
                        fields.others(Set.of("cidr", "ipip", "masquerade", "ipam", "disabled", "vxlan", "blockSize")))
                .build();
    }

    /** The record as stored. */
    @Override
    default JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("cidr", cidr().toString());
        ipip().ifPresent(device -> json.put("ipip", device));
        if (natOutgoing()) {
            json.put("masquerade", true);
        }
        if (!ipam()) {
            json.put("ipam", false);
        }
        if (disabled()) {
            json.put("disabled", true);
        }
        vxlan().ifPresent(mode -> json.put("vxlan", mode));
        blockSize().ifPresent(length -> json.put("blockSize", length));
        json.setAll(otherFields());
        return json;
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds a pool; the CIDR is required. */
    final class Builder extends ImmutableIpPool.Builder {}
}
