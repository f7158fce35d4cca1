package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Datastore;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Threads of several clients, two hosts each, that assign and release as fast as they can, and check that no address is
 * given out twice. At the end everything has been released.
 */
final class Hammer {
    private final List<Datastore> clients;
    private final int threadsPerClient;
    private final int rounds;
    private final Set<IpAddress> held = ConcurrentHashMap.newKeySet();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    Hammer(List<Datastore> clients, int threadsPerClient, int rounds) {
        this.clients = clients;
        this.threadsPerClient = threadsPerClient;
        this.rounds = rounds;
    }

    void run() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int client = 0; client < clients.size(); client++) {
            for (int host = 0; host < 2; host++) {
                BlockAllocator allocator = new BlockAllocator(clients.get(client), "host-" + host);
                for (int thread = 0; thread < threadsPerClient; thread++) {
                    int seed = threads.size();
                    threads.add(new Thread(() -> work(allocator, new Random(seed)), "hammer-" + seed));
                }
            }
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    private void work(BlockAllocator allocator, Random random) {
        try {
            List<IpAddress> mine = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                if (mine.size() < 8 && random.nextInt(3) > 0) {
                    mine.addAll(assign(allocator, random));
                } else {
                    release(allocator, mine.subList(0, mine.size() / 2));
                }
            }
            release(allocator, mine);
        } catch (RuntimeException | AssertionError e) {
            failures.add(e);
        }
    }

    private List<IpAddress> assign(BlockAllocator allocator, Random random) {
        List<IpAddress> addresses = allocator
                .autoAssign(AssignRequest.builder()
                        .num4(1)
                        .num6(random.nextInt(2))
                        .handle("h" + random.nextInt(20))
                        .build())
                .addresses();
        addresses.forEach(a -> assertThat(held.add(a)).as("I-1: %s is free", a).isTrue());
        return addresses;
    }

    private void release(BlockAllocator allocator, List<IpAddress> addresses) {
        List<IpAddress> due = List.copyOf(addresses);
        addresses.clear();
        held.removeAll(due);
        assertThat(allocator.release(Cluster.releases(due)).released()).isEqualTo(due);
    }
}
