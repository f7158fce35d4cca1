package io.calico.libnetwork.health;

import io.calico.dataplane.Agent;
import io.calico.dataplane.AgentStatus;
import io.calico.datastore.Keys;
import io.calico.datastore.spi.Datastore;
import io.calico.datastore.spi.DatastoreException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Looks at the parts of a running node. A look reads one record of the datastore and connects to the plugin's own socket, so
 * it tells what an engine or a command would meet now. Thread-safe; blocks for some seconds if the datastore does not answer.
 */
public final class NodeHealth {
    private final String host;
    private final String version;
    private final Datastore datastore;
    private final Agent agent;
    private volatile Optional<Path> pluginSocket = Optional.empty();
    private volatile Optional<Supplier<NodeStatus.Engine>> engine = Optional.empty();
    private volatile Supplier<List<String>> differences = List::of;
    private volatile Supplier<List<NodeStatus.Problem>> networks = List::of;
    private volatile Supplier<List<String>> notes = List::of;
    private volatile Optional<Supplier<String>> nodes = Optional.empty();
    private volatile Supplier<Optional<String>> liveness = Optional::empty;

    /**
     * Does no I/O.
     *
     * @param host this host's name in the datastore
     * @param version of the daemon
     */
    public NodeHealth(String host, String version, Datastore datastore, Agent agent) {
        this.host = host;
        this.version = version;
        this.datastore = datastore;
        this.agent = agent;
    }

    /** From now on the plugin is expected to answer there, to an engine that is looked at with the supplier. */
    public void expectPlugin(Path socket, Supplier<NodeStatus.Engine> dockerEngine) {
        pluginSocket = Optional.of(socket);
        engine = Optional.of(dockerEngine);
    }

    /** From now on also tells in what Docker, the kernel and the datastore differ, one line each; the supplier must not block. */
    public void expectReconciler(Supplier<List<String>> found) {
        differences = found;
    }

    /**
     * From now on also tells what stands in the way of networks being the same on all hosts, and what an operator may want
     * to know of the engine; the suppliers must not block.
     */
    public void expectNetworks(Supplier<List<NodeStatus.Problem>> found, Supplier<List<String>> ofEngine) {
        networks = found;
        notes = ofEngine;
    }

    /**
     * From now on also tells of the other hosts.
     *
     * @param summary one line; may block and fail as the datastore does
     * @param ofThisHost what is wrong with this host's own sign of life; must not block
     */
    public void expectNodes(Supplier<String> summary, Supplier<Optional<String>> ofThisHost) {
        nodes = Optional.of(summary);
        liveness = ofThisHost;
    }

    /** Whether the daemon can go on; if not, only a restart helps. Does not block. */
    public boolean isAlive() {
        return agent.isAlive();
    }

    /** Looks at everything. */
    public NodeStatus status() {
        AgentStatus policy = agent.status();
        List<NodeStatus.Problem> problems = new ArrayList<>();
        List<String> remarks = new ArrayList<>(notes.get());
        addPolicy(policy, problems);
        if (addDatastore(problems)) {
            addNodes(remarks);
        }
        liveness.get()
                .ifPresent(text -> problems.add(new NodeStatus.Problem(
                        text, "stop one of the two, and start it with a name of its own", false)));
        pluginSocket
                .flatMap(PluginProbe::whyNot)
                .ifPresent(reason -> problems.add(blocking(
                        "the Docker plugin does not answer: " + reason,
                        "restart the node: calicoctl node --libnetwork")));
        Optional<NodeStatus.Engine> docker = engine.map(Supplier::get);
        docker.filter(e -> e.state().equals("silent"))
                .ifPresent(e -> problems.add(new NodeStatus.Problem(
                        "the Docker engine at " + e.socket() + " seems to run, but does not answer",
                        "see: systemctl status docker",
                        false)));
        policy.problems()
                .forEach(text -> problems.add(new NodeStatus.Problem(
                        text,
                        "containers may not be reached until this is mended; the node looks again once a minute",
                        false)));
        problems.addAll(networks.get());
        differences
                .get()
                .forEach(text -> problems.add(new NodeStatus.Problem(
                        text,
                        "for all that was found, and to mend what can be: calicoctl node check [--repair]",
                        false)));
        return new NodeStatus(
                version,
                host,
                policy.inSync() && agent.isAlive(),
                agent.inSyncChangedAt().toString(),
                policy.endpoints(),
                policy.revision(),
                WithoutPassword.uri(datastore.originUri()),
                pluginSocket.map(Path::toString),
                docker,
                remarks,
                problems.stream().map(NodeHealth::onOneLine).toList());
    }

    private void addPolicy(AgentStatus policy, List<NodeStatus.Problem> problems) {
        if (!agent.isAlive()) {
            problems.add(blocking(
                    "the agent has ended by an error of its own; policy stays as it was",
                    "restart the node (calicoctl node …) and report the error that the log shows"));
        } else if (policy.lastError().isPresent()) {
            problems.add(blocking(
                    "this host could not be made right, " + policy.applyFailures() + " times in a row: "
                            + policy.lastError().get(),
                    "it is tried again; if it stays, see the log and: calicoctl diags"));
        } else if (!policy.inSync()) {
            problems.add(blocking(
                    policy.revision() == 0
                            ? "no whole snapshot of the datastore was read yet"
                            : "the datastore cannot be followed; the policy that was read last stays in force",
                    "see that the datastore can be reached"));
        }
    }

    private void addNodes(List<String> remarks) {
        try {
            nodes.ifPresent(summary -> remarks.add(summary.get()));
        } catch (DatastoreException e) {
            remarks.add("other nodes cannot be told: " + e.getMessage());
        }
    }

    /** Whether it answers. */
    private boolean addDatastore(List<NodeStatus.Problem> problems) {
        try {
            if (datastore.get(Keys.READY).isEmpty()) {
                problems.add(new NodeStatus.Problem(
                        "the datastore is not set up any more: it has no " + Keys.READY,
                        "restart the node: calicoctl node …",
                        false));
            }
            return true;
        } catch (DatastoreException e) {
            problems.add(blocking(
                    "the datastore does not answer: " + e.getMessage(),
                    "see that it can be reached; running containers keep their network and policy meanwhile"));
            return false;
        }
    }

    private static NodeStatus.Problem blocking(String text, String remedy) {
        return new NodeStatus.Problem(text, remedy, true);
    }

    private static NodeStatus.Problem onOneLine(NodeStatus.Problem problem) {
        return new NodeStatus.Problem(
                problem.text().replaceAll("\\s*\\R\\s*", " "), problem.remedy(), problem.blocking());
    }
}
