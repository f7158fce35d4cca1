package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.EndpointKey;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleCheck;
import io.calico.policy.testkit.PolicyState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;
import net.jqwik.api.statistics.Statistics;

class PolicyPropertiesTest {
    private static final String HOST = "h1";

    @Property(tries = 150)
    void compiledPolicyDecidesLikeTheRecordsReadOneByOne(
            @ForAll("states") PolicyState state, @ForAll("flows") List<Tuple2<Packet, Path>> flows) {
        CompiledPolicy policy = state.policyOf(HOST);
        Evaluator evaluator = new Evaluator(policy, state.toHost());
        ReferenceInterpreter reference = new ReferenceInterpreter(state, HOST);

        for (int i = 0; i < flows.size(); i++) {
            Path path = flows.get(i).get2();
            Packet drawn = flows.get(i).get1();
            Packet packet = i % 5 == 0 ? drawn : honest(drawn, path, policy);

            Decision decision = evaluator.evaluate(packet, path);

            assertThat(decision).as("%s on %s", packet, path).hasToString(reference.decide(packet, path));
            countKinds(decision);
        }
    }

    /** The packet with a source that its sender has, to an address that its receiver has: most drawn ones are forged. */
    private static Packet honest(Packet drawn, Path path, CompiledPolicy policy) {
        if (path instanceof Path.FromHost) {
            return drawn;
        }
        String in = path instanceof Path.Forwarded forwarded ? forwarded.in() : ((Path.ToHost) path).in();
        String out = path instanceof Path.Forwarded forwarded ? forwarded.out() : "none";
        for (IpAddress source : addresses(policy, in, drawn.source())) {
            for (IpAddress destination : addresses(policy, out, drawn.destination())) {
                if (source.version() == destination.version()) {
                    return PolicyArbitraries.between(source, destination, drawn);
                }
            }
        }
        return drawn;
    }

    private static List<IpAddress> addresses(CompiledPolicy policy, String interfaceName, IpAddress otherwise) {
        CompiledEndpoint endpoint = policy.endpoints().get(interfaceName);
        return endpoint == null ? List.of(otherwise) : endpoint.addresses();
    }

    /** A comparison proves nothing if hardly any packet gets as far as a rule. */
    private static void countKinds(Decision decision) {
        boolean byRule = decision.reasons().stream().allMatch(Reason.MatchedRule.class::isInstance);
        String kind = (byRule ? "by rule, " : "otherwise, ") + decision.verdict();
        Statistics.label("decided").collect(kind).coverage(coverage -> {
            coverage.check("by rule, allow").percentage(p -> p > 2);
            coverage.check("by rule, deny").percentage(p -> p > 2);
        });
    }

    @Property(tries = 400)
    void leavingOutRulesThatAreNeverReachedChangesNoDecision(
            @ForAll("rules") List<Rule> rules, @ForAll("packets") Packet packet) {
        PacketTest test = new PacketTest(packet, Map.of());

        Optional<RuleSource> first = firstMatch(RuleCompiler.compile("P", Direction.INBOUND, rules), test);

        Optional<Integer> firstOfAll = Optional.empty();
        for (int i = 0; i < rules.size() && firstOfAll.isEmpty(); i++) {
            List<CompiledRule> alone = RuleCompiler.compile("P", Direction.INBOUND, List.of(rules.get(i)));
            firstOfAll = firstMatch(alone, test).isPresent() ? Optional.of(i + 1) : Optional.empty();
        }
        assertThat(first.map(RuleSource::number)).isEqualTo(firstOfAll);
    }

    private static Optional<RuleSource> firstMatch(List<CompiledRule> rules, PacketTest test) {
        return rules.stream().filter(test::passes).findFirst().map(CompiledRule::source);
    }

    @Property(tries = 100)
    void policyFollowsFromTheStateWhateverTheWayThere(@ForAll("ways") List<PolicyState> states, @ForAll Random random) {
        PolicyCalculator calculator = new PolicyCalculator(HOST);
        CompiledPolicy last = calculator.compile();
        for (PolicyState state : states) {
            for (Runnable update : wayTo(state, states, calculator, random)) {
                update.run();
                if (random.nextInt(4) == 0) {
                    CompiledPolicy now = calculator.compile();
                    assertShares(last, now);
                    last = now;
                }
            }
            CompiledPolicy now = calculator.compile();

            assertThat(now).isEqualTo(state.policyOf(HOST));
            assertShares(last, now);
            last = now;
        }
    }

    @Property(tries = 100)
    void whatIsKeptUnusedIsAsExactAsIfItWereUsed(@ForAll("ways") List<PolicyState> states, @ForAll Random random) {
        PolicyCalculator calculator = new PolicyCalculator(HOST, 3);
        CompiledPolicy last = calculator.compile();
        for (PolicyState state : states) {
            wayTo(state, states, calculator, random).forEach(Runnable::run);

            CompiledPolicy now = calculator.compile();

            CompiledPolicy used = usingAll(now.lists(), state).policyOf(HOST);
            assertThat(now.lists()).isEqualTo(used.lists());
            assertThat(now.profiles()).isEqualTo(used.profiles());
            assertThat(now.tagSets()).isEqualTo(used.tagSets());
            CompiledPolicy onlyUsed = state.policyOf(HOST);
            assertThat(now.endpoints()).isEqualTo(onlyUsed.endpoints());
            assertThat(now.lists())
                    .hasSizeBetween(onlyUsed.lists().size(), onlyUsed.lists().size() + 3);
            assertShares(last, now);
            last = now;
        }
        calculator.forgetUnused();
        assertThat(calculator.compile()).isEqualTo(states.get(states.size() - 1).policyOf(HOST));
    }

