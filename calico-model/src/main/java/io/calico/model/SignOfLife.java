package io.calico.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.RecordFields;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * What a node daemon keeps in the datastore for as long as it runs:
 *
 * <pre>{"version":"0.1.0","ipv4":"10.0.0.7","since":"2026-01-01T00:00:00Z","machine":"5d0c…"}</pre>
 *
 * Immutable.
 *
 * @param version of the daemon
 * @param ipv4 address of its host
 * @param since when the daemon started, ISO 8601 in UTC, by its own clock
 * @param machine tells machines with the same host name apart; another after each boot
 */
public record SignOfLife(String version, Optional<IpAddress> ipv4, String since, String machine) implements JsonRecord {
    /**
     * The record as read; fields of later versions are passed over, missing texts are empty.
     *
     * @throws IllegalArgumentException if a field has a bad value
     */
    public static SignOfLife fromJson(JsonNode json) {
        RecordFields fields = RecordFields.of(json);
        return new SignOfLife(
                fields.find("version", RecordFields::text).orElse(""),
                fields.find("ipv4", RecordFields::text).map(IpAddress::parse),
                fields.find("since", RecordFields::text).orElse(""),
                fields.find("machine", RecordFields::text).orElse(""));
    }

    @Override
    public JsonNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("version", version);
        ipv4.ifPresent(address -> json.put("ipv4", address.toString()));
        json.put("since", since);
        json.put("machine", machine);
        return json;
    }
}
