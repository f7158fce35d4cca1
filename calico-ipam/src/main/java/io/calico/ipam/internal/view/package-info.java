/**
 * What this process last saw of the allocator's records, and transactions that are built from it. A view may be out of
 * date, so every decision taken from it is protected by the conditions of the transaction that carries it out.
 * Everything here is confined to one thread at a time; nothing here calls the store.
 */
@NullMarked
package io.calico.ipam.internal.view;

import org.jspecify.annotations.NullMarked;
