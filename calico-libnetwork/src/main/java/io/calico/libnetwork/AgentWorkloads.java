package io.calico.libnetwork;

import io.calico.dataplane.Agent;
import io.calico.dataplane.WorkloadInterface;
import io.calico.libnetwork.network.Workloads;
import io.calico.model.EndpointKey;
import java.time.Duration;

/** The workloads of this host, in the hands of its agent. Thread-safe. */
final class AgentWorkloads implements Workloads {
    private final Agent agent;

    AgentWorkloads(Agent agent) {
        this.agent = agent;
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
        return agent.isConnected(hostName);
    }

    @Override
    public int mtuBytes() {
        return agent.workloadMtuBytes();
    }
}
