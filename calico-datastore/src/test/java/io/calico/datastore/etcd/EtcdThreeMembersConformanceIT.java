package io.calico.datastore.etcd;

import io.calico.datastore.testkit.DatastoreConformance;
import io.calico.datastore.testkit.StoreUnderTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The kit on a cluster of three; in the long run only, for a minute of writes that three members on one disk agree on. */
@RequiresEtcd
@EnabledIfSystemProperty(named = "calico.test.long", matches = "true")
class EtcdThreeMembersConformanceIT extends DatastoreConformance {
    private static RealCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = RealCluster.start(3);
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @Override
    protected StoreUnderTest newEmptyStore() {
        return new EtcdUnderTest(cluster.uri());
    }
}
