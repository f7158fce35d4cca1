package io.calico.benchmarks;

import io.calico.dataplane.WorkloadInterface;
import io.calico.dataplane.linux.WorkloadLinks;
import io.calico.dataplane.linux.netlink.RtNetlink;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import java.util.Arrays;
import java.util.List;

/**
 * How long the kernel's part of Join and Leave takes: a veth pair with address, neighbour, settings and route, and its
 * removal; and, as the floor, one question to the kernel. Run it in a network namespace of its own ({@code unshare -n}).
 *
 * <p>Usage: {@code LinkTimes PRESENT ROUNDS}: with so many pairs present, so many are added and removed one by one.
 */
public final class LinkTimes {
    private static final MacAddress CONTAINER_MAC = MacAddress.parse("ee:ee:ee:ee:ee:ee");
    /** Between two removals, as if containers came and went; the worker deletes meanwhile. */
    private static final long PAUSE_MILLIS = 20;

    private final WorkloadLinks links;
    private int made;

    private LinkTimes(WorkloadLinks links) {
        this.links = links;
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 2) {
            System.err.println("usage: unshare -n java … LinkTimes PRESENT ROUNDS");
            System.exit(2);
        }
        int present = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        try (WorkloadLinks links = WorkloadLinks.open(List.of())) {
            new LinkTimes(links).run(present, rounds);
        }
    }

    private void run(int present, int rounds) throws InterruptedException {
        for (int i = 0; i < present; i++) {
            links.add(next());
        }
        long[] adds = new long[rounds];
        long[] removals = new long[rounds];
        for (int i = -50; i < rounds; i++) {
            WorkloadInterface workload = next();
            long start = System.nanoTime();
            links.add(workload);
            long added = System.nanoTime();
            links.remove(workload.hostName());
            long removed = System.nanoTime();
            if (i >= 0) {
                adds[i] = added - start;
                removals[i] = removed - added;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        System.out.printf("%d pairs present, %d rounds%n%n", present, rounds);
        System.out.println("| | min µs | p50 µs | p99 µs |");
        System.out.println("|---|---|---|---|");
        print("question to the kernel", questions(20_000));
        print("add a workload's pair", adds);
        print("cut a workload off", removals);
    }

    private WorkloadInterface next() {
        made++;
        return WorkloadInterface.builder()
                .hostName("cali" + made)
                .containerName("tmp" + made)
                .containerMac(CONTAINER_MAC)
                .addAddresses(IpAddress.v4(0x0a41_0000 + made))
                .build();
    }

    private static long[] questions(int count) {
        long[] nanos = new long[count];
        try (RtNetlink netlink = RtNetlink.open()) {
            for (int i = 0; i < count; i++) {
                long start = System.nanoTime();
                if (netlink.findLink(1).isEmpty()) {
                    throw new IllegalStateException("no loopback");
                }
                nanos[i] = System.nanoTime() - start;
            }
        }
        return nanos;
    }

    private static void print(String what, long[] nanos) {
        Arrays.sort(nanos);
        System.out.printf(
                "| %s | %.0f | %.0f | %.0f |%n",
                what, nanos[0] / 1e3, nanos[nanos.length / 2] / 1e3, nanos[nanos.length * 99 / 100] / 1e3);
    }
}
