package io.calico.dataplane.linux;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.dataplane.WorkloadInterface;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The workload interfaces that were made or made right, as they shall be: what events and the host's state are compared
 * with. An interface that vanished is remembered as gone until its endpoint is. Thread-safe.
 */
final class WantedLinks {
    /**
     * An interface.
     *
     * @param workload as it shall be
     * @param index its link's number
     */
    record Entry(WorkloadInterface workload, int index) {}

    private final Object lock = new Object();

    @GuardedBy("lock")
    private final SortedMap<String, Entry> byName = new TreeMap<>();

    @GuardedBy("lock")
    private final Map<Integer, Entry> byIndex = new HashMap<>();

    @GuardedBy("lock")
    private final Map<IpAddress, Entry> byAddress = new HashMap<>();

    @GuardedBy("lock")
    private final SortedMap<String, WorkloadInterface> gone = new TreeMap<>();

    /** This one is wanted, instead of what was wanted under its name. */
    void put(WorkloadInterface workload, int index) {
        synchronized (lock) {
            remove(workload.hostName());
            Entry entry = new Entry(workload, index);
            byName.put(workload.hostName(), entry);
            byIndex.put(index, entry);
            workload.addresses().forEach(address -> byAddress.put(address, entry));
        }
    }

    /** No longer wanted, and no longer missed. */
    Optional<WorkloadInterface> remove(String name) {
        synchronized (lock) {
            WorkloadInterface missed = gone.remove(name);
            Entry entry = byName.remove(name);
            if (entry == null) {
                return Optional.ofNullable(missed);
            }
            byIndex.remove(entry.index(), entry);
            entry.workload().addresses().forEach(address -> byAddress.remove(address, entry));
            return Optional.of(entry.workload());
        }
    }

    /** It does not exist any more, although it is wanted; false if it is not. */
    boolean setGone(String name) {
        synchronized (lock) {
            if (!byName.containsKey(name)) {
                return false;
            }
            remove(name).ifPresent(workload -> gone.put(name, workload));
            return true;
        }
    }

    Optional<Entry> find(String name) {
        synchronized (lock) {
            return Optional.ofNullable(byName.get(name));
        }
    }

    Optional<Entry> find(int index) {
        synchronized (lock) {
            return Optional.ofNullable(byIndex.get(index));
        }
    }

    /** Whose address this is; of several the newest. */
    Optional<Entry> find(IpAddress address) {
        synchronized (lock) {
            return Optional.ofNullable(byAddress.get(address));
        }
    }

    /** Of these interfaces the wanted ones. */
    List<WorkloadInterface> find(Collection<String> names) {
        synchronized (lock) {
            List<WorkloadInterface> found = new ArrayList<>();
            for (String name : names) {
                Entry entry = byName.get(name);
                if (entry != null) {
                    found.add(entry.workload());
                }
            }
            return found;
        }
    }

    /** The names of all that are wanted and not gone. */
    Set<String> names() {
        synchronized (lock) {
            return new HashSet<>(byName.keySet());
        }
    }

    /** The names of those that vanished. */
    List<String> gone() {
        synchronized (lock) {
            return List.copyOf(gone.keySet());
        }
    }

    /** Of these addresses the ones that no interface has. */
    Set<IpAddress> unused(Collection<IpAddress> addresses) {
        synchronized (lock) {
            Set<IpAddress> unused = new HashSet<>(addresses);
            unused.removeAll(byAddress.keySet());
            return unused;
        }
    }
}
