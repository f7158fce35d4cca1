/**
 * Networks of the whole cluster in this host's Docker engine: names and details of its networks go to the datastore, and
 * what other hosts made or removed is made or removed here. Entry point is {@link io.calico.libnetwork.sync.NetworkSync}.
 * For the node daemon. One thread; nothing here runs within a driver call.
 */
@NullMarked
package io.calico.libnetwork.sync;

import org.jspecify.annotations.NullMarked;
