package io.calico.model.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.json.ModelJson;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleCheckTest {
    /** What only an operator's update refuses is marked so; the rest is refused by both. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"dst_ports":[80]} | dst_ports needs a protocol that has ports, such as tcp or udp, not no protocol | both
            {"src_ports":[80],"protocol":"icmp"} | src_ports needs a protocol that has ports, such as tcp or udp, not icmp | both
            {"icmp_type":8} | icmp_type needs protocol icmp or icmpv6, not no protocol | both
            {"icmp_type":8,"protocol":"tcp"} | icmp_type needs protocol icmp or icmpv6, not tcp | both
            {"icmp_code":0,"protocol":"icmp"} | icmp_code without icmp_type | both
            {"src_tag":"a b"} | src_tag 'a b' is not a name: only numbers, letters, dots, dashes and underscores are allowed | both
            {"dst_tag":""} | dst_tag '' is not a name: only numbers, letters, dots, dashes and underscores are allowed | both
            {"comment":"x"} | unknown field 'comment' | both
            {"protocol":"icmp","ip_version":6} | protocol icmp with ip_version 6 | dataplane
            {"protocol":"icmpv6","ip_version":4} | protocol icmpv6 with ip_version 4 | dataplane
            {"ip_version":4,"src_net":"fd00::/8"} | src_net fd00::/8 with ip_version 4 | dataplane
            {"ip_version":6,"dst_net":"10.0.0.0/8"} | dst_net 10.0.0.0/8 with ip_version 6 | dataplane
            {"ip_version":6} | unknown field 'ip_version' | update
            {"protocol":"sctp"} | protocol sctp is not one of tcp, udp, icmp and icmpv6 | update
            {"protocol":47} | protocol 47 is not one of tcp, udp, icmp and icmpv6 | update
            {"protocol":"icmp","icmp_type":255} | icmp_type 255 is not in 0-254 | update
            {"protocol":"icmp","icmp_type":3,"icmp_code":255} | icmp_code 255 is not in 0-254 | update
            {"src_net":"10.0.0.0/8","dst_net":"fd00::/8"} | src_net, dst_net and protocol are of different IP versions | update
            {"protocol":"icmp","dst_net":"fd00::/8"} | src_net, dst_net and protocol are of different IP versions | update
            """)
    void reasonIsNamed(String json, String reason, String refusedBy) {
        Rule rule = ModelJson.read("k", json, Rule::fromJson);

        if (refusedBy.equals("update")) {
            assertThat(RuleCheck.forDataplane(rule)).isEmpty();
            assertThat(RuleCheck.forUpdate(rule)).hasValue(reason);
        } else {
            assertThat(RuleCheck.forDataplane(rule)).hasValue(reason);
            assertThat(RuleCheck.forUpdate(rule)).isNotEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"protocol":33,"dst_ports":[1]}
            {"protocol":"sctp","dst_ports":[1]}
            {"protocol":"udplite","src_ports":["1:2"]}
            {"protocol":"icmp","icmp_type":255}
            {"protocol":"icmp","ip_version":4,"src_net":"10.0.0.0/8"}
            {"protocol":1,"icmp_type":8}
            {"protocol":"icmp","icmp_type":8,"src_net":"fd00::/8"}
            """)
    void whatNeverMatchesOrIsUnusualIsStillApplicable(String json) {
        assertThat(RuleCheck.forDataplane(ModelJson.read("k", json, Rule::fromJson)))
                .isEmpty();
    }
}
