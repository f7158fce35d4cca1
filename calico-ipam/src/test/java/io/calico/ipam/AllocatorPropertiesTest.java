package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** One process at a time, any sequence of operations of several hosts: what must come of it is easily said. */
class AllocatorPropertiesTest {
    private static final Cidr POOL = Cidr.parse("10.0.0.0/28");
    private static final List<String> HOSTS = List.of("a", "b", "c");

    /** An operation: assign that many, or release every n-th address. */
    record Step(int host, boolean assign, int number) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 2),
                        Arbitraries.of(true, true, false),
                        Arbitraries.integers().between(1, 9))
                .as(Step::new)
                .list()
                .ofMaxSize(12);
    }

    @Property(tries = 200)
    void aRequestGetsAllThatIsLeftAndNoMore_I19_I29(@ForAll("steps") List<Step> steps, @ForAll("sizes") int blockSize) {
        Cluster cluster = new Cluster().pool(POOL.toString(), blockSize);
        List<BlockAllocator> allocators = HOSTS.stream().map(cluster::host).toList();
        Set<IpAddress> taken = new HashSet<>();

        for (Step step : steps) {
            BlockAllocator host = allocators.get(step.host());
            if (step.assign()) {
                List<IpAddress> got = host.autoAssign(Cluster.v4(step.number())).addresses();
                assertThat(got).as("I-19").hasSize(Math.min(step.number(), 16 - taken.size()));
                assertThat(got).as("I-1").noneMatch(taken::contains);
                taken.addAll(got);
            } else {
                List<IpAddress> due = everyNth(taken, step.number());
                assertThat(host.release(Cluster.releases(due)).released()).isEqualTo(due);
                due.forEach(taken::remove);
            }
            PoolUtilisation pool = host.utilisation().get(0);
            assertThat(pool.inUse()).as("I-29").isEqualTo(taken.size());
            assertThat(pool.available() + pool.inUse()).isEqualTo(pool.capacity());
        }
        assertThat(Audit.of(cluster.store).keySet()).isEqualTo(taken);
    }

    @Provide
    Arbitrary<Integer> sizes() {
        return Arbitraries.of(28, 30, 31, 32);
    }

    private static List<IpAddress> everyNth(Set<IpAddress> addresses, int n) {
        List<IpAddress> sorted = addresses.stream().sorted().toList();
        List<IpAddress> chosen = new ArrayList<>();
        for (int i = 0; i < sorted.size(); i += n) {
            chosen.add(sorted.get(i));
        }
        return chosen;
    }

    @Property(tries = 100)
    void theSameRequestsHaveTheSameAnswers_I34(@ForAll("steps") List<Step> steps) {
        assertThat(answers(steps)).isEqualTo(answers(steps));
    }

    private static List<String> answers(List<Step> steps) {
        Cluster cluster = new Cluster().pool(POOL.toString(), 30);
        List<BlockAllocator> allocators = HOSTS.stream().map(cluster::host).toList();
        List<String> answers = new ArrayList<>();
        List<IpAddress> taken = new ArrayList<>();
        for (Step step : steps) {
            BlockAllocator host = allocators.get(step.host());
            if (step.assign()) {
                AssignResult result = host.autoAssign(Cluster.v4(step.number()));
                taken.addAll(result.addresses());
                answers.add(result.toString());
            } else {
                answers.add(host.release(Cluster.releases(taken)).toString());
                taken.clear();
            }
        }
        return answers;
    }
}
