/**
 * What Calico keeps and how: {@code Datastores} opens a store by URI, the typed layer reads and
 * writes profiles, pools, endpoints, nodes and networks in it, {@link io.calico.datastore.DatastoreException} says what
 * can go wrong. Sub-packages: {@code spi} (what a provider implements), {@code memory}, {@code sqlite}, {@code unix}
 * (providers), {@code syncer} (snapshot, in-sync, deltas), {@code testkit} (the kit every provider passes).
 */
@NullMarked
package io.calico.datastore;

import org.jspecify.annotations.NullMarked;
