package io.calico.libnetwork;

import io.calico.dataplane.Agent;
import io.calico.libnetwork.reconcile.HostLinks;
import java.util.Set;

/** The workload interfaces of this host, in the hands of its agent. Thread-safe. */
final class AgentLinks implements HostLinks {
    private final Agent agent;

    AgentLinks(Agent agent) {
        this.agent = agent;
    }

    @Override
    public Set<String> names() {
        return agent.workloads();
    }

    @Override
    public void remove(String hostName) {
        agent.leave(hostName);
    }
}
