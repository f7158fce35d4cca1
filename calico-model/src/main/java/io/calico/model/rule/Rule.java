package io.calico.model.rule;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.CalicoStyle;
import io.calico.model.json.JsonRecord;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.immutables.value.Value;

/**
 * One line of a profile: an action and the conditions that a packet must all meet; a condition that is absent is met by
 * every packet. Immutable.
 *
 * <p>A rule can hold what no dataplane can apply (ports without a protocol that has them): such rules are found in old
 * data and must be shown. {@link RuleCheck} tells.
 *
 * <p>Two rules are equal if they have the same fields with equal values: port lists element by element in order, networks
 * with their host bits masked off.
 */
@Value.Immutable
@CalicoStyle
public interface Rule extends JsonRecord, WithRule {
    /** What is done with a matching packet; {@code allow} if nothing is said. */
    @Value.Default
    default RuleAction action() {
        return RuleAction.ALLOW;
    }

    /** The only IP version to which the rule applies; found in old data only, the rule language cannot say it. */
    Optional<IpVersion> ipVersion();

    /** The packet's protocol; empty: any. */
    Optional<Protocol> protocol();

    /** The packet's source is a member of this tag now. Not checked to be a valid name. */
    Optional<String> srcTag();

    /** The packet's destination is a member of this tag now. Not checked to be a valid name. */
    Optional<String> dstTag();

    /** The packet's source is inside. */
    Optional<IpNet> srcNet();

    /** The packet's destination is inside. */
    Optional<IpNet> dstNet();

    /** The source port is in any of these, in the order given; empty: any port. */
    List<PortRange> srcPorts();

    /** The destination port is in any of these, in the order given; empty: any port. */
    List<PortRange> dstPorts();

    /** ICMP or ICMPv6 type, 0 to 255. */
    Optional<Integer> icmpType();

    /** ICMP or ICMPv6 code, 0 to 255. */
    Optional<Integer> icmpCode();

    /**
     * Fields of the stored rule that this version does not know, kept for the next writer. No dataplane applies a rule
     * that has one.
     */
    @Value.NaturalOrder
    SortedMap<String, JsonNode> otherFields();

    /** ICMP numbers are one byte. */
    @Value.Check
    default void check() {
        icmpType().ifPresent(type -> requireByte("ICMP type", type));
        icmpCode().ifPresent(code -> requireByte("ICMP code", code));
    }

    private static void requireByte(String what, int number) {
        if (number < 0 || number > 255) {
            throw new IllegalArgumentException(what + " " + number + " is not in 0-255");
        }
    }

    /**
     * The rule of a stored JSON object, read leniently: {@code null} and an empty list are the same as absent, numbers may
     * be strings.
     *
     * @throws IllegalArgumentException if a known field has a value that no rule can have; the message names both
     */
    static Rule fromJson(JsonNode json) {
        return RuleJson.read(json);
    }

    /** The JSON form: {@code action} first, the other fields in alphabetical order, none of them null or empty. */
    @Override
    default JsonNode toJson() {
        return RuleJson.write(this);
    }

    /** A new, empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Builds a rule; everything is optional. */
    final class Builder extends ImmutableRule.Builder {}
}
