package io.calico.libnetwork.network;

/**
 * What is particular to the host on which a {@link NetworkDriver} works.
 *
 * @param host its name in the datastore
 * @param scope what engines are told
 * @param mtuBytes of containers' interfaces, 68 to 65535
 */
public record NetworkDriverOptions(String host, DriverScope scope, int mtuBytes) {}
