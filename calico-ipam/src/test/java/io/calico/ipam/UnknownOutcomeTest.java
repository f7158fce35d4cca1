package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static io.calico.ipam.ProbedDatastore.LOSE_REQUEST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A write was sent and its answer lost (R-19, X17). */
class UnknownOutcomeTest {
    private final Cluster cluster = new Cluster().pool("10.0.0.0/24");
    private final ProbedDatastore probed = new ProbedDatastore(cluster.store);
    private final BlockAllocator host = cluster.host("h", probed);

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAssignmentIsMadeOnceWhetherTheWriteHappenedOrNot_X17(boolean happened) {
        host.autoAssign(v4(1, "h1"));
        probed.answerNextCommit(happened ? probed::loseAnswer : LOSE_REQUEST);

        assertThat(host.autoAssign(v4(1, "h1")).addresses()).isEqualTo(ips("10.0.0.1"));

        assertThat(Audit.of(cluster.store)).containsOnlyKeys(ips("10.0.0.0", "10.0.0.1"));
        assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.0.0.0/26", 2));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClaimIsMadeOnce_X17(boolean happened) {
        probed.answerNextCommit(happened ? probed::loseAnswer : LOSE_REQUEST);

        assertThat(host.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.0"));

        assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h"));
        assertThat(Audit.of(cluster.store)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReleaseIsMadeOnce_X17(boolean happened) {
        List<IpAddress> addresses = host.autoAssign(v4(2, "h1")).addresses();
        probed.answerNextCommit(happened ? probed::loseAnswer : LOSE_REQUEST);

        assertThat(host.release(releases(addresses)).released()).isEqualTo(addresses);

        assertThat(Audit.of(cluster.store)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReleaseThatDeletesTheBlockIsMadeOnce_X17(boolean happened) {
        List<IpAddress> addresses = host.autoAssign(v4(2, "h1")).addresses();
        cluster.host("x").releaseHostAffinities("h");
        BlockAllocator other = cluster.host("other", probed);
        assertThat(other.info(addresses.get(0))).isPresent();
        probed.answerNextCommit(happened ? probed::loseAnswer : LOSE_REQUEST);

        assertThat(other.release(releases(addresses)).released()).isEqualTo(addresses);

        assertThat(cluster.blocks()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReleaseByHandleCountsWhatItReleased_X17(boolean happened) {
        host.autoAssign(v4(65, "h1"));
        probed.answerNextCommit(happened ? probed::loseAnswer : LOSE_REQUEST);

        assertThat(host.releaseByHandle("h1")).isEqualTo(65);

        assertThat(Audit.of(cluster.store)).isEmpty();
    }

    @Test
    void anAssignmentThatHappensLateIsRecognisedByItsWriteId() {
        host.autoAssign(v4(1));
        List<Transaction> delayed = new ArrayList<>();
        probed.answerNextCommit(t -> {
            delayed.add(t);
            throw new DatastoreException.UnknownResult("lost", null);
        });
        probed.beforeNextCommit(() -> cluster.store.commit(delayed.get(0)));

        assertThat(host.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.1"));
        assertThat(Audit.of(cluster.store)).hasSize(2);
    }

    @Test
    void anAssignmentThatWouldHappenAfterTheAnswerNoLongerCan() {
        host.autoAssign(v4(1));
        List<Transaction> delayed = new ArrayList<>();
        probed.answerNextCommit(t -> {
            delayed.add(t);
            throw new DatastoreException.UnknownResult("lost", null);
        });
        host.autoAssign(v4(1));

        assertThat(cluster.store.commit(delayed.get(0)).committed()).isFalse();
    }

    /** Two processes of one host want the same ordinal without a handle: only the write id tells them apart. */
    @Test
    void anAddressThatAnotherProcessTookInThatMomentIsNotOurs_I30() {
        host.autoAssign(v4(1));
        List<IpAddress> others = new ArrayList<>();
        probed.answerNextCommit(t -> {
            others.addAll(cluster.host("h").autoAssign(v4(1)).addresses());
            throw new DatastoreException.UnknownResult("lost", null);
        });

        List<IpAddress> ours = host.autoAssign(v4(1)).addresses();

        assertThat(others).isEqualTo(ips("10.0.0.1"));
        assertThat(ours).isEqualTo(ips("10.0.0.2"));
    }

    @Test
    void anAssignmentWhoseWriteIdWasOverwrittenIsLeakedNotGuessed_I30() {
        host.autoAssign(v4(1));
        List<IpAddress> others = new ArrayList<>();
        probed.answerNextCommit(t -> {
            cluster.store.commit(t);
            others.addAll(cluster.host("h").autoAssign(v4(1)).addresses());
            throw new DatastoreException.UnknownResult("lost", null);
        });

        List<IpAddress> ours = host.autoAssign(v4(1)).addresses();

        assertThat(others).isEqualTo(ips("10.0.0.2"));
        assertThat(ours).isEqualTo(ips("10.0.0.3"));
        assertThat(Audit.of(cluster.store)).as("10.0.0.1 is nobody's").hasSize(4);
    }

    /** It happened, and the address is somebody else's by now: releasing it again would take it from them. */
    @Test
    void aReleaseIsNotRepeatedOnAnAddressThatWasAssignedAnewMeanwhile_I1() {
        List<IpAddress> addresses = host.autoAssign(v4(2)).addresses();
        probed.answerNextCommit(t -> {
            cluster.store.commit(t);
            cluster.host("other").assign(addresses.get(1), AssignOptions.none());
            throw new DatastoreException.UnknownResult("lost", null);
        });

        assertThat(host.release(releases(addresses)).released()).isEqualTo(addresses);

        assertThat(Audit.of(cluster.store)).containsOnlyKeys(addresses.get(1));
    }

    @Test
    void aReleaseThatDidNotHappenIsRepeatedIfTheBlockHasChangedMeanwhile() {
        List<IpAddress> addresses = host.autoAssign(v4(2)).addresses();
        probed.answerNextCommit(t -> {
            cluster.host("other").assign(IpAddress.parse("10.0.0.9"), AssignOptions.none());
            throw new DatastoreException.UnknownResult("lost", null);
        });

        assertThat(host.release(releases(addresses)).released()).isEqualTo(addresses);

        assertThat(Audit.of(cluster.store)).containsOnlyKeys(ips("10.0.0.9"));
    }

    @Test
    void anAddressIsHandedOverWhetherTheWriteHappenedOrNot() {
        Owner pending = Owner.pendingEndpoint("h");
        Owner endpoint = Owner.endpoint("h", "e1");
        Transaction nothingElse = Transaction.builder().build();
        IpAddress address = host.autoAssign(
                        AssignRequest.builder().num4(1).owner(pending).build())
                .addresses()
                .get(0);
        probed.answerNextCommit(probed::loseAnswer);
        assertThat(host.transferOwner(address, pending, endpoint, nothingElse)).isEqualTo(TransferResult.DONE);
        assertThat(host.info(address).orElseThrow().owner()).hasValue(endpoint);

        probed.answerNextCommit(LOSE_REQUEST);
        assertThat(host.transferOwner(address, endpoint, pending, nothingElse)).isEqualTo(TransferResult.DONE);
        assertThat(host.info(address).orElseThrow().owner()).hasValue(pending);
    }

    @Test
    void aStoreThatStaysSilentEndsInOutcomeUnknownAtTheDeadline() {
        host.autoAssign(v4(1));
        probed.answerNextCommit(LOSE_REQUEST);
        for (int i = 0; i < 5000; i++) {
            probed.answerNextCommit(t -> {
                throw new DatastoreException.Unavailable("no connection", null);
            });
        }

        IpamException.OutcomeUnknown failure =
                catchThrowableOfType(IpamException.OutcomeUnknown.class, () -> host.autoAssign(v4(1)));

        assertThat(failure).hasMessageContaining("may have happened");
        assertThat(cluster.time.nanoTime()).isGreaterThanOrEqualTo(30_000_000_000L);
        Audit.of(cluster.store);
    }

    @Test
    void anotherErrorOfTheStoreEndsTheCallAtOnceAndTheNextStartsAfresh_R34() {
        host.autoAssign(v4(1));
        probed.answerNextCommit(t -> {
            throw new DatastoreException.Unavailable("no connection", null);
        });

        assertThatThrownBy(() -> host.autoAssign(v4(1)))
                .isInstanceOf(IpamException.DatastoreUnavailable.class)
                .hasMessageContaining("no connection")
                .hasCauseInstanceOf(DatastoreException.Unavailable.class);
        assertThat(host.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.1"));
    }

    @Test
    void addressesOfEarlierTransactionsAreInTheErrorOfALaterOne_R24() {
        host.autoAssign(v4(63));
        // More than one block can give beside the rest of this one: block by block.
        probed.beforeNextCommit(() -> {});
        probed.answerNextCommit(t -> {
            throw new DatastoreException.Unavailable("no connection", null);
        });

        IpamException failure = catchThrowableOfType(IpamException.class, () -> host.autoAssign(v4(70)));

        assertThat(failure.assigned()).isEqualTo(ips("10.0.0.63"));
    }

    @Test
    void everyWriteOfABlockHasAnIdOfItsOwn() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            host.autoAssign(v4(1));
            ids.add(cluster.block("10.0.0.0/26").orElseThrow().writeId().orElseThrow());
        }

        assertThat(ids).doesNotHaveDuplicates().allMatch(id -> id.matches("[0-9a-f]{16}"));
        assertThat(cluster.record(new StoreKey.Block(Cidr.parse("10.0.0.0/26")))
                        .orElseThrow()
                        .value())
                .contains("\"writtenAt\":\"2026-08-22T10:00:00Z\"");
    }
}
