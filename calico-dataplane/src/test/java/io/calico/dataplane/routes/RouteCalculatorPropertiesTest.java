package io.calico.dataplane.routes;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.EndpointKey;
import io.calico.model.IpPool;
import io.calico.model.VxlanTunnel;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever order records come in and whenever changes are taken, the routes are those of the records that are left. */
class RouteCalculatorPropertiesTest {
    private static final List<String> HOSTS = List.of("h1", "h2", "h3");

    /**
     * A record handed in.
     *
     * @param slot which record it is; a later one of the same slot takes its place
     * @param hand hands it in
     * @param isTaken whether the changes are taken afterwards
     */
    record Step(String slot, Consumer<RouteCalculator> hand, boolean isTaken) {
        Step taken(boolean now) {
            return new Step(slot, hand, now);
        }

        @Override
        public String toString() {
            return slot + (isTaken ? " taken" : "");
        }
    }

    @Provide
    Arbitrary<Step> steps() {
        Arbitrary<String> host = Arbitraries.of(HOSTS);
        Arbitrary<Cidr> block = Arbitraries.of(
                        "10.65.0.0/30", "10.65.0.4/30", "10.65.0.4/31", "10.65.0.9/32", "10.66.0.0/30", "fd80::/126")
                .map(Cidr::parse);
        Arbitrary<IpAddress> address = Arbitraries.of(
                        "10.65.0.1",
                        "10.65.0.4",
                        "10.65.0.5",
                        "10.65.0.6",
                        "10.65.0.9",
                        "10.66.0.1",
                        "10.67.0.1",
                        "fd80::1")
                .map(IpAddress::parse);
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        Arbitrary<Step> affinities = Combinators.combine(host, block, flag)
                .as((h, b, confirmed) ->
                        new Step("affinity " + h + b, calculator -> calculator.onAffinity(h, b, confirmed), false));
        Arbitrary<Step> endpoints = Combinators.combine(
                        host, flag, address.list().ofMaxSize(2))
                .as((h, which, addresses) -> {
                    EndpointKey key = new EndpointKey(h, "o", "w", "e" + which);
                    return new Step("endpoint " + key, calculator -> calculator.onEndpoint(key, addresses), false);
                });
        Arbitrary<Step> pools = Combinators.combine(
                        Arbitraries.of("10.65.0.0/16", "10.66.0.0/16", "fd80::/64")
                                .map(Cidr::parse),
                        Arbitraries.of("", "-", "always", "cross-subnet", "ipip"))
                .as((cidr, option) ->
                        new Step("pool " + cidr, calculator -> calculator.onPool(cidr, pool(cidr, option)), false));
        Arbitrary<Step> peers = Combinators.combine(host, address.optional())
                .as((h, a) -> new Step(
                        "address " + h,
                        calculator -> calculator.onHostAddress(h, IpVersion.V4, a.filter(IpAddress::isV4)),
                        false));
        Arbitrary<Step> tunnels = Combinators.combine(host, address.optional())
                .as((h, a) -> new Step("vxlan " + h, calculator -> calculator.onVxlan(h, a.map(this::tunnel)), false));
        Arbitrary<Step> ipIp = Combinators.combine(host, address.optional())
                .as((h, a) -> new Step("ipip " + h, calculator -> calculator.onIpIpAddress(h, a), false));
        return Combinators.combine(
                        Arbitraries.oneOf(affinities, affinities, endpoints, endpoints, pools, peers, tunnels, ipIp),
                        flag)
                .as(Step::taken);
    }

    private static Optional<IpPool> pool(Cidr cidr, String option) {
        IpPool plain = IpPool.of(cidr);
        return switch (option) {
            case "" -> Optional.empty();
            case "-" -> Optional.of(plain);
            case "ipip" -> Optional.of(plain.withIpip("tunl0"));
            default -> Optional.of(plain.withVxlan(option));
        };
    }

    private VxlanTunnel tunnel(IpAddress address) {
        VxlanTunnel.Builder tunnel =
                VxlanTunnel.builder().mac(MacAddress.parse("66:00:00:00:00:01")).host(IpAddress.parse("172.30.0.1"));
        return (address.isV4() ? tunnel.ipv4(address) : tunnel.ipv6(address)).build();
    }

    /** What a dataplane knows after it was told all changes. */
    private static final class Told {
        final Map<Cidr, WantedRoute> routes = new TreeMap<>();
        final Map<String, Peer> peers = new TreeMap<>();
        OwnTunnels tunnels = OwnTunnels.NONE;

        void take(RouteCalculator calculator) {
            RouteChanges changes = calculator.pending();
            calculator.applied();
            changes.routes()
                    .forEach((key, route) ->
                            route.ifPresentOrElse(now -> routes.put(key, now), () -> routes.remove(key)));
            changes.peers()
                    .forEach((key, peer) -> peer.ifPresentOrElse(now -> peers.put(key, now), () -> peers.remove(key)));
            tunnels = changes.tunnels();
        }
    }

    @Property(tries = 500)
    void incrementalIsAsFromScratch(@ForAll("stepLists") List<Step> steps) {
        RouteCalculator incremental = new RouteCalculator("h1");
        Told told = new Told();
        Map<String, Step> last = new LinkedHashMap<>();
        for (Step step : steps) {
            step.hand().accept(incremental);
            last.put(step.slot(), step);
            if (step.isTaken()) {
                told.take(incremental);
            }
        }
        told.take(incremental);

        RouteCalculator scratch = new RouteCalculator("h1");
        List<Step> reversed = new ArrayList<>(last.values());
        Collections.reverse(reversed);
        reversed.forEach(step -> step.hand().accept(scratch));
        Told fromScratch = new Told();
        fromScratch.take(scratch);

        assertThat(told.routes).isEqualTo(fromScratch.routes);
        assertThat(told.peers).isEqualTo(fromScratch.peers);
        assertThat(told.tunnels).isEqualTo(fromScratch.tunnels);
        assertThat(incremental.problems()).isEqualTo(scratch.problems());
    }

    @Provide
    Arbitrary<List<Step>> stepLists() {
        return steps().list().ofMaxSize(40);
    }
}
