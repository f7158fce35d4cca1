package io.calico.libnetwork.reconcile;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.StoredEndpoint;
import io.calico.ipam.AddressInfo;
import io.calico.ipam.BlockAllocator;
import io.calico.libnetwork.engine.EngineSnapshot;
import io.calico.libnetwork.network.EndpointRecords;
import io.calico.model.net.Cidr;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the engine, the kernel and the datastore, and removes from kernel and datastore what is left over on this host.
 *
 * <p>What goes wrong in the field and what happens then. The engine is not there, is starting, or breaks off an answer:
 * nothing is mended. A container is being started or stopped, so that two of the three disagree: what looks wrong must do
 * so at every look for {@link ReconcilerOptions#minimumAge}, under the same run of the engine; and each mending is a write
 * on the condition that nothing has changed. A record cannot be read: what it may stand for is left alone. Two processes
 * look at once: they take turns.
 *
 * <p>Calls block for as long as engine, kernel and datastore take. Thread-safe.
 */
public final class Reconciler {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    private static final Duration TURN = Duration.ofSeconds(60);
    private static final Duration EVERYWHERE = Duration.ofHours(1);

    private final CalicoStore store;
    private final BlockAllocator allocator;
    private final EndpointRecords records;
    private final HostLinks links;
    private final EngineView engine;
    private final ReconcilerOptions options;
    private final Consumer<StoredEndpoint> removed;
    private final FirstSeen firstSeen;
    private final LongSupplier nanoTime;
    private final Clock clock;

    /** Blocks of others in which this host had addresses when all were read last; these three are guarded by the turn. */
    private Set<Cidr> borrowedFrom = Set.of();

    private boolean readEverywhere;
    private long readEverywhereAt;

    /** How a look is done. */
    public enum Mode {
        /** Mend what has been seen for long enough. */
        MEND,
        /** As an operator's command: also what was written long enough ago, by the writer's clock. */
        MEND_BY_CLOCK,
        /** Change nothing. */
        LOOK
    }

    /**
     * Does no I/O.
     *
     * @param removed told of each endpoint that was removed
     */
    public Reconciler(
            CalicoStore store,
            BlockAllocator allocator,
            HostLinks links,
            EngineView engine,
            ReconcilerOptions options,
            Consumer<StoredEndpoint> removed) {
        this(store, allocator, links, engine, options, removed, System::nanoTime, Clock.systemUTC());
    }

    Reconciler(
            CalicoStore store,
            BlockAllocator allocator,
            HostLinks links,
            EngineView engine,
            ReconcilerOptions options,
            Consumer<StoredEndpoint> removed,
            LongSupplier nanoTime,
            Clock clock) {
        this.store = store;
        this.allocator = allocator;
        this.records = new EndpointRecords(store, allocator, options.host());
        this.links = links;
        this.engine = engine;
        this.options = options;
        this.removed = removed;
        this.firstSeen = new FirstSeen(options.runDirectory().resolve("leftovers"), nanoTime);
        this.nanoTime = nanoTime;
        this.clock = clock;
    }

    /**
     * Looks once.
     *
     * @throws RuntimeException if datastore or kernel cannot be read; nothing was mended
     */
    public Report look(Mode mode) throws InterruptedException {
        RoundLock turn = RoundLock.take(options.runDirectory().resolve("reconcile.lock"), TURN);
        try {
            return inTurn(mode);
        } finally {
            turn.close();
        }
    }

    private Report inTurn(Mode mode) {
        Optional<EngineSnapshot> snapshot = Optional.empty();
        Optional<String> incomplete = Optional.empty();
        try {
            snapshot = engine.look();
            if (snapshot.isEmpty()) {
                incomplete = Optional.of("no Docker engine runs");
            }
        } catch (IOException e) {
            incomplete = Optional.of(String.valueOf(e.getMessage()));
        }
        List<Suspect> suspects = suspects(snapshot, mode != Mode.MEND);
        firstSeen.begin();
        List<Finding> findings = new ArrayList<>();
        for (Suspect suspect : suspects) {
            findings.add(settle(suspect, incomplete.isEmpty() ? mode : Mode.LOOK, mode));
        }
        firstSeen.end();
        return new Report(findings, incomplete);
    }

    private List<Suspect> suspects(Optional<EngineSnapshot> snapshot, boolean everywhere) {
        HostState state = new HostState(options.host(), snapshot, addresses(everywhere), store, links);
        List<Suspect> found = new ArrayList<>();
        Set<String> networkIds = Set.copyOf(store.networks().requestIds());
        new EndpointRules(state, networkIds, records, allocator, links, removed).find(found::add);
        new AddressRules(state, store, allocator).find(found::add);
        snapshot.ifPresent(s -> new NetworkRules(options.host(), store, s).find(found::add));
        state.endpoints()
                .damaged()
                .forEach(record ->
                        found.add(Suspect.reported("record " + record.key(), String.valueOf(record.getMessage()))
                                .atOnce()));
        return found;
    }

    /**
     * Those whose owner names this host. In the blocks of all hosts only from time to time: a cluster of a thousand hosts in
     * which each reads all blocks every minute would do little else. In between, in the blocks that had some.
     */
    private List<AddressInfo> addresses(boolean everywhere) {
        long now = nanoTime.getAsLong();
        if (!everywhere && readEverywhere && now - readEverywhereAt < EVERYWHERE.toNanos()) {
            return allocator.addressesOwnedOn(options.host(), borrowedFrom);
        }
        List<AddressInfo> addresses = allocator.addressesOwnedOn(options.host());
        borrowedFrom = addresses.stream()
                .filter(address -> !address.blockHost().equals(Optional.of(options.host())))
                .map(AddressInfo::block)
                .collect(Collectors.toUnmodifiableSet());
        readEverywhere = true;
        readEverywhereAt = now;
        return addresses;
    }

    private Finding settle(Suspect suspect, Mode mode, Mode asked) {
        Duration seen = firstSeen.seen(suspect.identity());
        if (suspect.waits() && !isOld(suspect, seen, asked)) {
            return new Finding(
                    Finding.State.YOUNG,
                    suspect.text() + "; seen for " + seen.toSeconds()
                            + " s, so it may be a container that is being started or stopped");
        }
        Runnable mend = suspect.mend();
        if (mend == null) {
            return new Finding(Finding.State.REPORTED, suspect.text());
        }
        return mode == Mode.LOOK ? new Finding(Finding.State.TO_MEND, suspect.text()) : mended(suspect, mend);
    }

    private boolean isOld(Suspect suspect, Duration seen, Mode mode) {
        boolean byClock = mode != Mode.MEND
                && suspect.notYoungerThan()
                        .map(time -> Duration.between(time, clock.instant()))
                        .filter(age -> age.compareTo(options.minimumAge()) >= 0)
                        .isPresent();
        return byClock || seen.compareTo(options.minimumAge()) >= 0;
    }

    private static Finding mended(Suspect suspect, Runnable mend) {
        try {
            mend.run();
            LOG.info("mended: {}: {}", suspect.text(), suspect.done());
            return new Finding(Finding.State.MENDED, suspect.text() + ": " + suspect.done());
        } catch (RuntimeException e) {
            LOG.warn("could not mend: {}: {}", suspect.text(), e.toString());
            return new Finding(Finding.State.TO_MEND, suspect.text() + "; it could not be mended: " + e.getMessage());
        }
    }
}
