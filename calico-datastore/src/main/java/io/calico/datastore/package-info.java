/**
 * What Calico keeps and how: {@link io.calico.datastore.Datastores} opens a store by URI,
 * {@link io.calico.datastore.Keys} and {@link io.calico.datastore.StoreKey} are its layout, the typed layer reads and
 * writes profiles, pools, endpoints, nodes and networks in it. Sub-packages:
 *
 * <pre>
 * spi       what a provider implements, its values and {@link io.calico.datastore.spi.DatastoreException}
 * memory    the reference store: this process only
 * sqlite    the embedded store: one file, several processes
 * unix      the store of a running node daemon, through its socket; and the server side of it
 * syncer    snapshot, in-sync, deltas
 * testkit   the conformance kit every provider passes
 * </pre>
 *
 * Providers know {@code spi} only and never each other.
 */
@NullMarked
package io.calico.datastore;

import org.jspecify.annotations.NullMarked;
