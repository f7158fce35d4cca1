/**
 * The reference provider: a store in this process's memory, {@code memory:}. Entry point
 * {@link io.calico.datastore.memory.MemoryDatastore}. For tests, for embedding the allocator, and to read what the
 * contract means. Knows {@code spi} only. Thread-safe.
 */
@NullMarked
package io.calico.datastore.memory;

import org.jspecify.annotations.NullMarked;
