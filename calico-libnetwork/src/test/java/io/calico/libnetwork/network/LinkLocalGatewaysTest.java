package io.calico.libnetwork.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;

class LinkLocalGatewaysTest {
    private static final List<Cidr> FORBIDDEN = List.of(
            Cidr.parse("169.254.0.0/24"),
            Cidr.parse("169.254.255.0/24"),
            Cidr.parse("169.254.1.1/32"),
            Cidr.parse("169.254.169.0/24"),
            Cidr.parse("169.254.170.0/24"));

    @Property
    void gatewaysOfOneSandboxAreDistinctLinkLocalAndNobodyElses(
            @ForAll @StringLength(min = 1, max = 64) String endpoint, @ForAll @IntRange(min = 1, max = 20) int count) {
        Set<IpAddress> taken = new HashSet<>();
        for (int i = 0; i < count; i++) {
            IpAddress gateway = LinkLocalGateways.choose(endpoint, taken);

            assertThat(taken.add(gateway)).isTrue();
            assertThat(Cidr.parse("169.254.0.0/16").contains(gateway)).isTrue();
            assertThat(FORBIDDEN).noneMatch(net -> net.contains(gateway));
            assertThat(gateway.low() & 0xff).isNotIn(0L, 255L);
        }
    }

    @Property
    void anEndpointGetsTheSameGatewayAgain(@ForAll @StringLength(min = 1, max = 64) String endpoint) {
        assertThat(LinkLocalGateways.choose(endpoint, Set.of()))
                .isEqualTo(LinkLocalGateways.choose(endpoint, Set.of()));
    }
}
