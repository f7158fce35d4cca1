package io.calico.datastore;

import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Lease;
import io.calico.datastore.spi.Page;
import io.calico.datastore.spi.Transaction;
import io.calico.model.AsNumbers;
import io.calico.model.Node;
import io.calico.model.SignOfLife;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.json.RecordFields;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Hosts, each of these records:
 *
 * <pre>
 * /calico/bgp/v1/host/H/ip_addr_v4, …/ip_addr_v6   address, or empty text; both always there
 * /calico/bgp/v1/host/H/as_num                     AS number; absent: the global one
 * /calico/v1/host/H/bird_ip                        the IPv4 address again, under its old name
 * /calico/felix/v1/host/H/status                   sign of life, under a lease
 * </pre>
 *
 * A host is there if one of the first three is. Thread-safe; see {@link CalicoStore} for errors.
 */
public final class Nodes {
    private final Datastore store;
    private final Records records;

    Nodes(Datastore store) {
        this.store = store;
        this.records = new Records(store);
    }

    /** All hosts, by name. One with a damaged record is listed without what that record holds. */
    public Listing<Node> list() {
        Page page = store.listAll(Keys.BGP_HOSTS);
        Map<String, Node> byName = new TreeMap<>();
        List<BadRecordException> damaged = new ArrayList<>();
        for (KeyValue record : page.records()) {
            try {
                absorb(byName, record);
            } catch (BadRecordException e) {
                damaged.add(e);
            }
        }
        return new Listing<>(List.copyOf(byName.values()), damaged, page.revision());
    }

    /** The host, or empty if it never registered. */
    public Optional<Node> find(String name) {
        Map<String, Node> byName = new TreeMap<>();
        store.listAll(Keys.bgpHost(name)).records().forEach(record -> absorb(byName, record));
        return Optional.ofNullable(byName.get(name));
    }

    /** Stores the host, whatever was there; an AS number of its own is taken back if the node has none. */
    public void put(Node node) {
        String v4 = node.ipv4().map(IpAddress::toString).orElse("");
        String v4Key = new StoreKey.HostAddress(node.name(), IpVersion.V4).path();
        String asKey = new StoreKey.HostAsNumber(node.name()).path();
        Transaction.Builder transaction = Transaction.builder()
                .put(v4Key, v4)
                .put(
                        new StoreKey.HostAddress(node.name(), IpVersion.V6).path(),
                        node.ipv6().map(IpAddress::toString).orElse(""))
                .put(new StoreKey.HostBirdIp(node.name()).path(), v4);
        node.asNumber()
                .ifPresentOrElse(
                        number -> transaction.put(asKey, Long.toString(number)), () -> transaction.delete(asKey));
        records.write(transaction.build(), v4Key, Optional.of(v4));
    }

    /** Whether the host has a sign of life, of whatever content. */
    public boolean isAlive(String name) {
        return store.get(new StoreKey.NodeStatus(name).path()).isPresent();
    }

    /** The host's sign of life; empty if it is not alive, or cannot be read. */
    public Optional<SignOfLife> signOfLife(String name) {
        String key = new StoreKey.NodeStatus(name).path();
        return store.get(key).flatMap(Nodes::readable);
    }

    /**
     * Writes the host's sign of life, which vanishes with the lease, unless another's is there.
     *
     * @param isOurs whether a sign of life that is there may be replaced
     * @return the other's, and then nothing was written; empty if ours is there now
     */
    public Optional<SignOfLife> announce(String name, SignOfLife ours, Lease lease, Predicate<SignOfLife> isOurs) {
        String key = new StoreKey.NodeStatus(name).path();
        String text = ModelJson.write(ours);
        for (int attempt = 0; attempt < Records.ATTEMPTS; attempt++) {
            Optional<KeyValue> seen = store.get(key);
            Optional<SignOfLife> other = seen.flatMap(Nodes::readable).filter(found -> !isOurs.test(found));
            if (other.isPresent()) {
                return other;
            }
            Transaction put = Transaction.builder()
                    .ifAsSeen(key, seen)
                    .put(key, text, lease)
                    .build();
            if (records.write(put, key, Optional.of(text)).isPresent()) {
                return Optional.empty();
            }
        }
        throw Records.tooBusy(key);
    }

    private static Optional<SignOfLife> readable(KeyValue record) {
        try {
            return Optional.of(ModelJson.read(record.key(), record.value(), SignOfLife::fromJson));
        } catch (BadRecordException e) {
            // Whoever wrote it, it is no daemon that could say who it is.
            return Optional.empty();
        }
    }

    /** The names of the hosts that are alive. */
    public Set<String> alive() {
        Set<String> names = new TreeSet<>();
        for (KeyValue record : store.listAll(Keys.NODE_STATUSES).records()) {
            if (Keys.parse(record.key()) instanceof StoreKey.NodeStatus status) {
                names.add(status.host());
            }
        }
        return names;
    }

    private static void absorb(Map<String, Node> byName, KeyValue record) {
        StoreKey key = Keys.parse(record.key());
        if (key instanceof StoreKey.HostAddress address) {
            Node node = byName.computeIfAbsent(address.host(), Nodes::empty);
            Optional<IpAddress> value = readAddress(record.key(), record.value(), address.version());
            byName.put(address.host(), address.version() == IpVersion.V4 ? node.withIpv4(value) : node.withIpv6(value));
        } else if (key instanceof StoreKey.HostAsNumber asNumber) {
            Node node = byName.computeIfAbsent(asNumber.host(), Nodes::empty);
            byName.put(asNumber.host(), node.withAsNumber(readAsNumber(record)));
        }
    }

    /**
     * The value of a record that holds one of a host's addresses; empty for an empty text, as hosts without one store it.
     *
     * @throws BadRecordException if it is not an address of that version
     */
    public static Optional<IpAddress> readAddress(String key, String value, IpVersion version) {
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

    private static Optional<Long> readAsNumber(KeyValue record) {
        OptionalLong number = AsNumbers.tryParse(record.value());
        if (number.isEmpty()) {
            throw new BadRecordException(record.key(), RecordFields.shown(record.value()) + " is not an AS number");
        }
        return Optional.of(number.getAsLong());
    }

    private static Node empty(String name) {
        return Node.builder().name(name).build();
    }
}
