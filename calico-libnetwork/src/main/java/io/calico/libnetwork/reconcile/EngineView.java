package io.calico.libnetwork.reconcile;

import io.calico.libnetwork.engine.EngineSnapshot;
import java.io.IOException;
import java.util.Optional;

/** What the Docker engine of this host has. */
public interface EngineView {
    /**
     * All that it has; empty if no engine runs.
     *
     * @throws IOException if one runs, but did not answer everything
     */
    Optional<EngineSnapshot> look() throws IOException;
}
