/**
 * The store of the node daemon of this host, over a Unix socket: {@link io.calico.datastore.unix.UnixDatastore} is the
 * client ({@code unix:PATH}), {@link io.calico.datastore.unix.DatastoreSocketServer} serves any store. Both use the JDK's
 * socket channels only, so that a command that talks to a running daemon loads nothing else.
 *
 * <pre>
 * frame     length (4 bytes, big-endian) payload
 * payload   a kind (1 byte), then fields: numbers of 8 bytes, texts as length (4 bytes) and UTF-8, lists as count (4 bytes) and items
 * call      HELLO once for a connection; then request, answer, request, answer …
 * watch     HELLO; WATCH; then EVENTS and PROGRESS from the server until COMPACTED or ENDED, or one side closes
 * </pre>
 *
 * A connection carries one call at a time; a client opens as many as it has calls under way, and one for each watch.
 */
@NullMarked
package io.calico.datastore.unix;

import org.jspecify.annotations.NullMarked;
