package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.calico.model.json.ModelJson;
import io.calico.model.rule.Rule;
import io.calico.model.testing.ModelArbitraries;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RulesUpdateTest {
    @Provide
    Arbitrary<List<Rule>> writableRules() {
        return ModelArbitraries.writableRules().list().ofMaxSize(4);
    }

    @Provide
    Arbitrary<String> mangledJson() {
        return Mangled.textsLike(ModelArbitraries.profileRules().map(rules -> ModelJson.write(rules.withId("P"))));
    }

    private static List<String> messagesOf(String json) {
        Throwable thrown = catchThrowable(() -> RulesUpdate.parse("P", json));
        assertThat(thrown).isInstanceOf(RulesUpdateException.class);
        return ((RulesUpdateException) thrown).messages();
    }

    @Property
    void whatIsShownAsJsonCanBePutBack(@ForAll("writableRules") List<Rule> rules) {
        ProfileRules shown =
                ProfileRules.builder().id("P").inbound(rules).outbound(rules).build();

        assertThat(RulesUpdate.parse("P", ModelJson.writeIndented(shown))).isEqualTo(shown);
    }

    @Property
    void anyTextIsReadOrRefusedWithAMessage(@ForAll("mangledJson") String json) {
        Throwable thrown = catchThrowable(() -> RulesUpdate.parse("P", json));

        if (thrown != null) {
            assertThat(thrown).isInstanceOf(RulesUpdateException.class);
            assertThat(((RulesUpdateException) thrown).messages()).isNotEmpty();
        }
    }

    @Test
    void missingActionNullsAndEmptyListsAreTidiedUp() {
        ProfileRules rules = RulesUpdate.parse("P", """
                {"id": "P",
                 "inbound_rules": [
                   {"protocol": "udp", "dst_ports": ["53", "67:68", "80:80"], "src_net": null, "src_ports": []},
                   {"protocol": null, "icmp_type": null, "dst_ports": null, "src_tag": "a"}],
                 "outbound_rules": []}
                """);

        assertThat(ModelJson.write(rules)).isEqualTo("""
                {"id":"P","inbound_rules":[\
                {"action":"allow","dst_ports":[53,"67:68",80],"protocol":"udp"},\
                {"action":"allow","src_tag":"a"}],"outbound_rules":[]}""");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"comment":"x"} | unknown field 'comment'
            {"ip_version":4} | unknown field 'ip_version'
            {"action":"log"} | field 'action': "log" is neither "allow" nor "deny"
            {"action":"Allow"} | field 'action': "Allow" is neither "allow" nor "deny"
            {"action":1} | field 'action': not a string but 1
            {"protocol":"sctp"} | protocol sctp is not one of tcp, udp, icmp and icmpv6
            {"protocol":6} | protocol 6 is not one of tcp, udp, icmp and icmpv6
            {"protocol":"6"} | protocol "6" is not one of tcp, udp, icmp and icmpv6
            {"protocol":"TCP"} | field 'protocol': 'TCP' is not a protocol (tcp, udp, icmp, icmpv6, sctp, udplite or a number 1-255)
            {"protocol":""} | field 'protocol': '' is not a protocol (tcp, udp, icmp, icmpv6, sctp, udplite or a number 1-255)
            {"src_tag":"a b"} | src_tag 'a b' is not a name: only numbers, letters, dots, dashes and underscores are allowed
            {"src_tag":["a"]} | field 'src_tag': not a string but ["a"]
            {"src_net":"10"} | field 'src_net': '10' is not a CIDR
            {"dst_net":10} | field 'dst_net': not a string but 10
            {"protocol":"tcp","dst_ports":[15,66,-144]} | element 3 of 'dst_ports': ports -144:-144 are not a range within 0-65535
            {"protocol":"tcp","dst_ports":["-1:5"]} | element 1 of 'dst_ports': '-1:5' is not a port (0-65535) or a range of ports MIN:MAX
            {"protocol":"tcp","dst_ports":["15:77:66"]} | element 1 of 'dst_ports': '15:77:66' is not a port (0-65535) or a range of ports MIN:MAX
            {"protocol":"tcp","dst_ports":["one"]} | element 1 of 'dst_ports': 'one' is not a port (0-65535) or a range of ports MIN:MAX
            {"protocol":"tcp","dst_ports":["1-2"]} | element 1 of 'dst_ports': '1-2' is not a port (0-65535) or a range of ports MIN:MAX
            {"protocol":"tcp","dst_ports":[null]} | element 1 of 'dst_ports': not a whole number but null
            {"protocol":"tcp","dst_ports":[80.5]} | element 1 of 'dst_ports': not a whole number but 80.5
            {"protocol":"tcp","dst_ports":[true]} | element 1 of 'dst_ports': not a whole number but true
            {"protocol":"tcp","dst_ports":80} | field 'dst_ports' is not an array but 80
            {"protocol":"icmp","icmp_type":300} | ICMP type 300 is not in 0-255
            {"protocol":"icmp","icmp_type":255} | icmp_type 255 is not in 0-254
            {"protocol":"icmp","icmp_type":-7} | ICMP type -7 is not in 0-255
            {"protocol":"icmp","icmp_type":"one"} | field 'icmp_type': not a whole number but "one"
            {"protocol":"icmp","icmp_code":1} | icmp_code without icmp_type
            {"icmp_type":1} | icmp_type needs protocol icmp or icmpv6, not no protocol
            {"dst_ports":[1]} | dst_ports needs a protocol that has ports, such as tcp or udp, not no protocol
            {"src_net":"10.0.0.0/8","dst_net":"fd00::/8"} | src_net, dst_net and protocol are of different IP versions
            [] | not a JSON object but []
            null | not a JSON object but null
            """)
    void badRuleIsNamedByListAndNumber(String rule, String reason) {
        String json = "{\"id\":\"P\",\"inbound_rules\":[{}," + rule + "],\"outbound_rules\":[]}";

        assertThat(messagesOf(json)).containsExactly("Invalid rule 2 in inbound_rules: " + reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"protocol":"tcp","dst_ports":[2,5,"114"]} | {"action":"allow","dst_ports":[2,5,114],"protocol":"tcp"}
            {"protocol":"tcp","dst_ports":["89:133",19]} | {"action":"allow","dst_ports":["89:133",19],"protocol":"tcp"}
            {"protocol":"icmp","icmp_type":"43"} | {"action":"allow","icmp_type":43,"protocol":"icmp"}
            {"protocol":"icmp","icmp_type":15} | {"action":"allow","icmp_type":15,"protocol":"icmp"}
            """)
    void numbersMayBeStrings(String rule, String stored) {
        String json = "{\"id\":\"P\",\"inbound_rules\":[],\"outbound_rules\":[" + rule + "]}";

        assertThat(ModelJson.write(RulesUpdate.parse("P", json).outbound().get(0)))
                .isEqualTo(stored);
    }

    @Test
    void everyProblemIsToldAtOnce() {
        assertThat(messagesOf("""
                {"id": "Q", "inbound_rules": [{"x": 1}, {}, {"dst_ports": [1]}], "outbound_rules": [{"action": 1}]}"""))
                .containsExactly(
                        "Rules JSON \"id\"=Q doesn't match profile name P.",
                        "Invalid rule 1 in inbound_rules: unknown field 'x'",
                        "Invalid rule 3 in inbound_rules: dst_ports needs a protocol that has ports, such as tcp or udp, not"
                                + " no protocol",
                        "Invalid rule 1 in outbound_rules: field 'action': not a string but 1");
    }

    @Test
    void allThreeFieldsAreRequired() {
        assertThat(messagesOf("{}"))
                .containsExactly(
                        "Rules JSON has no \"id\".",
                        "Rules JSON has no \"inbound_rules\".",
                        "Rules JSON has no \"outbound_rules\".");
        assertThat(messagesOf("{\"id\":\"P\",\"inbound_rules\":{},\"outbound_rules\":null}"))
                .containsExactly(
                        "Rules JSON \"inbound_rules\" is not a list.", "Rules JSON has no \"outbound_rules\".");
    }

    @Test
    void textThatIsNoJsonObjectIsRefused() {
        assertThat(messagesOf("")).containsExactly("Rules are not valid JSON: there is no text.");
        assertThat(messagesOf("[]")).containsExactly("Rules are not a JSON object but [].");
        assertThat(messagesOf("{\"id\":")).hasSize(1).first().asString().startsWith("Rules are not valid JSON: ");
        assertThat(messagesOf("{} {}")).hasSize(1).first().asString().startsWith("Rules are not valid JSON: ");
    }

    @Test
    void fieldGivenTwiceIsRefused() {
        assertThat(messagesOf("""
                {"id":"P","inbound_rules":[{"action":"deny","action":"allow"}],"outbound_rules":[]}""")).hasSize(1).first().asString().contains("action");
    }
}
