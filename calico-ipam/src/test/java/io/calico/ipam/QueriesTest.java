package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.releases;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.StoreKey;
import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.Transaction;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class QueriesTest {
    private final Cluster cluster = new Cluster();
    private final BlockAllocator host = cluster.host("h");

    @Nested
    class Info {
        @Test
        void isThereOnlyForAnAssignedAddress_T53() {
            IpAddress address = IpAddress.parse("10.0.0.0");
            assertThat(host.info(address)).as("no pool").isEmpty();
            cluster.pool("10.0.0.0/24");
            assertThat(host.info(address)).as("no block").isEmpty();
            host.autoAssign(AssignRequest.builder()
                    .num4(1)
                    .handle("h1")
                    .attributes(Map.of("b", "2", "a", "1"))
                    .owner(Owner.pendingEndpoint("h"))
                    .build());
            assertThat(host.info(IpAddress.parse("10.0.0.1"))).as("free").isEmpty();

            assertThat(host.info(address)).hasValueSatisfying(info -> {
                assertThat(info.block()).isEqualTo(Cidr.parse("10.0.0.0/26"));
                assertThat(info.blockHost()).hasValue("h");
                assertThat(info.handle()).hasValue("h1");
                assertThat(info.attributes()).hasValue(Map.of("a", "1", "b", "2"));
                assertThat(info.owner()).hasValue(Owner.pendingEndpoint("h"));
                assertThat(info.sequence()).isEqualTo(1_787_392_800_000_000_000L);
                assertThat(info.notAssignedAfter()).hasValue(ManualTime.START);
            });
        }

        @Test
        void isOfWhatIsStoredNow() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1));

            cluster.host("h").release(releases(ips("10.0.0.0")));

            assertThat(host.info(IpAddress.parse("10.0.0.0"))).isEmpty();
        }

        @Test
        void isFoundInABlockThatNoPoolHolds() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1));
            cluster.removePool("10.0.0.0/24");

            assertThat(cluster.host("x").info(IpAddress.parse("10.0.0.0"))).isPresent();
            cluster.pool("10.0.0.0/24", 30);
            assertThat(cluster.host("x").info(IpAddress.parse("10.0.0.0")))
                    .as("blocks of another size")
                    .isPresent();
        }

        @Test
        void ofAnAddressThatCoolsDownIsEmpty() {
            cluster.pool("10.0.0.0/24").config("{\"ipCooldownSeconds\":10}");
            host.autoAssign(v4(1, "h1"));
            host.release(releases(ips("10.0.0.0")));

            assertThat(host.info(IpAddress.parse("10.0.0.0"))).isEmpty();
            cluster.time.advance(Duration.ofSeconds(10));
            assertThat(host.info(IpAddress.parse("10.0.0.0"))).isEmpty();
        }

        @Test
        void showsAttributesThatAreNoStringsAsJsonAndAnOwnerOfAnotherFormAsNone() {
            cluster.pool("10.0.0.0/30", 30);
            cluster.put(new StoreKey.Block(Cidr.parse("10.0.0.0/30")), """
                    {"cidr":"10.0.0.0/30","affinity":null,"allocations":[0,null,null,null],"unallocated":[1,2,3],
                     "attributes":[{"handle_id":"","secondary":{"a":1,"b":{"c":[true]}},"owner":"me"}]}""");

            AddressInfo info = host.info(IpAddress.parse("10.0.0.0")).orElseThrow();

            assertThat(info.attributes()).hasValue(Map.of("a", "1", "b", "{\"c\":[true]}"));
            assertThat(info.owner()).isEmpty();
            assertThat(info.blockHost()).isEmpty();
            assertThat(info.sequence()).isZero();
            assertThat(info.notAssignedAfter()).isEmpty();
        }

        @Test
        void ofAnAddressInADamagedBlockIsAnError() {
            cluster.pool("10.0.0.0/24");
            cluster.put(new StoreKey.Block(Cidr.parse("10.0.0.0/26")), "[]");

            assertThatThrownBy(() -> host.info(IpAddress.parse("10.0.0.0")))
                    .isInstanceOf(IpamException.CorruptBlock.class);
        }
    }

    @Nested
    class OfAHandle {
        @Test
        void areItsAddressesByBlock_T17_T54() {
            cluster.pool("10.0.0.0/24").pool("fd00::/64");
            host.autoAssign(
                    AssignRequest.builder().num4(65).num6(1).handle("h1").build());
            host.release(releases(Cluster.range("10.0.0.2", 61)));

            assertThat(host.addressesByHandle("h1"))
                    .containsSequence(ips("10.0.0.0", "10.0.0.1", "10.0.0.63"))
                    .hasSize(5)
                    .endsWith(IpAddress.parse("fd00::"));
        }

        @Test
        void skipsABlockThatDoesNotExist() {
            cluster.pool("10.0.0.0/24");
            host.autoAssign(v4(1));
            cluster.put(new StoreKey.Handle("h1"), "{\"block\":{\"10.0.0.0/26\":1,\"10.0.0.64/26\":1}}");

            assertThat(host.addressesByHandle("h1")).isEmpty();
        }
    }

    @Nested
    class OwnerOf {
        private static final Owner PENDING = Owner.pendingEndpoint("h");
        private static final Owner ENDPOINT = Owner.endpoint("h", "e1");
        private static final Transaction NOTHING_ELSE = Transaction.builder().build();

        @Test
        void anAddressThatIsHandedOverKeepsAllElse() {
            cluster.pool("10.0.0.0/24").pool("fd00::/64");
            List<IpAddress> addresses = host.autoAssign(AssignRequest.builder()
                            .num4(2)
                            .num6(1)
                            .handle("h1")
                            .owner(Owner.pendingEndpoint("h"))
                            .build())
                    .addresses();
            AddressInfo before = host.info(addresses.get(0)).orElseThrow();

            for (IpAddress address : List.of(addresses.get(0), addresses.get(2))) {
                assertThat(cluster.host("other")
                                .transferOwner(address, PENDING, Owner.network("h", "n1"), NOTHING_ELSE))
                        .isEqualTo(TransferResult.DONE);
            }

            AddressInfo after = host.info(addresses.get(0)).orElseThrow();
            assertThat(after.owner()).hasValue(Owner.network("h", "n1"));
            assertThat(after.handle()).isEqualTo(before.handle());
            assertThat(after.sequence()).isEqualTo(before.sequence());
            assertThat(host.info(addresses.get(1)).orElseThrow().owner()).hasValue(Owner.pendingEndpoint("h"));
            assertThat(host.info(addresses.get(2)).orElseThrow().owner()).hasValue(Owner.network("h", "n1"));
            assertThat(host.addressesByHandle("h1")).hasSize(3);
            Audit.of(cluster.store);
        }

        @Test
        void anAddressDoesNotUndoWhatAnotherProcessDoesAtThatMoment_I1() {
            cluster.pool("10.0.0.0/24");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            BlockAllocator slow = cluster.host("h", probed);
            IpAddress first = slow.autoAssign(
                            AssignRequest.builder().num4(1).owner(PENDING).build())
                    .addresses()
                    .get(0);
            List<IpAddress> second = new ArrayList<>();
            probed.beforeNextCommit(() ->
                    second.addAll(cluster.host("h").autoAssign(Cluster.v4(1)).addresses()));

            slow.transferOwner(first, PENDING, ENDPOINT, NOTHING_ELSE);

            assertThat(Audit.of(cluster.store)).containsOnlyKeys(first, second.get(0));
        }

        @Test
        void anAddressIsHandedOverTogetherWithTheCallersOwnRecords() {
            cluster.pool("10.0.0.0/24");
            IpAddress address = pending();
            Transaction with =
                    Transaction.builder().ifAbsent("/x").put("/x", "1").build();

            assertThat(host.transferOwner(address, PENDING, ENDPOINT, with)).isEqualTo(TransferResult.DONE);

            assertThat(host.info(address).orElseThrow().owner()).hasValue(ENDPOINT);
            assertThat(cluster.store.get("/x").orElseThrow().value()).isEqualTo("1");
            Audit.of(cluster.store);
        }

        @Test
        void aHandOverThatTheCallersRecordsForbidChangesNothing() {
            cluster.pool("10.0.0.0/24");
            IpAddress address = pending();
            cluster.store.commit(Transaction.builder().put("/x", "0").build());
            Transaction with =
                    Transaction.builder().ifAbsent("/x").put("/x", "1").build();

            assertThat(host.transferOwner(address, PENDING, ENDPOINT, with)).isEqualTo(TransferResult.OTHERS_CHANGED);

            assertThat(host.info(address).orElseThrow().owner()).hasValue(PENDING);
            assertThat(cluster.store.get("/x").orElseThrow().value()).isEqualTo("0");
        }

        @Test
        void anAddressThatWasReleasedOrGivenToAnotherIsNotHandedOver() {
            cluster.pool("10.0.0.0/24");
            IpAddress released = pending();
            IpAddress another = pending();
            cluster.host("other").release(List.of(ReleaseRequest.of(released)));
            cluster.host("other").transferOwner(another, PENDING, Owner.endpoint("h", "e2"), NOTHING_ELSE);
            Transaction with =
                    Transaction.builder().ifAbsent("/x").put("/x", "1").build();

            assertThat(host.transferOwner(released, PENDING, ENDPOINT, with)).isEqualTo(TransferResult.NOT_OWNED);
            assertThat(host.transferOwner(another, PENDING, ENDPOINT, with)).isEqualTo(TransferResult.NOT_OWNED);
            assertThat(host.transferOwner(IpAddress.parse("9.9.9.9"), PENDING, ENDPOINT, with))
                    .isEqualTo(TransferResult.NOT_OWNED);

            assertThat(cluster.store.get("/x")).isEmpty();
        }

        @Test
        void aHandOverAgainStillChecksTheCallersRecords() {
            cluster.pool("10.0.0.0/24");
            IpAddress address = pending();
            Transaction with =
                    Transaction.builder().ifAbsent("/x").put("/x", "1").build();
            host.transferOwner(address, PENDING, ENDPOINT, with);

            assertThat(host.transferOwner(address, PENDING, ENDPOINT, with)).isEqualTo(TransferResult.OTHERS_CHANGED);
            cluster.store.commit(Transaction.builder().delete("/x").build());
            assertThat(host.transferOwner(address, PENDING, ENDPOINT, with)).isEqualTo(TransferResult.DONE);

            assertThat(cluster.store.get("/x")).isPresent();
        }

        @Test
        void anAddressOfAnotherOwnerIsNotReleased() {
            cluster.pool("10.0.0.0/24");
            IpAddress address = pending();
            host.release(List.of());
            cluster.host("other").transferOwner(address, PENDING, ENDPOINT, NOTHING_ELSE);

            assertThatThrownBy(() -> host.release(List.of(ReleaseRequest.of(address, PENDING))))
                    .isInstanceOf(IpamException.StaleRelease.class)
                    .hasMessageContaining("owner");
            assertThat(host.info(address)).isPresent();
            assertThat(host.release(List.of(ReleaseRequest.of(address, ENDPOINT)))
                            .released())
                    .containsExactly(address);
        }

        @Test
        void theAddressesOfANodeAreFoundInBlocksOfWhateverHost() {
            cluster.pool("10.0.0.0/24");
            IpAddress first = pending();
            IpAddress second = cluster.host("other")
                    .autoAssign(AssignRequest.builder()
                            .num4(1)
                            .owner(Owner.endpoint("h", "e7"))
                            .build())
                    .addresses()
                    .get(0);
            cluster.host("other").autoAssign(v4(3));

            assertThat(host.addressesOwnedOn("h").stream().map(AddressInfo::address))
                    .containsExactlyInAnyOrder(first, second);
            assertThat(host.addressesOwnedOn("other")).isEmpty();
        }

        @Test
        void theAddressesOfANodeAreFoundInItsOwnBlocksAndInThoseThatAreNamed() {
            cluster.pool("10.0.0.0/24");
            IpAddress own = pending();
            IpAddress borrowed = cluster.host("other")
                    .autoAssign(AssignRequest.builder()
                            .num4(1)
                            .owner(Owner.endpoint("h", "e7"))
                            .build())
                    .addresses()
                    .get(0);
            Cidr othersBlock = host.info(borrowed).orElseThrow().block();

            assertThat(host.addressesOwnedOn("h", Set.of()))
                    .extracting(AddressInfo::address)
                    .containsExactly(own);
            assertThat(host.addressesOwnedOn("h", Set.of(othersBlock, Cidr.parse("10.9.0.0/26"))))
                    .extracting(AddressInfo::address)
                    .containsExactlyInAnyOrder(own, borrowed);
        }

        private IpAddress pending() {
            return host.autoAssign(
                            AssignRequest.builder().num4(1).owner(PENDING).build())
                    .addresses()
                    .get(0);
        }

        @Test
        void needsANodeAndAKind() {
            assertThatThrownBy(() -> new Owner("", "network", Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new Owner("h", "", Optional.empty())).isInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void containersOfOneHostShareAnEntryAndTheTimeIsThatOfTheBlock() {
            cluster.pool("10.0.0.0/24");
            AssignRequest request = AssignRequest.builder()
                    .num4(1)
                    .owner(Owner.pendingEndpoint("h"))
                    .build();
            host.autoAssign(request);
            cluster.time.advance(Duration.ofSeconds(5));
            host.autoAssign(request);

            assertThat(cluster.block("10.0.0.0/26").orElseThrow().entries()).hasSize(1);
            assertThat(host.info(IpAddress.parse("10.0.0.0")).orElseThrow().notAssignedAfter())
                    .hasValue(ManualTime.START.plusSeconds(5));
        }
    }

    @Nested
    class Utilisation {
        @Test
        void coversWholePoolsIncludingWhatIsNotCutYet_T93_I29() {
            cluster.pool("9.0.0.0/26").pool("10.0.0.0/24").pool("fd00::/120");
            host.autoAssign(AssignRequest.builder().num4(3).num6(1).build());

            List<PoolUtilisation> all = host.utilisation();

            assertThat(all)
                    .containsExactly(
                            new PoolUtilisation(
                                    Optional.of(Cidr.parse("10.0.0.0/24")),
                                    256,
                                    3,
                                    0,
                                    253,
                                    0,
                                    List.of(new PoolUtilisation.Block(
                                            Cidr.parse("10.0.0.0/26"), Optional.of("h"), 64, 3, 0, 61, 0))),
                            new PoolUtilisation(Optional.of(Cidr.parse("9.0.0.0/26")), 64, 0, 0, 64, 0, List.of()),
                            new PoolUtilisation(
                                    Optional.of(Cidr.parse("fd00::/120")),
                                    256,
                                    1,
                                    0,
                                    255,
                                    0,
                                    List.of(new PoolUtilisation.Block(
                                            Cidr.parse("fd00::/122"), Optional.of("h"), 64, 1, 0, 63, 0))));
        }

        @Test
        void ofAVastPoolSaturates_T94() {
            cluster.pool("fd00::/8");
            host.autoAssign(Cluster.v6(1));

            assertThat(host.utilisation().get(0))
                    .returns(Long.MAX_VALUE, PoolUtilisation::capacity)
                    .returns(Long.MAX_VALUE, PoolUtilisation::available)
                    .returns(1L, PoolUtilisation::inUse);
        }

        @Test
        void listsBlocksInNoPoolLastAndLeavesDamagedOnesOut() {
            cluster.pool("10.0.0.0/24").blockOf("h", "9.0.0.0/26", 60).blockOf("g", "fd00::/122", 64);
            cluster.put(new StoreKey.Block(Cidr.parse("10.0.0.0/26")), "[]");

            List<PoolUtilisation> all = host.utilisation();

            assertThat(all).hasSize(2);
            assertThat(all.get(0).blocks()).isEmpty();
            assertThat(all.get(1).pool()).isEmpty();
            assertThat(all.get(1).capacity()).isEqualTo(128);
            assertThat(all.get(1).inUse()).isEqualTo(4);
            assertThat(all.get(1).blocks())
                    .extracting(PoolUtilisation.Block::cidr)
                    .containsExactly(Cidr.parse("9.0.0.0/26"), Cidr.parse("fd00::/122"));
        }

        @Test
        void isReadAtOneRevision_R35() {
            cluster.pool("10.0.0.0/24").pool("10.1.0.0/24");
            ProbedDatastore probed = new ProbedDatastore(cluster.store);
            probed.beforeNextRead(() -> {}, () -> host.autoAssign(v4(5)));

            assertThat(cluster.host("x", probed).utilisation())
                    .extracting(PoolUtilisation::inUse)
                    .containsOnly(0L);
        }

        @Test
        void ofAStoreThatCannotBeReachedIsAnError() {
            cluster.store.close();

            assertThatThrownBy(host::utilisation)
                    .isInstanceOf(IpamException.DatastoreUnavailable.class)
                    .hasCauseInstanceOf(DatastoreException.class);
        }
    }
}
