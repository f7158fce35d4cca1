package io.calico.ipam;

import io.calico.datastore.Datastores;
import io.calico.datastore.spi.Datastore;
import io.calico.model.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * A process of {@link HistoryIT}: its threads assign and release addresses, and write down what they know before they go
 * on. Lines survive a kill, for the kernel has them:
 *
 * <pre>
 * A 10.0.0.7 1234567      since then (nanoseconds, one clock for all processes of a machine) the address is surely held
 * R 10.0.0.7 1234999      from then on it may be free
 * </pre>
 *
 * Arguments: store's URI, host, name of the process, threads, seconds, journal.
 */
final class HistoryWorker {
    private static final int MOST_HELD = 3;

    private final BlockAllocator allocator;
    private final String name;
    private final FileChannel journal;

    private HistoryWorker(BlockAllocator allocator, String name, FileChannel journal) {
        this.allocator = allocator;
        this.name = name;
        this.journal = journal;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Datastore store = Datastores.open(args[0]);
                FileChannel journal =
                        FileChannel.open(Path.of(args[5]), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            HistoryWorker worker = new HistoryWorker(new BlockAllocator(store, args[1]), args[2], journal);
            long end = System.nanoTime()
                    + Duration.ofSeconds(Long.parseLong(args[4])).toNanos();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < Integer.parseInt(args[3]); i++) {
                int number = i;
                threads.add(new Thread(() -> worker.work(number, end), "worker-" + i));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            AllocatorStatistics statistics = worker.allocator.statistics();
            worker.write("S " + statistics.assigned() + " " + statistics.commits() + "\n");
        }
    }

    private void work(int number, long end) {
        Random random = new Random(name.hashCode() * 31L + number);
        Deque<IpAddress> held = new ArrayDeque<>();
        while (System.nanoTime() < end) {
            if (held.size() < MOST_HELD && random.nextInt(3) > 0) {
                AssignRequest request = AssignRequest.builder()
                        .num4(1)
                        .handle(name + "-" + number)
                        .owner(Owner.pendingEndpoint(name))
                        .build();
                allocator.autoAssign(request).addresses().forEach(address -> {
                    write("A " + address + " " + System.nanoTime() + "\n");
                    held.add(address);
                });
            } else if (!held.isEmpty()) {
                IpAddress address = held.remove();
                write("R " + address + " " + System.nanoTime() + "\n");
                ReleaseResult result = allocator.release(List.of(ReleaseRequest.of(address, name + "-" + number)));
                if (!result.released().equals(List.of(address))) {
                    write("X " + address + " was held and is not allocated\n");
                }
            }
        }
    }

    private void write(String line) {
        try {
            journal.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
