/**
 * Addresses, networks, MAC addresses and port ranges: small immutable scalars, each with one text form. They hold plain
 * {@code int}s and {@code long}s, parse strictly, and never ask a name server. Everyone may depend on them; they depend
 * on nothing but Jackson's annotations.
 */
@NullMarked
package io.calico.model.net;

import org.jspecify.annotations.NullMarked;
