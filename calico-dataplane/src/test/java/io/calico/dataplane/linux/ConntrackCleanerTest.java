package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When an address is free again, with a table of connections whose passes last as long as the test wants. */
@Timeout(30)
class ConntrackCleanerTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final List<IpAddress> A = List.of(IpAddress.parse("10.65.0.1"));
    private static final List<IpAddress> B = List.of(IpAddress.parse("10.65.0.2"));
    private static final List<IpAddress> OTHER = List.of(IpAddress.parse("10.65.0.99"));
    private static final List<IpAddress> C = List.of(IpAddress.parse("10.65.0.3"));

    private final BlockingQueue<Set<IpAddress>> passes = new LinkedBlockingQueue<>();
    private final Semaphore allowed = new Semaphore(0);
    private volatile boolean isBroken;
    private volatile boolean isDying;
    private final ConntrackCleaner.Table table = new ConntrackCleaner.Table() {
        @Override
        public void deleteEntriesOf(Collection<IpAddress> addresses) {
            passes.add(Set.copyOf(addresses));
            allowed.acquireUninterruptibly();
            if (isDying) {
                throw new NoClassDefFoundError("nothing that is expected");
            }
            if (isBroken) {
                throw new IllegalStateException("no such module");
            }
        }

        @Override
        public void close() {}
    };
    private ConntrackCleaner cleaner;

    @BeforeEach
    void start() {
        start(Duration.ofMillis(10));
    }

    private void start(Duration gathering) {
        cleaner = new ConntrackCleaner(table, gathering);
        cleaner.start();
    }

    @AfterEach
    void close() {
        allowed.release(1000);
        cleaner.close();
    }

    private Set<IpAddress> nextPass() throws InterruptedException {
        Set<IpAddress> pass = passes.poll(20, TimeUnit.SECONDS);
        assertThat(pass).isNotNull();
        return pass;
    }

    private void cleanUpAfter(List<IpAddress> addresses) throws InterruptedException {
        cleaner.release(addresses);
        nextPass();
        allowed.release();
        // The worker is at its next: what it has cleaned is known.
        cleaner.release(OTHER);
        nextPass();
        allowed.release();
    }

    @Test
    void addressIsFreeOnlyAfterItsPassAndOthersMeanwhile() throws InterruptedException {
        cleanUpAfter(B);
        cleaner.release(A);
        nextPass();

        assertThat(cleaner.await(A, SHORT)).isFalse();
        assertThat(cleaner.await(B, Duration.ZERO)).isTrue();

        allowed.release();
        assertThat(cleaner.await(A, LONG)).isTrue();
    }

    @Test
    void addressWhoseFormerOwnerIsNotKnownIsCleanedBeforeItsFirstUse() throws InterruptedException {
        assertThat(cleaner.await(A, SHORT)).isFalse();
        assertThat(nextPass()).containsExactlyElementsOf(A);

        allowed.release();
        assertThat(cleaner.await(A, LONG)).isTrue();
    }

    @Test
    void addressThatWillBeNeededIsCleanedAtOnce() throws InterruptedException {
        cleaner.close();
        start(Duration.ofHours(1));

        cleaner.prepare(A);
        assertThat(nextPass()).containsExactlyElementsOf(A);
        allowed.release();
        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(passes).isEmpty();
    }

    @Test
    void cleanAddressIsNotCleanedAgainUntilSomebodyHasIt() throws InterruptedException {
        allowed.release(1000);
        cleanUpAfter(A);
        cleaner.prepare(A);
        assertThat(cleaner.await(A, Duration.ZERO)).isTrue();
        assertThat(passes).isEmpty();

        // In use since.
        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(nextPass()).containsExactlyElementsOf(A);

        cleanUpAfter(B);
        cleaner.use(List.of(Cidr.parse("10.65.0.0/26")));
        assertThat(cleaner.await(B, LONG)).isTrue();
        assertThat(nextPass()).containsExactlyElementsOf(B);
    }

    @Test
    void addressThatAnotherHostUsedDuringThePassIsNotClean() throws InterruptedException {
        cleaner.release(A);
        nextPass();
        cleaner.use(List.of(Cidr.parse("10.65.0.1/32")));
        allowed.release(1000);
        cleanUpAfter(B);

        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(nextPass()).containsExactlyElementsOf(A);
    }

    @Test
    void endOfTheWorkerHoldsNobodyUpAndIsAProblem() throws InterruptedException {
        isDying = true;
        allowed.release();

        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(cleaner.problem().orElseThrow()).startsWith("connection tracking is not cleaned any more");
    }

    @Test
    void addressesGatherUntilOneIsNeeded() throws InterruptedException {
        cleaner.close();
        start(Duration.ofHours(1));
        cleaner.release(A);
        cleaner.release(B);
        assertThat(passes.poll(50, TimeUnit.MILLISECONDS)).isNull();

        allowed.release();
        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(nextPass()).containsExactlyInAnyOrder(A.get(0), B.get(0));
    }

    @Test
    void whatIsReleasedDuringAPassIsOneFurtherPass() throws InterruptedException {
        cleaner.release(A);
        nextPass();

        cleaner.release(B);
        cleaner.release(C);
        // A pass that has begun may have been too early for what happened since.
        cleaner.release(A);
        allowed.release();

        assertThat(nextPass()).containsExactlyInAnyOrder(A.get(0), B.get(0), C.get(0));
        assertThat(cleaner.await(A, SHORT)).isFalse();
        allowed.release();
        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(cleaner.await(C, LONG)).isTrue();
    }

    @Test
    void passThatFailsIsAProblemAndHoldsNobodyUp() throws InterruptedException {
        isBroken = true;
        allowed.release();
        cleaner.release(A);

        assertThat(cleaner.await(A, LONG)).isTrue();
        assertThat(cleaner.problem())
                .contains("connection tracking still has flows of addresses that went: no such module");

        isBroken = false;
        allowed.release();
        cleaner.release(B);
        await().atMost(LONG).until(() -> cleaner.problem().isEmpty());
    }

    @Test
    void nobodyWaitsForAClosedCleaner() throws InterruptedException {
        cleaner.release(A);
        nextPass();
        allowed.release(1000);
        cleaner.close();

        assertThat(cleaner.await(A, LONG)).isTrue();
    }
}
