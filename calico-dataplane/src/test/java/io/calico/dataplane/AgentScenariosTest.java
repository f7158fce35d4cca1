package io.calico.dataplane;

import static io.calico.dataplane.AgentWorld.key;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.recording.RecordingDataplane.Operation;
import io.calico.datastore.EndpointFilter;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.net.Cidr;
import io.calico.model.rule.RuleParser;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.PolicyCalculator;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever happened, and in which order: in the end the host is what the store says and what was joined and not left. */
@Timeout(120)
class AgentScenariosTest {
    private static final List<String> PROFILES = List.of("WEB", "APP", "DB");
    private static final List<String> RULES =
            List.of("allow", "deny udp", "allow from tag WEB", "allow tcp from tag APP to ports 80");
    private static final List<Operation> OPERATIONS = List.of(Operation.values());
    private static final Cidr POOL = Cidr.parse("10.65.0.0/16");
    private static final int ENDPOINTS = 5;

    /** What the host must have, besides policy: interfaces of workloads that were joined and not left. */
    private final Set<Integer> connected = new TreeSet<>();

    private final AgentWorld world = new AgentWorld();

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Boolean.getBoolean("calico.test.long") ? 300 : 6);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void hostDependsOnTheStoreAndOnWhoIsConnectedNotOnTheWayThere(long seed) throws InterruptedException {
        Random random = new Random(seed);
        List<String> path = new ArrayList<>();
        world.started();
        try {
            for (int i = 0; i < 60; i++) {
                path.add(step(random));
            }
            for (Operation operation : Operation.values()) {
                world.dataplane.failNext(operation, 0);
            }
            world.settle();
            world.agent.refresh(); // forgets what nobody uses any more
            world.settle();

            assertThat(world.enforced()).as("policy via %s", path).isEqualTo(policyOfTheStore());
            assertThat(world.dataplane.interfaces().keySet())
                    .as("interfaces via %s", path)
                    .isEqualTo(names(connected));
            assertThat(world.dataplane.liveInterfaces())
                    .as("live interfaces via %s", path)
                    .isEqualTo(names(connected.stream().filter(this::isActive).toList()));
        } finally {
            world.close();
        }
    }

    private String step(Random random) throws InterruptedException {
        int number = 1 + random.nextInt(ENDPOINTS);
        switch (random.nextInt(12)) {
            case 0, 1 -> {
                EndpointState state = random.nextInt(4) == 0 ? EndpointState.INACTIVE : EndpointState.ACTIVE;
                world.store.endpoints().put(key(number), AgentWorld.endpoint(number, state, some(random)));
                return "put e" + number + " " + state;
            }
            case 2 -> {
                world.store.endpoints().delete(key(number));
                if (connected.remove(number)) {
                    // An endpoint that comes back at once is the same one to an agent that only sees the last state.
                    world.settle();
                }
                return "delete e" + number;
            }
            case 3, 4 -> {
                return join(number);
            }
            case 5 -> {
                return leave(number);
            }
            case 6, 7 -> {
                return changeProfile(PROFILES.get(random.nextInt(PROFILES.size())), random);
            }
            case 8 -> {
                if (random.nextBoolean()) {
                    world.store
                            .pools()
                            .put(IpPool.builder()
                                    .cidr(POOL)
                                    .natOutgoing(random.nextBoolean())
                                    .build());
                    return "pool";
                }
                world.store.pools().remove(POOL);
                return "no pool";
            }
            case 9 -> {
                Operation operation = OPERATIONS.get(random.nextInt(OPERATIONS.size()));
                world.dataplane.failNext(operation, 1 + random.nextInt(3));
                return "fail " + operation;
            }
            case 10 -> {
                world.faults.dropWatches();
                return "drop watches";
            }
            default -> {
                if (random.nextInt(3) > 0) {
                    return "nothing";
                }
                world.settle();
                world.restart();
                world.started();
                return "restart";
            }
        }
    }

    private static String[] some(Random random) {
        return PROFILES.stream().filter(p -> random.nextBoolean()).toArray(String[]::new);
    }

    private String join(int number) {
        var endpoint = world.store.endpoints().find(key(number));
        if (endpoint.isEmpty()) {
            return "no join " + number;
        }
        try {
            world.join(number, endpoint.get().modRevision());
            connected.add(number);
            return "join " + number;
        } catch (DataplaneException.Refused e) {
            return "join " + number + " refused: " + e.getMessage();
        }
    }

    private String leave(int number) {
        try {
            world.agent.leave("cali" + number);
            connected.remove(number);
            return "leave " + number;
        } catch (DataplaneException.Refused e) {
            return "leave " + number + " refused";
        }
    }

    private String changeProfile(String name, Random random) {
        world.putProfile(name);
        if (random.nextInt(4) == 0) {
            world.store.profiles().remove(name);
            return "remove " + name;
        }
        ProfileRules.Builder rules = ProfileRules.builder();
        for (int i = random.nextInt(3); i > 0; i--) {
            rules.addInbound(RuleParser.parse(
                    List.of(RULES.get(random.nextInt(RULES.size())).split(" "))));
        }
        world.store.profiles().updateRules(name, old -> rules.build());
        return "profile " + name;
    }

    private boolean isActive(int number) {
        return world.store
                .endpoints()
                .find(key(number))
                .filter(e -> e.value().state() == EndpointState.ACTIVE)
                .isPresent();
    }

    private static Set<String> names(Iterable<Integer> numbers) {
        Set<String> names = new TreeSet<>();
        numbers.forEach(n -> names.add("cali" + n));
        return names;
    }

    private CompiledPolicy policyOfTheStore() {
        PolicyCalculator calculator = new PolicyCalculator("h1");
        world.store.profiles().list().values().forEach(profile -> {
            calculator.onProfileTags(profile.name(), Optional.of(profile.tags()));
            calculator.onProfileRules(profile.name(), profile.rules());
        });
        world.store
                .endpoints()
                .list(EndpointFilter.all())
                .values()
                .forEach(e -> calculator.onEndpoint(e.key(), Optional.of(e.value())));
        world.store.pools().list().values().forEach(pool -> calculator.onPool(pool.cidr(), Optional.of(pool)));
        return calculator.compile();
    }
}
