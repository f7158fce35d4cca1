package io.calico.datastore.etcd;

import io.calico.datastore.testkit.DatastoreConformance;
import io.calico.datastore.testkit.StoreUnderTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The kit on a cluster of three. */
@RequiresEtcd
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
