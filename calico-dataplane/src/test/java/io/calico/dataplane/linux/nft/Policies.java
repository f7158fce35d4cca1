package io.calico.dataplane.linux.nft;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.MacAddress;
import io.calico.model.rule.RuleParser;
import io.calico.policy.CompiledPolicy;
import io.calico.policy.EndpointToHostAction;
import io.calico.policy.PolicyCalculator;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Policies for tests, written as an operator would. Endpoint {@code caliN} has the MAC {@code ee:ee:ee:00:00:N}. */
final class Policies {
    private final PolicyCalculator calculator = new PolicyCalculator("h1", 16);

    /** A profile with one tag, its own name; rules as {@code in RULE} or {@code out RULE}. */
    Policies profile(String name, String... rules) {
        ProfileRules.Builder builder = ProfileRules.builder();
        for (String rule : rules) {
            List<String> words = Arrays.asList(rule.split(" "));
            var parsed = RuleParser.parse(words.subList(1, words.size()));
            if (words.get(0).equals("in")) {
                builder.addInbound(parsed);
            } else {
                builder.addOutbound(parsed);
            }
        }
        return profile(name, builder.build());
    }

    /** A profile with one tag, its own name, and rules that the command line cannot write. */
    Policies profile(String name, ProfileRules rules) {
        require(calculator.onProfileRules(name, Optional.of(rules)));
        require(calculator.onProfileTags(name, Optional.of(List.of(name))));
        return this;
    }

    Policies withoutProfile(String name) {
        require(calculator.onProfileRules(name, Optional.empty()));
        require(calculator.onProfileTags(name, Optional.empty()));
        return this;
    }

    Policies endpoint(int number, String addresses, String... profiles) {
        return endpoint("h1", number, addresses, profiles);
    }

    Policies endpoint(String host, int number, String addresses, String... profiles) {
        WorkloadEndpoint endpoint = WorkloadEndpoint.builder()
                .state(EndpointState.ACTIVE)
                .interfaceName("cali" + number)
                .mac(MacAddress.of(0xeeeeee000000L + number))
                .addProfileIds(profiles)
                .build()
                .withAddresses(Arrays.stream(addresses.split(" "))
                        .map(IpAddress::parse)
                        .toList());
        require(calculator.onEndpoint(key(host, number), Optional.of(endpoint)));
        return this;
    }

    Policies withoutEndpoint(String host, int number) {
        require(calculator.onEndpoint(key(host, number), Optional.empty()));
        return this;
    }

    private static EndpointKey key(String host, int number) {
        return new EndpointKey(host, "libnetwork", "libnetwork", "e" + number);
    }

    Policies pool(String cidr, boolean natOutgoing) {
        Cidr parsed = Cidr.parse(cidr);
        calculator.onPool(
                parsed,
                Optional.of(
                        IpPool.builder().cidr(parsed).natOutgoing(natOutgoing).build()));
        return this;
    }

    private static void require(Optional<String> unusable) {
        unusable.ifPresent(reason -> {
            throw new IllegalArgumentException(reason);
        });
    }

    /** Forgets the lists of profiles that no endpoint uses any more. */
    Policies withoutUnused() {
        calculator.forgetUnused();
        return this;
    }

    CompiledPolicy compile() {
        return calculator.compile();
    }

    /** The table's content with this policy, the default action towards the host, and no bridge as uplink. */
    TableContent content() {
        return TableContent.of(compile(), EndpointToHostAction.RETURN, Set.of());
    }
}
