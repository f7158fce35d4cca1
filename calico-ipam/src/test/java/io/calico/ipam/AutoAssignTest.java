package io.calico.ipam;

import static io.calico.ipam.Cluster.ips;
import static io.calico.ipam.Cluster.range;
import static io.calico.ipam.Cluster.v4;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AutoAssignTest {
    private final Cluster cluster = new Cluster();

    @Test
    void firstAddressesOfANewPoolAreItsFirstFour_T12() {
        cluster.pool("192.168.0.0/16");

        AssignResult result = cluster.host("test_host").autoAssign(v4(4));

        assertThat(result.addresses()).isEqualTo(range("192.168.0.0", 4));
        assertThat(cluster.blocks()).containsOnlyKeys("192.168.0.0/26").containsValue("test_host");
        Audit.of(cluster.store);
    }

    @Test
    void hostsShareAPoolOfOneBlock_T61() {
        cluster.pool("10.0.0.0/28", 28);

        AssignResult a = cluster.host("a").autoAssign(v4(1, "ha"));
        AssignResult b = cluster.host("b").autoAssign(v4(1, "hb"));

        assertThat(a.addresses()).isEqualTo(ips("10.0.0.0"));
        assertThat(b.addresses()).isEqualTo(ips("10.0.0.1"));
        assertThat(cluster.host("c").releaseByHandle("hb")).isEqualTo(1);
        assertThat(cluster.host("a").releaseByHandle("ha")).isEqualTo(1);
        assertThat(Audit.of(cluster.store)).isEmpty();
    }
}
