package io.calico.dataplane.linux;

import io.calico.dataplane.Dataplane;
import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.iptables.ForwardAcceptRule;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.dataplane.linux.nft.NftKernel;
import io.calico.dataplane.linux.nft.NftPolicyDriver;
import io.calico.dataplane.linux.nft.NftProcess;
import io.calico.dataplane.linux.nft.TableContent;
import io.calico.dataplane.routes.RouteChanges;
import io.calico.model.net.IpAddress;
import io.calico.policy.AddressSet;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dataplane of this Linux host, in the network namespace of the thread that opened it.
 *
 * <pre>
 *   policy     ─▶ NftPolicyDriver     table inet calico
 *   routes     ─▶ HostRoutes          routes to other hosts, blackholes
 *              ─▶ NftPolicyDriver     hosts that may send through the tunnel
 *   workloads  ─▶ WorkloadLinks       veth pairs, addresses, routes, settings of the host
 *              ─▶ ConntrackCleaner    flows of addresses that went
 *   refresh    ─▶ ForwardAcceptRule   the rule that lets accepted packets pass Docker's filter
 *   the kernel's events ─▶ DriftWatch ─▶ mend, mendWorkloads, applyRoutes
 * </pre>
 */
public final class LinuxDataplane implements Dataplane {
    private static final Logger LOG = LoggerFactory.getLogger(LinuxDataplane.class);
    /** A table of connections with a million entries is looked through in less. */
    private static final Duration CONNTRACK_LIMIT = Duration.ofSeconds(4);
    /** So many interfaces are named in the log when they were mended together. */
    private static final int MOST_NAMED = 5;

    private static final int MOST_LOOKS = 3;

    private final WorkloadLinks links;
    private final NftKernel nft;
    private final NftPolicyDriver driver;
    private final LinkQuery query;
    private final ConntrackCleaner conntrack;
    private final HostRoutes routes;
    private final DriftWatch watch;
    private final WantedLinks wanted;
    private final Suspicions suspicions;

    /** Whether the next workload should see to it that this host is a router: a look at all links, too much for each. */
    private boolean forwardingIsDue = true;
    /** What the table shall be; nothing is known before the first policy. */
    private @Nullable TableContent table;
    /** What happened to the table, if it is to be put right. */
    private @Nullable String tableLoss;

    private volatile Set<String> uplinks;
    private volatile List<String> forwardProblems = List.of();
    private volatile int mtuBytes;
    /** Which the tunnels take. */
    private volatile int tunnelBytes;

    private LinuxDataplane(Parts parts, NftKernel nft) {
        this.links = parts.links;
        this.query = parts.query;
        this.conntrack = parts.conntrack;
        this.routes = parts.routes;
        this.nft = nft;
        this.driver = new NftPolicyDriver(nft);
        this.wanted = new WantedLinks();
        this.suspicions = new Suspicions();
        this.uplinks = links.uplinks();
        this.mtuBytes = links.mtuBytes();
        this.watch = DriftWatch.start(
                suspicions,
                new LinkWatch(wanted, query, () -> uplinks, routes.written(), routes.writtenTunnel(), suspicions));
    }

    /** What is opened before the rest can be. */
    private static final class Parts {
        private final WorkloadLinks links;
        private final LinkQuery query;
        private final ConntrackCleaner conntrack;
        private final HostRoutes routes;

        Parts(Collection<IpAddress> nodeAddresses) {
            links = WorkloadLinks.open(nodeAddresses);
            query = LinkQuery.open();
            conntrack = ConntrackCleaner.open();
            routes = new HostRoutes(RtNetlink.open(), Sysctls.ofHost(), links.lastLook());
        }

        void close() {
            routes.close();
            conntrack.close();
            query.close();
            links.close();
        }
    }

    /**
     * Connects to the kernel, begins to listen to its events, and prepares Docker's filter for accepted packets. Should be
     * done before Docker's daemon starts. Workloads are left as they are, and so is the policy of a former process; if
     * there is none, no workload's interface carries traffic until {@link #applyPolicy}.
     *
     * <p>The host becomes a router with its first workload, not now: Docker protects the containers on its bridges (FORWARD
     * policy DROP) only if it was itself who switched forwarding on.
     *
     * @param nodeAddresses the addresses that other hosts know this one by; may be empty
     * @throws DataplaneException.Unavailable if the kernel cannot be reached or the program {@code nft} is missing
     */
    public static LinuxDataplane open(Collection<IpAddress> nodeAddresses) {
        NftKernel nft = NftKernel.open();
        try {
            return open(nodeAddresses, nft);
        } catch (RuntimeException e) {
            nft.close();
            throw e;
        }
    }

