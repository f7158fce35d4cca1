package io.calico.dataplane;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.json.RecordFields;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.Optional;

/** Reads the values of records that routes follow from. */
final class RouteValues {
    private RouteValues() {}

    /**
     * Whether a host's right to a block is confirmed: {@code {"state":"confirmed"}}, or as old writers stored it an empty
     * value, an empty object, an empty state.
     *
     * @throws BadRecordException if it cannot be read
     */
    static boolean isConfirmed(String key, String value) {
        if (value.isBlank()) {
            return true;
        }
        return ModelJson.read(key, value, json -> {
            JsonNode state = json.path("state");
            boolean isConfirmed = state.isMissingNode()
                    || state.isTextual()
                            && (state.textValue().isEmpty() || state.textValue().equals("confirmed"));
            return isConfirmed && !json.path("deleted").asBoolean();
        });
    }

    /**
     * An address; empty for an empty text, as hosts without one store it.
     *
     * @throws BadRecordException if it is not one of that version
     */
    static Optional<IpAddress> address(String key, String value, IpVersion version) {
        if (value.isEmpty()) {
            return Optional.empty();
        }
        Optional<IpAddress> address = IpAddress.tryParse(value).filter(parsed -> parsed.version() == version);
        if (address.isEmpty()) {
            throw new BadRecordException(
                    key, RecordFields.shown(value) + " is not an IPv" + version.number() + " address");
        }
        return address;
    }
}
