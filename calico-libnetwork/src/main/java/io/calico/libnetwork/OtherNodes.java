package io.calico.libnetwork;

import io.calico.datastore.CalicoStore;
import io.calico.datastore.Keys;
import io.calico.datastore.StoreKey;
import io.calico.datastore.syncer.SyncStatus;
import io.calico.datastore.syncer.SyncUpdate;
import io.calico.datastore.syncer.Syncer;
import io.calico.datastore.syncer.SyncerListener;
import io.calico.model.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** Which other hosts there are, and since when some have not been alive, as far as this daemon has seen it. Thread-safe. */
final class OtherNodes implements AutoCloseable {
    private static final int NAMED = 10;

    private final CalicoStore store;
    private final String host;
    private final LongSupplier nanoTime;
    /** Host to when its sign of life was seen to vanish. */
    private final Map<String, Long> lostAt = new ConcurrentHashMap<>();

    private final Syncer syncer;

    /** Does no I/O. */
    OtherNodes(CalicoStore store, String host) {
        this(store, host, System::nanoTime);
    }

    OtherNodes(CalicoStore store, String host, LongSupplier nanoTime) {
        this.store = store;
        this.host = host;
        this.nanoTime = nanoTime;
        this.syncer = new Syncer(store.datastore(), List.of(Keys.NODE_STATUSES), new SyncerListener() {
            @Override
            public void onStatus(SyncStatus status) {}

            @Override
            public void onUpdates(List<SyncUpdate> updates, long revision) {
                updates.forEach(OtherNodes.this::note);
            }
        });
    }

    void start() {
        syncer.start();
    }

    private void note(SyncUpdate update) {
        if (!(update.key() instanceof StoreKey.NodeStatus status)) {
            return;
        }
        if (update.value().isPresent()) {
            lostAt.remove(status.host());
        } else {
            lostAt.put(status.host(), nanoTime.getAsLong());
        }
    }

    /** For an operator, on one line; blocks, and fails, as the datastore does. */
    String summary() {
        List<String> others = store.nodes().list().values().stream()
                .map(Node::name)
                .filter(name -> !name.equals(host))
                .toList();
        Set<String> alive = store.nodes().alive();
        List<String> dead = new ArrayList<>();
        for (String name : others) {
            if (!alive.contains(name)) {
                dead.add(name + age(name));
            }
        }
        String count = others.size() + (others.size() == 1 ? " other node" : " other nodes");
        if (dead.isEmpty()) {
            return count + (others.isEmpty() ? "" : ", all alive");
        }
        String more = dead.size() > NAMED ? " and " + (dead.size() - NAMED) + " more" : "";
        return count + ", " + dead.size() + " not alive: "
                + String.join(", ", dead.subList(0, Math.min(NAMED, dead.size()))) + more;
    }

    private String age(String name) {
        Long since = lostAt.get(name);
        if (since == null) {
            return "";
        }
        Duration age = Duration.ofNanos(nanoTime.getAsLong() - since);
        return age.toMinutes() < 2 ? " (for " + age.toSeconds() + " s)" : " (for " + age.toMinutes() + " min)";
    }

    @Override
    public void close() {
        syncer.close();
    }
}
