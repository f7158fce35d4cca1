package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;
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
record CreateEndpointRequest(String networkId, String endpointId, Interface requested) {
    CreateEndpointRequest {
        DockerIds.require("NetworkID", networkId);
        DockerIds.require("EndpointID", endpointId);
    }

    /**
     * The request as the engine sent it.
     *
     * @throws IllegalArgumentException if a field is missing or has a bad value
     */
    static CreateEndpointRequest fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new CreateEndpointRequest(
                fields.find("NetworkID", RecordFields::scalar).orElse(""),
                fields.find("EndpointID", RecordFields::scalar).orElse(""),
                fields.find("Interface", Interface::fromJson).orElse(Interface.NOTHING));
    }

    /**
     * An interface; empty texts for what is not settled.
     *
     * @param address IPv4, with a prefix length
     * @param addressIpv6 IPv6, with a prefix length
     * @param macAddress set if the user asked for one
     */
    record Interface(String address, String addressIpv6, String macAddress) {
        private static final Interface NOTHING = new Interface("", "", "");

        /** What cannot be read is refused. */
        Interface {
            parse(address);
            parse(addressIpv6);
            if (!macAddress.isEmpty() && MacAddress.tryParse(macAddress).isEmpty()) {
                throw new IllegalArgumentException("MacAddress '" + macAddress + "' is not a MAC address");
            }
        }

        private static Interface fromJson(JsonNode json) {
            RecordFields fields = RecordFields.ofAnyCase(json);
            return new Interface(
                    fields.find("Address", RecordFields::scalar).orElse(""),
                    fields.find("AddressIPv6", RecordFields::scalar).orElse(""),
                    fields.find("MacAddress", RecordFields::scalar).orElse(""));
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
