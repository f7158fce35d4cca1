package io.calico.ipam;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.ModelJson;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A report as a file, in the form that Calico's own command writes:
 *
 * <pre>
 * {"version":"…","clusterGUID":"","datastoreLocked":false,"clusterInformationRevision":"871","clusterType":"docker",
 *  "allocations":{"10.0.0.7":[{"ip":"10.0.0.7","handle":"h1","sequenceNumber":1787392800000000001,"node":"node-1",
 *    "type":"endpoint","inUse":false,"borrowed":false,"coolingDown":false,"owners":[],"block":"10.0.0.0/26"}]},
 *  "leakedHandles":[{"ID":"h2","Revision":"412"}]}
 * </pre>
 *
 * Problems are not part of it: they are for people, and the file is for {@link ReportRelease}.
 */
public final class CheckReportJson {
    private static final String TYPE = "docker";

    private CheckReportJson() {}

    /**
     * The file's text.
     *
     * @param version of the program that writes it
     */
    public static String write(CheckReport report, String version) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", version);
        root.put("clusterGUID", report.cluster());
        root.put("datastoreLocked", false);
        root.put("clusterInformationRevision", Long.toString(report.revision()));
        root.put("clusterType", TYPE);
        ObjectNode allocations = root.putObject("allocations");
        for (CheckReport.Allocation allocation : report.allocations()) {
            ObjectNode one =
                    allocations.putArray(allocation.address().toString()).addObject();
            one.put("ip", allocation.address().toString());
            one.put("handle", allocation.handle().orElse(""));
            one.put("sequenceNumber", new BigInteger(Long.toUnsignedString(allocation.sequence())));
            one.put("node", allocation.node().orElse(""));
            one.put("type", allocation.type().orElse(""));
            one.put("inUse", !allocation.users().isEmpty());
            one.put("borrowed", allocation.borrowed());
            one.put("coolingDown", allocation.coolingDown());
            ArrayNode owners = one.putArray("owners");
            allocation.users().forEach(owners::add);
            one.put("block", allocation.block().toString());
        }
        ArrayNode handles = root.putArray("leakedHandles");
        for (CheckReport.LeakedHandle handle : report.leakedHandles()) {
            handles.addObject().put("ID", handle.id()).put("Revision", Long.toString(handle.revision()));
        }
        return ModelJson.writeIndented(root) + "\n";
    }

    /**
     * Reads a file's text.
     *
     * @throws IllegalArgumentException if it is no report; the message says why
     */
    public static CheckReport read(String text) {
        JsonNode root;
        try {
            root = ModelJson.parse(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a report: " + e.getOriginalMessage(), e);
        }
        if (!root.path("allocations").isObject() || !root.path("leakedHandles").isArray()) {
            throw new IllegalArgumentException("not a report: it has no 'allocations' or no 'leakedHandles'");
        }
        List<CheckReport.Allocation> allocations = new ArrayList<>();
        root.path("allocations").forEach(list -> list.forEach(one -> allocations.add(allocation(one))));
        List<CheckReport.LeakedHandle> handles = new ArrayList<>();
        root.path("leakedHandles")
                .forEach(one -> handles.add(new CheckReport.LeakedHandle(
                        one.path("ID").asText(), number(one.path("Revision").asText()))));
        return new CheckReport(
                root.path("clusterGUID").asText(),
                number(root.path("clusterInformationRevision").asText()),
                allocations,
                handles,
                List.of(),
                List.of());
    }

    private static CheckReport.Allocation allocation(JsonNode one) {
        IpAddress address = IpAddress.parse(one.path("ip").asText());
        List<String> owners = new ArrayList<>();
        one.path("owners").forEach(owner -> owners.add(owner.asText()));
        if (one.path("inUse").asBoolean() && owners.isEmpty()) {
            owners.add("not named");
        }
        return new CheckReport.Allocation(
                address,
                Cidr.tryParse(one.path("block").asText()).orElse(Cidr.of(address)),
                Optional.empty(),
                text(one.path("handle")),
                Long.parseUnsignedLong(one.path("sequenceNumber").asText("0")),
                text(one.path("node")),
                text(one.path("type")),
                owners,
                one.path("borrowed").asBoolean(),
                one.path("coolingDown").asBoolean());
    }

    private static Optional<String> text(JsonNode node) {
        return Optional.of(node.asText()).filter(t -> !t.isEmpty());
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a report: '" + text + "' is not a revision", e);
        }
    }
}
