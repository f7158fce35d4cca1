package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.range;
import static io.calico.ipam.Cluster.v4;
import static io.calico.ipam.Cluster.v6;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.DatastoreException;
import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.CandidateOrder;
import io.calico.model.IpPool;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutoAssignTest {
    private final Cluster cluster = new Cluster();

    private void audit() {
        Audit.of(cluster.store);
    }

    @Nested
    class OwnBlocks {
        @Test
        void firstAddressesOfANewPoolAreItsFirstFour_T12() {
            cluster.pool("192.168.0.0/16");

            AssignResult result = cluster.host("test_host").autoAssign(v4(4));

            assertThat(result.addresses()).isEqualTo(range("192.168.0.0", 4));
            assertThat(result.isComplete()).isTrue();
            assertThat(cluster.blocks()).isEqualTo(Map.of("192.168.0.0/26", "test_host"));
            assertThat(cluster.rows("test_host")).isEqualTo(Map.of("192.168.0.0/26", "{\"state\":\"confirmed\"}"));
            audit();
        }

        @Test
        void areUsedInOrderAndFullOnesArePassedOver_T25() {
            cluster.pool("10.0.0.0/16").blockOf("h", "10.0.0.0/26", 0).blockOf("h", "10.0.0.64/26", 64);

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.64"));
        }

        @Test
        void giveWhatTheyHaveBeforeTheNextOneDoes_T26() {
            cluster.pool("10.0.0.0/16").blockOf("h", "10.0.0.0/26", 2).blockOf("h", "10.0.0.64/26", 64);

            assertThat(cluster.host("h").autoAssign(v4(4)).addresses())
                    .isEqualTo(ips("10.0.0.62", "10.0.0.63", "10.0.0.64", "10.0.0.65"));
        }

        @Test
        void thatAreAllThereIsGiveFewerThanRequestedAndThatIsNoError_T27() {
            cluster.pool("10.0.0.0/26")
                    .pool("10.0.0.64/26")
                    .blockOf("h", "10.0.0.0/26", 2)
                    .blockOf("h", "10.0.0.64/26", 1);

            AssignResult result = cluster.host("h").autoAssign(v4(4));

            assertThat(result.addresses()).isEqualTo(ips("10.0.0.62", "10.0.0.63", "10.0.0.127"));
            assertThat(result.ipv4().shortfall())
                    .hasValue("Assigned 3 out of 4 requested IPv4 addresses; "
                            + "No IPs available in pools: [10.0.0.0/26, 10.0.0.64/26]");
        }

        @Test
        void thatChangeUnderTheRequestAreUsedAsTheyAreThen_T28() {
            cluster.pool("10.0.0.0/16").blockOf("h", "10.0.0.0/26", 2).blockOf("h", "10.0.0.64/26", 64);
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(
                    () -> cluster.host("other").assign(IpAddress.parse("10.0.0.62"), AssignOptions.none()));

            assertThat(cluster.host("h", probed).autoAssign(v4(4)).addresses())
                    .isEqualTo(ips("10.0.0.63", "10.0.0.64", "10.0.0.65", "10.0.0.66"));
            audit();
        }

        @Test
        void ofBothVersionsServeOneRequest_T31() {
            cluster.pool("10.0.0.0/24").pool("fd00::/64");

            AssignResult result = cluster.host("h")
                    .autoAssign(AssignRequest.builder().num4(1).num6(1).build());

            assertThat(result.ipv4().addresses()).isEqualTo(ips("10.0.0.0"));
            assertThat(result.ipv6().addresses()).isEqualTo(ips("fd00::"));
            assertThat(result.addresses()).isEqualTo(ips("10.0.0.0", "fd00::"));
            audit();
        }

        @Test
        void giveAReleasedAddressAgainOnlyAfterAllOthers_T48() {
            cluster.pool("10.0.0.0/30", 30);
            BlockAllocator host = cluster.host("h");

            List<IpAddress> seen = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                IpAddress address = host.autoAssign(v4(1)).addresses().get(0);
                seen.add(address);
                host.release(List.of(ReleaseRequest.of(address)));
            }

            assertThat(seen).isEqualTo(ips("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.0"));
        }

        @Test
        void areTheSameForTheNextRequestAndOfTheFirstPoolThatIsNamed_T113() {
            cluster.pool("10.0.0.0/24").pool("10.1.0.0/24");
            BlockAllocator host = cluster.host("h");
            AssignRequest named = v4(1, List.of("10.1.0.0/24", "10.0.0.0/24"));
            List<IpAddress> given = new ArrayList<>(host.autoAssign(named).addresses());
            given.addAll(host.autoAssign(named).addresses());
            given.addAll(host.autoAssign(v4(1)).addresses());

            assertThat(cluster.blocks()).isEqualTo(Map.of("10.1.0.0/26", "h"));
            assertThat(given).isEqualTo(Cluster.range("10.1.0.0", 3));
        }

        @Test
        void areThoseOfTheRowsInThePoolsThatAreNamed_T122() {
            BlockAllocator host = cluster.host("h");
            cluster.pool("10.0.0.0/24")
                    .pool("10.1.0.0/24")
                    .blockOf("h", "10.0.0.64/26", 64)
                    .blockOf("h", "10.1.0.64/26", 64)
                    .put(new StoreKey.Affinity("h", Cidr.parse("10.1.0.64/26")), "");

            assertThat(host.autoAssign(v4(1, List.of("10.1.0.0/24"))).addresses())
                    .isEqualTo(ips("10.1.0.64"));
            assertThat(host.autoAssign(v4(1, List.of("10.0.0.0/24"))).addresses())
                    .isEqualTo(ips("10.0.0.64"));
        }

        @Test
        void serveTheSecondRequestOfAHostToo_T51() {
            cluster.pool("10.0.0.0/16");

            cluster.host("h").autoAssign(v4(1));
            cluster.host("h").autoAssign(v4(1));

            assertThat(cluster.blocks()).hasSize(1);
        }

        @Test
        void ofAPoolThatIsGoneAreNotUsed_T50() {
            cluster.pool("10.1.0.0/16");
            BlockAllocator same = cluster.host("same");
            same.autoAssign(v4(1));
            cluster.removePool("10.1.0.0/16").pool("10.2.0.0/16");

            assertThat(same.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.2.0.0"));
            assertThat(cluster.host("another").autoAssign(v4(1)).addresses().get(0))
                    .matches(a -> Cidr.parse("10.2.0.0/16").contains(a));
            assertThat(cluster.blocks()).containsEntry("10.1.0.0/26", "same");
        }

        @Test
        void thatAreDamagedAreLeftAloneAndNotUsed_R4() {
            cluster.pool("10.0.0.0/25").blockOf("h", "10.0.0.0/26", 64);
            StoreKey.Block key = new StoreKey.Block(Cidr.parse("10.0.0.0/26"));
            cluster.put(key, "{\"cidr\":\"10.0.0.0/26\",\"allocations\":[]}");

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.64"));
            assertThat(cluster.record(key))
                    .hasValueSatisfying(
                            r -> assertThat(r.value()).isEqualTo("{\"cidr\":\"10.0.0.0/26\",\"allocations\":[]}"));
            assertThat(cluster.rows("h")).containsKey("10.0.0.0/26");
        }

        @Test
        void belongToTheFullNameOfTheHost_T112_R37() {
            String longName = "n".repeat(252);
            cluster.pool("10.0.0.0/24").pool("fd00::/64");

            for (String host : List.of(longName, longName + "x")) {
                AssignResult result = cluster.host(host)
                        .autoAssign(AssignRequest.builder().num4(1).num6(1).build());
                assertThat(result.isComplete()).isTrue();
            }

            assertThat(cluster.rows(longName)).hasSize(2);
            assertThat(cluster.rows(longName + "x")).hasSize(2);
            assertThat(cluster.blocks()).hasSize(4);
            audit();
        }
    }

    @Nested
    class RowsThatDisagree {
        @Test
        void withoutABlockLeadToItsClaim_T33_T34_R22_X4() {
            cluster.pool("10.0.0.0/16").blockOf("h", "10.0.3.0/26", 64).blockOf("b", "10.0.2.0/26", 64);
            cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.1.0/26")), "{\"state\":\"pending\"}");
            cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.2.0/26")), "");

            assertThat(cluster.host("h").autoAssign(v4(4)).addresses()).isEqualTo(range("10.0.1.0", 4));
            assertThat(cluster.rows("h"))
                    .containsEntry("10.0.1.0/26", "{\"state\":\"confirmed\"}")
                    .containsKey("10.0.2.0/26");

            cluster.host("h").autoAssign(v4(64));
            assertThat(cluster.rows("h"))
                    .as("of another's block: deleted when met")
                    .doesNotContainKey("10.0.2.0/26");
            audit();
        }

        @Test
        void withoutABlockDoNotHinderOthersFromClaimingIt_X4() {
            cluster.pool("10.0.0.0/26");
            cluster.put(new StoreKey.Affinity("dead", Cidr.parse("10.0.0.0/26")), "{\"state\":\"pending\"}");

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.0"));
            assertThat(cluster.host("dead").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.1"));
            assertThat(cluster.rows("dead")).isEmpty();
            audit();
        }

        @ParameterizedTest
        @CsvSource({"pending", "pendingDeletion"})
        void unconfirmedOfAnOwnBlockAreConfirmedAndTheBlockIsRewritten_R22(String state) {
            cluster.pool("10.0.0.0/26").blockOf("h", "10.0.0.0/26", 0);
            cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.0.0/26")), "{\"state\":\"" + state + "\",\"x\":1}");
            long before = cluster.record(new StoreKey.Block(Cidr.parse("10.0.0.0/26")))
                    .orElseThrow()
                    .modRevision();

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEmpty();

            assertThat(cluster.rows("h")).isEqualTo(Map.of("10.0.0.0/26", "{\"state\":\"confirmed\",\"x\":1}"));
            assertThat(cluster.record(new StoreKey.Block(Cidr.parse("10.0.0.0/26")))
                            .orElseThrow()
                            .modRevision())
                    .isGreaterThan(before);
            audit();
        }

        @Test
        void thatAreMissingAreWritten_R22() {
            cluster.pool("10.0.0.0/24").blockOf("h", "10.0.0.128/26", 5);
            cluster.delete(new StoreKey.Affinity("h", Cidr.parse("10.0.0.128/26")));

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.187"));
            assertThat(cluster.rows("h")).containsKey("10.0.0.128/26");
            audit();
        }

        @Test
        void thatCannotBeDeletedDoNotFailTheRequestAndAreDeletedByTheNext_T81_X5() {
            cluster.pool("10.0.0.0/24").blockOf("b", "10.0.0.0/26", 64);
            cluster.put(new StoreKey.Affinity("a", Cidr.parse("10.0.0.0/26")), "{\"state\":\"pending\"}");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.answerNextCommit(t -> {
                throw new DatastoreException.Unavailable("not now", null);
            });
            BlockAllocator a = cluster.host("a", probed);

            assertThat(a.autoAssign(v4(1)).isComplete()).isTrue();
            assertThat(cluster.rows("a")).containsEntry("10.0.0.0/26", "{\"state\":\"pending\"}");
            assertThat(a.autoAssign(v4(1)).isComplete()).isTrue();
            assertThat(cluster.rows("a")).hasSize(1).doesNotContainKey("10.0.0.0/26");
            audit();
        }

        @Test
        void emptyAreConfirmedAsOldWritersLeftThem_R7() {
            cluster.pool("10.0.0.0/24").blockOf("h", "10.0.0.64/26", 5);
            cluster.put(new StoreKey.Affinity("h", Cidr.parse("10.0.0.64/26")), "");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);

            cluster.host("h", probed).autoAssign(v4(1));

            assertThat(cluster.rows("h")).isEqualTo(Map.of("10.0.0.64/26", ""));
            assertThat(probed.transactions()).hasSize(1);
        }
    }

    @Nested
    class NewBlocks {
        @Test
        void areClaimedByTheFirstHostAtTheBeginningOfThePoolThenByHash_R15() {
            cluster.pool("10.0.0.0/16");
            cluster.host("a").autoAssign(v4(1));
            cluster.host("b").autoAssign(v4(1));

            CandidateOrder order = new CandidateOrder(Cidr.parse("10.0.0.0/16"), 26, CandidateOrder.hash("b"));
            assertThat(cluster.blocks())
                    .isEqualTo(Map.of("10.0.0.0/26", "a", order.candidate(0).toString(), "b"));
        }

        @Test
        void areNotClaimedTwiceByTwoProcessesOfAHost_X2_X3_T67() {
            cluster.pool("10.0.0.0/25");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> cluster.host("h").autoAssign(v4(1)));

            assertThat(cluster.host("h", probed).autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.1"));
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "h"));
            assertThat(cluster.rows("h")).hasSize(1);
            audit();
        }

        @Test
        void thatAnotherHostTookFirstAreLeftToItAndTheNextIsClaimed_X1_T120() {
            cluster.pool("10.0.0.0/25");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> cluster.host("b").autoAssign(v4(1)));

            assertThat(cluster.host("a", probed).autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.64"));
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "b", "10.0.0.64/26", "a"));
            assertThat(cluster.rows("a")).containsOnlyKeys("10.0.0.64/26");
            assertThat(probed.transactions()).as("claim, claim").hasSize(2);
            audit();
        }

        @ParameterizedTest(name = "/{0} and /{1}: {2} + {2} addresses")
        @CsvSource({"32, 128, 1", "20, 116, 1", "26, 122, 256", "30, 126, 256"})
        void mayHaveAnySizeOfTheirPool_T105(int size4, int size6, int count) {
            cluster.pool("10.0.0.0/16", size4).pool("fd00::/104", size6);

            AssignResult result = cluster.host("h")
                    .autoAssign(AssignRequest.builder().num4(count).num6(count).build());

            assertThat(result.isComplete()).isTrue();
            assertThat(Set.copyOf(result.addresses())).hasSize(2 * count);
            audit();
        }

        @Test
        void areTakenFromTheNextPoolWhenTheFormerYieldsNothing_T68() {
            cluster.pool("10.1.0.0/24").pool("10.2.0.0/24");
            BlockAllocator host = cluster.host("h");
            List<String> both = List.of("10.2.0.0/24", "10.1.0.0/24");

            assertThat(host.autoAssign(v4(1, both)).addresses()).isEqualTo(ips("10.2.0.0"));
            assertThat(host.autoAssign(v4(300, both)).addresses()).hasSize(300);
            AssignResult rest = host.autoAssign(v4(300, both));
            assertThat(rest.addresses()).hasSize(211);
            assertThat(rest.ipv4().messages()).containsExactly("No IPs available in pools: [10.2.0.0/24, 10.1.0.0/24]");
            audit();
        }

        @Test
        void fillAPoolToTheLastAddress_T65() {
            cluster.pool("192.168.1.0/24");
            BlockAllocator host = cluster.host("h");

            AssignResult tooMany = host.autoAssign(v4(257));

            assertThat(new TreeSet<>(tooMany.addresses())).containsExactlyElementsOf(range("192.168.1.0", 256));
            assertThat(tooMany.ipv4().messages()).containsExactly("No IPs available in pools: [192.168.1.0/24]");
            host.release(Cluster.releases(tooMany.addresses()));
            assertThat(host.autoAssign(v4(256)).isComplete()).isTrue();
        }

        @Test
        void areNotClaimedBeyondTheLimit_T106_R24() {
            cluster.pool("10.0.0.0/16");
            AssignRequest request =
                    AssignRequest.builder().num4(256).maxBlocks(2).handle("h1").build();

            IpamException.BlockLimit failure = catchThrowableOfType(
                    IpamException.BlockLimit.class, () -> cluster.host("h").autoAssign(request));

            assertThat(failure)
                    .hasMessage(
                            "Need to allocate an IPAM block but could not - limit of 2 blocks reached for this node");
            assertThat(failure.assigned()).hasSize(128);
            assertThat(cluster.host("x").addressesByHandle("h1"))
                    .containsExactlyInAnyOrderElementsOf(failure.assigned());
            audit();
        }

        @Test
        void areLimitedByTheSmallerOfRequestAndConfiguration_T63() {
            cluster.pool("10.0.0.0/28", 30).config("{\"strict_affinity\":true,\"maxBlocksPerHost\":2}");
            BlockAllocator a = cluster.host("a");
            for (int i = 0; i < 8; i++) {
                assertThat(a.autoAssign(v4(1)).isComplete()).isTrue();
            }

            assertThatThrownBy(() -> a.autoAssign(v4(1))).isInstanceOf(IpamException.BlockLimit.class);
            assertThat(cluster.host("b").autoAssign(v4(1)).isComplete()).isTrue();
            assertThatThrownBy(() -> a.autoAssign(v4(1))).isInstanceOf(IpamException.BlockLimit.class);
            assertThatThrownBy(() -> a.autoAssign(
                            AssignRequest.builder().num4(1).maxBlocks(3).build()))
                    .isInstanceOf(IpamException.BlockLimit.class);
            cluster.config("{\"strict_affinity\":true,\"maxBlocksPerHost\":3}");
            assertThatThrownBy(() -> a.autoAssign(
                            AssignRequest.builder().num4(1).maxBlocks(2).build()))
                    .isInstanceOf(IpamException.BlockLimit.class);
            assertThat(a.autoAssign(v4(1)).isComplete()).isTrue();
            audit();
        }

        @Test
        void areNotClaimedIfTheConfigurationSaysSo() {
            cluster.pool("10.0.0.0/24")
                    .config("{\"auto_allocate_blocks\":false}")
                    .blockOf("b", "10.0.0.0/26", 2);

            AssignResult result = cluster.host("a").autoAssign(v4(3));

            assertThat(result.addresses()).isEqualTo(ips("10.0.0.62", "10.0.0.63"));
            assertThat(cluster.blocks()).hasSize(1);
        }

        @Test
        void neverOverlapBlocksOfAnotherSizeThatAPoolLeftBehind_I6() {
            cluster.pool("10.0.0.0/24", 28);
            BlockAllocator a = cluster.host("a");
            a.autoAssign(v4(1));
            cluster.removePool("10.0.0.0/24").pool("10.0.0.0/24", 26);

            List<IpAddress> taken = new ArrayList<>(a.autoAssign(v4(300)).addresses());

            assertThat(taken).as("15 left of /28, three /26").hasSize(15 + 3 * 64);
            audit();
        }

        @Test
        void areNotClaimedWhileAnAddressHasBecomeFreeInAnOwnOne() {
            cluster.pool("10.0.0.0/24").blockOf("h", "10.0.0.0/26", 0);
            BlockAllocator daemon = cluster.host("h");
            assertThat(daemon.autoAssign(v4(1)).addresses())
                    .as("now the view is loaded")
                    .hasSize(1);
            cluster.host("h").release(List.of(ReleaseRequest.of(IpAddress.parse("10.0.0.7"))));
            daemon.autoAssign(v4(63));

            assertThat(daemon.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.7"));
        }

        @Test
        void replaceARecordThatSaysItIsDeleted() {
            cluster.pool("10.0.0.0/26");
            cluster.put(
                    new StoreKey.Block(Cidr.parse("10.0.0.0/26")),
                    "{\"cidr\":\"10.0.0.0/26\",\"deleted\":true,\"sequenceNumber\":9000000000000000000}");

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.0"));
            assertThat(cluster.block("10.0.0.0/26").orElseThrow().sequence())
                    .as("R-8")
                    .isEqualTo(9000000000000000002L);
            audit();
        }
    }

    @Nested
    class OthersBlocks {
        @Test
        void areBorrowedFromWhenNothingElseIsLeft_T32() {
            cluster.pool("10.0.0.0/18");
            for (int i = 0; i < 256; i++) {
                Cidr block = Cidr.of(IpAddress.parse("10.0.0.0").plus(64L * i), 26);
                cluster.blockOf(i < 3 ? "a" : "b", block.toString(), i < 3 ? 0 : 10);
            }

            List<IpAddress> borrowed = cluster.host("a").autoAssign(v4(4)).addresses();

            assertThat(borrowed).hasSize(4);
            assertThat(borrowed.stream().map(a -> Cidr.of(a, 26)).distinct()).hasSize(1);
            audit();
        }

        @Test
        void serveTwoHostsInAPoolOfOneBlock_T61() {
            cluster.pool("10.0.0.0/28", 28);

            AssignResult a = cluster.host("a").autoAssign(v4(1, "ha"));
            AssignResult b = cluster.host("b").autoAssign(v4(1, "hb"));

            assertThat(a.addresses()).isEqualTo(ips("10.0.0.0"));
            assertThat(b.addresses()).isEqualTo(ips("10.0.0.1"));
            assertThat(cluster.host("c").releaseByHandle("hb")).isEqualTo(1);
            assertThat(cluster.host("a").releaseByHandle("ha")).isEqualTo(1);
            assertThat(Audit.of(cluster.store)).isEmpty();
        }

        @Test
        void areLeftAloneWhileAffinityIsStrict_T62_X20() {
            cluster.pool("10.0.0.0/28", 28);
            BlockAllocator owner = cluster.host("a");
            BlockAllocator other = cluster.host("b");
            owner.autoAssign(v4(1));
            assertThat(other.autoAssign(v4(1)).isComplete()).isTrue();

            cluster.strict(true);
            assertThat(owner.autoAssign(v4(1)).isComplete()).isTrue();
            AssignResult refused = other.autoAssign(v4(1));
            assertThat(refused.addresses()).isEmpty();
            assertThat(refused.ipv4().shortfall())
                    .hasValue("Assigned 0 out of 1 requested IPv4 addresses; "
                            + "No more free affine blocks and strict affinity enabled");

            cluster.strict(false);
            assertThat(owner.autoAssign(v4(1)).isComplete()).isTrue();
            assertThat(other.autoAssign(v4(1)).isComplete()).isTrue();
            audit();
        }

        @Test
        void giveTheLastAddressOfAFullPool_T64() {
            cluster.pool("10.0.0.0/25");
            BlockAllocator a = cluster.host("a");
            a.autoAssign(v4(1));
            IpAddress ofB = cluster.host("b").autoAssign(v4(1)).addresses().get(0);

            List<IpAddress> taken = a.autoAssign(v4(64)).addresses();

            assertThat(ofB).isEqualTo(IpAddress.parse("10.0.0.64"));
            assertThat(taken).hasSize(64).endsWith(IpAddress.parse("10.0.0.65"));
            audit();
        }

        @Test
        void mayBeNobodysToBeBorrowedFrom() {
            cluster.pool("10.0.0.0/26").blockOf("a", "10.0.0.0/26", 5);
            cluster.host("x").releaseHostAffinities("a");

            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", ""));
            assertThat(cluster.host("b").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.59"));
            assertThat(cluster.blocks())
                    .as("never claimed while it holds addresses")
                    .isEqualTo(Map.of("10.0.0.0/26", ""));
            audit();
        }

        @Test
        void thatVanishUnderTheRequestAreNoError_X19() {
            cluster.pool("10.0.0.0/26").blockOf("a", "10.0.0.0/26", 63);
            BlockAllocator admin = cluster.host("x");
            admin.releaseHostAffinities("a");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> admin.release(List.of(ReleaseRequest.of(IpAddress.parse("10.0.0.0")))));

            assertThat(cluster.host("b", probed).autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.0"));
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/26", "b"));
            audit();
        }

        @Test
        void areGivenUpForTheNextAfterTenConflicts() {
            cluster.pool("10.0.0.0/25").blockOf("b", "10.0.0.0/26", 5).blockOf("b", "10.0.0.64/26", 5);
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            String first = new CandidateOrder(Cidr.parse("10.0.0.0/25"), 26, CandidateOrder.hash("a"))
                    .candidate(0)
                    .toString();
            String key = new StoreKey.Block(Cidr.parse(first)).path();
            probed.refuseAll(t -> t.writes().stream().anyMatch(w -> w.key().equals(key)));

            IpAddress address =
                    cluster.host("a", probed).autoAssign(v4(1)).addresses().get(0);

            assertThat(Cidr.parse(first).contains(address)).isFalse();
            assertThat(probed.transactions()).hasSize(11);
        }
    }

    @Nested
    class Reclaim {
        @ParameterizedTest(name = "after {0} s: {1} addresses")
        @CsvSource({"59, 0", "60, 1", "61, 1"})
        void anEmptyBlockChangesHandsWhenItIsOldEnough_T82_X10(int seconds, int expected) {
            cluster.pool("10.0.0.0/30", 30).strict(true);
            BlockAllocator a = cluster.host("a");
            BlockAllocator b = cluster.host("b");
            List<IpAddress> taken = a.autoAssign(v4(1)).addresses();
            a.release(Cluster.releases(taken));
            assertThat(b.autoAssign(v4(1)).addresses()).isEmpty();

            cluster.time.advance(Duration.ofSeconds(seconds));

            assertThat(b.autoAssign(v4(1)).addresses()).hasSize(expected);
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/30", expected == 1 ? "b" : "a"));
            assertThat(cluster.rows("a")).hasSize(1 - expected);
            audit();
        }

        @Test
        void leavesTheStateOfAReleaseAndAClaimEvenIfTheClockIsBehind_R21_R8_I25() {
            cluster.pool("10.0.0.0/30", 30);
            cluster.put(
                    new StoreKey.Block(Cidr.parse("10.0.0.0/30")),
                    "{\"cidr\":\"10.0.0.0/30\",\"affinity\":\"host:a\",\"allocations\":[null,null,null,null],"
                            + "\"unallocated\":[2,3,0,1],\"attributes\":[],\"sequenceNumber\":9000000000000000000}");
            cluster.put(new StoreKey.Affinity("a", Cidr.parse("10.0.0.0/30")), "");

            assertThat(cluster.host("b").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.0"));

            AllocationBlock after = cluster.block("10.0.0.0/30").orElseThrow();
            assertThat(after.sequence()).as("created, assigned from").isEqualTo(9000000000000000002L);
            assertThat(after.claimTime()).hasValue(cluster.time.instant());
            audit();
        }

        @Test
        void whichAnotherHostDoesFirstIsLeftToIt_X10() {
            cluster.pool("10.0.0.0/30", 30).strict(true).blockOf("idle", "10.0.0.0/30", 4);
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> cluster.host("b").autoAssign(v4(1)));

            assertThat(cluster.host("a", probed).autoAssign(v4(1)).addresses()).isEmpty();
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/30", "b"));
            assertThat(cluster.rows("idle")).isEmpty();
            assertThat(cluster.rows("a")).isEmpty();
            audit();
        }

        @Test
        void ofABlockInWhichAnAddressIsTakenAtThatMomentFails_T84_X9() {
            cluster.pool("10.0.0.0/30", 30).strict(true).blockOf("idle", "10.0.0.0/30", 4);
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextCommit(() -> cluster.host("idle").autoAssign(v4(1)));

            assertThat(cluster.host("a", probed).autoAssign(v4(1)).addresses()).isEmpty();
            assertThat(cluster.blocks()).isEqualTo(Map.of("10.0.0.0/30", "idle"));
            audit();
        }

        @Test
        void isPreferredToBorrowing() {
            cluster.pool("10.0.0.0/29", 30).blockOf("idle", "10.0.0.4/30", 4).blockOf("busy", "10.0.0.0/30", 2);

            assertThat(cluster.host("a").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.4"));
            assertThat(cluster.blocks()).containsEntry("10.0.0.4/30", "a");
        }
    }

    @Nested
    class Pools {
        @Test
        void thatAreNotNamedAreUsedByCidrTextAscending_R14() {
            cluster.pool("9.0.0.0/24").pool("10.0.0.0/24");

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.0.0.0"));
        }

        @Test
        void thatAreNamedAreComparedByCidrOnly_R13() {
            cluster.pool(IpPool.builder()
                    .cidr(Cidr.parse("10.0.0.0/24"))
                    .ipip("tunl0")
                    .natOutgoing(true)
                    .build());

            assertThat(cluster.host("h")
                            .autoAssign(v4(1, List.of("10.0.0.0/24")))
                            .addresses())
                    .isEqualTo(ips("10.0.0.0"));
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                10.1.0.0/24 | the given pool (10.1.0.0/24) does not exist, or is not enabled
                10.2.0.0/24 | the given pool (10.2.0.0/24) does not exist, or is not enabled
                10.3.0.0/27 | the given pool (10.3.0.0/27) does not exist, or is not enabled
                40.0.0.0/24 | the given pool (40.0.0.0/24) does not exist, or is not enabled
                fd00::/64   | the given pool (fd00::/64) is not an IPv4 pool
                """)
        void thatAreNamedAndCannotBeUsedFailTheRequestAsAWhole_T69_I33(String named, String message) {
            cluster.pool("10.0.0.0/24").disable("10.1.0.0/24").pool("fd00::/64").pool("10.3.0.0/27");
            cluster.pool(
                    IpPool.builder().cidr(Cidr.parse("10.2.0.0/24")).ipam(false).build());
            Map<String, String> before = cluster.content();

            assertThatThrownBy(() -> cluster.host("h").autoAssign(v4(1, List.of("10.0.0.0/24", named))))
                    .isInstanceOf(IpamException.PoolNotFound.class)
                    .hasMessage(message);
            assertThat(cluster.content()).isEqualTo(before);
        }

        @Test
        void ofOneVersionThatCannotBeUsedFailTheRequestBeforeTheOtherIsServed() {
            cluster.pool("10.0.0.0/24");

            assertThatThrownBy(() -> cluster.host("h")
                            .autoAssign(AssignRequest.builder().num4(1).num6(1).build()))
                    .isInstanceOf(IpamException.PoolNotFound.class)
                    .hasMessage("no configured Calico pools for node h: no IPv6 pool is enabled");
            assertThat(cluster.blocks()).isEmpty();
        }

        @Test
        void thatAreFullAreTheOnlyOnesVisited_T121() {
            cluster.pool("10.0.0.0/22", 32).pool("10.9.0.0/24");
            BlockAllocator host = cluster.host("h");
            assertThat(host.autoAssign(v4(1024, List.of("10.0.0.0/22"))).isComplete())
                    .isTrue();

            AssignResult result = host.autoAssign(v4(1, List.of("10.0.0.0/22")));

            assertThat(result.addresses()).isEmpty();
            assertThat(result.ipv4().messages()).containsExactly("No IPs available in pools: [10.0.0.0/22]");
            assertThat(cluster.blocks().keySet()).noneMatch(b -> b.startsWith("10.9."));
        }

        @Test
        void withStrictAffinityGiveNoMoreThanTheirBlocks_T107() {
            cluster.pool("10.1.0.0/26").pool("10.2.0.0/26").strict(true);

            AssignResult result = cluster.host("h").autoAssign(v4(256, List.of("10.1.0.0/26")));

            assertThat(result.addresses()).hasSize(64);
            assertThat(result.ipv4().messages())
                    .containsExactly("No more free affine blocks and strict affinity enabled");
        }

        @ParameterizedTest
        @CsvSource({"disabled", "removed"})
        void thatGoUnderTheRequestGiveNothingMore_X12_I10(String how) {
            cluster.pool("10.1.0.0/26").pool("10.2.0.0/26");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            BlockAllocator host = cluster.host("h", probed);
            host.autoAssign(v4(1, List.of("10.1.0.0/26")));
            probed.beforeNextCommit(() -> {
                if (how.equals("disabled")) {
                    cluster.disable("10.1.0.0/26");
                } else {
                    cluster.removePool("10.1.0.0/26");
                }
            });

            assertThat(host.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.2.0.0"));
            assertThatThrownBy(() -> host.autoAssign(v4(1, List.of("10.1.0.0/26"))))
                    .isInstanceOf(IpamException.PoolNotFound.class);
        }

        @Test
        void thatAreAddedLaterAreFoundBeforeTheAnswerIsNo_R17() {
            cluster.pool("10.1.0.0/30", 30);
            BlockAllocator host = cluster.host("h");
            host.autoAssign(v4(4));

            cluster.pool("10.2.0.0/24");

            assertThat(host.autoAssign(v4(1)).addresses()).isEqualTo(ips("10.2.0.0"));
            cluster.pool("fd00::/64");
            assertThat(host.autoAssign(v6(1)).isComplete()).isTrue();
        }

        @Test
        void whoseRecordIsDamagedAreNotUsed() {
            cluster.pool("10.1.0.0/24");
            cluster.put(new StoreKey.Pool(Cidr.parse("10.0.0.0/24")), "{\"cidr\":5}");

            assertThat(cluster.host("h").autoAssign(v4(1)).addresses()).isEqualTo(ips("10.1.0.0"));
        }
    }

    @Test
    void nothingRequestedCostsNoAccessToTheStore_R23() {
        ProbedDatastore probed = new ProbedDatastore(cluster.store);

        AssignResult result = cluster.host("h", probed).autoAssign(v4(0));

        assertThat(result.isComplete()).isTrue();
        assertThat(probed.reads()).isEmpty();
        assertThat(probed.transactions()).isEmpty();
    }

    @Test
    void shortResultsAreExplainedInOneSentence_T125() {
        List<String> two = List.of("first", "second");

        assertThat(new AssignResult.Family(IpVersion.V6, 2, ips("fd00::"), two).shortfall())
                .hasValue("Assigned 1 out of 2 requested IPv6 addresses; first; second");
        assertThat(new AssignResult.Family(IpVersion.V4, 1, List.of(), List.of()).shortfall())
                .hasValue("Assigned 0 out of 1 requested IPv4 addresses");
        assertThat(new AssignResult.Family(IpVersion.V4, 1, ips("10.0.0.1"), two).shortfall())
                .isEmpty();
    }

    @Test
    void coolingAddressesAreUsedWhenNothingElseIsLeftAndTheirTimeHasCome_I14() {
        cluster.pool("10.0.0.0/30", 30).config("{\"ipCooldownSeconds\":30}");
        BlockAllocator host = cluster.host("h");
        List<IpAddress> all = host.autoAssign(v4(4)).addresses();
        host.release(Cluster.releases(all));

        assertThat(host.autoAssign(v4(1)).addresses()).isEmpty();
        cluster.time.advance(Duration.ofSeconds(30));
        assertThat(host.autoAssign(v4(4)).addresses()).isEqualTo(all);
        audit();
    }

    @Test
    void thirtyTwoHostsOfAPoolOfSixteenBlocksAllGetAnAddress_T66_I22() {
        cluster.pool("10.0.0.0/22");

        List<IpAddress> taken = IntStream.range(0, 32)
                .mapToObj(i ->
                        cluster.host("node-" + i).autoAssign(v4(1)).addresses().get(0))
                .toList();

        assertThat(Set.copyOf(taken)).hasSize(32);
        assertThat(cluster.blocks()).hasSize(16);
        IntStream.range(0, 16)
                .forEach(i -> assertThat(cluster.rows("node-" + i))
                        .containsOnlyKeys(Cidr.of(taken.get(i), 26).toString()));
        audit();
    }
}
