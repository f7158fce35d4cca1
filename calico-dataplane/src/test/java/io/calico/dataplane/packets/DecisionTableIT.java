package io.calico.dataplane.packets;

import io.calico.dataplane.packets.PacketLab.Filter;
import io.calico.dataplane.testing.RequiresNetworks;
import org.junit.jupiter.api.Nested;

/**
 * Every row of the decision table that single packets can show, on a real kernel. Rows that take several are in {@link
 * FlowsIT}; the one about tunnels has no tunnel yet.
 */
@RequiresNetworks
class DecisionTableIT {
    @Nested
    class WithoutOtherFilters extends Rows {
        WithoutOtherFilters() {
            super(Filter.NONE);
        }
    }

    @Nested
    class BesideDocker extends Rows {
        BesideDocker() {
            super(Filter.DOCKER_NFT);
        }
    }

    @Nested
    class BesideDockerWithLegacyIptables extends Rows {
        BesideDockerWithLegacyIptables() {
            super(Filter.DOCKER_LEGACY);
        }
    }
}
