package io.calico.ctl;

import io.calico.datastore.CalicoStore;
import io.calico.libnetwork.reconcile.Report;
import io.calico.model.net.IpAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A machine as a test wants it. */
final class TestMachine implements Machine {
    String hostName = "rack7-n3";
    boolean root = true;
    Optional<Instant> now = Optional.empty();
    Optional<IpAddress> detected = Optional.of(IpAddress.parse("10.200.1.3"));
    final Set<IpAddress> addresses = new HashSet<>(Set.of(IpAddress.parse("10.200.1.3")));

    /** What checks find, one after the other; the last again and again. */
    final List<Report> reports = new ArrayList<>(List.of(new Report(List.of(), Optional.empty())));

    final List<String> checks = new ArrayList<>();

    List<String> leftInKernel = List.of();
    int kernelRemovals;

    /** Holds bin/calico-node, and the directories run and log. */
    Path directory = Path.of("/nonexistent");

    @Override
    public String hostName() {
        return hostName;
    }

    @Override
    public boolean isRoot() {
        return root;
    }

    @Override
    public Optional<IpAddress> detectedAddress() {
        return detected;
    }

    @Override
    public Set<IpAddress> addresses() {
        return addresses;
    }

    @Override
    public NodeProcess nodeProcess() {
        return new NodeProcess(
                directory,
                directory.resolve("run"),
                Map.of("RUN", directory.resolve("run").toString()));
    }

    @Override
    public Report checkNode(CalicoStore store, boolean mend) {
        checks.add(mend ? "mend" : "look");
        return reports.size() > 1 ? reports.remove(0) : reports.get(0);
    }

    @Override
    public List<String> removeFromKernel() {
        kernelRemovals++;
        return leftInKernel;
    }

    @Override
    public Path logDirectory(Optional<String> given) {
        return directory.resolve(given.orElse("log"));
    }

    @Override
    public Instant now() {
        return now.orElseGet(Instant::now);
    }

    @Override
    public Path datastoreSocket() {
        return directory.resolve("run/datastore.sock");
    }
}
