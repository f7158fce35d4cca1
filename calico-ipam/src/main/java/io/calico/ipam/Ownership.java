package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads which addresses are whose. */
final class Ownership {
    private static final Logger LOG = LoggerFactory.getLogger(Ownership.class);

    private final Datastore store;

    Ownership(Datastore store) {
        this.store = store;
    }

    List<AddressInfo> on(String node) {
        List<AddressInfo> owned = new ArrayList<>();
        for (IpVersion version : IpVersion.values()) {
            store.listAll(Keys.blocks(version)).records().forEach(record -> collect(node, record, owned));
        }
        return owned;
    }

    List<AddressInfo> on(String node, Set<Cidr> alsoIn) {
        Set<Cidr> blocks = new TreeSet<>(alsoIn);
        for (IpVersion version : IpVersion.values()) {
            for (KeyValue record : store.listAll(Keys.affinities(node, version)).records()) {
                if (Keys.parse(record.key()) instanceof StoreKey.Affinity affinity) {
                    blocks.add(affinity.cidr());
                }
            }
        }
        List<AddressInfo> owned = new ArrayList<>();
        for (Cidr cidr : blocks) {
            store.get(new StoreKey.Block(cidr).path()).ifPresent(record -> collect(node, record, owned));
        }
        return owned;
    }

    private static void collect(String node, KeyValue record, List<AddressInfo> owned) {
        decode(record)
                .ifPresent(block -> block.allocated().keySet().stream()
                        .flatMap(address -> Queries.info(block, address).stream())
                        .filter(info ->
                                info.owner().filter(o -> o.node().equals(node)).isPresent())
                        .forEach(owned::add));
    }

    private static Optional<AllocationBlock> decode(KeyValue record) {
        if (!(Keys.parse(record.key()) instanceof StoreKey.Block key)) {
            return Optional.empty();
        }
        try {
            return BlockCodec.decode(key.cidr(), record.value()).block();
        } catch (CorruptRecord e) {
            LOG.warn("block {} is damaged and left out: {}", record.key(), e.reason());
            return Optional.empty();
        }
    }
}
