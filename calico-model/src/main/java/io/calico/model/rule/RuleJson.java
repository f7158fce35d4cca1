package io.calico.model.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.RecordFields;
import io.calico.model.net.IpNet;
import io.calico.model.net.IpVersion;
import io.calico.model.net.PortRange;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The JSON form of a rule:
 *
 * <pre>
 * {"action":"deny","dst_net":"10.8.0.1/32","dst_ports":[22,"3306:3310"],"dst_tag":"core","icmp_code":0,"icmp_type":3,
 *  "ip_version":4,"protocol":"tcp","src_net":"10.9.4.0/22","src_ports":[8080],"src_tag":"guests"}
 * </pre>
 */
final class RuleJson {
    private static final Set<String> FIELDS = Set.of(
            "action",
            "dst_net",
            "dst_ports",
            "dst_tag",
            "icmp_code",
            "icmp_type",
            "ip_version",
            "protocol",
            "src_net",
            "src_ports",
            "src_tag");

    private RuleJson() {}

    static Rule read(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return Rule.builder()
                .action(fields.find("action", RuleJson::action).orElse(RuleAction.ALLOW))
                .ipVersion(fields.find("ip_version", node -> IpVersion.of(RecordFields.integer(node))))
                .protocol(fields.find("protocol", RuleJson::protocol))
                .srcTag(fields.find("src_tag", RecordFields::text))
                .dstTag(fields.find("dst_tag", RecordFields::text))
                .srcNet(fields.find("src_net", node -> IpNet.parse(RecordFields.text(node))))
                .dstNet(fields.find("dst_net", node -> IpNet.parse(RecordFields.text(node))))
                .srcPorts(fields.list("src_ports", RuleJson::ports))
                .dstPorts(fields.list("dst_ports", RuleJson::ports))
                .icmpType(fields.find("icmp_type", RecordFields::integer))
                .icmpCode(fields.find("icmp_code", RecordFields::integer))
                .otherFields(fields.others(FIELDS))
                .build();
    }

    private static RuleAction action(JsonNode node) {
        return RuleAction.tryParse(RecordFields.text(node))
                .orElseThrow(() ->
                        new IllegalArgumentException(RecordFields.shown(node) + " is neither \"allow\" nor \"deny\""));
    }

    private static Protocol protocol(JsonNode node) {
        return node.isTextual() ? Protocol.parse(node.textValue()) : Protocol.of(RecordFields.integer(node));
    }

    private static PortRange ports(JsonNode node) {
        if (!node.isTextual()) {
            return PortRange.of(RecordFields.integer(node));
        }
        // The dash is for the command line; in records it would be refused by other readers.
        if (node.textValue().indexOf('-') >= 0) {
            throw new IllegalArgumentException(
                    "'" + node.textValue() + "' is not a port (0-65535) or a range of ports MIN:MAX");
        }
        return PortRange.parse(node.textValue());
    }

    static ObjectNode write(Rule rule) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        SortedMap<String, JsonNode> fields = new TreeMap<>(rule.otherFields());
        rule.ipVersion().ifPresent(version -> fields.put("ip_version", nodes.numberNode(version.number())));
        rule.protocol().ifPresent(protocol -> fields.put("protocol", write(protocol)));
        rule.srcTag().ifPresent(tag -> fields.put("src_tag", nodes.textNode(tag)));
        rule.dstTag().ifPresent(tag -> fields.put("dst_tag", nodes.textNode(tag)));
        rule.srcNet().ifPresent(net -> fields.put("src_net", nodes.textNode(net.toString())));
        rule.dstNet().ifPresent(net -> fields.put("dst_net", nodes.textNode(net.toString())));
        rule.icmpType().ifPresent(type -> fields.put("icmp_type", nodes.numberNode(type)));
        rule.icmpCode().ifPresent(code -> fields.put("icmp_code", nodes.numberNode(code)));
        putPorts(fields, "src_ports", rule.srcPorts());
        putPorts(fields, "dst_ports", rule.dstPorts());
        ObjectNode json = nodes.objectNode();
        json.put("action", rule.action().text());
        for (Map.Entry<String, JsonNode> field : fields.entrySet()) {
            json.set(field.getKey(), field.getValue());
        }
        return json;
    }

    private static JsonNode write(Protocol protocol) {
        return protocol.isNamed()
                ? JsonNodeFactory.instance.textNode(protocol.toString())
                : JsonNodeFactory.instance.numberNode(protocol.number());
    }

    private static void putPorts(Map<String, JsonNode> fields, String name, List<PortRange> ports) {
        if (ports.isEmpty()) {
            return;
        }
        ArrayNode array = JsonNodeFactory.instance.arrayNode(ports.size());
        for (PortRange range : ports) {
            if (range.isSingle()) {
                array.add(range.first());
            } else {
                array.add(range.toString());
            }
        }
        fields.put(name, array);
    }
}
