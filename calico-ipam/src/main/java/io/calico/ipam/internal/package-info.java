/**
 * Blocks, handles and affinity rows as values, and what may be done to them: pure functions without store, clock or
 * threads, and the JSON they are kept in. Private to this module.
 */
@NullMarked
package io.calico.ipam.internal;

import org.jspecify.annotations.NullMarked;
