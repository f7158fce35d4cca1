package io.calico.ctl;

import io.calico.datastore.Listing;
import io.calico.datastore.StoredEndpoint;
import io.calico.model.Node;
import io.calico.model.net.IpAddress;
import java.util.List;
import java.util.Optional;

/**
 * {@code node remove}: takes a host out of the datastore with all it has and, if the host is this machine, Calico out of its
 * kernel. Another host may be removed from here when it is gone for good. Done a second time, or after a failure half-way,
 * it goes on with what is left.
 */
final class NodeRemoval {
    private final Session session;
    private final String host;
    private final boolean isThisMachine;
    private final HostData data;

    /**
     * A removal.
     *
     * @param other the host, if it is not the one that this machine is
     */
    NodeRemoval(Session session, Optional<String> other) {
        this.session = session;
        this.host = other.orElseGet(session.machine()::hostName);
        if (host.isEmpty() || host.indexOf('/') >= 0) {
            throw session.usageError("'" + host + "' is no host name");
        }
        // A name alone does not tell: HOSTNAME may name another machine, which is gone.
        if (host.equals(session.machine().hostName())) {
            session.requireRoot();
            Optional<IpAddress> recorded = session.store().nodes().find(host).flatMap(Node::ipv4);
            isThisMachine = recorded.isEmpty() || session.machine().addresses().contains(recorded.get());
        } else {
            isThisMachine = false;
        }
        this.data = new HostData(session, host);
    }

    /**
     * Removes the host.
     *
     * @param removeEndpoints whether its endpoints go, too
     * @param force whether it goes although it shows signs of life
     */
    ExitStatus run(boolean removeEndpoints, boolean force) {
        if (!mayGo(removeEndpoints, force)) {
            return ExitStatus.FAILED;
        }
        List<String> left = isThisMachine ? session.machine().removeFromKernel() : List.of();
        data.remove();
        for (String problem : left) {
            session.console().errorLine("Warning: " + problem);
        }
        session.console().line("Node configuration removed");
        return left.isEmpty() ? ExitStatus.DONE : ExitStatus.FAILED;
    }

    private boolean mayGo(boolean removeEndpoints, boolean force) {
        Console console = session.console();
        if (isThisMachine && session.machine().nodeProcess().running().isPresent()) {
            console.paragraph("The node cannot be removed while it is running.  Stop it first: calicoctl node stop");
            return false;
        }
        if (!isThisMachine && !force && session.store().nodes().isAlive(host)) {
            console.paragraph("Host " + host + " is alive: its node runs, or has ended less than a minute ago.  Stop it"
                    + " there first: calicoctl node stop. Force with --force");
            console.paragraph("Note that a node that runs writes its data again, and that its containers lose their"
                    + " network.");
            return false;
        }
        Listing<StoredEndpoint> endpoints = data.endpoints();
        session.readable(endpoints);
        if (!removeEndpoints
                && !(endpoints.values().isEmpty() && endpoints.damaged().isEmpty())) {
            console.paragraph(
                    "The node has active Calico endpoints so can't be deleted. Force with" + " --remove-endpoints");
            console.paragraph("Note that the containers of these endpoints lose their network then.");
            return false;
        }
        if (!host.equals(session.machine().hostName()) && data.isEmpty()) {
            console.line("Host " + host + " has nothing in the datastore.");
        }
        return true;
    }
}
