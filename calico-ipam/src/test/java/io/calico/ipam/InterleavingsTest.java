package io.calico.ipam;

import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Datastore;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * Every order of the commits of two processes, for each pair of operations that can meet; in the long run every order of
 * all their store calls.
 */
class InterleavingsTest {
    /** One scenario: a fresh cluster, what runs in it, and what must be true at the end. */
    private abstract static class Scenario {
        final Cluster cluster = new Cluster();
        final List<IpAddress> assigned = new ArrayList<>();
        final Scheduler scheduler;

        Scenario(Schedule schedule) {
            scheduler = new Scheduler(cluster.store, schedule::choose);
        }

        void assign(BlockAllocator host, AssignRequest request) {
            assigned.addAll(host.autoAssign(request).addresses());
        }

        /** A process of a host that starts with an empty view. */
        void process(String host, Consumer<BlockAllocator> body) {
            scheduler.add(host, store -> body.accept(cluster.host(host, store)));
        }

        abstract void check();
    }

    /** The choices of one run: those given, then always the first; notes how many there were each time. */
    private static final class Schedule {
        private final List<Integer> choices;
        private final List<Integer> options = new ArrayList<>();

        Schedule(List<Integer> choices) {
            this.choices = choices;
        }

        int choose(int ready) {
            options.add(ready);
            return options.size() <= choices.size() ? choices.get(options.size() - 1) : 0;
        }

        /** The next schedule in depth-first order; null after the last one. */
        Schedule next() {
            for (int i = options.size() - 1; i >= 0; i--) {
                int chosen = i < choices.size() ? choices.get(i) : 0;
                if (chosen + 1 < options.get(i)) {
                    List<Integer> changed = new ArrayList<>(choices.subList(0, Math.min(i, choices.size())));
                    while (changed.size() < i) {
                        changed.add(0);
                    }
                    changed.add(chosen + 1);
                    return new Schedule(changed);
                }
            }
            return null;
        }
    }

    private static int forAllSchedules(Function<Schedule, Scenario> scenario) throws InterruptedException {
        int count = 0;
        Schedule schedule = new Schedule(List.of());
        while (schedule != null) {
            Scenario run = scenario.apply(schedule);
            run.scheduler.run();
            try {
                Audit.of(run.cluster.store);
                assertThat(run.assigned).as("I-1").doesNotHaveDuplicates();
                run.check();
            } catch (AssertionError e) {
                throw new AssertionError("schedule " + schedule.choices, e);
            }
            schedule = schedule.next();
            count++;
        }
        return count;
    }

    private static void twoHosts(
            BiConsumer<Scenario, BlockAllocator> a, BiConsumer<Scenario, BlockAllocator> b, Consumer<Scenario> setUp)
            throws InterruptedException {
        int runs = forAllSchedules(schedule -> new Scenario(schedule) {
            {
                setUp.accept(this);
                process("a", host -> a.accept(this, host));
                process("b", host -> b.accept(this, host));
            }

            @Override
            void check() {}
        });
        assertThat(runs).isGreaterThan(1);
    }

