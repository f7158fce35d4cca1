package io.calico.libnetwork.sync;

/**
 * How networks are kept equal on this host.
 *
 * @param host this host's name in the datastore
 * @param scope as set: {@code auto}, {@code local} or {@code global}; engines with scope global spread networks themselves
 * @param isOn whether networks may be made and removed here because of other hosts
 * @param isShared whether several hosts can have the datastore
 */
public record NetworkSyncOptions(String host, String scope, boolean isOn, boolean isShared) {}
