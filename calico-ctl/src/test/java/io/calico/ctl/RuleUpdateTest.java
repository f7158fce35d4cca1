package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code profile PROFILE rule update}. */
class RuleUpdateTest {
    private final Cli cli = new Cli();

    @BeforeEach
    void profile() {
        cli.given("profile add P");
    }

    private static String inbound(String rule) {
        return "profile P rule update < {\"id\":\"P\",\"inbound_rules\":[{\"action\":\"allow\"}," + rule
                + "],\"outbound_rules\":[]}";
    }

    @Test
    void allRulesAreReplaced() {
        cli.transcript("""
                $ profile P rule update < {"outbound_rules":[],"id":"P","inbound_rules":[{"src_net":"10.1.2.3/8","action":"deny"}]}
                Successfully updated rules on profile P
                $ profile P rule show
                Inbound rules:
                   1 deny from cidr 10.1.2.3/8
                Outbound rules:
                """);
    }

    @Test
    void whatJsonPrintsIsWhatUpdateReads() {
        cli.given("profile P rule add inbound deny tcp from ports 1:1023,8080 tag guests to cidr 10.8.0.1");
        String json = cli.run("profile P rule json").out();
        String shown = cli.run("profile P rule show").out();
        cli.given("profile P rule remove inbound --at=1");

        cli.given("profile P rule update < " + json);

        assertThat(cli.run("profile P rule show").out()).isEqualTo(shown);
        assertThat(cli.run("profile P rule json").out()).isEqualTo(json);
    }

    @Test
    void leftOutActionIsAllowAndNullsAndEmptyListsAreDropped() {
        cli.given(inbound("{\"protocol\":\"udp\",\"dst_ports\":[\"53\",\"67:68\"],\"src_net\":null,\"src_ports\":[]}"));

        assertThat(cli.run("profile P rule show").out().lines()).contains("   2 allow udp to ports 53,67:68");
    }

    @Test
    void otherIdOrMissingProfileWritesNothing() {
        long before = cli.datastore.listAll("/calico/").revision();

        cli.transcript("""
                $ profile P rule update < {"id":"Q","inbound_rules":[],"outbound_rules":[]}
                Rules JSON "id"=Q doesn't match profile name P.
                => 1
                $ profile Q rule update < {"id":"Q","inbound_rules":[],"outbound_rules":[]}
                Profile Q not found.
                => 1
                """);
        assertThat(cli.datastore.listAll("/calico/").revision()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"action\":\"reject\"}",
                "{\"protocol\":\"sctp\"}",
                "{\"protocol\":6}",
                "{\"colour\":\"red\"}",
                "{\"src_tag\":\"a b\"}",
                "{\"src_net\":\"10.0.0.0/33\"}",
                "{\"src_net\":\"10.0.0.0/8\",\"dst_net\":\"fd00::/8\"}",
                "{\"dst_ports\":[80]}",
                "{\"protocol\":\"tcp\",\"dst_ports\":[15,66,-144]}",
                "{\"protocol\":\"tcp\",\"dst_ports\":[\"-1:5\"]}",
                "{\"protocol\":\"tcp\",\"dst_ports\":[\"15:77:66\"]}",
                "{\"protocol\":\"tcp\",\"dst_ports\":[\"one\"]}",
                "{\"protocol\":\"icmp\",\"dst_ports\":[80]}",
                "{\"icmp_type\":8}",
                "{\"protocol\":\"icmp\",\"icmp_code\":0}",
                "{\"protocol\":\"icmp\",\"icmp_type\":300}",
                "{\"protocol\":\"icmp\",\"icmp_type\":255}",
                "{\"protocol\":\"icmp\",\"icmp_type\":-7}",
                "{\"protocol\":\"icmp\",\"icmp_type\":\"one\"}",
                "7"
            })
    void badRuleIsNamedByItsPositionAndNothingIsWritten(String rule) {
        long before = cli.datastore.listAll("/calico/").revision();

        Cli.Result result = cli.run(inbound(rule));

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).startsWith("Invalid rule 2 in inbound_rules: ").hasLineCount(1);
        assertThat(cli.datastore.listAll("/calico/").revision()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{", "[]", "7", "{\"id\":\"P\",\"inbound_rules\":[]}", "{\"id\":\"P\",\"outbound_rules\":[]}"})
    void textThatIsNoRuleSetIsRefused(String text) {
        Cli.Result result = cli.run("profile P rule update < " + text);

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).startsWith("Rules ");
        assertThat(cli.run("profile P rule show").out()).contains("allow from tag P");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"protocol\":\"tcp\",\"dst_ports\":[2,5,\"114\"]}",
                "{\"protocol\":\"tcp\",\"dst_ports\":[\"89:133\",19]}",
                "{\"protocol\":\"icmp\",\"icmp_type\":15}",
                "{\"protocol\":\"icmp\",\"icmp_type\":\"43\"}"
            })
    void goodRule(String rule) {
        cli.given(inbound(rule));
    }
}
