package io.calico.datastore.etcd;

import io.calico.datastore.spi.DatastoreException;
import io.etcd.jetcd.api.KVGrpc;

/** Finds the oldest revision that can still be read. etcd does not tell it, only whether a given one can be. */
final class EtcdRevisions {
    private EtcdRevisions() {}

    /** The oldest readable revision, by halving: some twenty small reads, for the rare case that one was compacted. */
    static long oldest(EtcdCluster cluster) {
        long readable = cluster.repeatable(
                        "asking for the newest revision", KVGrpc.getRangeMethod(), EtcdMessages.probe("/", 0))
                .getHeader()
                .getRevision();
        long compacted = 0;
        while (readable - compacted > 1) {
            long middle = compacted + (readable - compacted) / 2;
            try {
                cluster.repeatable(
                        "asking for the oldest revision", KVGrpc.getRangeMethod(), EtcdMessages.probe("/", middle));
                readable = middle;
            } catch (DatastoreException.Compacted e) {
                compacted = middle;
            }
        }
        return readable;
    }
}
