package io.calico.libnetwork;

import io.calico.dataplane.Agent;
import io.calico.dataplane.WorkloadInterface;
import io.calico.libnetwork.network.Workloads;
import io.calico.model.EndpointKey;
import java.time.Duration;
import java.util.function.Predicate;

/** The workloads of this host, in the hands of its agent. Thread-safe. */
final class AgentWorkloads implements Workloads {
    private final Agent agent;
    private final Predicate<String> present;

    /**
     * @param present whether an interface of that name exists on the host; asked on any thread
     */
    AgentWorkloads(Agent agent, Predicate<String> present) {
        this.agent = agent;
        this.present = present;
    }

    @Override
    public void join(EndpointKey key, WorkloadInterface workload, long endpointRevision, Duration deadline) {
        agent.join(key, workload, endpointRevision, deadline);
    }

    @Override
    public void leave(String hostName) {
        agent.leave(hostName);
    }

    @Override
    public boolean isPresent(String hostName) {
        return present.test(hostName);
    }

    @Override
    public int mtuBytes() {
        return agent.workloadMtuBytes();
    }
}
