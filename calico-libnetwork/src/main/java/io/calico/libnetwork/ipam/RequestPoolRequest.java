package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.calico.model.net.Cidr;
import java.util.Optional;

/**
 * {@code IpamDriver.RequestPool}. Immutable.
 *
 * @param pool {@code --subnet}, or empty
 * @param subPool {@code --ip-range}, or empty
 * @param v6 whether an IPv6 pool is asked for
 */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record RequestPoolRequest(
        @JsonProperty("Pool") String pool,
        @JsonProperty("SubPool") String subPool,
        @JsonProperty("V6") boolean v6) {
    /** What a request leaves out arrives as null. */
    RequestPoolRequest {
        pool = pool == null ? "" : pool;
        subPool = subPool == null ? "" : subPool;
        if (!pool.isEmpty() && Cidr.tryParse(pool).isEmpty()) {
            throw new IllegalArgumentException("Pool '" + pool + "' is not a CIDR");
        }
    }

    Optional<Cidr> subnet() {
        return pool.isEmpty() ? Optional.empty() : Cidr.tryParse(pool);
    }
}
