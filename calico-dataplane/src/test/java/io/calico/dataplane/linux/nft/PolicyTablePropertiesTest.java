package io.calico.dataplane.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.DataplaneException;
import io.calico.model.net.IpAddress;
import io.calico.policy.AddressSet;
import io.calico.policy.EndpointToHostAction;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The table depends on what is wanted, not on the way there. */
class PolicyTablePropertiesTest {
    private static final List<Set<String>> UPLINKS = List.of(Set.of(), Set.of("eth0"), Set.of("br0", "eth0"));
    private static final List<AddressSet> TUNNEL_HOSTS = List.of(
            AddressSet.empty(),
            AddressSet.of(IpAddress.parse("172.30.0.2"), IpAddress.parse("fd30::2")),
            AddressSet.of(IpAddress.parse("172.30.0.2"), IpAddress.parse("172.30.0.3")),
            AddressSet.of(IpAddress.parse("fd30::3")));

    @Provide
    Arbitrary<Step> step() {
        return Arbitraries.integers().between(0, Integer.MAX_VALUE - 1).map(Step::new);
    }

    private static TableContent content(Policies policies, int variant) {
        EndpointToHostAction action = variant % 2 == 0 ? EndpointToHostAction.RETURN : EndpointToHostAction.DROP;
        return TableContent.of(policies.compile(), action, UPLINKS.get(variant % 3))
                .withTunnelHosts(TUNNEL_HOSTS.get(variant % 4));
    }

    @Property(tries = 500)
    void differencesEndWhereAReplacementEnds(@ForAll @Size(max = 40) List<@From("step") Step> steps) {
        Policies policies = new Policies();
        FakeNft stepByStep = new FakeNft();
        NftPolicyDriver driver = new NftPolicyDriver(stepByStep);

        for (int i = 0; i < steps.size(); i++) {
            steps.get(i).applyTo(policies);
            driver.apply(content(policies, i / 7));
        }
        TableContent last = content(policies, steps.size() / 7);
        driver.apply(last);

        FakeNft atOnce = new FakeNft();
        new NftPolicyDriver(atOnce).apply(last);
        assertThat(stepByStep.listByMeaning()).isEqualTo(atOnce.listByMeaning());
        long replacements = stepByStep.transactions().stream()
                .filter(tx -> tx.text().contains("delete table"))
                .count();
        assertThat(replacements).isEqualTo(1);
    }

    @Property(tries = 200)
    void theSameContentAgainSendsNothing(@ForAll @Size(max = 20) List<@From("step") Step> steps) {
        Policies policies = new Policies();
        FakeNft nft = new FakeNft();
        NftPolicyDriver driver = new NftPolicyDriver(nft);
        driver.apply(policies.content());
        steps.forEach(step -> step.applyTo(policies));
        driver.apply(policies.content());
        int sent = nft.transactions().size();

        driver.apply(policies.content());

        assertThat(nft.transactions()).hasSize(sent);
    }

    @Property(tries = 200)
    void failuresOnTheWayDoNotShowAtTheEnd(
            @ForAll @Size(min = 1, max = 20) List<@From("step") Step> steps,
            @ForAll @IntRange(min = 1, max = 5) int everySoOften) {
        Policies policies = new Policies();
        FakeNft nft = new FakeNft();
        NftPolicyDriver driver = new NftPolicyDriver(nft);

        for (int i = 0; i < steps.size(); i++) {
            steps.get(i).applyTo(policies);
            nft.failNextWrites(i % everySoOften == 0 ? 1 : 0);
            try {
                driver.apply(policies.content());
            } catch (DataplaneException.Refused e) {
                assertThat(e).hasMessageContaining("injected");
            }
        }
        nft.failNextWrites(0);
        driver.apply(policies.content());

        FakeNft atOnce = new FakeNft();
        new NftPolicyDriver(atOnce).apply(policies.content());
        assertThat(nft.listByMeaning()).isEqualTo(atOnce.listByMeaning());
    }
}
