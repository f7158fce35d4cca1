package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * {@code IpamDriver.RequestAddress} and {@code IpamDriver.ReleaseAddress}. Immutable.
 *
 * @param poolId as RequestPool answered it; empty if the request has none
 * @param address a plain address; empty: any
 */
record AddressRequest(String poolId, String address) {
    AddressRequest {
        if (!address.isEmpty() && IpAddress.tryParse(address).isEmpty()) {
            throw new IllegalArgumentException("Address '" + address + "' is not an IP address");
        }
    }

    /**
     * The request as the engine sent it.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static AddressRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new AddressRequest(
                fields.find("PoolID", RecordFields::scalar).orElse(""),
                fields.find("Address", RecordFields::scalar).orElse(""));
    }

    Optional<IpAddress> specific() {
        return IpAddress.tryParse(address);
    }

    /** The pool that the network was created with; empty: any. */
    Optional<Cidr> pool() {
        return Cidr.tryParse(poolId);
    }
}