    /** The state, and for each list an endpoint without addresses that uses it, so that no tag has another member. */
    private static PolicyState usingAll(Set<ProfileList> lists, PolicyState state) {
        PolicyState all = state;
        int number = 0;
        for (ProfileList list : lists) {
            String name = "calizz" + number++;
            WorkloadEndpoint user = WorkloadEndpoint.builder()
                    .interfaceName(name)
                    .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                    .addAllProfileIds(list.ids())
                    .build();
            all = all.withEndpoint(new EndpointKey(HOST, "test", "test", name), Optional.of(user));
        }
        return all;
    }

    /**
     * Updates that lead to the state: for every record first some that were never meant, then the right one, now and then
     * twice; the records' updates in random order between each other.
     */
    private static List<Runnable> wayTo(
            PolicyState state, List<PolicyState> others, PolicyCalculator calculator, Random random) {
        List<List<Runnable>> updatesByRecord = new ArrayList<>();
        addUpdates(updatesByRecord, state, others, PolicyState::tags, calculator::onProfileTags, random);
        addUpdates(updatesByRecord, state, others, PolicyState::rules, calculator::onProfileRules, random);
        addUpdates(updatesByRecord, state, others, PolicyState::endpoints, calculator::onEndpoint, random);
        addUpdates(updatesByRecord, state, others, PolicyState::pools, calculator::onPool, random);
        List<Integer> turns = new ArrayList<>();
        for (int record = 0; record < updatesByRecord.size(); record++) {
            turns.addAll(Collections.nCopies(updatesByRecord.get(record).size(), record));
        }
        Collections.shuffle(turns, random);
        List<Runnable> updates = new ArrayList<>();
        turns.forEach(record -> updates.add(updatesByRecord.get(record).remove(0)));
        return updates;
    }

    private static <K extends Comparable<K>, V> void addUpdates(
            List<List<Runnable>> updatesByRecord,
            PolicyState state,
            List<PolicyState> others,
            Function<PolicyState, NavigableMap<K, V>> records,
            BiConsumer<K, Optional<V>> consumer,
            Random random) {
        Set<K> keys = new TreeSet<>();
        others.forEach(other -> keys.addAll(records.apply(other).keySet()));
        for (K key : keys) {
            List<PolicyState> sources = new ArrayList<>();
            for (int detours = random.nextInt(3); detours > 0; detours--) {
                sources.add(others.get(random.nextInt(others.size())));
            }
            sources.addAll(Collections.nCopies(1 + random.nextInt(2), state));
            List<Runnable> updates = new ArrayList<>();
            for (PolicyState source : sources) {
                Optional<V> value = Optional.ofNullable(records.apply(source).get(key));
                updates.add(() -> consumer.accept(key, value));
            }
            updatesByRecord.add(updates);
        }
    }

    /** Every part that is equal is the same instance. */
    private static void assertShares(CompiledPolicy before, CompiledPolicy now) {
        assertSameIfEqual(before, now);
        assertSameIfEqual(before.lists(), now.lists());
        assertSameIfEqual(before.pools(), now.pools());
        assertSameIfEqual(before.natPools(), now.natPools());
        assertSharesValues(before.endpoints(), now.endpoints());
        assertSharesValues(before.tagSets(), now.tagSets());
        assertSharesValues(before.profiles(), now.profiles());
        now.profiles().forEach((name, profile) -> {
            CompiledProfile previous = before.profiles().get(name);
            if (previous != null) {
                assertSameIfEqual(previous.inbound(), profile.inbound());
                assertSameIfEqual(previous.outbound(), profile.outbound());
            }
        });
    }

    private static <K, V> void assertSharesValues(NavigableMap<K, V> before, NavigableMap<K, V> now) {
        assertSameIfEqual(before, now);
        now.forEach((key, value) -> {
            V previous = before.get(key);
            if (previous != null) {
                assertSameIfEqual(previous, value);
            }
        });
    }

    private static void assertSameIfEqual(Object before, Object now) {
        if (before.equals(now)) {
            assertThat(now).isSameAs(before);
        }
    }

    @Provide
    Arbitrary<PolicyState> states() {
        return PolicyArbitraries.states();
    }

    @Provide
    Arbitrary<List<PolicyState>> ways() {
        return PolicyArbitraries.states().list().ofMinSize(1).ofMaxSize(4);
    }

    @Provide
    Arbitrary<Packet> packets() {
        return PolicyArbitraries.packets();
    }

    @Provide
    Arbitrary<List<Rule>> rules() {
        return PolicyArbitraries.rules()
                .filter(rule -> RuleCheck.forDataplane(rule).isEmpty())
                .list()
                .ofMaxSize(12);
    }

    @Provide
    Arbitrary<List<Tuple2<Packet, Path>>> flows() {
        Arbitrary<Path> paths = PolicyArbitraries.paths();
        return PolicyArbitraries.packets()
                .flatMap(packet -> paths.map(path -> Tuple.of(packet, path)))
                .list()
                .ofSize(30)
                .withoutEdgeCases();
    }
}
