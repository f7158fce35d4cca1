/**
 * The address allocator. {@link io.calico.ipam.BlockAllocator} is the entry point: it cuts pools into blocks, gives blocks to
 * hosts, and hands out addresses from them, with one store transaction each. What can go wrong is {@link
 * io.calico.ipam.IpamException}.
 *
 * <p>{@code internal} holds the pure part: a block, a handle, an affinity row as values, what may be done to them, and their
 * JSON. The classes of this package that are not public talk to the store. Depends on the model and on the datastore's API,
 * never on one of its providers; knows neither Docker nor Linux. Calls block; the allocator is thread-safe.
 */
@NullMarked
package io.calico.ipam;

import org.jspecify.annotations.NullMarked;
