package io.calico.model.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.json.ModelJson;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments, canonical text and JSON of the same rule. */
class RuleExamplesTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            allow | same | {"action":"allow"}
            deny udp | same | {"action":"deny","protocol":"udp"}
            allow from | allow | {"action":"allow"}
            allow to | allow | {"action":"allow"}
            allow from to | allow | {"action":"allow"}
            allow from tag billing | same | {"action":"allow","src_tag":"billing"}
            deny to cidr 203.0.113.7 | deny to cidr 203.0.113.7/32 | {"action":"deny","dst_net":"203.0.113.7/32"}
            allow tcp to ports 8443 | same | {"action":"allow","dst_ports":[8443],"protocol":"tcp"}
            allow tcp to ports 22,0080,6000-6010 | allow tcp to ports 22,80,6000:6010 | {"action":"allow","dst_ports":[22,80,"6000:6010"],"protocol":"tcp"}
            allow udp from ports 1024:65535 to ports 53 | same | {"action":"allow","dst_ports":[53],"protocol":"udp","src_ports":["1024:65535"]}
            deny tcp from ports 0 to ports 65535 | same | {"action":"deny","dst_ports":[65535],"protocol":"tcp","src_ports":[0]}
            allow tcp to ports 5000:5000 | allow tcp to ports 5000 | {"action":"allow","dst_ports":[5000],"protocol":"tcp"}
            allow icmp | same | {"action":"allow","protocol":"icmp"}
            allow icmp type 8 | same | {"action":"allow","icmp_type":8,"protocol":"icmp"}
            allow icmp type 08 | allow icmp type 8 | {"action":"allow","icmp_type":8,"protocol":"icmp"}
            deny icmp type 3 code 013 from cidr 10.77.0.0/18 | deny icmp type 3 code 13 from cidr 10.77.0.0/18 | {"action":"deny","icmp_code":13,"icmp_type":3,"protocol":"icmp","src_net":"10.77.0.0/18"}
            allow icmpv6 type 128 code 0 to tag probes | same | {"action":"allow","dst_tag":"probes","icmp_code":0,"icmp_type":128,"protocol":"icmpv6"}
            allow icmpv6 from cidr FD00:0:0:A::/64 | allow icmpv6 from cidr fd00:0:0:a::/64 | {"action":"allow","protocol":"icmpv6","src_net":"fd00:0:0:a::/64"}
            deny from cidr 2001:db8::5 | deny from cidr 2001:db8::5/128 | {"action":"deny","src_net":"2001:db8::5/128"}
            allow from tag web.front cidr 10.9.0.0/16 to tag db_1 cidr 10.8.0.0/16 | same | {"action":"allow","dst_net":"10.8.0.0/16","dst_tag":"db_1","src_net":"10.9.0.0/16","src_tag":"web.front"}
            deny tcp from ports 1:1023,8080 tag guests cidr 10.9.4.0/22 to ports 22,3306:3310 tag core cidr 10.8.0.1 | deny tcp from ports 1:1023,8080 tag guests cidr 10.9.4.0/22 to ports 22,3306:3310 tag core cidr 10.8.0.1/32 | {"action":"deny","dst_net":"10.8.0.1/32","dst_ports":[22,"3306:3310"],"dst_tag":"core","protocol":"tcp","src_net":"10.9.4.0/22","src_ports":["1:1023",8080],"src_tag":"guests"}
            allow udp from tag dns to tag dns | same | {"action":"allow","dst_tag":"dns","protocol":"udp","src_tag":"dns"}
            allow tcp from cidr 10.1.2.3/8 | same | {"action":"allow","protocol":"tcp","src_net":"10.1.2.3/8"}
            allow from tag cidr cidr 10.0.0.0/8 | same | {"action":"allow","src_net":"10.0.0.0/8","src_tag":"cidr"}
            """)
    void argumentsTextAndJsonSayTheSame(String args, String text, String json) {
        String canonical = text.equals("same") ? args : text;

        Rule rule = RuleParser.parse(List.of(args.split(" ")));

        assertThat(RulePrinter.print(rule)).isEqualTo(canonical);
        assertThat(ModelJson.write(rule)).isEqualTo(json);
        assertThat(ModelJson.read("k", json, Rule::fromJson)).isEqualTo(rule);
        assertThat(RulePrinter.print(RuleParser.parse(List.of(canonical.split(" ")))))
                .isEqualTo(canonical);
        assertThat(RuleCheck.forDataplane(rule)).isEmpty();
        assertThat(RuleCheck.forUpdate(rule)).isEmpty();
    }

    @Test
    void tagThatLooksLikeAnOptionIsShownButCannotBeWritten() {
        String json = """
                {"action":"deny","dst_ports":[443],"dst_tag":"-x-","protocol":"tcp"}""";

        Rule rule = ModelJson.read("k", json, Rule::fromJson);

        assertThat(RulePrinter.print(rule)).isEqualTo("deny tcp to ports 443 tag -x-");
        assertThat(ModelJson.write(rule)).isEqualTo(json);
        assertThatThrownBy(() -> RuleParser.parse(List.of("deny", "tcp", "to", "ports", "443", "tag", "-x-")))
                .isInstanceOf(RuleSyntaxException.class)
                .hasMessage("'-x-' is not part of a rule: it starts with '-'");
    }

    @Test
    void oldJsonIsReadAndRewritten() {
        String json = """
                {"protocol":"udp","dst_ports":["53","67:68"],"src_net":null}""";

        Rule rule = ModelJson.read("k", json, Rule::fromJson);

        assertThat(RulePrinter.print(rule)).isEqualTo("allow udp to ports 53,67:68");
        assertThat(ModelJson.write(rule)).isEqualTo("""
                {"action":"allow","dst_ports":[53,"67:68"],"protocol":"udp"}""");
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
                "allow from tag a b",
                "allow sctp",
                "allow 6",
                "reject",
                "Allow",
                "allow from tag",
                "allow from cidr",
                "allow tcp to ports",
                "allow icmp type",
                "allow icmp type 3 code",
                "allow tcp type 3",
                "allow allow",
                "allow from from",
                "allow tcp from tag a ports 5",
                ""
            })
    void ruleAgainstTheGrammarIsAUsageError(String args) {
        assertThatThrownBy(() -> RuleParser.parse(List.of(args.split(" ")))).isInstanceOf(RuleSyntaxException.class);
    }
}
