/**
 * Keeps a reader equal to the store: first a snapshot, then 'in sync', then changes, for as long as it runs, through lost
 * connections and compaction. Entry point {@link io.calico.datastore.syncer.Syncer}. For whoever follows the store: the
 * agent, the allocator's view, embedders. One thread, on which all callbacks come.
 */
@NullMarked
package io.calico.datastore.syncer;

import org.jspecify.annotations.NullMarked;
