package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.datastore.spi.Transaction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code profile PROFILE rule add|remove|show|json}. */
class ProfileRuleTest {
    private final Cli cli = new Cli();

    @BeforeEach
    void profile() {
        cli.given("profile add P");
    }

    private String show() {
        return cli.run("profile P rule show").out();
    }

    @Test
    void rulesAreNumberedInTheirOrder() {
        cli.transcript("""
                $ profile P rule add inbound deny tcp from cidr 10.77.12.0/24 to ports 5432
                $ profile P rule show
                Inbound rules:
                   1 allow from tag P
                   2 deny tcp from cidr 10.77.12.0/24 to ports 5432
                Outbound rules:
                   1 allow
                """);
    }

    @Test
    void ruleNumbersAreRightAlignedInThreeColumns() {
        for (int port = 2; port <= 11; port++) {
            cli.given("profile P rule add inbound allow tcp to ports " + port);
        }

        assertThat(show().lines()).contains("   9 allow tcp to ports 9", "  10 allow tcp to ports 10");
    }

    @Test
    void ruleThatIsThereIsNotAddedAgain() {
        long before = cli.datastore.listAll("/calico/").revision();

        cli.transcript("""
                $ profile P rule add inbound allow from tag P
                Rule already present, skipping.
                $ profile P rule add inbound --at=1 allow from tag P
                Rule already present, skipping.
                $ profile P rule add inbound --at=7 allow from tag P
                Position 7 is out-of-range.
                Rule already present, skipping.
                """);
        assertThat(cli.datastore.listAll("/calico/").revision()).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({"inbound,1", "inbound,2", "outbound,1", "outbound,2"})
    void positionInRangeIsTheNumberOfTheNewRule(String direction, int position) {
        cli.given("profile P rule add " + direction + " --at=" + position + " deny udp");

        assertThat(cli.run("profile P rule show").out().lines()).contains("   " + position + " deny udp");
    }

    @ParameterizedTest
    @CsvSource({"inbound,3,2", "inbound,5,2", "inbound,0,1", "inbound,-5,1", "outbound,3,2", "outbound,0,1"})
    void positionOutOfRangeGoesToTheNearestEndWithAWarning(String direction, int position, int number) {
        Cli.Result result = cli.run("profile P rule add " + direction + " --at=" + position + " deny udp");

        assertThat(result.transcript()).isEqualTo("Position " + position + " is out-of-range.\n");
        assertThat(show().lines()).contains("   " + number + " deny udp");
    }

    @Test
    void positionMayStandAnywhere() {
        cli.given("profile P rule add inbound deny udp --at=1", "profile --at=1 P rule add inbound deny tcp");

        assertThat(show()).isEqualTo("""
                        Inbound rules:
                           1 deny tcp
                           2 deny udp
                           3 allow from tag P
                        Outbound rules:
                           1 allow
                        """);
    }

    @Test
    void positionMustBeANumber() {
        cli.transcript("""
                $ profile P rule add inbound --at=x deny udp
                Invalid position 'x'.
                => 1
                $ profile P rule add inbound --at= deny udp
                Invalid position ''.
                => 1
                $ profile P rule remove inbound --at=1.5
                Invalid position '1.5'.
                => 1
                """);
    }

    @Test
    void rulesAreRemovedByPositionOrByWhatTheySay() {
        cli.given("profile P rule add inbound deny udp", "profile P rule add inbound allow tcp from cidr 10.1.2.3/8");

        cli.transcript("""
                $ profile P rule remove inbound --at=2
                $ profile P rule remove inbound allow tcp from cidr 10.7.7.7/8
                $ profile P rule remove inbound allow tcp from cidr 10.7.7.7/8
                Rule not found.
                => 1
                $ profile P rule remove outbound --at=2
                Rule position out-of-range.
                => 1
                $ profile P rule remove outbound --at=0
                Rule position out-of-range.
                => 1
                $ profile P rule remove outbound --at=-1
                Rule position out-of-range.
                => 1
                $ profile P rule show
                Inbound rules:
                   1 allow from tag P
                Outbound rules:
                   1 allow
                """);
    }

    @Test
    void removingTakesEitherAPositionOrARule() {
        assertThat(cli.run("profile P rule remove inbound").code()).isEqualTo(2);
        assertThat(cli.run("profile P rule remove inbound --at=1 allow").code()).isEqualTo(2);
        assertThat(show()).contains("allow from tag P");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "allow icmp code 3",
                "allow to ports 80",
                "allow icmp to ports 80",
                "allow udp to ports 1 from ports 2",
                "allow udp from cidr 10.0.0.0/8 tag a",
                "allow from 10.0.0.0/8",
                "reject",
                "allow sctp"
            })
    void wrongWordsAreAUsageError(String rule) {
        Cli.Result result = cli.run("profile P rule add inbound " + rule);

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .startsWith("Not a rule: ")
                .contains("\nUsage:\n", "\n  calicoctl profile PROFILE rule add (inbound|outbound) ");
    }

