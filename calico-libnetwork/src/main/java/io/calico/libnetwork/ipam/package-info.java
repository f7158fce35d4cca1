/**
 * The IPAM driver: what a Docker engine asks when it needs addresses. Entry point is {@link
 * io.calico.libnetwork.ipam.IpamDriver}. Handlers run on many threads at once, and block.
 */
@NullMarked
package io.calico.libnetwork.ipam;

import org.jspecify.annotations.NullMarked;
