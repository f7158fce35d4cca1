package io.calico.model.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.calico.model.json.ModelJson;
import io.calico.model.testing.ModelArbitraries;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleLanguageTest {
    private static final String TAG = "Tag names may only hold numbers, letters, dots, dashes and underscores.";
    private static final String CIDR = "Invalid CIDR specified.";
    private static final String ICMP = "Invalid ICMP type or ICMP code specified.";
    private static final String PORTS = "Invalid SRCPORTS or DSTPORTS specified.";
    private static final String VERSIONS = "Invalid or unmatching IP versions for SRCCIDR/DSTCIDR.";

    @Provide
    Arbitrary<Rule> writableRules() {
        return ModelArbitraries.writableRules();
    }

    @Provide
    Arbitrary<Rule> applicableRules() {
        return ModelArbitraries.applicableRules();
    }

    /** Words of the language in any order, with values right and wrong. */
    @Provide
    Arbitrary<List<String>> words() {
        return Arbitraries.of(
                        "allow",
                        "deny",
                        "tcp",
                        "udp",
                        "icmp",
                        "icmpv6",
                        "type",
                        "code",
                        "from",
                        "to",
                        "ports",
                        "tag",
                        "cidr",
                        "8",
                        "300",
                        "80,443",
                        "1-2",
                        "9-3",
                        "web",
                        "a b",
                        "",
                        "10.0.0.0/8",
                        "fd00::/8",
                        "10.0.0.0/99",
                        "sctp")
                .list()
                .ofMaxSize(12);
    }

    private static List<String> words(String text) {
        return List.of(text.split(" "));
    }

    private static List<String> messagesOf(List<String> args) {
        Throwable thrown = catchThrowable(() -> RuleParser.parse(args));
        assertThat(thrown).isInstanceOf(RuleValueException.class);
        return ((RuleValueException) thrown).messages();
    }

    @Property
    void printedRuleIsReadBackAsTheSame(@ForAll("writableRules") Rule rule) {
        String text = RulePrinter.print(rule);

        Rule again = RuleParser.parse(words(text));

        assertThat(again).isEqualTo(rule).hasSameHashCodeAs(rule);
        assertThat(RulePrinter.print(again)).isEqualTo(text);
    }

    @Property
    void writtenRuleIsReadBackAsTheSame(@ForAll("applicableRules") Rule rule) {
        String json = ModelJson.write(rule);

        Rule again = ModelJson.read("k", json, Rule::fromJson);

        assertThat(again).isEqualTo(rule);
        assertThat(ModelJson.write(again)).isEqualTo(json);
    }

    @Property
    void whatTheCommandLineSaysMayBeWritten(@ForAll("writableRules") Rule rule) {
        assertThat(RuleCheck.forUpdate(rule)).isEmpty();
        assertThat(RuleCheck.forDataplane(rule)).isEmpty();
    }

    @Property
    void applicableRulesAreFineForTheDataplane(@ForAll("applicableRules") Rule rule) {
        assertThat(RuleCheck.forDataplane(rule)).isEmpty();
    }

    /** Nothing that the parser accepts is refused later, and what it gives prints to itself. */
    @Property(tries = 5000)
    void anyWordsAreARuleOrARuleException(@ForAll("words") List<String> words) {
        Rule rule;
        try {
            rule = RuleParser.parse(words);
        } catch (RuleException e) {
            assertThat(e).hasMessageMatching("(?s).+");
            return;
        }
        assertThat(RuleCheck.forUpdate(rule)).isEmpty();
        assertThat(RuleParser.parse(words(RulePrinter.print(rule)))).isEqualTo(rule);
    }

    @Property
    void anyTextIsARuleOrARuleException(@ForAll List<String> words) {
        Throwable thrown = catchThrowable(() -> RuleParser.parse(words));

        assertThat(thrown).isInstanceOfAny(RuleException.class);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            allow tcp to ports 70000 | PORTS
            allow tcp to ports 65536 | PORTS
            allow tcp to ports 9-3 | PORTS
            allow tcp to ports 1,,2 | PORTS
            allow tcp to ports 1, | PORTS
            allow tcp to ports ,1 | PORTS
            allow tcp to ports 1:2:3 | PORTS
            allow tcp to ports http | PORTS
            allow tcp from ports x to ports y | PORTS
            allow icmp type 255 | ICMP
            allow icmp type 3 code 255 | ICMP
            allow icmp type 300 | ICMP
            allow icmp type one | ICMP
            allow icmp type 99999999999999999999 | ICMP
            allow icmp from cidr fd00::/8 | VERSIONS
            allow icmpv6 to cidr 10.0.0.0/8 | VERSIONS
            allow from cidr 10.0.0.0/8 to cidr fd00::/8 | VERSIONS
            allow icmp from cidr 10.0.0.0/8 to cidr fd00::/8 | VERSIONS
            allow from tag a,b | TAG
            allow from tag ! to tag ? | TAG
            allow from cidr 10.0.0.0/33 | CIDR VERSIONS
            allow from cidr 10 | CIDR VERSIONS
            allow from cidr 10.0.0.0/255.0.0.0 | CIDR VERSIONS
            allow from cidr ::ffff:1.2.3.4 to cidr 1.2.3.4 | VERSIONS
            deny icmp type 256 from tag a!b cidr 1.2.3 | TAG CIDR ICMP VERSIONS
            deny tcp from ports 0-x tag a/b cidr 127.a.0.1 | TAG CIDR PORTS VERSIONS
            """)
    void badValuesAreNamedInTheOrderTagCidrIcmpPortsVersions(String args, String expected) {
        List<String> messages = Stream.of(expected.split(" "))
                .map(name -> switch (name) {
                    case "TAG" -> TAG;
                    case "CIDR" -> CIDR;
                    case "ICMP" -> ICMP;
                    case "PORTS" -> PORTS;
                    default -> VERSIONS;
                })
                .toList();

        assertThat(messagesOf(words(args))).isEqualTo(messages);
    }

    @Test
    void tagWithABlankIsRefused() {
        assertThat(messagesOf(List.of("allow", "from", "tag", "a b"))).containsExactly(TAG);
        assertThat(messagesOf(List.of("allow", "from", "tag", ""))).containsExactly(TAG);
    }

    @Test
    void usageErrorSaysWhatWasFoundWhereAndWhatMayStandThere() {
        assertThatThrownBy(() -> RuleParser.parse(words("allow from 10.0.0.0/8")))
                .isInstanceOf(RuleSyntaxException.class)
                .hasMessage("found '10.0.0.0/8' as word 3 of the rule, expected 'tag', 'cidr', 'to' or the end");
        assertThatThrownBy(() -> RuleParser.parse(words("allow sctp")))
                .hasMessage(
                        "found 'sctp' as word 2 of the rule, expected 'tcp', 'udp', 'icmp', 'icmpv6', 'from', 'to' or"
                                + " the end");
        assertThatThrownBy(() -> RuleParser.parse(words("allow udp to ports 1 from ports 2")))
                .hasMessage("found 'from' as word 6 of the rule, expected 'tag', 'cidr' or the end");
        assertThatThrownBy(() -> RuleParser.parse(List.of()))
                .hasMessage("found nothing as word 1 of the rule, expected 'allow', 'deny'");
        assertThatThrownBy(() -> RuleParser.parse(words("allow from tag"))).hasMessage("'tag' needs a value after it");
    }

    @Test
    void usageErrorComesBeforeBadValues() {
        assertThatThrownBy(() -> RuleParser.parse(words("allow tcp to ports 70000 from tag !")))
                .isInstanceOf(RuleSyntaxException.class);
    }

    @ParameterizedTest(name = "{0} equals {1}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
            allow from cidr 10.1.2.3/8 | allow from cidr 10.7.7.7/8 | true
            allow tcp to ports 080 | allow tcp to ports 80 | true
            allow tcp to ports 80-90 | allow tcp to ports 80:90 | true
            allow from | allow | true
            allow from cidr 0.0.0.0/0 | allow | false
            allow tcp to ports 80,443 | allow tcp to ports 443,80 | false
            allow tcp to ports 80,80 | allow tcp to ports 80 | false
            allow tcp to ports 80,81 | allow tcp to ports 80:81 | false
            allow tcp to ports 80 | allow tcp from ports 80 | false
            allow from tag a | allow to tag a | false
            allow from tag a | allow from tag A | false
            allow | deny | false
            """)
    void rulesAreEqualIfTheirFieldsAre(String one, String other, boolean equal) {
        Rule first = RuleParser.parse(words(one));
        Rule second = RuleParser.parse(words(other));

        assertThat(first.equals(second)).isEqualTo(equal);
    }

    @Test
    void tagsCanBeShownByAnotherName() {
        Rule rule = RuleParser.parse(words("allow from tag 9f0c to tag web"));

        assertThat(RulePrinter.print(rule, tag -> tag.equals("9f0c") ? "app-tier" : tag))
                .isEqualTo("allow from tag app-tier to tag web");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"protocol":"sctp","dst_ports":[5]} | allow sctp to ports 5
            {"protocol":47} | allow 47
            {"protocol":"47"} | allow 47
            {"protocol":6} | allow tcp
            {"action":"deny","ip_version":6,"src_tag":"a"} | deny from tag a (IPv6 only)
            {"ip_version":"4"} | allow (IPv4 only)
            {"log_prefix":"x","zone":null} | allow (unknown: log_prefix, zone)
            {"dst_ports":[1]} | allow to ports 1
            {"src_tag":"x y!"} | allow from tag x y!
            {"icmp_type":255,"icmp_code":"7"} | allow type 255 code 7
            {} | allow
            """)
    void storedRuleThatTheCommandLineCannotSayIsShownAllTheSame(String json, String text) {
        assertThat(RulePrinter.print(ModelJson.read("k", json, Rule::fromJson))).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 256, 1000})
    void icmpNumberIsOneByte(int number) {
        assertThatThrownBy(() -> Rule.builder().icmpType(number).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ICMP type " + number + " is not in 0-255");
        assertThatThrownBy(() -> Rule.builder().icmpCode(number).build())
                .hasMessage("ICMP code " + number + " is not in 0-255");
    }

    @Test
    void protocolsWithNamesAreEqualToTheirNumbers() {
        assertThat(Arrays.asList(
                        Protocol.of(1),
                        Protocol.of(6),
                        Protocol.of(17),
                        Protocol.of(58),
                        Protocol.of(132),
                        Protocol.of(136)))
                .containsExactly(
                        Protocol.ICMP, Protocol.TCP, Protocol.UDP, Protocol.ICMPV6, Protocol.SCTP, Protocol.UDPLITE);
        for (int number = 1; number <= 255; number++) {
            Protocol protocol = Protocol.of(number);
            assertThat(Protocol.parse(protocol.toString())).isEqualTo(protocol).hasSameHashCodeAs(protocol);
            assertThat(Protocol.parse(Integer.toString(number))).isEqualTo(protocol);
            assertThat(protocol.hasPorts())
                    .isEqualTo(List.of(6, 17, 33, 132, 136).contains(number));
            assertThat(protocol.isIcmp()).isEqualTo(number == 1 || number == 58);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "256", "-6", "TCP", "tcp ", "ip", "6.0", "99999999999"})
    void textThatIsNoProtocolIsRefusedByName(String text) {
        assertThatThrownBy(() -> Protocol.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'" + text + "' is not a protocol (tcp, udp, icmp, icmpv6, sctp, udplite or a number 1-255)");
    }
}