    @Test
    void everyBadValueIsReportedInAFixedOrder() {
        cli.transcript("""
                $ profile 'a b' rule add inbound allow tcp from ports 70000 tag x,y cidr 10.0.0.0/33
                Profile names may only hold numbers, letters, dots, dashes and underscores.

                Tag names may only hold numbers, letters, dots, dashes and underscores.

                Invalid CIDR specified.
                Invalid SRCPORTS or DSTPORTS specified.
                Invalid or unmatching IP versions for SRCCIDR/DSTCIDR.
                => 1
                $ profile P rule add inbound allow icmp type 255
                Invalid ICMP type or ICMP code specified.
                => 1
                $ profile P rule add inbound allow icmp from cidr fd00::/8
                Invalid or unmatching IP versions for SRCCIDR/DSTCIDR.
                => 1
                $ profile P rule remove inbound allow tcp to ports 9-3
                Invalid SRCPORTS or DSTPORTS specified.
                => 1
                """);
    }

    @Test
    void missingProfileHasNoRules() {
        cli.transcript("""
                $ profile NONE rule show
                Profile NONE not found.
                => 1
                $ profile NONE rule json
                Profile NONE not found.
                => 1
                $ profile NONE rule add inbound allow
                Profile NONE not found.
                => 1
                $ profile NONE rule remove inbound --at=1
                Profile NONE not found.
                => 1
                $ profile NONE rule remove inbound allow
                Profile NONE not found.
                => 1
                """);
        assertThat(cli.store.profiles().exists("NONE")).isFalse();
    }

    @Test
    void jsonIsIndentedWithTheActionFirst() {
        cli.given(
                "profile P rule add inbound deny tcp from ports 1:1023,8080 tag guests to cidr 10.8.0.1",
                "profile P rule remove outbound --at=1");

        cli.transcript("""
                $ profile P rule json
                {
                  "id": "P",
                  "inbound_rules": [
                    {
                      "action": "allow",
                      "src_tag": "P"
                    },
                    {
                      "action": "deny",
                      "dst_net": "10.8.0.1/32",
                      "protocol": "tcp",
                      "src_ports": [
                        "1:1023",
                        8080
                      ],
                      "src_tag": "guests"
                    }
                  ],
                  "outbound_rules": []
                }

                """);
    }

    @Test
    void damagedRulesAreAnErrorThatNamesTheRecord() {
        cli.datastore.commit(Transaction.builder()
                .put("/calico/v1/policy/profile/P/rules", "{\"inbound_rules\":7}")
                .build());

        Cli.Result result = cli.run("profile P rule show");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .startsWith("Error: damaged record at /calico/v1/policy/profile/P/rules: ")
                .hasLineCount(1);
    }

    @Test
    void workedScenario() {
        String ledger = "{\"id\":\"LEDGER\",\"inbound_rules\":[{\"action\":\"allow\",\"protocol\":\"tcp\","
                + "\"src_tag\":\"use-ledger\",\"dst_ports\":[5432]}],\"outbound_rules\":[{\"action\":\"allow\"}]}";
        cli.transcript("""
                $ profile add SHOP
                Created profile SHOP
                $ profile SHOP rule remove inbound --at=1
                $ profile SHOP rule add inbound allow tcp to ports 80,443
                $ profile SHOP rule add inbound allow icmp type 8
                $ profile add LEDGER
                Created profile LEDGER
                $ profile LEDGER rule update < %s
                Successfully updated rules on profile LEDGER
                $ profile SHOP tag add use-ledger
                Tag use-ledger added to profile SHOP
                $ profile SHOP rule show
                Inbound rules:
                   1 allow tcp to ports 80,443
                   2 allow icmp type 8
                Outbound rules:
                   1 allow
                $ profile LEDGER rule show
                Inbound rules:
                   1 allow tcp from tag use-ledger to ports 5432
                Outbound rules:
                   1 allow
                """.formatted(ledger));
    }
}