    @Test
    void claimAndClaimByTwoHostsEndWithOneBlockEach_X1() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/29", 30);
                process("a", host -> assign(host, v4(1)));
                process("b", host -> assign(host, v4(1)));
            }

            @Override
            void check() {
                assertThat(assigned).hasSize(2);
                assertThat(Set.copyOf(cluster.blocks().values())).containsExactlyInAnyOrder("a", "b");
            }
        });
    }

    @Test
    void claimAndClaimByTwoProcessesOfAHostEndWithOneBlock_X2_X3_T67() throws InterruptedException {
        int runs = forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/25");
                process("h", host -> assign(host, v4(1)));
                process("h", host -> assign(host, v4(1)));
            }

            @Override
            void check() {
                assertThat(assigned).hasSize(2);
                assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h"));
            }
        });
        assertThat(runs).isGreaterThan(Scheduler.LONG_RUN ? 500 : 1);
    }

    @Test
    void claimAndReleaseOfTheHostsBlocks_X7_X8_T79_T80() throws InterruptedException {
        twoHosts(
                (s, host) -> s.assign(host, v4(1)),
                (s, host) -> host.releaseHostAffinities("a"),
                s -> s.cluster.pool("10.0.0.0/26"));
    }

    @Test
    void assignAndReleaseOfTheHostsBlocks_X11() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/25").blockOf("a", "10.0.0.0/26", 64);
                process("a", host -> assign(host, v4(1)));
                process("admin", host -> host.releaseHostAffinities("a"));
            }

            @Override
            void check() {
                assertThat(assigned).hasSize(1);
                assertThat(Audit.of(cluster.store)).containsOnlyKeys(assigned.get(0));
            }
        });
    }

    @Test
    void assignAndReleaseInOneBlock() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/30", 30);
                List<IpAddress> full = cluster.host("a").autoAssign(v4(4, "h1")).addresses();
                process("a", host -> assign(host, v4(1, "h1")));
                process("a", host -> host.release(releases(full.subList(0, 2))));
            }

            @Override
            void check() {
                assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.0.0.0/30", 2 + assigned.size()));
            }
        });
    }

    @Test
    void reclaimAndReclaimOfOneEmptyBlock_X10() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/30", 30).strict(true).blockOf("idle", "10.0.0.0/30", 4);
                process("a", host -> assign(host, v4(1)));
                process("b", host -> assign(host, v4(1)));
            }

            @Override
            void check() {
                assertThat(assigned).hasSize(1);
                assertThat(cluster.rows("idle")).isEmpty();
            }
        });
    }

    @Test
    void reclaimAndAssignByTheOwner_X9_T84() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/30", 30).strict(true).blockOf("idle", "10.0.0.0/30", 4);
                process("a", host -> assign(host, v4(1)));
                process("idle", host -> assign(host, v4(1)));
            }

            @Override
            void check() {
                assertThat(assigned).hasSize(1);
                assertThat(cluster.blocks()).hasSize(1);
            }
        });
    }

    @Test
    void releaseByHandleAndAssignWithIt_X15_X16() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/30", 30);
                cluster.host("a").autoAssign(v4(1, "h1"));
                process("a", host -> assign(host, v4(1, "h1")));
                process("b", host -> host.releaseByHandle("h1"));
            }

            @Override
            void check() {
                assertThat(cluster.handle("h1").values()).allMatch(count -> count == 1);
            }
        });
    }

    @Test
    void theSameAddressAskedForTwice_X14() throws InterruptedException {
        IpAddress address = IpAddress.parse("10.0.0.1");
        forAllSchedules(schedule -> new Scenario(schedule) {
            private int refused;

            {
                cluster.pool("10.0.0.0/30", 30);
                process("a", this::ask);
                process("b", this::ask);
            }

            private void ask(BlockAllocator host) {
                try {
                    host.assign(address, AssignOptions.none());
                    assigned.add(address);
                } catch (IpamException.AlreadyAssigned e) {
                    refused++;
                }
            }

            @Override
            void check() {
                assertThat(assigned).containsExactly(address);
                assertThat(refused).isEqualTo(1);
            }
        });
    }

    @Test
    void aPoolThatIsDisabledGivesNothingAfterwards_X12_I10() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            private int taken = -1;

            {
                cluster.pool("10.0.0.0/26");
                process("a", this::ask);
                scheduler.add("admin", this::disable);
            }

            private void ask(BlockAllocator host) {
                try {
                    assign(host, v4(1));
                } catch (IpamException.PoolNotFound e) {
                    assertThat(taken)
                            .as("refused only after the pool was disabled")
                            .isGreaterThanOrEqualTo(0);
                }
            }

            private void disable(Datastore store) {
                assertThat(store.get("/calico/nothing"))
                        .as("a store call, to stop at")
                        .isEmpty();
                cluster.disable("10.0.0.0/26");
                taken = cluster.block("10.0.0.0/26")
                        .map(b -> b.size() - b.freeCount())
                        .orElse(0);
            }

            @Override
            void check() {
                int now = cluster.block("10.0.0.0/26")
                        .map(b -> b.size() - b.freeCount())
                        .orElse(0);
                assertThat(now).isEqualTo(taken);
            }
        });
    }

    @Test
    void threeHostsInAPoolOfOneBlockOfTwoAddresses_X1_X19() throws InterruptedException {
        forAllSchedules(schedule -> new Scenario(schedule) {
            {
                cluster.pool("10.0.0.0/31", 31);
                cluster.host("seed").assign(IpAddress.parse("10.0.0.0"), AssignOptions.none());
                for (String name : List.of("a", "b")) {
                    BlockAllocator warm = cluster.host(name);
                    assertThat(warm.info(IpAddress.parse("10.0.0.1"))).isEmpty();
                    process(name, host -> assign(host, v4(1)));
                }
            }

            @Override
            void check() {
                assertThat(assigned).hasSize(1);
                assertThat(Cidr.of(assigned.get(0), 31)).hasToString("10.0.0.0/31");
            }
        });
    }
}
