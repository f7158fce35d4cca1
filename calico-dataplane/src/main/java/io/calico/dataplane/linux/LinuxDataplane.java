package io.calico.dataplane.linux;

import io.calico.dataplane.Dataplane;
import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.iptables.ForwardAcceptRule;
import io.calico.dataplane.linux.netlink.NetlinkException;
import io.calico.dataplane.linux.nft.NftKernel;
import io.calico.dataplane.linux.nft.NftPolicyDriver;
import io.calico.dataplane.linux.nft.NftProcess;
import io.calico.dataplane.linux.nft.TableContent;
import io.calico.model.net.IpAddress;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * The dataplane of this Linux host, in the network namespace of the thread that opened it.
 *
 * <pre>
 *   policy     ─▶ NftPolicyDriver     table inet calico
 *   workloads  ─▶ WorkloadLinks       veth pairs, addresses, routes, settings of the host
 *   refresh    ─▶ ForwardAcceptRule   the rule that lets accepted packets pass Docker's filter
 * </pre>
 */
public final class LinuxDataplane implements Dataplane {
    private final WorkloadLinks links;
    private final NftKernel nft;
    private final NftPolicyDriver driver;
    private Set<String> uplinks;
    /** Whether the next workload should see to it that this host is a router: a look at all links, too much for each. */
    private boolean forwardingIsDue = true;

    private volatile List<String> problems = List.of();
    private volatile int mtuBytes;

    private LinuxDataplane(WorkloadLinks links, NftKernel nft) {
        this.links = links;
        this.nft = nft;
        this.driver = new NftPolicyDriver(nft);
        this.uplinks = links.uplinks();
        this.mtuBytes = links.mtuBytes();
    }

    /**
     * Connects to the kernel and prepares Docker's filter for accepted packets. Should be done before Docker's daemon
     * starts. Policy and workloads are left as they are.
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
        WorkloadLinks links = WorkloadLinks.open(nodeAddresses);
        try {
            LinuxDataplane dataplane = new LinuxDataplane(links, nft);
            dataplane.problems = ForwardAcceptRule.ensure();
            return dataplane;
        } catch (RuntimeException e) {
            links.close();
            throw e;
        }
    }

    /**
     * Takes everything of ours from this host: workload interfaces with their routes, the table, the rule in Docker's
     * filter. Forwarding stays on. For a host that stops being a node, with no agent running. Goes on where something cannot
     * be removed.
     *
     * @return what could not be removed, in words for an operator; empty if nothing is left
     */
    public static List<String> removeEverything() {
        List<String> problems = new ArrayList<>();
        try (WorkloadLinks links = WorkloadLinks.open(List.of())) {
            for (String name : links.present()) {
                attempt(() -> links.remove(name), problems);
            }
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
        driver.apply(TableContent.of(policy, toHost, uplinks));
    }

    @Override
    public void addWorkload(WorkloadInterface workload) {
        enableForwarding();
        links.add(workload);
    }

    @Override
    public boolean repairWorkload(WorkloadInterface workload) {
        enableForwarding();
        return links.repair(workload);
    }

    private void enableForwarding() {
        if (forwardingIsDue) {
            links.enableForwarding();
            forwardingIsDue = false;
        }
    }

    @Override
    public void suspendWorkload(String hostName) {
        links.suspend(hostName);
    }

    @Override
    public void removeWorkload(String hostName) {
        links.remove(hostName);
    }

    @Override
    public Set<String> workloads() {
        return links.present();
    }

    @Override
    public int workloadMtuBytes() {
        return mtuBytes;
    }

    @Override
    public boolean refresh() {
        problems = ForwardAcceptRule.ensure();
        Set<String> uplinksNow = links.uplinks();
        int mtuNow = links.mtuBytes();
        boolean tableIsLost = !nft.tableExists();
        // Only now, when nothing can fail any more: what is remembered must not hide a difference from the next look.
        boolean uplinksChanged = !uplinksNow.equals(uplinks);
        uplinks = uplinksNow;
        forwardingIsDue = true;
        mtuBytes = mtuNow;
        if (tableIsLost) {
            driver.forget();
        } else {
            driver.removeUnused();
        }
        return uplinksChanged || tableIsLost;
    }

    @Override
    public List<String> problems() {
        return problems;
    }

    @Override
    public void close() {
        links.close();
        nft.close();
    }
}
