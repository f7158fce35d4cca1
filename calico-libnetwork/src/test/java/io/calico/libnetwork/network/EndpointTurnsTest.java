package io.calico.libnetwork.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.libnetwork.http.CallException;
import io.calico.libnetwork.http.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EndpointTurnsTest {
    private final EndpointTurns turns = new EndpointTurns();
    private final ExecutorService callers = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        callers.shutdownNow();
    }

    private static Deadline within(long millis) {
        return Deadline.after(Duration.ofMillis(millis), System::nanoTime);
    }

    @Test
    void onlyOneCallAtATimeIsAtWorkOnAnEndpoint() throws Exception {
        AtomicInteger atWork = new AtomicInteger();
        List<Future<Integer>> results = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            results.add(callers.submit(() -> turns.inTurn("e", within(20_000), () -> {
                int now = atWork.incrementAndGet();
                for (int spin = 0; spin < 1000; spin++) {
                    Thread.onSpinWait();
                }
                atWork.decrementAndGet();
                return now;
            })));
        }

        for (Future<Integer> result : results) {
            assertThat(result.get()).isEqualTo(1);
        }
    }

    @Test
    void otherEndpointsDoNotWaitAndTheSameOneGivesUpAtItsDeadline() throws Exception {
        CountDownLatch atWork = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Future<String> slow = callers.submit(() -> turns.inTurn("slow", within(20_000), () -> {
            atWork.countDown();
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "done";
        }));
        atWork.await();

        assertThat(turns.inTurn("other", within(0), () -> "at once")).isEqualTo("at once");
        assertThatThrownBy(() -> turns.inTurn("slow", within(50), () -> "never"))
                .isInstanceOf(CallException.class)
                .hasMessageContaining("endpoint slow is still at work");
        gate.countDown();
        assertThat(slow.get()).isEqualTo("done");
        assertThat(turns.inTurn("slow", within(0), () -> "again")).isEqualTo("again");
    }

    @Test
    void aCallThatThrowsEndsItsTurn() {
        assertThatThrownBy(() -> turns.inTurn("e", within(0), () -> {
                    throw new IllegalStateException("inside");
                }))
                .hasMessage("inside");

        assertThat(turns.inTurn("e", within(0), () -> "next")).isEqualTo("next");
    }
}
