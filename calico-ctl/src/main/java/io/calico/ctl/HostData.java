package io.calico.ctl;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.EndpointFilter;
import io.calico.datastore.Keys;
import io.calico.datastore.Listing;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.BlockAllocator;
import io.calico.ipam.IpamException;
import io.calico.ipam.Owner;
import io.calico.ipam.ReleaseRequest;
import io.calico.model.Network;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.net.IpAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * What one host has in the datastore, and how all of it goes. Each step can be repeated, and what a step needs to know is
 * deleted after it, so a removal that was broken off is done again from its begin. Confined to one thread.
 */
final class HostData {
    /** Others may change an address's owner this often while it is being released. */
    private static final int ATTEMPTS = 10;

    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final String host;

    HostData(Session session, String host) {
        this.store = session.store();
        this.allocator = session.allocator();
        this.host = host;
    }

    /** Its endpoints. */
    Listing<StoredEndpoint> endpoints() {
        return store.endpoints().list(EndpointFilter.ofHost(host));
    }

    /** Whether there is nothing of it. */
    boolean isEmpty() {
        return prefixes().stream()
                .allMatch(prefix -> store.datastore().listAll(prefix).records().isEmpty());
    }

    /** All places where a host's name is part of the key; that which says that the host exists last. */
    private List<String> prefixes() {
        return List.of(
                Keys.NODE_STATUSES + host + "/",
                Keys.hostNetworks(host),
                Keys.IPAM + "host/" + host + "/",
                Keys.host(host),
                Keys.bgpHost(host));
    }

    /**
     * Removes it. An endpoint goes before its addresses: nobody else gets an address that an endpoint still has.
     *
     * @throws IpamException if addresses or blocks cannot be given back; the rest is then still there
     */
    void remove() {
        Set<IpAddress> addresses = new TreeSet<>(tunnelAddresses());
        for (StoredEndpoint endpoint : endpoints().values()) {
            addresses.addAll(endpoint.value().addresses());
        }
        delete(Keys.workloads(host));
        delete(Keys.hostNetworks(host));
        finishRemovedNetworks();
        releaseOwned();
        addresses.forEach(this::releaseUnowned);
        allocator.releaseHostAffinities(host);
        prefixes().forEach(this::delete);
    }

    /** The addresses of its ends of tunnels. */
    private Set<IpAddress> tunnelAddresses() {
        Set<IpAddress> addresses = new HashSet<>();
        store.config()
                .findHost(host, "IpInIpTunnelAddr")
                .flatMap(IpAddress::tryParse)
                .ifPresent(addresses::add);
        String vxlan = Keys.host(host) + "vxlan";
        for (String field : List.of("ipv4", "ipv6")) {
            store.datastore()
                    .get(vxlan)
                    .flatMap(record -> address(record, field))
                    .ifPresent(addresses::add);
        }
        return addresses;
    }

    private static Optional<IpAddress> address(KeyValue record, String field) {
        try {
            return IpAddress.tryParse(ModelJson.read(
                    record.key(), record.value(), json -> json.path(field).asText("")));
        } catch (BadRecordException e) {
            return Optional.empty();
        }
    }

    /** Networks that were removed somewhere and waited for hosts to follow: without any host left they are done. */
    private void finishRemovedNetworks() {
        store.networks().list().values().stream()
                .filter(Network::removed)
                .forEach(network -> store.networks().end(network.id()));
    }

    /** Frees what belongs to the host's endpoints, known or pending, tunnels, and networks that are gone. */
    private void releaseOwned() {
        for (int attempt = 1; ; attempt++) {
            Set<String> networks = new HashSet<>(store.networks().requestIds());
            List<ReleaseRequest> due = allocator.addressesOwnedOn(host).stream()
                    .filter(info -> !belongsToOneOf(networks, info))
                    .map(info -> ReleaseRequest.of(info.address(), info.owner().orElseThrow()))
                    .toList();
            if (due.isEmpty()) {
                return;
            }
            try {
                allocator.release(due);
                return;
            } catch (IpamException.StaleRelease e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Gateways and auxiliary addresses are the network's, on whatever host it was made. */
    private static boolean belongsToOneOf(Set<String> networks, AddressInfo info) {
        Owner owner = info.owner().orElseThrow();
        return owner.kind().equals(Owner.NETWORK)
                && owner.id().filter(networks::contains).isPresent();
    }

    /** Frees an address that its record names, if the allocator does not know whose it is. */
    private void releaseUnowned(IpAddress address) {
        Optional<AddressInfo> info =
                allocator.info(address).filter(found -> found.owner().isEmpty());
        if (info.isEmpty()) {
            return;
        }
        OptionalLong sequence = info.get().sequence() == 0
                ? OptionalLong.empty()
                : OptionalLong.of(info.get().sequence());
        allocator.release(List.of(
                new ReleaseRequest(address, Optional.of(info.get().handle().orElse("")), sequence)));
    }

    private void delete(String prefix) {
        Datastore datastore = store.datastore();
        List<KeyValue> records = datastore.listAll(prefix).records();
        for (int start = 0; start < records.size(); start += Transaction.MAX_OPERATIONS) {
            Transaction.Builder transaction = Transaction.builder();
            int end = Math.min(start + Transaction.MAX_OPERATIONS, records.size());
            records.subList(start, end).forEach(record -> transaction.delete(record.key()));
            datastore.commit(transaction.build());
        }
    }
}
