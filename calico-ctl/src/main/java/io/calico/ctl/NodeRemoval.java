package io.calico.ctl;

import io.calico.datastore.EndpointFilter;
import io.calico.datastore.Keys;
import io.calico.datastore.StoredEndpoint;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.ReleaseRequest;
import io.calico.model.Node;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code node remove}: takes a host out of the datastore with all it has, and Calico out of its kernel. Done a second
 * time, or after a failure half-way, it goes on with what is left. The kernel is this machine's: it is touched only if the
 * host is this machine, not when HOSTNAME names another one that is gone.
 */
final class NodeRemoval {
    private final Session session;
    private final String host;

    NodeRemoval(Session session) {
        this.session = session;
        this.host = session.machine().hostName();
    }

    ExitStatus run(boolean removeEndpoints) {
        boolean isThisMachine = isThisMachine();
        if (isThisMachine && session.machine().nodeProcess().running().isPresent()) {
            session.console()
                    .paragraph("The node cannot be removed while it is running.  Stop it first: calicoctl node stop");
            return ExitStatus.FAILED;
        }
        List<StoredEndpoint> endpoints =
                session.readable(session.store().endpoints().list(EndpointFilter.ofHost(host)));
        if (!endpoints.isEmpty() && !removeEndpoints) {
            session.console()
                    .paragraph("The node has active Calico endpoints so can't be deleted. Force with"
                            + " --remove-endpoints");
            session.console().paragraph("Note that the containers of these endpoints lose their network then.");
            return ExitStatus.FAILED;
        }
        List<String> left = isThisMachine ? session.machine().removeFromKernel() : List.of();
        removeData(endpoints);
        for (String problem : left) {
            session.console().errorLine("Warning: " + problem);
        }
        session.console().line("Node configuration removed");
        return left.isEmpty() ? ExitStatus.DONE : ExitStatus.FAILED;
    }

    private boolean isThisMachine() {
        Optional<IpAddress> recorded = session.store().nodes().find(host).flatMap(Node::ipv4);
        return recorded.isEmpty() || session.machine().addresses().contains(recorded.get());
    }

    private void removeData(List<StoredEndpoint> endpoints) {
        List<ReleaseRequest> releases = new ArrayList<>();
        for (StoredEndpoint endpoint : endpoints) {
            endpoint.value().addresses().forEach(address -> releases.add(ReleaseRequest.of(address)));
        }
        session.store()
                .config()
                .findHost(host, "IpInIpTunnelAddr")
                .flatMap(IpAddress::tryParse)
                .ifPresent(address -> releases.add(ReleaseRequest.of(address)));
        if (!releases.isEmpty()) {
            session.allocator().release(releases);
        }
        endpoints.forEach(endpoint -> session.store().endpoints().delete(endpoint.key()));
        session.allocator().releaseHostAffinities(host);
        for (String prefix : List.of(Keys.hostNetworks(host), Keys.host(host), Keys.bgpHost(host))) {
            delete(prefix);
        }
    }

    private void delete(String prefix) {
        Datastore datastore = session.store().datastore();
        List<KeyValue> records = datastore.listAll(prefix).records();
        for (int start = 0; start < records.size(); start += Transaction.MAX_OPERATIONS) {
            Transaction.Builder transaction = Transaction.builder();
            int end = Math.min(start + Transaction.MAX_OPERATIONS, records.size());
            records.subList(start, end).forEach(record -> transaction.delete(record.key()));
            datastore.commit(transaction.build());
        }
    }
}
