package io.calico.libnetwork.sync;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Keys;
import io.calico.datastore.syncer.SyncStatus;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.datastore.syncer.Syncer;
import io.calico.datastore.syncer.SyncerListener;
import io.calico.libnetwork.engine.EngineListener;
import io.calico.libnetwork.engine.EngineNetwork;
import io.calico.libnetwork.engine.EngineNetworks;
import io.calico.libnetwork.health.NodeStatus;
import io.calico.libnetwork.network.ReplicaGuard;
import io.calico.model.HostNetwork;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps datastore and engine equal in what networks there are. What happens to one network:
 *
 * <pre>
 *   docker network create            on host A: CreateNetwork writes request and profile
 *     ─▶ A: name and details         learnt from A's engine, written under the name; the first of a name has it
 *     ─▶ B: a copy                   POST /networks/create with the canonical id as an option, so that B's CreateNetwork
 *                                    writes only which network it is
 *   docker network rm                on any host: DeleteNetwork marks the name's record as removed
 *     ─▶ others: removed             DELETE /networks/ID, as soon as no container is connected
 *     ─▶ the last one                deletes name, profile and request
 * </pre>
 *
 * <p>Each round looks at everything and does what is missing, so lost events, crashes at any point and hosts that were away
 * need nothing special. Rounds follow changes of the datastore, the engine's events, and failures; else they come once a
 * minute. A network that an engine lost while nobody listened is made again rather than removed everywhere: an engine with
 * a fresh data folder must not take an operator's rules with it.
 *
 * <p>With an engine that spreads networks itself (scope global), with a datastore of one host, or when switched off, only
 * names and details are learnt. Thread-safe; works on a thread of its own, {@code calico-networks-1}.
 */
