/**
 * What we ask the Docker engine: which names its networks have. Entry point is {@link
 * io.calico.libnetwork.engine.EngineClient}. It works on a thread of its own and is never part of a driver call: the
 * engine may be holding a lock while it waits for us.
 */
@NullMarked
package io.calico.libnetwork.engine;

import org.jspecify.annotations.NullMarked;
