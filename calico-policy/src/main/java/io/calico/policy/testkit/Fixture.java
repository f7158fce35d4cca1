package io.calico.policy.testkit;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleParser;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The hosts, endpoints and profiles of the decision table, before any change.
 *
 * <pre>
 *            h1 172.30.0.10 ──┬── h2 172.30.0.11 (D behind cali4)
 *   cali1 A  WEB, CLIENT      │
 *   cali2 B  APP              └── outside: X 203.0.113.9, N 203.0.113.53
 *   cali3 C  WEB, APP
 *   cali5 E  WEB (inactive)       docker0: R 172.17.0.2, a container of Docker's bridge on h1
 *   cali6 F  (none)               cali99:  U 10.65.0.99, an interface on h1 that no endpoint owns
 *   cali7 G  GONE, WEB            GONE has no records
 *   cali8 K  DENYALL, WEB
 *   cali9 L  STRICT
 * </pre>
 *
 * Masquerade is on for the pool 10.65.0.0/16. Every host's uplink is {@code eth0}.
 */
public final class Fixture {
    /** The host whose dataplane is looked at, unless a probe says otherwise. */
    public static final String HOST = "h1";

    /** The interface of every host towards the other hosts and the outside. */
    public static final String UPLINK = "eth0";

    /** The pool with masquerade that holds all workloads' IPv4 addresses. */
    public static final Cidr POOL = Cidr.parse("10.65.0.0/16");

    private static final NavigableMap<String, Place> PLACES = places(
            Place.host("h1", "172.30.0.10", "fd00:30::10"),
            Place.host("h2", "172.30.0.11", "fd00:30::11"),
            Place.outside("X", "203.0.113.9"),
            Place.outside("N", "203.0.113.53"),
            Place.behind("A", "h1", "cali1", "10.65.0.2", "fd80::2"),
            Place.behind("B", "h1", "cali2", "10.65.0.3", "fd80::3"),
            Place.behind("C", "h1", "cali3", "10.65.0.4", "fd80::4"),
            Place.behind("D", "h2", "cali4", "10.65.1.2"),
            Place.behind("E", "h1", "cali5", "10.65.0.5"),
            Place.behind("F", "h1", "cali6", "10.65.0.6"),
            Place.behind("G", "h1", "cali7", "10.65.0.7"),
            Place.behind("K", "h1", "cali8", "10.65.0.8"),
            Place.behind("L", "h1", "cali9", "10.65.0.9", "fd80::9"),
            // Two on the second host that share one address for a while, and Docker's and nobody's.
            Place.behind("S1", "h2", "cali10", "10.65.0.50"),
            Place.behind("S2", "h2", "cali11", "10.65.0.50"),
            Place.behind("R", "h1", "docker0", "172.17.0.2"),
            Place.behind("U", "h1", "cali99", "10.65.0.99"));

    private Fixture() {}

    private static NavigableMap<String, Place> places(Place... places) {
        NavigableMap<String, Place> byName = new TreeMap<>();
        Arrays.stream(places).forEach(place -> byName.put(place.name(), place));
        return byName;
    }

    /** All places, by name. */
    public static List<Place> places() {
        return List.copyOf(PLACES.values());
    }

    /**
     * The place of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Place place(String name) {
        Place place = PLACES.get(name);
        if (place == null) {
            throw new IllegalArgumentException("no place " + name + " among " + PLACES.keySet());
        }
        return place;
    }

    /** The key of the endpoint of that place. */
    public static EndpointKey key(String place) {
        return new EndpointKey(place(place).host(), "libnetwork", "libnetwork", place);
    }

    /** The MAC of the workload of that place: {@code ee:ee:ee:00:00:} and the number of its interface. */
    public static MacAddress mac(String place) {
        String digits = place(place).interfaceName().replaceAll("[^0-9]", "");
        return MacAddress.of(0xeeeeee000000L + Long.parseLong(digits));
    }

    /** The records from which the policy of all hosts is made. */
    public static PolicyState state() {
        PolicyState state = profiles();
        state = state.withPool(
                POOL, Optional.of(IpPool.builder().cidr(POOL).natOutgoing(true).build()));
        state = withEndpoint(state, "A", EndpointState.ACTIVE, "WEB", "CLIENT");
        state = withEndpoint(state, "B", EndpointState.ACTIVE, "APP");
        state = withEndpoint(state, "C", EndpointState.ACTIVE, "WEB", "APP");
        state = withEndpoint(state, "D", EndpointState.ACTIVE, "APP");
        state = withEndpoint(state, "E", EndpointState.INACTIVE, "WEB");
        state = withEndpoint(state, "F", EndpointState.ACTIVE);
        state = withEndpoint(state, "G", EndpointState.ACTIVE, "GONE", "WEB");
        state = withEndpoint(state, "K", EndpointState.ACTIVE, "DENYALL", "WEB");
        return withEndpoint(state, "L", EndpointState.ACTIVE, "STRICT");
    }

    private static PolicyState profiles() {
        PolicyState state = PolicyState.empty();
        state = withProfile(
                state,
                "WEB",
                List.of("WEB"),
                rules().addInbound(rule("allow tcp to ports 80,443,8000:8010"))
                        .addInbound(rule("allow icmp type 8"))
                        .addOutbound(rule("allow")));
        state = withProfile(
                state,
                "APP",
                List.of("APP"),
                rules().addInbound(rule("deny udp"))
                        .addInbound(rule("allow tcp from tag APP_7890 to ports 7890"))
                        .addInbound(rule("allow from cidr 172.30.0.11/32"))
                        .addOutbound(rule("deny tcp to ports 25 cidr 203.0.113.0/24"))
                        .addOutbound(rule("allow")));
        state = withProfile(state, "CLIENT", List.of("APP_7890"), rules());
        state = withProfile(
                state, "DENYALL", List.of(), rules().addInbound(rule("deny")).addOutbound(rule("deny")));
        return withProfile(
                state,
                "STRICT",
                List.of("STRICT"),
                rules().addInbound(rule("allow tcp from ports 1024:65535 tag WEB to ports 22 tag STRICT"))
                        .addInbound(rule("deny icmp type 8 code 0"))
                        .addInbound(rule("allow icmp"))
                        .addInbound(rule("allow icmpv6 type 128"))
                        .addOutbound(rule("allow udp to ports 53 cidr 203.0.113.53/32"))
                        .addOutbound(rule("allow tcp to ports 80 tag WEB")));
    }

    static ProfileRules.Builder rules() {
        return ProfileRules.builder();
    }

    /** A rule in the words of the command line. */
    static Rule rule(String text) {
        return RuleParser.parse(List.of(text.split(" ")));
    }

    static PolicyState withProfile(PolicyState state, String name, List<String> tags, ProfileRules.Builder rules) {
        return state.withTags(name, Optional.of(tags)).withRules(name, Optional.of(rules.build()));
    }

    static PolicyState withEndpoint(PolicyState state, String place, EndpointState endpointState, String... profiles) {
        List<IpAddress> addresses = place(place).addresses();
        WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                .state(endpointState)
                .interfaceName(place(place).interfaceName())
                .mac(mac(place))
                .addProfileIds(profiles)
                .build()
                .withAddresses(addresses);
        return state.withEndpoint(key(place), Optional.of(endpoint));
    }
}
