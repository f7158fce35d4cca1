package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.EndpointKey;
import io.calico.model.EndpointState;
import io.calico.model.IpPool;
import io.calico.model.ProfileRules;
import io.calico.model.WorkloadEndpoint;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import io.calico.model.net.PortRange;
import io.calico.model.rule.Rule;
import io.calico.model.rule.RuleParser;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PolicyCalculatorTest {
    private static final TagSet WEB4 = new TagSet("WEB", IpVersion.V4);
    private static final TagSet WEB6 = new TagSet("WEB", IpVersion.V6);

    private final PolicyCalculator calculator = new PolicyCalculator("h1");

    private static EndpointKey key(String host, String endpoint) {
        return new EndpointKey(host, "libnetwork", "libnetwork", endpoint);
    }

    private static WorkloadEndpoint endpoint(String interfaceName, String address, String... profiles) {
        return WorkloadEndpoint.builder()
                .interfaceName(interfaceName)
                .mac(MacAddress.parse("ee:ee:ee:ee:ee:ee"))
                .addProfileIds(profiles)
                .build()
                .withAddresses(List.of(IpAddress.parse(address)));
    }

    private void put(String host, String id, WorkloadEndpoint endpoint) {
        assertThat(calculator.onEndpoint(key(host, id), Optional.of(endpoint))).isEmpty();
    }

    private void putTags(String profile, String... tags) {
        assertThat(calculator.onProfileTags(profile, Optional.of(List.of(tags))))
                .isEmpty();
    }

    private void putInbound(String profile, String... rules) {
        ProfileRules built = ProfileRules.builder()
                .addAllInbound(Arrays.stream(rules)
                        .map(text -> RuleParser.parse(List.of(text.split(" "))))
                        .toList())
                .build();
        assertThat(calculator.onProfileRules(profile, Optional.of(built))).isEmpty();
    }

    private static AddressSet addresses(String... addresses) {
        return AddressSet.copyOf(Arrays.stream(addresses).map(IpAddress::parse).toList());
    }

    @Test
    void nothingStoredGivesThePolicyThatDropsAll() {
        assertThat(calculator.compile()).isEqualTo(CompiledPolicy.empty());
    }

    @Nested
    class EndpointsOfOneSandbox {
        private List<String> sources(String interfaceName) {
            return calculator.compile().endpoints().get(interfaceName).sourceAddresses().stream()
                    .map(Object::toString)
                    .toList();
        }

        @Test
        void mayUseEachOthersAddressesAsSourceForAsLongAsBothAreThere() {
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB").withSandbox("s1"));
            put("h1", "b", endpoint("cali2", "10.65.0.3", "APP").withSandbox("s1"));

            assertThat(sources("cali1")).containsExactly("10.65.0.2", "10.65.0.3");
            assertThat(sources("cali2")).containsExactly("10.65.0.2", "10.65.0.3");

            calculator.onEndpoint(key("h1", "b"), Optional.empty());

            assertThat(sources("cali1")).containsExactly("10.65.0.2");
        }

        @Test
        void shareNothingWithOtherSandboxesNorWithoutOne() {
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB").withSandbox("s1"));
            put("h1", "b", endpoint("cali2", "10.65.0.3", "WEB").withSandbox("s2"));
            put("h1", "c", endpoint("cali3", "10.65.0.4", "WEB").withSandbox(""));
            put("h1", "d", endpoint("cali4", "10.65.0.5", "WEB").withSandbox(""));
            put("h2", "e", endpoint("cali5", "10.65.1.2", "WEB").withSandbox("s1"));

            assertThat(sources("cali1")).containsExactly("10.65.0.2");
            assertThat(sources("cali2")).containsExactly("10.65.0.3");
            assertThat(sources("cali3")).containsExactly("10.65.0.4");
            assertThat(sources("cali4")).containsExactly("10.65.0.5");
        }
    }

    @Nested
    class OnlyWhatLocalEndpointsNeed {
        @Test
        void profilesOfOtherHostsAreNotCompiled() {
            putInbound("REMOTE", "allow from tag OTHER");
            put("h2", "d", endpoint("cali4", "10.65.1.2", "REMOTE"));
            put("h1", "a", endpoint("cali1", "10.65.0.2", "LOCAL"));

            CompiledPolicy policy = calculator.compile();

            assertThat(policy.endpoints()).containsOnlyKeys("cali1");
            assertThat(policy.profiles()).containsOnlyKeys("LOCAL");
            assertThat(policy.tagSets()).isEmpty();
        }

        @Test
        void membersOfAllHostsAreInTheTagsThatActiveRulesTest() {
            putTags("WEB", "WEB", "UNUSED");
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            put("h2", "d", endpoint("cali4", "10.65.1.2", "WEB"));

            assertThat(calculator.compile().tagSets())
                    .containsEntry(WEB4, addresses("10.65.0.2", "10.65.1.2"))
                    .containsEntry(WEB6, AddressSet.empty())
                    .hasSize(2);
        }

        @Test
        void tagsOfRulesThatAreNeverReachedAreLeftOut() {
            putInbound("WEB", "deny", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));

            assertThat(calculator.compile().tagSets()).isEmpty();
        }

        @Test
        void whatTheLastUserNeededGoesWithIt() {
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            calculator.compile();

            calculator.onEndpoint(key("h1", "a"), Optional.empty());

            assertThat(calculator.compile()).isEqualTo(CompiledPolicy.empty());
        }

        @Test
        void endpointsWithOneListShareIt() {
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB", "APP"));
            put("h1", "b", endpoint("cali2", "10.65.0.3", "WEB", "APP"));
            put("h1", "c", endpoint("cali3", "10.65.0.4", "APP", "WEB"));

            assertThat(calculator.compile().lists())
                    .containsExactly(ProfileList.of("APP", "WEB"), ProfileList.of("WEB", "APP"));
        }
    }

    @Nested
    class KeptUnused {
        private final PolicyCalculator keeping = new PolicyCalculator("h1", 2);

        private void use(String interfaceName, String profile) {
            keeping.onEndpoint(key("h1", interfaceName), Optional.of(endpoint(interfaceName, "10.65.0.2", profile)));
            keeping.compile();
        }

        private void end(String interfaceName) {
            keeping.onEndpoint(key("h1", interfaceName), Optional.empty());
            keeping.compile();
        }

        @Test
        void tagsHaveExactlyTheMembersThatTheyHaveNow() {
            ProfileRules rules = ProfileRules.builder()
                    .addInbound(RuleParser.parse(List.of("allow", "from", "tag", "WEB")))
                    .build();
            keeping.onProfileTags("WEB", Optional.of(List.of("WEB")));
            keeping.onProfileRules("WEB", Optional.of(rules));
            use("cali1", "WEB");
            end("cali1");
            assertThat(keeping.compile().tagSets()).containsEntry(WEB4, AddressSet.empty());

            keeping.onEndpoint(key("h2", "d"), Optional.of(endpoint("cali4", "10.65.1.2", "WEB")));
            assertThat(keeping.compile().tagSets()).containsEntry(WEB4, addresses("10.65.1.2"));

            keeping.onProfileRules("WEB", Optional.empty());
            assertThat(keeping.compile().tagSets()).isEmpty();
        }

        @Test
        void longestUnusedGoesWhenThereAreTooMany() {
            for (String profile : List.of("A", "B", "C", "D")) {
                use("cali1", profile);
            }
            assertThat(keeping.compile().lists())
                    .containsExactly(ProfileList.of("B"), ProfileList.of("C"), ProfileList.of("D"));

            use("cali2", "B");
            end("cali1");
            assertThat(keeping.compile().lists())
                    .containsExactly(ProfileList.of("B"), ProfileList.of("C"), ProfileList.of("D"));
            assertThat(keeping.compile().profiles()).containsOnlyKeys("B", "C", "D");
        }

        @Test
        void allGoWhenTheyAreForgotten() {
            use("cali1", "A");
            end("cali1");

            assertThat(keeping.forgetUnused()).isTrue();

            assertThat(keeping.compile()).isEqualTo(CompiledPolicy.empty());
            assertThat(keeping.forgetUnused()).isFalse();
        }
    }

    @Nested
    class Profiles {
        @Test
        void profileWithoutRulesIsMissing() {
            putTags("WEB", "WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));

            assertThat(calculator.compile().profiles()).containsEntry("WEB", CompiledProfile.missing("WEB"));
        }

        @Test
        void profileWithEmptyRulesIsNotMissing() {
            putInbound("WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));

            assertThat(calculator.compile().profiles())
                    .containsEntry("WEB", new CompiledProfile("WEB", false, List.of(), List.of()));
        }

        @Test
        void oneBadRuleMakesItsProfileMissingAndSaysWhich() {
            putInbound("WEB", "allow");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            Rule portsWithoutProtocol =
                    Rule.builder().addDstPorts(PortRange.of(80)).build();

            Optional<String> reason = calculator.onProfileRules(
                    "WEB",
                    Optional.of(ProfileRules.builder()
                            .addOutbound(Rule.builder().build(), portsWithoutProtocol)
                            .build()));

            assertThat(reason)
                    .hasValueSatisfying(text -> assertThat(text)
                            .startsWith("profile WEB: ")
                            .contains("rule 2 in outbound_rules")
                            .contains("dst_ports"));
            assertThat(calculator.compile().profiles()).containsEntry("WEB", CompiledProfile.missing("WEB"));
        }

        @Test
        void aNewOrderOfProfilesIsANewList() {
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB", "APP"));
            calculator.compile();

            put("h1", "a", endpoint("cali1", "10.65.0.2", "APP", "WEB"));

            assertThat(calculator.compile().endpoints().get("cali1"))
                    .extracting(CompiledEndpoint::profiles)
                    .isEqualTo(ProfileList.of("APP", "WEB"));
        }

        @Test
        void profileNamedTwiceIsAskedOnce() {
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB", "APP", "WEB"));

            assertThat(calculator.compile().lists()).containsExactly(ProfileList.of("WEB", "APP"));
        }

        @Test
        void badTagsAreNoTags() {
            putInbound("WEB", "allow from tag WEB");
            putTags("WEB", "WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            calculator.compile();

            Optional<String> reason = calculator.onProfileTags("WEB", Optional.of(List.of("WEB", "no name")));

            assertThat(reason)
                    .hasValue("tags of profile WEB: 'no name' is not a name: only numbers, letters, dots, dashes and"
                            + " underscores are allowed");
            assertThat(calculator.compile().tagSets()).containsEntry(WEB4, AddressSet.empty());
        }
    }

    @Nested
    class Members {
        @Test
        void addressStaysWhileOneOfTwoEndpointsHasIt() {
            putTags("WEB", "WEB");
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            put("h2", "s1", endpoint("cali4", "10.65.0.50", "WEB"));
            put("h2", "s2", endpoint("cali5", "10.65.0.50", "WEB"));

            calculator.onEndpoint(key("h2", "s1"), Optional.empty());
            assertThat(calculator.compile().tagSets()).containsEntry(WEB4, addresses("10.65.0.2", "10.65.0.50"));

            calculator.onEndpoint(key("h2", "s2"), Optional.empty());
            assertThat(calculator.compile().tagSets()).containsEntry(WEB4, addresses("10.65.0.2"));
        }

        @Test
        void moveToAnotherProfileWithTheSameTagDoesNotShow() {
            putTags("OLD", "WEB");
            putTags("NEW", "WEB");
            putInbound("APP", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "APP"));
            put("h2", "d", endpoint("cali4", "10.65.1.2", "OLD"));
            AddressSet before = calculator.compile().tagSets().get(WEB4);

            put("h2", "d", endpoint("cali4", "10.65.1.2", "NEW"));

            assertThat(calculator.compile().tagSets().get(WEB4))
                    .isSameAs(before)
                    .isNotEmpty();
        }

        @Test
        void memberThatLeftAndCameBackBetweenTwoCompilationsDoesNotShow() {
            putTags("WEB", "WEB");
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            CompiledPolicy before = calculator.compile();

            putTags("WEB");
            putTags("WEB", "WEB");

            assertThat(calculator.compile()).isSameAs(before);
        }

        @Test
        void inactiveEndpointStaysAMemberButHasNoTraffic() {
            putTags("WEB", "WEB");
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            put("h1", "e", endpoint("cali5", "10.65.0.5", "WEB").withState(EndpointState.INACTIVE));

            CompiledPolicy policy = calculator.compile();

            assertThat(policy.endpoints()).containsOnlyKeys("cali1");
            assertThat(policy.tagSets()).containsEntry(WEB4, addresses("10.65.0.2", "10.65.0.5"));
        }

        @Test
        void ruleThatBeginsToTestATagFindsItsMembers() {
            putTags("WEB", "WEB");
            putInbound("WEB", "allow");
            put("h2", "d", endpoint("cali4", "10.65.1.2", "WEB"));
            put("h1", "a", endpoint("cali1", "fd80::2", "WEB"));
            calculator.compile();

            putInbound("WEB", "allow from tag WEB");

            assertThat(calculator.compile().tagSets())
                    .containsEntry(WEB4, addresses("10.65.1.2"))
                    .containsEntry(WEB6, addresses("fd80::2"));
        }
    }

    @Nested
    class UnusableEndpoints {
        @Test
        void localInterfaceWithAForeignNameMakesItAbsent() {
            Optional<String> reason =
                    calculator.onEndpoint(key("h1", "a"), Optional.of(endpoint("eth0", "10.65.0.2", "WEB")));

            assertThat(reason)
                    .hasValue("endpoint h1/libnetwork/libnetwork/a: interface 'eth0' is not named cali… with at most"
                            + " 15 characters");
            assertThat(calculator.compile().endpoints()).isEmpty();
        }

        @Test
        void interfaceNamesOfOtherHostsAreTheirBusiness() {
            put("h2", "d", endpoint("tap0", "10.65.1.2", "WEB"));
            putTags("WEB", "WEB");
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));

            assertThat(calculator.compile().tagSets()).containsEntry(WEB4, addresses("10.65.0.2", "10.65.1.2"));
        }

        @Test
        void interfaceNameThatTheKernelRefusesMakesItAbsent() {
            assertThat(calculator.onEndpoint(
                            key("h1", "a"), Optional.of(endpoint("cali0123456789ab", "10.65.0.2", "WEB"))))
                    .isPresent();
            assertThat(calculator.onEndpoint(key("h1", "a"), Optional.of(endpoint("cali1\" }", "10.65.0.2", "WEB"))))
                    .isPresent();
            assertThat(calculator.compile()).isEqualTo(CompiledPolicy.empty());
        }

        @Test
        void endpointThatBecomesUnusableIsGoneFromInterfacesAndTags() {
            putTags("WEB", "WEB");
            putInbound("WEB", "allow from tag WEB");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            put("h1", "b", endpoint("cali2", "10.65.0.3", "WEB"));
            calculator.compile();

            Optional<String> reason =
                    calculator.onEndpoint(key("h1", "b"), Optional.of(endpoint("cali2", "10.65.0.3", "WEB", "a b")));

            assertThat(reason).hasValueSatisfying(text -> assertThat(text).contains("profile 'a b' is not a name"));
            assertThat(calculator.compile().endpoints()).containsOnlyKeys("cali1");
            assertThat(calculator.compile().tagSets()).containsEntry(WEB4, addresses("10.65.0.2"));
        }

        @Test
        void ofTwoThatClaimOneInterfaceTheLesserKeyHasItWhicheverCameFirst() {
            put("h1", "b", endpoint("cali1", "10.65.0.3", "B"));
            put("h1", "a", endpoint("cali1", "10.65.0.2", "A"));

            assertThat(calculator.compile().endpoints().get("cali1").key()).isEqualTo(key("h1", "a"));
            assertThat(calculator.compile().profiles()).containsOnlyKeys("A");

            calculator.onEndpoint(key("h1", "a"), Optional.empty());

            assertThat(calculator.compile().endpoints().get("cali1").key()).isEqualTo(key("h1", "b"));
        }
    }

    @Nested
    class Pools {
        private void put(String cidr, boolean nat) {
            Cidr parsed = Cidr.parse(cidr);
            calculator.onPool(
                    parsed,
                    Optional.of(IpPool.builder().cidr(parsed).natOutgoing(nat).build()));
        }

        @Test
        void poolsOfBothVersionsAreThereAndThoseWithMasquerade() {
            put("fd80::/64", false);
            put("10.65.0.0/16", true);
            put("10.64.0.0/16", false);

            CompiledPolicy policy = calculator.compile();

            assertThat(policy.pools())
                    .containsExactly(Cidr.parse("10.64.0.0/16"), Cidr.parse("10.65.0.0/16"), Cidr.parse("fd80::/64"));
            assertThat(policy.natPools()).containsExactly(Cidr.parse("10.65.0.0/16"));
        }

        @Test
        void poolInsideAnotherIsNotTwiceInTheList() {
            put("10.65.4.0/24", true);
            put("10.65.0.0/16", false);
            put("10.65.9.0/24", true);

            CompiledPolicy policy = calculator.compile();

            assertThat(policy.pools()).containsExactly(Cidr.parse("10.65.0.0/16"));
            assertThat(policy.natPools()).containsExactly(Cidr.parse("10.65.4.0/24"), Cidr.parse("10.65.9.0/24"));
        }

        @Test
        void removedPoolIsGone() {
            put("10.65.0.0/16", true);

            calculator.onPool(Cidr.parse("10.65.0.0/16"), Optional.empty());

            assertThat(calculator.compile()).isEqualTo(CompiledPolicy.empty());
        }
    }

    @Nested
    class UnchangedParts {
        @Test
        void nothingNewIsTheSameInstance() {
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            CompiledPolicy before = calculator.compile();

            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));

            assertThat(calculator.compile()).isSameAs(before);
        }

        @Test
        void ruleListOfTheOtherDirectionIsTheSameInstance() {
            putInbound("WEB", "allow tcp to ports 80");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            List<CompiledRule> inbound =
                    calculator.compile().profiles().get("WEB").inbound();

            calculator.onProfileRules(
                    "WEB",
                    Optional.of(ProfileRules.builder()
                            .addInbound(RuleParser.parse(List.of("allow", "tcp", "to", "ports", "80")))
                            .addOutbound(Rule.builder().build())
                            .build()));

            CompiledProfile now = calculator.compile().profiles().get("WEB");
            assertThat(now.inbound()).isSameAs(inbound);
            assertThat(now.outbound()).hasSize(1);
        }

        @Test
        void memberElsewhereChangesTheOneSetOnly() {
            putTags("WEB", "WEB");
            putTags("APP", "APP");
            putInbound("WEB", "allow from tag WEB", "allow from tag APP");
            put("h1", "a", endpoint("cali1", "10.65.0.2", "WEB"));
            CompiledPolicy before = calculator.compile();

            put("h2", "d", endpoint("cali4", "10.65.1.2", "WEB"));

            CompiledPolicy now = calculator.compile();
            assertThat(now.endpoints()).isSameAs(before.endpoints());
            assertThat(now.lists()).isSameAs(before.lists());
            assertThat(now.profiles()).isSameAs(before.profiles());
            assertThat(now.tagSets().get(new TagSet("APP", IpVersion.V4)))
                    .isSameAs(before.tagSets().get(new TagSet("APP", IpVersion.V4)));
            assertThat(now.tagSets().get(WEB4).changesSince(before.tagSets().get(WEB4)))
                    .isEqualTo(new AddressSet.Changes(List.of(IpAddress.parse("10.65.1.2")), List.of()));
        }
    }
}
