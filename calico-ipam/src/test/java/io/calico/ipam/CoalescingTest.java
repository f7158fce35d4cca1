package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import io.calico.ipam.Burst.Action;
import io.calico.ipam.Burst.Outcome;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Concurrent calls of one process share a transaction (spec 21.4). */
class CoalescingTest {
    private final Cluster cluster = new Cluster().pool("10.0.0.0/24");
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);
    private final Burst burst = new Burst(probed);
    private final BlockAllocator host = cluster.host("h", burst);

    @AfterEach
    void everyRecordIsInOrder() {
        Audit.of(cluster.store);
    }

    private static List<IpAddress> addresses(List<Outcome> outcomes) {
        List<IpAddress> all = new ArrayList<>();
        outcomes.forEach(o -> all.addAll(
                ((AssignResult) o.answer().orElseThrow(() -> new AssertionError(o.toString()))).addresses()));
        return all;
    }

    private List<Action> assigns(int count) {
        return IntStream.range(0, count)
                .<Action>mapToObj(i -> () -> host.autoAssign(v4(1, "h" + i)))
                .toList();
    }

    @Test
    void manyCallersGetTheirAddressesByOneCommitInTheOrderOfTheirArrival_I21_I35() throws InterruptedException {
        host.autoAssign(v4(1));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(40));

        assertThat(addresses(outcomes)).isEqualTo(Cluster.range("10.0.0.2", 40));
        assertThat(burst.transactions())
                .as("the held one, and one for all the others")
                .hasSize(2);
        assertThat(burst.reads()).isZero();
        assertThat(cluster.block("10.0.0.0/26").orElseThrow().sequence())
                .as("one for each call")
                .isEqualTo(ManualTime.START.getEpochSecond() * 1_000_000_000L + 42);
        assertThat(host.statistics().coalescing()).isGreaterThan(10);
    }

    @Test
    void assignsAndReleasesMixInOneCommit() throws InterruptedException {
        List<IpAddress> held = host.autoAssign(v4(3, "old")).addresses();

        List<Outcome> outcomes = burst.run(
                () -> host.autoAssign(v4(1)),
                List.of(
                        () -> host.autoAssign(v4(1, "new")),
                        () -> host.release(releases(held.subList(0, 1))),
                        () -> host.releaseByHandle("old"),
                        () -> {
                            host.assign(IpAddress.parse("10.0.0.9"), AssignOptions.none());
                            return "assigned";
                        }));

        assertThat(outcomes).allMatch(o -> o.failure().isEmpty());
        assertThat(outcomes.get(2).answer()).as("what was left of the handle").hasValue(2);
        assertThat(burst.transactions()).hasSize(2);
        assertThat(Audit.of(cluster.store)).containsOnlyKeys(ips("10.0.0.3", "10.0.0.4", "10.0.0.9"));
        assertThat(cluster.handle("old")).isEmpty();
    }

    @Test
    void aCallThatFailsFailsAlone_I35_X14() throws InterruptedException {
        IpAddress wanted = IpAddress.parse("10.0.0.7");
        Action ask = () -> {
            host.assign(wanted, AssignOptions.none());
            return wanted;
        };
        host.autoAssign(v4(1));

        List<Outcome> outcomes = burst.run(
                () -> host.autoAssign(v4(1)),
                List.of(ask, () -> host.autoAssign(v4(1)), ask, () -> host.autoAssign(v4(1))));

        assertThat(outcomes.get(0).answer()).hasValue(wanted);
        assertThat(outcomes.get(2).failure().orElseThrow()).isInstanceOf(IpamException.AlreadyAssigned.class);
        assertThat(List.of(outcomes.get(1), outcomes.get(3)))
                .allMatch(o -> o.failure().isEmpty());
    }

    @Test
    void anAddressReleasedInABatchGoesToTheBackOfTheQueueAsIfCallsHadTakenTurns_I13_I35() throws InterruptedException {
        cluster.pool("10.0.1.0/30", 30);
        List<IpAddress> full = host.autoAssign(v4(4, List.of("10.0.1.0/30"))).addresses();
        AssignRequest one = v4(1, List.of("10.0.1.0/30"));

        List<Outcome> outcomes = burst.run(
                () -> host.autoAssign(v4(1, List.of("10.0.0.0/24"))),
                List.of(
                        () -> host.release(releases(full.subList(1, 2))),
                        () -> host.release(releases(full.subList(0, 1))),
                        () -> host.autoAssign(one),
                        () -> host.autoAssign(one)));

        assertThat(addresses(outcomes.subList(2, 4))).isEqualTo(ips("10.0.1.1", "10.0.1.0"));
        assertThat(burst.transactions()).hasSize(2);
    }

    @Test
    void theNextBlockIsClaimedByTheBatchThatNeedsIt() throws InterruptedException {
        host.autoAssign(v4(60));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(20));

        assertThat(new HashSet<>(addresses(outcomes))).hasSize(20);
        assertThat(cluster.blocks())
                .hasSize(2)
                .allSatisfy((block, owner) -> assertThat(owner).isEqualTo("h"));
        assertThat(cluster.rows("h")).hasSize(2);
        assertThat(burst.transactions()).hasSize(2);
    }

    @Test
    void aBatchStaysBelowWhatAStoreTakes() throws InterruptedException {
        cluster.pool("10.1.0.0/22", 24);
        host.autoAssign(v4(1, List.of("10.1.0.0/22")));
        List<Action> many = IntStream.range(0, 200)
                .<Action>mapToObj(i -> () -> host.autoAssign(AssignRequest.builder()
                        .num4(1)
                        .handle("m" + i)
                        .pools4(List.of(Cidr.parse("10.1.0.0/22")))
                        .build()))
                .toList();

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1, List.of("10.1.0.0/22"))), many);

        assertThat(new HashSet<>(addresses(outcomes))).hasSize(200);
        assertThat(burst.transactions()).hasSizeBetween(3, 4).allSatisfy(t -> {
            assertThat(t.compares()).hasSizeLessThanOrEqualTo(Transaction.MAX_OPERATIONS);
            assertThat(t.writes()).hasSizeLessThanOrEqualTo(Transaction.MAX_OPERATIONS);
        });
    }

    @Test
    void aRefusedBatchIsPutTogetherAnewFromTheAnswerAndReadsNothing() throws InterruptedException {
        host.autoAssign(v4(1));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(10), threads -> {
            probed.beforeNextCommit(() -> {});
            probed.beforeNextCommit(() -> cluster.host("h").autoAssign(v4(3)));
        });

        assertThat(new HashSet<>(addresses(outcomes))).hasSize(10);
        assertThat(Audit.of(cluster.store)).hasSize(15);
        assertThat(burst.transactions()).as("held, refused, repeated").hasSize(3);
        assertThat(burst.reads()).isZero();
        assertThat(host.statistics().refused()).isEqualTo(1);
    }

    @Test
    void aBatchWhoseAnswerWasLostIsDoneOnce_X17_I30() throws InterruptedException {
        List<IpAddress> held = host.autoAssign(v4(2, "old")).addresses();
        List<Action> calls = new ArrayList<>(assigns(5));
        calls.add(() -> host.release(releases(held)));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), calls, threads -> {
            probed.beforeNextCommit(() -> {});
            probed.answerNextCommit(probed::loseAnswer);
        });

        assertThat(addresses(outcomes.subList(0, 5))).isEqualTo(Cluster.range("10.0.0.3", 5));
        assertThat(((ReleaseResult) outcomes.get(5).answer().orElseThrow()).released())
                .isEqualTo(held);
        assertThat(Audit.of(cluster.store)).hasSize(6);
    }

    /** Nobody can tell what became of it: the assignments leak, and the release must not hit a later owner. */
    @Test
    void aBatchThatWasOverwrittenBeforeItsOutcomeWasKnownLeaksAndReleasesOnce_I1_I30() throws InterruptedException {
        List<IpAddress> held = host.autoAssign(v4(1)).addresses();

        List<Outcome> outcomes = burst.run(
                () -> host.autoAssign(v4(1)),
                List.of(() -> host.release(releases(held)), () -> host.autoAssign(v4(1))),
                threads -> {
                    probed.beforeNextCommit(() -> {});
                    probed.answerNextCommit(t -> {
                        cluster.store.commit(t);
                        cluster.host("other").assign(held.get(0), AssignOptions.none());
                        throw new DatastoreException.UnknownResult("lost", null);
                    });
                });

        assertThat(((ReleaseResult) outcomes.get(0).answer().orElseThrow()).released())
                .isEqualTo(held);
        assertThat(Audit.of(cluster.store).keySet())
                .as("the other's address is still its own; 10.0.0.2 is nobody's")
                .containsExactlyInAnyOrderElementsOf(ips("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"));
        assertThat(host.statistics().lost()).isEqualTo(1);
    }

    @Test
    void anErrorOfTheStoreReachesEveryCallerOfTheBatchAndTheNextCallStartsAfresh() throws InterruptedException {
        host.autoAssign(v4(1));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(4), threads -> {
            probed.beforeNextCommit(() -> {});
            probed.answerNextCommit(t -> {
                throw new DatastoreException.Unavailable("no connection", null);
            });
        });

        assertThat(outcomes)
                .allSatisfy(o -> assertThat(o.failure().orElseThrow())
                        .isInstanceOf(IpamException.DatastoreUnavailable.class)
                        .hasMessageContaining("no connection"));
        assertThat(host.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.2"));
    }

    @Test
    void aCallerThatIsInterruptedLeavesTheQueueAndTheOthersAreServed() throws InterruptedException {
        host.autoAssign(v4(1));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(3), threads -> {
            threads.get(1).interrupt();
            join(threads.get(1));
        });

        assertThat(outcomes.get(1).failure().orElseThrow())
                .isInstanceOf(IpamException.DeadlineExceeded.class)
                .hasMessageContaining("interrupted");
        assertThat(outcomes.get(0).failure()).isEmpty();
        assertThat(outcomes.get(2).failure()).isEmpty();
        assertThat(Audit.of(cluster.store)).hasSize(4);
    }

    /** The thread that leads is interrupted while it commits for others: they must not notice. */
    @Test
    void anInterruptOfTheLeaderDoesNotReachTheOthers() throws InterruptedException {
        host.autoAssign(v4(1));
        Thread[] leader = new Thread[1];

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(4), threads -> {
            probed.beforeNextCommit(() -> {});
            probed.answerNextCommit(t -> {
                leader[0] = Thread.currentThread();
                leader[0].interrupt();
                throw new DatastoreException.Unavailable("interrupted", null);
            });
        });

        assertThat(new HashSet<>(addresses(outcomes))).hasSize(4);
        assertThat(leader[0]).isNotNull();
        assertThat(Audit.of(cluster.store)).hasSize(6);
    }

    /** Its time is over while its batch is under way: what it was given is released by the next batch. */
    @Test
    void whatACallerDidNotWaitForIsReleased_I31() throws InterruptedException {
        AllocatorOptions hasty =
                AllocatorOptions.builder().deadline(Duration.ofMillis(300)).build();
        BlockAllocator shared = new BlockAllocator(burst, "h", hasty);
        shared.autoAssign(v4(1));
        List<Thread> waiting = new ArrayList<>();

        List<Outcome> outcomes = burst.run(
                () -> shared.autoAssign(v4(1)),
                List.of(() -> shared.autoAssign(v4(1)), () -> shared.autoAssign(v4(1))),
                threads -> {
                    waiting.addAll(threads);
                    probed.beforeNextCommit(() -> {});
                    // One of the two leads; the other gives up before the commit is done.
                    probed.beforeNextCommit(() -> awaitOneDead(waiting));
                });

        long given = outcomes.stream().filter(o -> o.failure().isEmpty()).count();
        assertThat(given).isEqualTo(1);
        assertThat(Audit.of(cluster.store))
                .as("two warm-up calls and the one that was answered")
                .hasSize(3);
    }

    private static void awaitOneDead(List<Thread> threads) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (threads.stream().allMatch(Thread::isAlive)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("nobody gave up");
            }
            Thread.onSpinWait();
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aCallThatMustReadIsDoneAloneInItsTurnAndDoesNotSplitWhatComesAfter() throws InterruptedException {
        host.autoAssign(v4(1));
        List<Action> calls = new ArrayList<>(assigns(3));
        calls.add(() -> host.info(IpAddress.parse("10.0.0.0")));
        calls.addAll(assigns(3));

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), calls);

        assertThat(outcomes).allMatch(o -> o.failure().isEmpty());
        assertThat(burst.transactions()).as("held, three, three").hasSize(3);
    }

    @Test
    void twoAllocatorsOnOneStoreDoNotGiveAnAddressTwice_X2() throws InterruptedException {
        BlockAllocator second = cluster.host("h", new Burst(cluster.store));
        host.autoAssign(v4(1));
        Set<IpAddress> others = new HashSet<>();

        List<Outcome> outcomes = burst.run(() -> host.autoAssign(v4(1)), assigns(8), threads -> {
            for (int i = 0; i < 5; i++) {
                others.addAll(second.autoAssign(v4(1)).addresses());
            }
        });

        assertThat(addresses(outcomes)).doesNotContainAnyElementsOf(others);
        assertThat(Audit.of(cluster.store)).hasSize(15);
        assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h"));
    }
}
