package io.calico.dataplane.linux.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.dataplane.testing.InFreshNetwork;
import io.calico.dataplane.testing.Tool;
import org.junit.jupiter.api.Test;

/** Against the kernel, with both variants of iptables. */
@InFreshNetwork
class ForwardAcceptRuleIT {
    private static final String IN_DOCKER_USER =
            "-A DOCKER-USER -m mark --mark 0x10000/0x10000 -m comment --comment \"calico:accepted\" -j ACCEPT\n";
    private static final String IN_FORWARD =
            "-A FORWARD -m mark --mark 0x10000/0x10000 -m comment --comment \"calico:accepted\" -j ACCEPT\n";

    @Test
    void ruleIsWrittenOnceHoweverOftenItIsAskedFor() {
        assertThat(ForwardAcceptRule.ensure().problems()).isEmpty();
        assertThat(ForwardAcceptRule.ensure().problems()).isEmpty();

        assertThat(Tool.run("iptables -S DOCKER-USER")).isEqualTo("-N DOCKER-USER\n" + IN_DOCKER_USER);
        assertThat(Tool.run("ip6tables -S DOCKER-USER")).isEqualTo("-N DOCKER-USER\n" + IN_DOCKER_USER);
        assertThat(Tool.run("iptables -S FORWARD")).isEqualTo("-P FORWARD ACCEPT\n");
    }

    @Test
    void ruleComesBackAfterAFlush() {
        ForwardAcceptRule.ensure();
        Tool.run("iptables -F DOCKER-USER");

        assertThat(ForwardAcceptRule.ensure().problems()).isEmpty();

        assertThat(Tool.run("iptables -S DOCKER-USER")).contains(IN_DOCKER_USER);
    }

    @Test
    void legacyTableThatDropsGetsTheRuleToo() {
        Tool.run("iptables-legacy -P FORWARD DROP");

        assertThat(ForwardAcceptRule.ensure().problems()).isEmpty();

        assertThat(Tool.run("iptables-legacy -S FORWARD")).contains(IN_FORWARD);
        assertThat(Tool.run("iptables -S DOCKER-USER")).contains(IN_DOCKER_USER);
    }

    @Test
    void legacyTablesAreNotMadeByLooking() {
        ForwardAcceptRule.ensure();

        assertThat(Tool.run("cat /proc/thread-self/net/ip_tables_names")).isEmpty();
    }

    @Test
    void removalLeavesNothing() {
        Tool.run("iptables -P FORWARD DROP");
        Tool.run("iptables-legacy -P FORWARD DROP");
        ForwardAcceptRule.ensure();

        assertThat(ForwardAcceptRule.remove()).isEmpty();

        assertThat(Tool.run("iptables -S")).doesNotContain("calico").doesNotContain("DOCKER-USER");
        assertThat(Tool.run("iptables-legacy -S")).doesNotContain("calico");
    }
}
