/**
 * The dataplane of a Linux host: nftables enforces policy ({@code linux.nft}), rtnetlink connects workloads ({@code
 * linux.netlink}), and this package says what is to be there. {@link io.calico.dataplane.linux.WorkloadLinks} makes and
 * removes the veth pairs, {@code DriftWatch} listens to what other programs do, {@code ConntrackCleaner} ends the flows of
 * addresses that went. Everything here is confined to the agent's thread, except what its javadoc says otherwise of.
 */
@NullMarked
package io.calico.dataplane.linux;

import org.jspecify.annotations.NullMarked;
