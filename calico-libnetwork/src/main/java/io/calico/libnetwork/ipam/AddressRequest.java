package io.calico.libnetwork.ipam;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Optional;

/**
 * {@code IpamDriver.RequestAddress} and {@code IpamDriver.ReleaseAddress}. Immutable.
 *
 * @param poolId as RequestPool answered it
 * @param address a plain address; empty: any
 */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record AddressRequest(
        @JsonProperty("PoolID") String poolId,
        @JsonProperty("Address") String address) {
    /** What a request leaves out arrives as null. */
    AddressRequest {
        poolId = poolId == null ? "" : poolId;
        address = address == null ? "" : address;
        if (!address.isEmpty() && IpAddress.tryParse(address).isEmpty()) {
            throw new IllegalArgumentException("Address '" + address + "' is not an IP address");
        }
    }

    Optional<IpAddress> specific() {
        return IpAddress.tryParse(address);
    }

    /** The pool that the network was created with; empty: any. */
    Optional<Cidr> pool() {
        return Cidr.tryParse(poolId);
    }
}
