package io.calico.dataplane.recording;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.dataplane.Dataplane;
import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.routes.OwnTunnels;
import io.calico.dataplane.routes.Peer;
import io.calico.dataplane.routes.RouteChanges;
import io.calico.dataplane.routes.WantedRoute;
import io.calico.model.net.Cidr;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what was asked for and behaves as a host would: policy is whole or unchanged, an interface is there or not, up
 * or down, and carries traffic only if it is up and policy knows it. Strict: calls after {@link #close}, and calls from two
 * threads, are an {@link IllegalStateException}. Failures are injected with {@link #failNext}.
 *
 * <p>What a test asks may be asked from any thread.
 */
public final class RecordingDataplane implements Dataplane {
    /** What a dataplane is asked to do. */
    public enum Operation {
        APPLY,
        ADD,
        REPAIR,
        SUSPEND,
        REMOVE,
        ROUTES,
        LIST,
        MEND,
        REFRESH
    }

    /**
     * An interface on the host.
     *
     * @param workload what it was made or repaired for; empty if it was found on the host
     * @param isUp whether it is up, with its routes
     */
    public record Interface(Optional<WorkloadInterface> workload, boolean isUp) {}

    private final Object lock = new Object();

    @GuardedBy("lock")
    private Optional<CompiledPolicy> policy = Optional.empty();

    @GuardedBy("lock")
    private EndpointToHostAction toHost = EndpointToHostAction.RETURN;

    @GuardedBy("lock")
    private final SortedMap<String, Interface> interfaces = new TreeMap<>();

    @GuardedBy("lock")
    private final List<String> journal = new ArrayList<>();

    @GuardedBy("lock")
    private final Map<Operation, Integer> failures = new EnumMap<>(Operation.class);

    @GuardedBy("lock")
    private final Map<Operation, Runnable> before = new EnumMap<>(Operation.class);

    @GuardedBy("lock")
    private final List<String> problems = new ArrayList<>();

    @GuardedBy("lock")
    private final SortedMap<Cidr, WantedRoute> routes = new TreeMap<>();

    @GuardedBy("lock")
    private final SortedMap<String, Peer> peers = new TreeMap<>();

    @GuardedBy("lock")
    private OwnTunnels tunnels = OwnTunnels.NONE;

    @GuardedBy("lock")
    private boolean policyWasLost;

    @GuardedBy("lock")
    private boolean driftWasTold;

    /** Set down by another program. */
    @GuardedBy("lock")
    private final Set<String> changedInterfaces = new TreeSet<>();

    @GuardedBy("lock")
    private @Nullable Runnable listener;

    @GuardedBy("lock")
    private boolean closed;

    @GuardedBy("lock")
    private @Nullable Thread user;

    /** A host without policy and interfaces. */
    public RecordingDataplane() {}

    /** The next {@code count} calls of that kind are refused and change nothing. */
    public void failNext(Operation operation, int count) {
        synchronized (lock) {
            failures.put(operation, count);
        }
    }

    /** Runs the action in the middle of the next call of that kind, on its thread, before anything changes. */
    public void beforeNext(Operation operation, Runnable action) {
        synchronized (lock) {
            before.put(operation, action);
        }
    }

    /** An interface is there that a former process made. */
    public void plantInterface(String hostName) {
        synchronized (lock) {
            interfaces.put(hostName, new Interface(Optional.empty(), true));
        }
    }

    /** Another program destroys the policy; the next refresh notices it. */
    public void losePolicy() {
        synchronized (lock) {
            policy = Optional.empty();
            policyWasLost = true;
        }
    }

    /** Another program destroys the policy, and the host tells of it. */
    public void losePolicyLoudly() {
        losePolicy();
        tellOfDrift();
    }

    /** Another program sets the interface down, and the host tells of it. */
    public void setDownByAnotherProgram(String hostName) {
        synchronized (lock) {
            interfaces.computeIfPresent(hostName, (name, state) -> new Interface(state.workload(), false));
            changedInterfaces.add(hostName);
        }
        tellOfDrift();
    }

    private void tellOfDrift() {
        Runnable told;
        synchronized (lock) {
            driftWasTold = true;
            told = listener;
        }
        if (told != null) {
            told.run();
        }
    }

    /** From now on {@link #problems} has this line, too. */
    public void addProblem(String problem) {
        synchronized (lock) {
            problems.add(problem);
        }
    }

    /** The policy that is enforced; empty before the first. */
    public Optional<CompiledPolicy> policy() {
        synchronized (lock) {
            return policy;
        }
    }

    /** What packets from workloads to the host meet. */
    public EndpointToHostAction toHost() {
        synchronized (lock) {
            return toHost;
        }
    }

    /** A copy of all interfaces, by name. */
    public SortedMap<String, Interface> interfaces() {
        synchronized (lock) {
            return new TreeMap<>(interfaces);
        }
    }

    /** A copy of the routes that are wanted, by destination. */
    public SortedMap<Cidr, WantedRoute> routes() {
        synchronized (lock) {
            return new TreeMap<>(routes);
        }
    }

    /** A copy of what is known of the other hosts, by name. */
    public SortedMap<String, Peer> peers() {
        synchronized (lock) {
            return new TreeMap<>(peers);
        }
    }

    /** The tunnels that are wanted. */
    public OwnTunnels tunnels() {
        synchronized (lock) {
            return tunnels;
        }
    }

    /** The names of the interfaces that carry traffic: up, and known to policy. */
    public Set<String> liveInterfaces() {
        synchronized (lock) {
            Set<String> live = new TreeSet<>();
            interfaces.forEach((name, state) -> {
                if (state.isUp()
                        && policy.isPresent()
                        && policy.get().endpoints().containsKey(name)) {
                    live.add(name);
                }
            });
            return live;
        }
    }

    /** The calls so far that succeeded and may have changed something, for instance {@code add cali1}, oldest first. */
    public List<String> journal() {
        synchronized (lock) {
            return List.copyOf(journal);
        }
    }

    private void begin(Operation operation, String object) {
        Runnable action;
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the dataplane is closed");
            }
            if (user == null) {
                user = Thread.currentThread();
            } else if (user != Thread.currentThread()) {
                throw new IllegalStateException("used by " + user + " and " + Thread.currentThread());
            }
            action = before.remove(operation);
        }
        if (action != null) {
            action.run();
        }
        synchronized (lock) {
            int left = failures.getOrDefault(operation, 0);
            if (left > 0) {
                failures.put(operation, left - 1);
                throw new DataplaneException.Refused(nameOf(operation), object, 0, "injected failure", null);
            }
        }
    }

    @GuardedBy("lock")
    private void record(Operation operation, String object) {
        journal.add(nameOf(operation) + " " + object);
    }

    private static String nameOf(Operation operation) {
        return operation.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void applyPolicy(CompiledPolicy newPolicy, EndpointToHostAction newToHost) {
        begin(Operation.APPLY, "policy");
        synchronized (lock) {
            policy = Optional.of(newPolicy);
            toHost = newToHost;
            record(Operation.APPLY, "policy");
        }
    }

    @Override
    public void addWorkload(WorkloadInterface workload) {
        begin(Operation.ADD, workload.hostName());
        synchronized (lock) {
            interfaces.put(workload.hostName(), new Interface(Optional.of(workload), true));
            record(Operation.ADD, workload.hostName());
        }
    }

    @Override
    public Map<String, DataplaneException> repairWorkloads(Collection<WorkloadInterface> workloads) {
        Map<String, DataplaneException> refused = new TreeMap<>();
        for (WorkloadInterface workload : workloads) {
            String name = workload.hostName();
            try {
                begin(Operation.REPAIR, name);
            } catch (DataplaneException e) {
                refused.put(name, e);
                continue;
            }
            synchronized (lock) {
                if (interfaces.containsKey(name)) {
                    interfaces.put(name, new Interface(Optional.of(workload), true));
                    record(Operation.REPAIR, name);
                }
            }
        }
        return refused;
    }

    @Override
    public void suspendWorkload(String hostName) {
        begin(Operation.SUSPEND, hostName);
        synchronized (lock) {
            Interface present = interfaces.get(hostName);
            if (present != null) {
                interfaces.put(hostName, new Interface(present.workload(), false));
                record(Operation.SUSPEND, hostName);
            }
        }
    }

    @Override
    public void removeWorkload(String hostName) {
        begin(Operation.REMOVE, hostName);
        synchronized (lock) {
            if (interfaces.remove(hostName) != null) {
                record(Operation.REMOVE, hostName);
            }
        }
    }

    @Override
    public void applyRoutes(RouteChanges changes) {
        boolean hasNews = !changes.routes().isEmpty() || !changes.peers().isEmpty();
        synchronized (lock) {
            hasNews |= !changes.tunnels().equals(tunnels);
        }
        if (!hasNews) {
            return;
        }
        begin(Operation.ROUTES, "host");
        synchronized (lock) {
            putAll(changes.routes(), routes);
            putAll(changes.peers(), peers);
            tunnels = changes.tunnels();
            record(Operation.ROUTES, "host");
        }
    }

    private static <K, V> void putAll(Map<K, Optional<V>> changes, Map<K, V> all) {
        changes.forEach((key, value) -> value.ifPresentOrElse(now -> all.put(key, now), () -> all.remove(key)));
    }

    @Override
    public Set<String> workloads() {
        begin(Operation.LIST, "interfaces");
        synchronized (lock) {
            return new TreeSet<>(interfaces.keySet());
        }
    }

    @Override
    public boolean isConnected(String hostName) {
        synchronized (lock) {
            return interfaces.containsKey(hostName);
        }
    }

    @Override
    public int workloadMtuBytes() {
        return 1500;
    }

    @Override
    public boolean refresh() {
        begin(Operation.REFRESH, "host");
        synchronized (lock) {
            boolean wasLost = policyWasLost;
            policyWasLost = false;
            record(Operation.REFRESH, "host");
            return wasLost;
        }
    }

    @Override
    public void onDrift(Runnable newListener) {
        synchronized (lock) {
            listener = newListener;
        }
    }

    @Override
    public boolean mend() {
        synchronized (lock) {
            if (!driftWasTold) {
                return false;
            }
        }
        begin(Operation.MEND, "host");
        synchronized (lock) {
            driftWasTold = false;
            boolean wasLost = policyWasLost;
            policyWasLost = false;
            record(Operation.MEND, "host");
            return wasLost;
        }
    }

    @Override
    public void mendWorkloads() {
        Set<String> names;
        synchronized (lock) {
            names = new TreeSet<>(changedInterfaces);
        }
        for (String name : names) {
            begin(Operation.MEND, name);
            synchronized (lock) {
                changedInterfaces.remove(name);
                Interface present = interfaces.get(name);
                if (present != null && present.workload().isPresent()) {
                    interfaces.put(name, new Interface(present.workload(), true));
                    record(Operation.MEND, name);
                }
            }
        }
    }

    @Override
    public List<String> problems() {
        synchronized (lock) {
            return List.copyOf(problems);
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
        }
    }
}
