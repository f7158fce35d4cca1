package io.calico.ipam;

import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.CorruptRecord;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
            for (KeyValue record : store.listAll(Keys.blocks(version)).records()) {
                decode(record)
                        .ifPresent(block -> block.allocated().keySet().stream()
                                .flatMap(address -> Queries.info(block, address).stream())
                                .filter(info -> info.owner()
                                        .filter(o -> o.node().equals(node))
                                        .isPresent())
                                .forEach(owned::add));
            }
        }
        return owned;
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
