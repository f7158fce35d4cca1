package io.calico.ipam;

import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.spi.Transaction;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class RetryTest {
    private final Cluster cluster = new Cluster().pool("10.0.0.0/24");
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);
    private final BlockAllocator host = cluster.host("h", probed);

    @Test
    void anAssignmentThatAlwaysMeetsAConflictEndsAtTheDeadlineWithNothingTaken_T30_T37() {
        cluster.blockOf("h", "10.0.0.0/26", 64);
        Map<String, String> before = cluster.content();
        probed.refuseAll(t -> true);

        assertThatThrownBy(() -> host.autoAssign(v4(1, "h1")))
                .isInstanceOf(IpamException.DeadlineExceeded.class)
                .hasMessageMatching(
                        "gave up to assign addresses in pool 10\\.0\\.0\\.0/24 on block 10\\.0\\.0\\.0/26 for host h"
                                + " after PT30S: other writers came first \\d+ times in a row");
        assertThatThrownBy(() -> host.assign(IpAddress.parse("10.0.0.1"), AssignOptions.none()))
                .isInstanceOf(IpamException.DeadlineExceeded.class);
        assertThat(cluster.content()).isEqualTo(before);
        assertThat(probed.transactions()).as("not in a tight loop").hasSizeBetween(1000, 8000);
    }

    @Test
    void everyOtherOperationKeepsTheDeadlineToo() {
        Owner owner = Owner.pendingEndpoint("h");
        List<IpAddress> addresses = host.autoAssign(AssignRequest.builder()
                        .num4(1)
                        .handle("h1")
                        .owner(owner)
                        .build())
                .addresses();
        probed.refuseAll(t -> true);

        assertThatThrownBy(() -> host.release(releases(addresses))).isInstanceOf(IpamException.DeadlineExceeded.class);
        assertThatThrownBy(() -> host.releaseByHandle("h1")).isInstanceOf(IpamException.DeadlineExceeded.class);
        assertThatThrownBy(() -> host.transferOwner(
                        addresses.get(0),
                        owner,
                        Owner.network("h", "n"),
                        Transaction.builder().build()))
                .isInstanceOf(IpamException.DeadlineExceeded.class);
        assertThatThrownBy(() -> host.releaseHostAffinities("h")).isInstanceOf(IpamException.DeadlineExceeded.class);
    }

    @Test
    void aConflictThatEndsIsNoErrorHoweverLongItLasts_I23() {
        host.autoAssign(v4(1));
        probed.refuseNextCommits(150);

        assertThat(host.autoAssign(v4(1)).isComplete()).isTrue();
    }

    /** An allocator on the probed store; that happens once the time of a pause is over. */
    private BlockAllocator whoAtEachPause(Consumer<Duration> action) {
        AllocatorOptions options = AllocatorOptions.builder()
                .clock(cluster.time)
                .random(new SplittableRandom(1))
                .pause(new AllocatorOptions.Pause() {
                    @Override
                    public long nanoTime() {
                        return cluster.time.nanoTime();
                    }

                    @Override
                    public void sleep(Duration time) {
                        cluster.time.sleep(time);
                        action.accept(time);
                    }
                })
                .build();
        return new BlockAllocator(probed, "h", options);
    }

    @Test
    void everySecondFailureFromTheThirdOnIsFollowedByAPauseBelow64Milliseconds_R34() {
        List<Duration> pauses = new ArrayList<>();
        BlockAllocator patient = whoAtEachPause(pauses::add);
        patient.autoAssign(v4(1));
        probed.refuseNextCommits(2);
        patient.autoAssign(v4(1));
        assertThat(pauses).isEmpty();

        probed.refuseNextCommits(100);
        patient.autoAssign(v4(1));

        assertThat(pauses).hasSize(49).allMatch(p -> p.toMillis() < 64);
        assertThat(pauses.get(0)).isLessThan(Duration.ofMillis(2));
        assertThat(pauses).anyMatch(p -> p.toMillis() > 32);
    }

    @Test
    void whoPausesIsNotStarvedByAnotherProcessThatNeverDoes_I23() {
        BlockAllocator busy = cluster.host("h", cluster.store);
        BlockAllocator patient = whoAtEachPause(
                time -> busy.release(releases(busy.autoAssign(v4(1)).addresses())));
        patient.autoAssign(v4(1));
        probed.refuseNextCommits(10);

        assertThat(patient.autoAssign(v4(1)).isComplete()).isTrue();
    }

    @Test
    void anInterruptedCallStopsAndKeepsTheFlag_T83() {
        AllocatorOptions options = AllocatorOptions.builder()
                .pause(new AllocatorOptions.Pause() {
                    @Override
                    public long nanoTime() {
                        return 0;
                    }

                    @Override
                    public void sleep(Duration time) throws InterruptedException {
                        throw new InterruptedException("on purpose");
                    }
                })
                .build();
        probed.refuseAll(t -> true);

        assertThatThrownBy(() -> new BlockAllocator(probed, "h", options).autoAssign(v4(1)))
                .isInstanceOf(IpamException.DeadlineExceeded.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aCallThatWaitsForAnotherEndsAtItsOwnDeadline() throws InterruptedException {
        AllocatorOptions options =
                AllocatorOptions.builder().deadline(Duration.ofMillis(50)).build();
        BlockAllocator shared = new BlockAllocator(probed, "h", options);
        CountDownLatch inStore = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        probed.beforeNextCommit(() -> {
            inStore.countDown();
            awaitQuietly(goOn);
        });
        AtomicReference<AssignResult> slow = new AtomicReference<>();
        Thread first = new Thread(() -> slow.set(shared.autoAssign(v4(1))));
        first.start();
        inStore.await();

        assertThatThrownBy(() -> shared.autoAssign(v4(1)))
                .isInstanceOf(IpamException.DeadlineExceeded.class)
                .hasMessageContaining("earlier calls are not done");
        goOn.countDown();
        first.join();
        assertThat(slow.get().isComplete()).isTrue();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
