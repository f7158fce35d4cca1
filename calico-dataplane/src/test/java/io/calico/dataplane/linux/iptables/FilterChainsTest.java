package io.calico.dataplane.linux.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which commands are run for what {@code iptables -S} says. */
class FilterChainsTest {
    private static final String OURS =
            "-A %s -m mark --mark 0x10000/0x10000 -m comment --comment \"calico:accepted\" -j ACCEPT";
    private static final String RULE = "-m mark --mark 0x10000/0x10000 -m comment --comment calico:accepted -j ACCEPT";

    private static FilterChains chains(boolean isDefault, String forward, String dockerUser) {
        return new FilterChains(
                forward.lines().toList(),
                dockerUser.isEmpty()
                        ? Optional.empty()
                        : Optional.of(dockerUser.lines().toList()),
                isDefault);
    }

    private static List<String> texts(List<List<String>> commands) {
        return commands.stream().map(c -> String.join(" ", c)).toList();
    }

    private static List<String> missing(boolean isDefault, String forward, String dockerUser) {
        return texts(chains(isDefault, forward, dockerUser).missing());
    }

    @Test
    void onAFreshMachineTheChainIsMadeBeforeDockerDoes() {
        assertThat(missing(true, "-P FORWARD ACCEPT", "")).containsExactly("-N DOCKER-USER", "-I DOCKER-USER " + RULE);
    }

    @Test
    void ruleGoesFirstIntoTheChainThatDockerMade() {
        String forward = """
                -P FORWARD DROP
                -A FORWARD -j DOCKER-USER
                -A FORWARD -j DOCKER-ISOLATION-STAGE-1
                -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                """;

        assertThat(missing(true, forward, "-N DOCKER-USER\n-A DOCKER-USER -j RETURN"))
                .containsExactly("-I DOCKER-USER " + RULE);
    }

    @Test
    void nothingIsDoneWhereTheRuleIs() {
        String user = "-N DOCKER-USER\n" + OURS.formatted("DOCKER-USER") + "\n-A DOCKER-USER -j RETURN";

        assertThat(missing(true, "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER", user))
                .isEmpty();
    }

    @Test
    void anOperatorsOwnRulesMayComeBeforeOurs() {
        String user = "-N DOCKER-USER\n-A DOCKER-USER -s 192.0.2.0/24 -j DROP\n" + OURS.formatted("DOCKER-USER");

        assertThat(missing(true, "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER", user))
                .isEmpty();
    }

    @Test
    void ruleThatNoPacketReachesIsWrittenAgain() {
        String user = "-N DOCKER-USER\n-A DOCKER-USER -j RETURN\n" + OURS.formatted("DOCKER-USER");

        assertThat(missing(true, "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER", user))
                .containsExactly("-I DOCKER-USER " + RULE);
    }

    @Test
    void firewallWithoutDockerGetsTheRuleInForwardToo() {
        assertThat(missing(true, "-P FORWARD DROP", ""))
                .containsExactly("-N DOCKER-USER", "-I DOCKER-USER " + RULE, "-I FORWARD " + RULE);
    }

    @Test
    void lastRejectCountsAsADroppingPolicy() {
        String forward = """
                -P FORWARD ACCEPT
                -A FORWARD -i lo -j ACCEPT
                -A FORWARD -j REJECT --reject-with icmp-host-prohibited
                -A FORWARD -j DOCKER-USER
                """;

        assertThat(missing(false, forward, "")).containsExactly("-I FORWARD " + RULE);
    }

    @Test
    void chainThatAcceptsEverythingBeforeItsDroppingPolicyRefusesNothing() {
        assertThat(missing(false, "-P FORWARD DROP\n-A FORWARD -j ACCEPT", "")).isEmpty();
    }

    @Test
    void otherVariantIsLeftAloneUnlessItRefusesOrDockerUsesIt() {
        assertThat(missing(false, "-P FORWARD ACCEPT", "")).isEmpty();
        assertThat(missing(false, "-P FORWARD DROP", "")).containsExactly("-I FORWARD " + RULE);
        assertThat(missing(false, "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER", "-N DOCKER-USER"))
                .containsExactly("-I DOCKER-USER " + RULE);
    }

    @Test
    void removalTakesEveryRuleOfOursAndTheChainThatNobodyUses() {
        FilterChains chains = chains(
                true,
                "-P FORWARD DROP\n" + OURS.formatted("FORWARD"),
                "-N DOCKER-USER\n" + OURS.formatted("DOCKER-USER"));

        assertThat(texts(chains.ours()))
                .containsExactly("-D FORWARD " + RULE, "-D DOCKER-USER " + RULE, "-X DOCKER-USER");
    }

    @Test
    void removalLeavesDockersChain() {
        FilterChains chains = chains(
                true,
                "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER",
                "-N DOCKER-USER\n" + OURS.formatted("DOCKER-USER") + "\n-A DOCKER-USER -j RETURN");

        assertThat(texts(chains.ours())).containsExactly("-D DOCKER-USER " + RULE);
    }
}
