package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.EndpointKey;
import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import io.calico.model.net.MacAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CompiledPolicyTest {
    private static final TagSet TAG = new TagSet("T", IpVersion.V4);
    private static final CompiledProfile PROFILE = new CompiledProfile(
            "P",
            false,
            List.of(new CompiledRule(
                    Optional.of(IpVersion.V4),
                    Verdict.ALLOW,
                    List.of(new Match.SourceHasTag(TAG)),
                    new RuleSource("P", Direction.INBOUND, 1))),
            List.of());

    private static CompiledEndpoint endpoint(String interfaceName, String... profiles) {
        return CompiledEndpoint.alone(
                new EndpointKey("h1", "libnetwork", "libnetwork", interfaceName),
                interfaceName,
                MacAddress.parse("ee:ee:ee:ee:ee:ee"),
                List.of(IpAddress.parse("fd80::2"), IpAddress.parse("10.65.0.2")),
                ProfileList.of(profiles));
    }

    @Test
    void partsAreIndexedWhateverTheirOrder() {
        CompiledPolicy policy = CompiledPolicy.of(
                List.of(endpoint("cali2", "P"), endpoint("cali1")),
                List.of(PROFILE),
                Map.of(TAG, AddressSet.empty()),
                List.of(),
                List.of());

        assertThat(policy.endpoints().keySet()).containsExactly("cali1", "cali2");
        assertThat(policy.lists()).containsExactly(ProfileList.of(), ProfileList.of("P"));
    }

    @Test
    void addressesOfAnEndpointAreSorted() {
        assertThat(endpoint("cali1").addresses())
                .containsExactly(IpAddress.parse("10.65.0.2"), IpAddress.parse("fd80::2"));
    }

    @Test
    void listOfAProfileThatIsNotThereIsRefused() {
        assertThatThrownBy(() ->
                        CompiledPolicy.of(List.of(endpoint("cali1", "P")), List.of(), Map.of(), List.of(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("list P names a profile that is not compiled");
    }

    @Test
    void ruleOnATagWithoutSetIsRefused() {
        assertThatThrownBy(() -> CompiledPolicy.of(
                        List.of(endpoint("cali1", "P")), List.of(PROFILE), Map.of(), List.of(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("profile P tests a tag without a set");
    }

    @Test
    void twoEndpointsOnOneInterfaceAreRefused() {
        assertThatThrownBy(() -> CompiledPolicy.of(
                        List.of(endpoint("cali1"), endpoint("cali1")), List.of(), Map.of(), List.of(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two endpoints have interface cali1");
    }

    @Test
    void missingProfileHasNoRules() {
        assertThatThrownBy(() -> new CompiledProfile("P", true, PROFILE.inbound(), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("profile P is missing and has rules");
    }

    @Test
    void listsAreOrderedByNameAfterName() {
        assertThat(ProfileList.of("A")).isLessThan(ProfileList.of("A", "B"));
        assertThat(ProfileList.of("A", "B")).isLessThan(ProfileList.of("B"));
        assertThat(ProfileList.of()).isLessThan(ProfileList.of("A"));
    }

    @Test
    void ruleNumbersBeginAtOne() {
        assertThatThrownBy(() -> new RuleSource("P", Direction.INBOUND, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rules are numbered from 1, not 0");
    }
}