    private static LinuxDataplane open(Collection<IpAddress> nodeAddresses, NftKernel nft) {
        Parts parts = new Parts(nodeAddresses);
        try {
            LinuxDataplane dataplane = new LinuxDataplane(parts, nft);
            dataplane.ensureForwardRule();
            dataplane.closeTheDoor();
            return dataplane;
        } catch (NetlinkException e) {
            parts.close();
            throw new DataplaneException.Unavailable("open", "netlink", String.valueOf(e.getMessage()), e);
        } catch (RuntimeException e) {
            parts.close();
            throw e;
        }
    }

    /** Whether something had to be written; then it is looked at once more, since it may be gone before the watch could see it there. */
    private boolean ensureForwardRule() {
        boolean hasWritten = false;
        for (int i = 0; i < MOST_LOOKS; i++) {
            watch.ruleIsBeingChecked();
            ForwardAcceptRule.Outcome outcome = ForwardAcceptRule.ensure();
            forwardProblems = outcome.problems();
            if (!outcome.hasWritten()) {
                break;
            }
            hasWritten = true;
        }
        return hasWritten;
    }

    /** A table that drops all that workloads send and receive, where there is none: somebody may have flushed it meanwhile. */
    private void closeTheDoor() {
        if (!nft.tableExists()) {
            setTable(TableContent.of(CompiledPolicy.empty(), EndpointToHostAction.RETURN, uplinks)
                    .withTunnelHosts(routes.tunnelHosts()));
        }
    }

