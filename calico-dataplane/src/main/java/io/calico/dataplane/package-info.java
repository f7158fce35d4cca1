/**
 * The dataplane SPI and the agent that keeps a dataplane equal to the datastore.
 *
 * <p>{@link io.calico.dataplane.Dataplane} is what a host must be able to do: enforce a compiled policy in one step,
 * connect workloads, and route to other hosts. {@link io.calico.dataplane.Agent} is its only caller: one thread that owns
 * the host's network state. Sub-packages: {@code routes} (which routes a host wants), {@code linux} (rtnetlink and
 * nftables) and {@code recording} (in memory, for tests and embedding).
 */
@NullMarked
@ValueStyle
package io.calico.dataplane;

import org.jspecify.annotations.NullMarked;
