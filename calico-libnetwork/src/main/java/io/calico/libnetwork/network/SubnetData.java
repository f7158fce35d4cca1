package io.calico.libnetwork.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.RecordFields;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpNet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One subnet of a network, as its IPAM driver answered it. Immutable.
 *
 * @param pool CIDR text, empty if there is none
 * @param gateway address with mask, empty if there is none
 * @param auxAddresses addresses with mask, by the user's names
 */
record SubnetData(String pool, String gateway, Map<String, String> auxAddresses) {
    /** Addresses that cannot be read are refused. */
    SubnetData {
        auxAddresses = Map.copyOf(auxAddresses);
        parse("Pool", pool);
        parse("Gateway", gateway);
        auxAddresses.values().forEach(address -> parse("AuxAddresses", address));
    }

    static SubnetData fromJson(JsonNode json) {
        RecordFields fields = RecordFields.ofAnyCase(json);
        return new SubnetData(
                fields.find("Pool", RecordFields::scalar).orElse(""),
                fields.find("Gateway", RecordFields::scalar).orElse(""),
                fields.find("AuxAddresses", RecordFields::texts).orElseGet(TreeMap::new));
    }

    /** The network, host bits cleared; empty if there is none. */
    Optional<Cidr> network() {
        return parse("Pool", pool).map(IpNet::network);
    }

    /**
     * Whether it comes from our own IPAM driver, which answers all addresses there are as the pool: a container's address
     * may be from anywhere.
     */
    boolean isOurs() {
        return network().map(network -> network.prefixLength() == 0).orElse(false);
    }

    /** The addresses that somebody must keep for the network: its gateway, if it is one, and the auxiliary ones. */
    List<IpAddress> reserved() {
        List<IpAddress> addresses = new ArrayList<>();
        parse("Gateway", gateway)
                .filter(net -> net.network().prefixLength() > 0)
                .ifPresent(net -> addresses.add(net.address()));
        auxAddresses
                .values()
                .forEach(text -> parse("AuxAddresses", text).ifPresent(net -> addresses.add(net.address())));
        return List.copyOf(addresses);
    }

    private static Optional<IpNet> parse(String field, String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(IpNet.tryParse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        field + " '" + text + "' is not an address with a prefix length")));
    }
}
