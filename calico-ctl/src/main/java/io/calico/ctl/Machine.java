package io.calico.ctl;

import io.calico.datastore.CalicoStore;
import io.calico.libnetwork.reconcile.Report;
import io.calico.model.net.IpAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What commands ask of the machine that they run on. Tests hand in one of their own. */
interface Machine {
    /** The name under which this machine's data is kept. */
    String hostName();

    /** Whether this process may do what only root may. */
    boolean isRoot();

    /** The IPv4 address with which this machine speaks to others; empty if it has none. */
    Optional<IpAddress> detectedAddress();

    /** All addresses of its interfaces, except Docker's own bridge. */
    Set<IpAddress> addresses();

    /** The node daemon of this machine. */
    NodeProcess nodeProcess();

    /**
     * Looks for what lost calls and crashes have left on this machine, and mends what can be if asked to.
     *
     * @throws InterruptedException if this thread was interrupted meanwhile
     */
    Report checkNode(CalicoStore store, boolean mend) throws InterruptedException;

    /** Takes all that is Calico's from this machine's kernel; what could not be removed, in words. */
    List<String> removeFromKernel();

    /** The absolute path of the directory for logs: the one given, else the usual one. */
    Path logDirectory(Optional<String> given);

    /** The time. */
    Instant now();

    /** Where the node daemon serves its datastore while it runs. */
    Path datastoreSocket();
}
