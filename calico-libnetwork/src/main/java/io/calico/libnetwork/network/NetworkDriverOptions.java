package io.calico.libnetwork.network;

/**
 * What is particular to the host on which a {@link NetworkDriver} works.
 *
 * @param host its name in the datastore
 * @param scope what engines are told
 * @param engineCalled run when an engine introduces itself or creates a network; must not block
 */
public record NetworkDriverOptions(String host, DriverScope scope, Runnable engineCalled) {}
