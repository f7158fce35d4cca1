package io.calico.dataplane.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.linux.netlink.NftEvents;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which changes of tables are suspicious, and when. */
class TableWatchTest {
    private static final int INET = 1;
    private static final int IP = 2;
    private static final long MILLI = 1_000_000;

    private final Suspicions suspicions = new Suspicions();
    private final TableWatch watch = new TableWatch(suspicions, 0);

    private void change(int family, String table, String chain, long at) {
        NftEvents.Change change = new NftEvents.Change(77, family, table, chain);
        watch.fold(new NftEvents.Changes(Set.of(change), Map.of(77, "'nft' (process 77)"), false), at);
    }

    private boolean ruleIsSuspected() {
        return suspicions.takeHost().forwardRule;
    }

    @Test
    void changeOfOurTableIsToldAtOnceWithItsWriter() {
        change(INET, "calico", "forward", 0);

        assertThat(suspicions.takeHost().tableWriters).containsExactly(Map.entry(77, "'nft' (process 77)"));
        assertThat(suspicions.isEmpty()).isTrue();
    }

    @Test
    void tablesOfOthersMeanNothingNotEvenThoseWithOurName() {
        change(INET, "filter", "FORWARD", 0);
        change(IP, "calico", "forward", 0);
        change(IP, "nat", "DOCKER-USER", 0);
        change(IP, "filter", "DOCKER", 0);
        watch.settle(10_000 * MILLI);

        assertThat(suspicions.isEmpty()).isTrue();
    }

    @Test
    void ruleIsLookedForWhenAReloadHasSettled() {
        change(IP, "filter", "DOCKER-USER", 0);
        change(IP, "filter", "FORWARD", 90 * MILLI);

        watch.settle(99 * MILLI);
        assertThat(ruleIsSuspected()).isFalse();
        assertThat(watch.untilSettled(99 * MILLI)).hasMillis(1);

        watch.settle(100 * MILLI);
        assertThat(ruleIsSuspected()).isTrue();
        assertThat(watch.untilSettled(100 * MILLI)).isGreaterThan(Duration.ofHours(1));
    }

    @Test
    void stormOfReloadsIsLookedAtTwiceASecond() {
        int looks = 0;
        for (long at = 0; at < 10_000; at += 10) {
            change(IP, "filter", "FORWARD", at * MILLI);
            watch.settle(at * MILLI);
            looks += ruleIsSuspected() ? 1 : 0;
        }

        assertThat(looks).isEqualTo(20);
    }

    @Test
    void lostEventsMakeEverythingSuspicious() {
        watch.fold(new NftEvents.Changes(Set.of(), Map.of(), true), 0);
        watch.settle(100 * MILLI);

        Suspicions.Found found = suspicions.takeHost();
        assertThat(found.tableIsUnknown).isTrue();
        assertThat(found.forwardRule).isTrue();
    }
}