public final class NetworkSync implements EngineListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkSync.class);
    private static final Duration PERIOD = Duration.ofMinutes(1);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    /** Every so many undisturbed rounds also end what other hosts should have ended. */
    private static final int THOROUGH_EVERY = 10;

    private final CalicoStore store;
    private final EngineNetworks engine;
    private final NetworkSyncOptions options;
    private final NetworkNames names;
    private final Replicas replicas;
    private final ReplicaGuard driver;
    private final @Nullable Syncer syncer;
    private final Semaphore wanted = new Semaphore(0);
    private final Thread thread = new Thread(this::run, "calico-networks-1");
    private volatile boolean closed;
    private volatile boolean connected;
    private volatile boolean isNewEngine;
    private volatile Runnable engineListed = () -> {};
    private volatile SyncProblems problems = new SyncProblems();
    private volatile List<String> notes = List.of();

    // The rest is confined to the thread.
    private boolean spreads;
    private boolean failing;
    private Duration pause = FIRST_PAUSE;
    private int undisturbed;

    /**
     * Does no I/O.
     *
     * @param driver is told which copies are being made
     */
    public NetworkSync(CalicoStore store, EngineNetworks engine, ReplicaGuard driver, NetworkSyncOptions options) {
        this.store = store;
        this.engine = engine;
        this.options = options;
        this.names = new NetworkNames(store, options.host());
        this.replicas = new Replicas(store, engine, driver);
        this.driver = driver;
        this.syncer = options.isShared()
                ? new Syncer(store.datastore(), List.of(Keys.NETWORK_NAMES), new DatastoreListener())
                : null;
        this.thread.setDaemon(true);
    }

    /** Begins; the first round comes when an engine answers. Once. */
    public void start() {
        thread.start();
        if (syncer != null) {
            syncer.start();
        }
    }

    /**
     * Has something run each time the networks of an engine that was not there before have been learnt, on this object's
     * thread; it must not block. To be set before {@link #start}.
     */
    public void whenListed(Runnable action) {
        engineListed = action;
    }

    /** What stands in the way of networks being the same everywhere. Does not block. */
    public List<NodeStatus.Problem> problems() {
        return problems.all();
    }

    /** What an operator may want to know of the engine, one line each. Does not block. */
    public List<String> notes() {
        return notes;
    }

    @Override
    public void connected() {
        isNewEngine = true;
        connected = true;
        lookSoon();
    }

    /** Until there is one again it is not asked anything: under systemd that would start it. */
    @Override
    public void disconnected() {
        connected = false;
        problems = new SyncProblems();
        notes = List.of();
    }

    @Override
    public void networksChanged() {
        lookSoon();
    }

    @Override
    public void containersChanged() {
        if (problems.waitsForContainers()) {
            lookSoon();
        }
    }

    private final class DatastoreListener implements SyncerListener {
        @Override
        public void onStatus(SyncStatus status) {
            if (status == SyncStatus.IN_SYNC) {
                lookSoon();
            }
        }

        @Override
        public void onUpdates(List<SyncUpdate> updates, long revision) {
            if (!updates.isEmpty()) {
                lookSoon();
            }
        }
    }

    private void lookSoon() {
        if (wanted.availablePermits() == 0) {
            wanted.release();
        }
    }

    private void run() {
        try {
            wanted.acquire();
            while (!closed) {
                wanted.drainPermits();
                Duration untilNext = connected ? round() : PERIOD;
                boolean asked = wanted.tryAcquire(jittered(untilNext), TimeUnit.MILLISECONDS);
                undisturbed = asked ? undisturbed : undisturbed + 1;
            }
        } catch (InterruptedException e) {
            LOG.debug("closed");
        }
    }

    /** Hosts must not keep step. */
    private static long jittered(Duration duration) {
        long millis = duration.toMillis();
        return millis - millis / 10 + ThreadLocalRandom.current().nextLong(millis / 5 + 1);
    }

    /** How long until the next, if nothing asks for one. */
    private Duration round() {
        SyncProblems found = new SyncProblems();
        boolean wasNew = isNewEngine;
        try {
            if (wasNew) {
                isNewEngine = false;
                meet(engine.kind());
            }
            look(found);
            failing = false;
        } catch (IOException | RuntimeException e) {
            if (wasNew) {
                isNewEngine = true;
            }
            return failed(e);
        }
        found.notIn(problems).forEach(text -> LOG.warn("{}", text));
        problems = found;
        if (wasNew) {
            engineListed.run();
        }
        if (found.isEmpty()) {
            pause = FIRST_PAUSE;
            return PERIOD;
        }
        return longerPause();
    }

    private void meet(EngineNetworks.Kind kind) {
        boolean isGlobal = options.scope().equals("global") || options.scope().equals("auto") && kind.hasClusterStore();
        spreads = options.isOn() && options.isShared() && !isGlobal;
        LOG.info("networks are {} between this host's Docker engine and others'", spreads ? "spread" : "not spread");
        notes = kind.isInSwarm()
                ? List.of(
                        "this Docker engine is in swarm mode: swarm services cannot use calico networks, for Docker lets"
                                + " them have managed plugins only; containers can")
                : List.of();
    }

    private void look(SyncProblems found) throws IOException {
        driver.retryDeletions();
        // Before the engine is asked: what is known and not there then is gone.
        Map<String, HostNetwork> known = store.networks().ofHost(options.host());
        List<EngineNetwork> all = engine.list();
        List<EngineNetwork> ours = all.stream()
                .filter(network -> network.driver().equals(engine.driver()))
                .toList();
        names.update(known, ours, spreads, found);
        if (spreads) {
            boolean thorough = undisturbed >= THOROUGH_EVERY;
            undisturbed = thorough ? 0 : undisturbed;
            replicas.update(all, thorough, found);
        }
    }

    private Duration failed(Exception e) {
        if (!closed && !failing) {
            LOG.warn("cannot compare Docker's networks with the datastore's; trying again: {}", e.toString());
        }
        failing = true;
        return longerPause();
    }

    private Duration longerPause() {
        Duration now = pause;
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(PERIOD) > 0 ? PERIOD : doubled;
        return now;
    }

    /** Ends the thread, after the step that it is at; less than a second. Idempotent. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        Optional.ofNullable(syncer).ifPresent(Syncer::close);
        try {
            thread.join(900);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
