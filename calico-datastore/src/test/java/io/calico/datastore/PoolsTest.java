package io.calico.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.datastore.memory.MemoryDatastore;
import io.calico.datastore.spi.Transaction;
import io.calico.datastore.testkit.FaultyDatastore;
import io.calico.datastore.testkit.FaultyDatastore.Operation;
import io.calico.model.IpPool;
import io.calico.model.json.BadRecordException;
import io.calico.model.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class PoolsTest {
    private static final Cidr TEN = Cidr.parse("10.0.0.0/8");

    private final MemoryDatastore memory = new MemoryDatastore();
    private final FaultyDatastore store = new FaultyDatastore(memory);
    private final Pools pools = new CalicoStore(store).pools();

    private static IpPool pool(String cidr) {
        return IpPool.of(Cidr.parse(cidr));
    }

    @Test
    void poolsAreListedByVersionAndKey() {
        pools.put(pool("fd80::/64"));
        pools.put(pool("192.168.0.0/16"));
        pools.put(pool("10.1.0.0/16"));

        Listing<IpPool> listing = pools.list();

        assertThat(listing.values())
                .extracting(pool -> pool.cidr().toString())
                .containsExactly("10.1.0.0/16", "192.168.0.0/16", "fd80::/64");
        assertThat(listing.damaged()).isEmpty();
        assertThat(pools.find(Cidr.parse("10.1.0.0/16"))).contains(pool("10.1.0.0/16"));
        assertThat(pools.find(TEN)).isEmpty();
    }

    @Test
    void theSameCidrReplacesItsOptions() {
        assertThat(pools.put(IpPool.of(TEN))).isEqualTo(new PoolPut.Stored(Optional.empty()));

        PoolPut again = pools.put(IpPool.of(TEN).withNatOutgoing(true));

        assertThat(again).isEqualTo(new PoolPut.Stored(Optional.of(IpPool.of(TEN))));
        assertThat(pools.find(TEN)).contains(IpPool.of(TEN).withNatOutgoing(true));
    }

    @Test
    void overlapIsRefusedNamingTheOther() {
        pools.put(IpPool.of(TEN));

        assertThat(pools.put(pool("10.2.0.0/16"))).isEqualTo(new PoolPut.Overlaps(TEN));
        assertThat(pools.put(pool("0.0.0.0/4"))).isEqualTo(new PoolPut.Overlaps(TEN));
        assertThat(pools.list().values()).containsExactly(IpPool.of(TEN));
    }

    @Test
    void aDamagedPoolStillHoldsItsAddresses() {
        memory.commit(Transaction.builder()
                .put("/calico/v1/ipam/v4/pool/10.0.0.0-8", "nonsense")
                .build());

        assertThat(pools.put(pool("10.2.0.0/16"))).isEqualTo(new PoolPut.Overlaps(TEN));
        assertThat(pools.list().damaged())
                .extracting(BadRecordException::key)
                .containsExactly("/calico/v1/ipam/v4/pool/10.0.0.0-8");
        assertThatThrownBy(() -> pools.find(TEN)).isInstanceOf(BadRecordException.class);
        assertThat(pools.put(IpPool.of(TEN))).isEqualTo(new PoolPut.Stored(Optional.empty()));
        assertThat(pools.find(TEN)).isPresent();
    }

    @Test
    void aRecordThatSaysAnotherCidrThanItsKeyIsDamaged() {
        memory.commit(Transaction.builder()
                .put("/calico/v1/ipam/v4/pool/10.0.0.0-8", "{\"cidr\":\"11.0.0.0/8\"}")
                .put("/calico/v1/ipam/v4/pool/10.0.0.7-8", "{\"cidr\":\"10.0.0.0/8\"}")
                .build());

        assertThat(pools.list().values()).isEmpty();
        assertThat(pools.list().damaged())
                .extracting(Throwable::getMessage)
                .containsExactly(
                        "damaged record at /calico/v1/ipam/v4/pool/10.0.0.0-8: the record says 11.0.0.0/8",
                        "damaged record at /calico/v1/ipam/v4/pool/10.0.0.7-8: the key is not one of a pool");
    }

    @Test
    void anOverlappingPoolThatCameInBetweenIsSeen() {
        store.beforeNext(Operation.COMMIT, () -> new CalicoStore(memory).pools().put(pool("10.2.0.0/16")));

        assertThat(pools.put(IpPool.of(TEN))).isEqualTo(new PoolPut.Overlaps(Cidr.parse("10.2.0.0/16")));
    }

    @Test
    void ofManyOverlappingPoolsAtOnceExactlyOneIsStored() throws InterruptedException, ExecutionException {
        ExecutorService workers = Executors.newFixedThreadPool(8);
        try {
            List<Callable<PoolPut>> puts = new ArrayList<>();
            for (int length = 8; length < 24; length++) {
                IpPool pool = pool("10.0.0.0/" + length);
                puts.add(() -> new CalicoStore(memory.newClient()).pools().put(pool));
            }
            int stored = 0;
            for (Future<PoolPut> put : workers.invokeAll(puts)) {
                stored += put.get() instanceof PoolPut.Stored ? 1 : 0;
            }

            assertThat(stored).isEqualTo(1);
            assertThat(pools.list().values()).hasSize(1);
        } finally {
            workers.shutdownNow();
        }
    }

    @Test
    void removingSaysWhetherThereWasOne() {
        pools.put(IpPool.of(TEN));

        assertThat(pools.remove(TEN)).isTrue();
        assertThat(pools.remove(TEN)).isFalse();
        assertThat(pools.put(pool("10.2.0.0/16"))).isInstanceOf(PoolPut.Stored.class);
    }

    @Test
    void aLostAnswerIsFoundOut() {
        store.loseNextAnswers(1);

        assertThat(pools.put(IpPool.of(TEN))).isEqualTo(new PoolPut.Stored(Optional.empty()));
        assertThat(pools.list().values()).hasSize(1);
    }
}
