package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;
import io.calico.model.net.Cidr;
import java.util.Optional;

/**
 * {@code IpamDriver.RequestPool}. Immutable.
 *
 * @param pool {@code --subnet}, or empty
 * @param subPool {@code --ip-range}, or empty
 * @param v6 whether an IPv6 pool is asked for
 */
record RequestPoolRequest(String pool, String subPool, boolean v6) {
    RequestPoolRequest {
        if (!pool.isEmpty() && Cidr.tryParse(pool).isEmpty()) {
            throw new IllegalArgumentException("Pool '" + pool + "' is not a CIDR");
        }
    }

    /**
     * The request as the engine sent it.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static RequestPoolRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new RequestPoolRequest(
                fields.find("Pool", RecordFields::scalar).orElse(""),
                fields.find("SubPool", RecordFields::scalar).orElse(""),
                fields.find("V6", RecordFields::flag).orElse(false));
    }

    Optional<Cidr> subnet() {
        return pool.isEmpty() ? Optional.empty() : Cidr.tryParse(pool);
    }
}
