/**
 * The allocator of addresses in a program of your own: {@link io.calico.examples.allocator.EmbeddedAllocator} in memory,
 * {@link io.calico.examples.allocator.DurableAllocator} in a file, {@link io.calico.examples.allocator.SharedAllocator} by
 * many processes through etcd. Each has a {@code main} of a screen at most. Knows public API only.
 */
@NullMarked
package io.calico.examples.allocator;

import org.jspecify.annotations.NullMarked;
