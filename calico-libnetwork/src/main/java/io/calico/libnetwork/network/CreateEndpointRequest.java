package io.calico.libnetwork.network;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import io.calico.model.net.MacAddress;
import java.util.Optional;

/**
 * {@code NetworkDriver.CreateEndpoint}. Immutable.
 *
 * @param networkId of the network; must have been created
 * @param endpointId the new endpoint's
 * @param requested what the IPAM driver and the user have settled already
 */
@JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
record CreateEndpointRequest(
        @JsonProperty("NetworkID") String networkId,
        @JsonProperty("EndpointID") String endpointId,
        @JsonProperty("Interface") Interface requested) {
    CreateEndpointRequest {
        DockerIds.require("NetworkID", networkId);
        DockerIds.require("EndpointID", endpointId);
        requested = requested == null ? new Interface("", "", "") : requested;
    }

    /**
     * An interface; empty texts for what is not settled.
     *
     * @param address IPv4, with a prefix length
     * @param addressIpv6 IPv6, with a prefix length
     * @param macAddress set if the user asked for one
     */
    @JsonFormat(with = JsonFormat.Feature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
    record Interface(
            @JsonProperty("Address") String address,
            @JsonProperty("AddressIPv6") String addressIpv6,
            @JsonProperty("MacAddress") String macAddress) {
        /** What a request leaves out arrives as null; what cannot be read is refused. */
        Interface {
            address = address == null ? "" : address;
            addressIpv6 = addressIpv6 == null ? "" : addressIpv6;
            macAddress = macAddress == null ? "" : macAddress;
            parse(address);
            parse(addressIpv6);
            if (!macAddress.isEmpty() && MacAddress.tryParse(macAddress).isEmpty()) {
                throw new IllegalArgumentException("MacAddress '" + macAddress + "' is not a MAC address");
            }
        }

        Optional<IpAddress> ipv4() {
            return parse(address);
        }

        Optional<IpAddress> ipv6() {
            return parse(addressIpv6);
        }

        Optional<MacAddress> mac() {
            return MacAddress.tryParse(macAddress);
        }

        private static Optional<IpAddress> parse(String text) {
            if (text.isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(IpNet.tryParse(text)
                    .orElseThrow(
                            () -> new IllegalArgumentException("Address '" + text + "' is not an address with a mask"))
                    .address());
        }
    }
}
