/**
 * The only place that starts processes: the few tools of the host ({@code nft}, {@code iptables}) that the dataplane uses
 * where it does not speak to the kernel itself. No shell is ever involved. Entry point: {@link
 * io.calico.dataplane.linux.process.Tool}. Only {@code io.calico.dataplane.linux} and its packages may depend on it.
 */
@NullMarked
package io.calico.dataplane.linux.process;

import org.jspecify.annotations.NullMarked;