    /**
     * Takes everything of ours from this host: workload interfaces with their routes, routes to other hosts, the table, the rule in Docker's
     * filter. Forwarding stays on. For a host that stops being a node, with no agent running. Goes on where something cannot
     * be removed.
     *
     * @return what could not be removed, in words for an operator; empty if nothing is left
     */
    public static List<String> removeEverything() {
        List<String> problems = new ArrayList<>();
        try (WorkloadLinks links = WorkloadLinks.open(List.of());
                RtNetlink netlink = RtNetlink.open()) {
            for (String name : links.present()) {
                attempt(() -> links.remove(name), problems);
            }
            attempt(() -> HostRoutes.removeAll(netlink), problems);
        } catch (DataplaneException | NetlinkException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        if (problems.isEmpty()) {
            attempt(() -> new NftPolicyDriver(NftProcess.ofThisMachine()).removeTable(), problems);
        } else {
            // As long as a link may be up, policy holds.
            problems.add("table inet calico is kept, because interfaces may be left");
        }
        problems.addAll(ForwardAcceptRule.remove());
        return List.copyOf(problems);
    }

    /**
     * The host-side names of all workload interfaces that are alive on this host, whoever made them. For a process that has
     * no agent.
     *
     * @throws DataplaneException.Unavailable if the kernel cannot be reached
     */
    public static Set<String> workloadsOnHost() {
        try (WorkloadLinks links = WorkloadLinks.open(List.of())) {
            return links.present();
        }
    }

    /**
     * Removes a workload interface with its routes, as {@link #removeWorkload}. For a process that has no agent.
     *
     * @throws DataplaneException if the kernel refused
     */
    public static void removeFromHost(String hostName) {
        try (WorkloadLinks links = WorkloadLinks.open(List.of())) {
            links.remove(hostName);
        }
    }

    private static void attempt(Runnable step, List<String> problems) {
        try {
            step.run();
        } catch (DataplaneException | NetlinkException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void applyPolicy(CompiledPolicy policy, EndpointToHostAction toHost) {
        setTable(TableContent.of(policy, toHost, uplinks).withTunnelHosts(routes.tunnelHosts()));
        if (tableLoss != null) {
            LOG.warn("table inet calico {}; it is put right", tableLoss);
            tableLoss = null;
        }
    }

    private void setTable(TableContent wanted) {
        table = wanted;
        driver.apply(wanted);
    }

    /** Without a table of this process, the first policy brings them. */
    private void acceptTunnelFrom(AddressSet hosts) {
        if (table != null) {
            setTable(table.withTunnelHosts(hosts));
        }
    }

    @Override
    public void addWorkload(WorkloadInterface workload) {
        enableForwarding();
        awaitConntrack(workload);
        Optional<WorkloadInterface> before = wanted.remove(workload.hostName());
        // Whoever asked for it may have done so before the tunnels were known.
        int index = links.add(
                workload.mtuBytes() > workloadMtuBytes()
                        ? WorkloadInterface.builder()
                                .from(workload)
                                .mtuBytes(workloadMtuBytes())
                                .build()
                        : workload);
        wanted.put(workload, index);
        before.ifPresent(old -> release(old.addresses()));
    }

    private void enableForwarding() {
        if (forwardingIsDue) {
            links.enableForwarding();
            forwardingIsDue = false;
        }
    }

    /** An address that somebody else has had may still have his flows. */
    private void awaitConntrack(WorkloadInterface workload) {
        try {
            if (!conntrack.await(wanted.unused(workload.addresses()), CONNTRACK_LIMIT)) {
                throw new DataplaneException.TimedOut(
                        "connect workload",
                        workload.hostName(),
                        "connection tracking still has flows of a former owner of " + workload.addresses());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataplaneException.Unavailable("connect workload", workload.hostName(), "interrupted", e);
        }
    }

    /** Of those addresses that no other interface has. */
    private void release(Collection<IpAddress> addresses) {
        conntrack.release(wanted.unused(addresses));
    }

    @Override
    public Map<String, DataplaneException> repairWorkloads(Collection<WorkloadInterface> workloads) {
        if (workloads.isEmpty()) {
            return Map.of();
        }
        enableForwarding();
        WorkloadLinks.Repairs repairs = repair(workloads);
        repairs.differences().forEach((name, words) -> LOG.info("interface {} is made right: {}", name, words));
        return repairs.failures();
    }

    private WorkloadLinks.Repairs repair(Collection<WorkloadInterface> workloads) {
        WorkloadLinks.Repairs repairs = links.repairAll(workloads);
        Set<IpAddress> released = new HashSet<>(repairs.released());
        for (WorkloadInterface workload : workloads) {
            Integer index = repairs.indexes().get(workload.hostName());
            if (index != null) {
                wanted.find(workload.hostName())
                        .ifPresent(entry -> released.addAll(entry.workload().addresses()));
                wanted.put(workload, index);
            }
        }
        for (WorkloadInterface workload : workloads) {
            if (repairs.isAbsent(workload.hostName())) {
                // Whoever is connected by it next has nothing to wait for then.
                conntrack.prepare(wanted.unused(workload.addresses()));
            }
        }
        release(released);
        return repairs;
    }

    @Override
    public void suspendWorkload(String hostName) {
        Collection<IpAddress> addresses = forget(hostName);
        links.suspend(hostName);
        release(addresses);
    }

    @Override
    public void removeWorkload(String hostName) {
        Collection<IpAddress> addresses = forget(hostName);
        links.remove(hostName);
        release(addresses);
    }

    /** From now on the interface's events mean nothing; its addresses. */
    private Collection<IpAddress> forget(String hostName) {
        return wanted.remove(hostName)
                .<Collection<IpAddress>>map(WorkloadInterface::addresses)
                .orElseGet(() -> links.addressesRoutedTo(hostName));
    }

    @Override
    public void applyRoutes(RouteChanges changes) {
        boolean areSuspected = suspicions.takeRoutes();
        tunnelBytes = Tunnels.overheadBytes(changes.tunnels());
        try {
            conntrack.use(changes.routes().keySet());
            routes.apply(changes, areSuspected, this::acceptTunnelFrom);
        } catch (RuntimeException e) {
            if (areSuspected) {
                suspicions.add(again -> again.routes = true);
            }
            throw e;
        }
    }

    @Override
    public Set<String> workloads() {
        return links.present();
    }

    @Override
    public boolean isConnected(String hostName) {
        try {
            return query.isAlive(hostName);
        } catch (NetlinkException e) {
            throw new DataplaneException.Refused(
                    "look for interface", hostName, e.errno(), String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public int workloadMtuBytes() {
        return mtuBytes - tunnelBytes;
    }

    @Override
    public boolean refresh() {
        ensureForwardRule();
        boolean uplinksChanged = lookAtUplinks();
        suspicions.add(found -> {
            found.forwarding = true;
            found.allLinks = true;
            found.routes = true;
        });
        boolean tableIsLost = tableIsLost();
        return uplinksChanged || tableIsLost;
    }

    private boolean lookAtUplinks() {
        Set<String> uplinksNow = links.uplinks();
        boolean changed = !uplinksNow.equals(uplinks);
        uplinks = uplinksNow;
        mtuBytes = links.mtuBytes();
        routes.setUplinks(links.lastLook());
        if (changed && !forwardingIsDue) {
            // What a router needs depends on them.
            links.enableForwarding();
        }
        return changed;
    }

    private boolean tableIsLost() {
        if (nft.tableExists()) {
            return false;
        }
        forgetTable("is gone");
        return true;
    }

    private void forgetTable(String loss) {
        driver.forget();
        tableLoss = loss;
    }

    @Override
    public void onDrift(Runnable listener) {
        watch.onDrift(listener);
    }

    @Override
    public boolean mend() {
        Suspicions.Found found = suspicions.takeHost();
        if (!found.hasHost()) {
            return false;
        }
        try {
            if (found.forwardRule && ensureForwardRule()) {
                LOG.warn("the rule of iptables that lets accepted packets pass was taken away by another program;"
                        + " it is written again");
            }
            boolean uplinksChanged = found.uplinks && lookAtUplinks();
            boolean tableWasChanged = tableWasChanged(found);
            return uplinksChanged || tableWasChanged;
        } catch (RuntimeException e) {
            suspicions.add(again -> again.addHostOf(found));
            throw e;
        }
    }

    private boolean tableWasChanged(Suspicions.Found found) {
        for (Map.Entry<Integer, String> writer : found.tableWriters.entrySet()) {
            if (!nft.isOwn(writer.getKey())) {
                forgetTable("was changed by " + writer.getValue());
                return true;
            }
        }
        // Events are lost in floods, and the largest flood is a table of our own that is made anew.
        return found.tableIsUnknown && tableIsLost();
    }

    @Override
    public void mendWorkloads() {
        Suspicions.Found found = suspicions.takeLinks();
        if (!found.hasLinks()) {
            return;
        }
        try {
            Set<String> names = found.allLinks ? wanted.names() : found.links;
            List<WorkloadInterface> suspected = wanted.find(names);
            if (found.forwarding && !forwardingIsDue && !links.forwards()) {
                links.enableForwarding();
                LOG.warn("forwarding was switched off by another program; it is on again");
            }
            if (!suspected.isEmpty()) {
                mend(suspected);
            }
        } catch (RuntimeException e) {
            suspicions.add(again -> again.addLinksOf(found));
            throw e;
        }
    }

    private void mend(List<WorkloadInterface> suspected) {
        WorkloadLinks.Repairs repairs = repair(suspected);
        for (WorkloadInterface workload : suspected) {
            String name = workload.hostName();
            if (repairs.isAbsent(name) && wanted.setGone(name)) {
                LOG.warn("interface {} was deleted by another program; its workload has no network", name);
            }
        }
        report(repairs.differences());
        for (DataplaneException failure : repairs.failures().values()) {
            throw failure;
        }
    }

    private static void report(Map<String, List<String>> differences) {
        int named = 0;
        for (Map.Entry<String, List<String>> entry : differences.entrySet()) {
            if (named++ == MOST_NAMED) {
                LOG.warn(
                        "{} more interfaces were changed by another program and made right",
                        differences.size() - MOST_NAMED);
                return;
            }
            LOG.warn(
                    "interface {} was changed by another program and made right: {}", entry.getKey(), entry.getValue());
        }
    }

    @Override
    public List<String> problems() {
        List<String> problems = new ArrayList<>(forwardProblems);
        wanted.gone().forEach(name -> problems.add("interface " + name + " was deleted; its workload has no network"));
        conntrack.problem().ifPresent(problems::add);
        problems.addAll(routes.problems());
        return List.copyOf(problems);
    }

    @Override
    public void close() {
        watch.close();
        routes.close();
        conntrack.close();
        query.close();
        links.close();
        nft.close();
    }
}
