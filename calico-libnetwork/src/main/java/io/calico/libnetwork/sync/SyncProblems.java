package io.calico.libnetwork.sync;

import io.calico.libnetwork.health.NodeStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What one round could not settle, each thing once. Confined to one thread. */
final class SyncProblems {
    private final Map<String, NodeStatus.Problem> byIdentity = new LinkedHashMap<>();
    private boolean waitsForContainers;

    /**
     * Adds one, unless there is one of that identity.
     *
     * @param identity equal from round to round while it is the same problem, though its text may change
     */
    void add(String identity, String text, String remedy) {
        byIdentity.putIfAbsent(identity, new NodeStatus.Problem(text, remedy, false));
    }

    /** As {@link #add}; it may be over when a container leaves. */
    void addWaiting(String identity, String text, String remedy) {
        add(identity, text, remedy);
        waitsForContainers = true;
    }

    boolean waitsForContainers() {
        return waitsForContainers;
    }

    boolean isEmpty() {
        return byIdentity.isEmpty();
    }

    List<NodeStatus.Problem> all() {
        return List.copyOf(byIdentity.values());
    }

    /** Texts of those that were not in an earlier round. */
    List<String> notIn(SyncProblems earlier) {
        List<String> texts = new ArrayList<>();
        byIdentity.forEach((identity, problem) -> {
            if (!earlier.byIdentity.containsKey(identity)) {
                texts.add(problem.text());
            }
        });
        return texts;
    }
}
