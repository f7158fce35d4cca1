package io.calico.ipam;

import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.StoreKey;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpecificAssignTest {
    private static final AssignOptions NONE = AssignOptions.none();
    private static final IpAddress ADDRESS = IpAddress.parse("10.11.12.55");

    private final Cluster cluster = new Cluster();

    @AfterEach
    void everyRecordIsInOrder() {
        Audit.of(cluster.store);
    }

    private static AssignOptions withHandle(String handle) {
        return AssignOptions.builder().handle(handle).build();
    }

    private Optional<AddressInfo> info(IpAddress address) {
        return cluster.host("x").info(address);
    }

    @Test
    void inABlockThatExistsTakesOneTransaction_T35() {
        cluster.pool("10.11.0.0/16").blockOf("h", "10.11.12.0/26", 64);
        ProbedDatastore probed = new ProbedDatastore(cluster.store);

        cluster.host("h", probed).assign(ADDRESS, NONE);

        assertThat(info(ADDRESS)).hasValueSatisfying(i -> {
            assertThat(i.handle()).isEmpty();
            assertThat(i.attributes()).isEmpty();
        });
        assertThat(probed.transactions()).hasSize(1);
    }

    @Test
    void isRepeatedWithWhatIsThereNowAndTheHandleIsRaisedOnce_T36() {
        cluster.pool("10.11.0.0/16").blockOf("h", "10.11.12.0/26", 64);
        ProbedDatastore probed = new ProbedDatastore(cluster.store);
        probed.beforeNextCommit(() -> cluster.host("other").assign(IpAddress.parse("10.11.12.3"), withHandle("h1")));

        cluster.host("h", probed).assign(ADDRESS, withHandle("h1"));

        assertThat(probed.transactions()).hasSize(2);
        assertThat(cluster.handle("h1")).isEqualTo(Map.of("10.11.12.0/26", 2));
    }

    @Test
    void inABlockThatDoesNotExistClaimsIt_T38() {
        cluster.pool("10.11.0.0/16");
        ProbedDatastore probed = new ProbedDatastore(cluster.store);

        cluster.host("h", probed).assign(ADDRESS, withHandle("h1"));

        assertThat(cluster.blocks()).isEqualTo(Map.of("10.11.12.0/26", "h"));
        assertThat(cluster.rows("h")).isEqualTo(Map.of("10.11.12.0/26", "{\"state\":\"confirmed\"}"));
        assertThat(cluster.host("x").addressesByHandle("h1")).containsExactly(ADDRESS);
        assertThat(probed.transactions()).hasSize(1);
    }

    @Test
    void inABlockThatAnotherHostClaimsFirstBorrowsFromIt_T39() {
        cluster.pool("10.11.0.0/16");
        ProbedDatastore probed = new ProbedDatastore(cluster.store);
        probed.beforeNextCommit(() -> cluster.host("b").assign(IpAddress.parse("10.11.12.1"), NONE));

        cluster.host("a", probed).assign(ADDRESS, NONE);

        assertThat(cluster.blocks()).isEqualTo(Map.of("10.11.12.0/26", "b"));
        assertThat(cluster.rows("a")).isEmpty();
        assertThat(info(ADDRESS)).isPresent();
    }

    @Test
    void inNoPoolIsRefusedAndNothingIsWritten_T40_T108() {
        cluster.pool("10.11.0.0/16");
        Map<String, String> before = cluster.content();

        assertThatThrownBy(() -> cluster.host("h").assign(IpAddress.parse("1.1.1.1"), NONE))
                .isInstanceOf(IpamException.PoolNotFound.class)
                .hasMessage("address 1.1.1.1 is not in any configured pool");
        assertThat(cluster.content()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"removed", "disabled", "not for assignment"})
    void inABlockWhosePoolIsNotInUseIsRefused_R28(String how) {
        cluster.pool("10.11.0.0/16");
        BlockAllocator host = cluster.host("h");
        host.assign(ADDRESS, NONE);
        switch (how) {
            case "removed" -> cluster.removePool("10.11.0.0/16");
            case "disabled" -> cluster.disable("10.11.0.0/16");
            default ->
                cluster.pool(IpPool.builder()
                        .cidr(Cidr.parse("10.11.0.0/16"))
                        .ipam(false)
                        .build());
        }

        assertThatThrownBy(() -> host.assign(IpAddress.parse("10.11.12.56"), NONE))
                .isInstanceOf(IpamException.PoolNotFound.class);
        assertThat(host.release(Cluster.releases(Cluster.ips("10.11.12.55"))).released())
                .as("release works")
                .hasSize(1);
    }

    @Test
    void ofATakenAddressIsRefusedAndChangesNothing_T108_X14() {
        cluster.pool("10.11.0.0/16").pool("fd00::/64");
        BlockAllocator host = cluster.host("h");
        IpAddress ipv6 = IpAddress.parse("fd00::1:5");
        host.assign(ADDRESS, withHandle("h1"));
        host.assign(ipv6, NONE);
        Map<String, String> before = cluster.content();

        for (BlockAllocator any : new BlockAllocator[] {host, cluster.host("h"), cluster.host("other")}) {
            assertThatThrownBy(() -> any.assign(ADDRESS, withHandle("h1")))
                    .isInstanceOfSatisfying(
                            IpamException.AlreadyAssigned.class,
                            e -> assertThat(e.address()).isEqualTo(ADDRESS));
            assertThatThrownBy(() -> any.assign(ipv6, NONE)).isInstanceOf(IpamException.AlreadyAssigned.class);
        }
        assertThat(cluster.content()).isEqualTo(before);
    }

    @Test
    void thatAnotherCallerIsGivenInTheMeantimeIsRefused_X14() {
        cluster.pool("10.11.0.0/16").blockOf("h", "10.11.12.0/26", 64);
        ProbedDatastore probed = new ProbedDatastore(cluster.store);
        probed.beforeNextCommit(() -> cluster.host("h").assign(ADDRESS, withHandle("winner")));

        assertThatThrownBy(() -> cluster.host("h", probed).assign(ADDRESS, withHandle("loser")))
                .isInstanceOf(IpamException.AlreadyAssigned.class);
        assertThat(cluster.handle("loser")).isEmpty();
        assertThat(info(ADDRESS).orElseThrow().handle()).hasValue("winner");
    }

    @Test
    void ofAnAddressThatAnotherProcessReleasedSucceeds_R17() {
        cluster.pool("10.11.0.0/16");
        BlockAllocator host = cluster.host("h");
        host.assign(ADDRESS, NONE);
        cluster.host("h").release(Cluster.releases(Cluster.ips("10.11.12.55")));

        assertThatCode(() -> host.assign(ADDRESS, NONE)).as("R-29").doesNotThrowAnyException();
    }

    @Test
    void inAnothersBlockIsRefusedWhileAffinityIsStrict() {
        cluster.pool("10.11.0.0/16")
                .strict(true)
                .blockOf("b", "10.11.12.0/26", 64)
                .blockOf("c", "10.11.13.0/26", 63);
        cluster.host("x").releaseHostAffinities("c");
        BlockAllocator host = cluster.host("a");

        assertThatThrownBy(() -> host.assign(ADDRESS, NONE))
                .isInstanceOf(IpamException.NoHostAffinity.class)
                .hasMessageContaining("10.11.12.0/26")
                .hasMessageContaining("strict");
        assertThatThrownBy(() -> host.assign(IpAddress.parse("10.11.13.5"), NONE))
                .as("nobody's")
                .isInstanceOf(IpamException.NoHostAffinity.class);
        cluster.strict(false);
        assertThatCode(() -> host.assign(ADDRESS, NONE)).doesNotThrowAnyException();
    }

    @Test
    void isNotLimitedByTheNumberOfBlocks() {
        cluster.pool("10.11.0.0/16").config("{\"strict_affinity\":true,\"maxBlocksPerHost\":1}");
        BlockAllocator host = cluster.host("h");
        host.autoAssign(v4(1));

        host.assign(ADDRESS, NONE);

        assertThat(cluster.blocks()).hasSize(2);
    }

    @Test
    void takesTheFirstAndTheLastAddressOfAPoolLikeAnyOther() {
        cluster.pool("10.11.12.0/26");
        BlockAllocator host = cluster.host("h");

        host.assign(IpAddress.parse("10.11.12.0"), NONE);
        host.assign(IpAddress.parse("10.11.12.63"), NONE);

        assertThat(host.autoAssign(v4(64)).addresses()).isEqualTo(Cluster.range("10.11.12.1", 62));
    }

    @Test
    void inADamagedBlockNamesItsKeyAndLeavesItAlone_R4() {
        cluster.pool("10.11.0.0/16");
        StoreKey.Block key = new StoreKey.Block(Cidr.parse("10.11.12.0/26"));
        cluster.put(key, "{}");

        assertThatThrownBy(() -> cluster.host("h").assign(ADDRESS, NONE))
                .isInstanceOfSatisfying(
                        IpamException.CorruptBlock.class,
                        e -> assertThat(e.key()).isEqualTo(key.path()))
                .hasMessageContaining("the key says 10.11.12.0/26");
        cluster.delete(key);
    }

    @Test
    void usesABlockOfAnotherSizeThatHoldsTheAddress_I6() {
        cluster.pool("10.11.0.0/16", 28);
        cluster.host("h").assign(ADDRESS, NONE);
        cluster.removePool("10.11.0.0/16").pool("10.11.0.0/16", 26);
        BlockAllocator host = cluster.host("h");

        host.assign(IpAddress.parse("10.11.12.56"), NONE);
        assertThat(cluster.blocks()).isEqualTo(Map.of("10.11.12.48/28", "h"));
        assertThatThrownBy(() -> host.assign(IpAddress.parse("10.11.12.1"), NONE))
                .isInstanceOf(IpamException.CorruptBlock.class)
                .hasMessageContaining("10.11.12.48-28")
                .hasMessageContaining("10.11.12.0/26");
    }

    @Test
    void storesAttributesAndOwner() {
        cluster.pool("10.11.0.0/16");
        cluster.host("h")
                .assign(
                        ADDRESS,
                        AssignOptions.builder()
                                .attributes(Map.of())
                                .owner(Owner.network("h", "net-1"))
                                .build());

        AddressInfo info = info(ADDRESS).orElseThrow();
        assertThat(info.attributes()).as("empty, not absent").hasValue(Map.of());
        assertThat(info.owner()).hasValue(Owner.network("h", "net-1"));
        assertThat(cluster.record(new StoreKey.Block(info.block()))
                        .orElseThrow()
                        .value())
                .contains("{\"handle_id\":null,\"secondary\":{},"
                        + "\"owner\":{\"node\":\"h\",\"kind\":\"network\",\"id\":\"net-1\"}}");
    }

    @Test
    void refusesHandlesThatCannotBeKeys() {
        assertThatThrownBy(() -> withHandle("a/b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a/b");
        assertThatThrownBy(() -> withHandle("\rx")).isInstanceOf(IllegalArgumentException.class);
    }
}
