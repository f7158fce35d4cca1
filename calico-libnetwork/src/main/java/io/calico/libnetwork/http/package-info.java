/**
 * The plugin's HTTP server: HTTP/1.1 over Unix sockets, in front of blocking call handlers. Entry points are {@link
 * io.calico.libnetwork.http.Routes} (what is served) and {@link io.calico.libnetwork.http.PluginServer} (where).
 *
 * <p>Threads: one event loop reads, parses and writes; it never blocks. Handlers run on a bounded pool of workers. What
 * can be refused without a handler (a bad request, an unknown path, too large a body) is answered by the event loop, so
 * it never holds a worker.
 *
 * <p>The only package that knows Netty. It knows nothing of Docker's calls beyond how an answer and an error look.
 */
@NullMarked
package io.calico.libnetwork.http;

import org.jspecify.annotations.NullMarked;
