package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;
import io.calico.model.rule.RulePrinter;
import io.calico.model.testing.ModelArbitraries;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Profiles: their rules and tags as they are stored. */
class ProfileTest {
    @Provide
    Arbitrary<ProfileRules> rules() {
        return ModelArbitraries.profileRules();
    }

    @Property
    void writtenRulesAreReadBackAsTheSame(@ForAll("rules") ProfileRules rules) {
        Records.assertRoundTrip(rules, ProfileRules::fromJson);
        assertThat(rules.invalidReason()).isEmpty();
    }

    @Test
    void newProfileLetsItsMembersInAndEverythingOut() {
        Profile profile = Profile.defaults("web");

        assertThat(profile.name()).isEqualTo("web");
        assertThat(profile.tags()).containsExactly("web");
        assertThat(profile.rules().orElseThrow().inbound())
                .map(RulePrinter::print)
                .containsExactly("allow from tag web");
        assertThat(profile.rules().orElseThrow().outbound())
                .map(RulePrinter::print)
                .containsExactly("allow");
        assertThat(ModelJson.write(profile.rules().orElseThrow())).isEqualTo("""
                {"id":"web","inbound_rules":[{"action":"allow","src_tag":"web"}],\
                "outbound_rules":[{"action":"allow"}]}""");
    }

    @Test
    void rulesForPeopleAreIndentedByTwo() {
        assertThat(ModelJson.writeIndented(ModelJson.read(Records.KEY, """
                {"id":"web","inbound_rules":[{"dst_ports":[22,"80:90"],"protocol":"tcp"}],"outbound_rules":[]}""", ProfileRules::fromJson)))
                .isEqualTo("""
                {
                  "id": "web",
                  "inbound_rules": [
                    {
                      "action": "allow",
                      "dst_ports": [
                        22,
                        "80:90"
                      ],
                      "protocol": "tcp"
                    }
                  ],
                  "outbound_rules": []
                }""");
    }

    @Test
    void unknownFieldOfARuleIsKeptAndMakesTheRulesInvalid() {
        String json = """
                {"inbound_rules":[{"action":"allow"},{"action":"deny","log":{"a":1},"src_tag":"x"}],"outbound_rules":[]}""";

        ProfileRules rules = ModelJson.read(Records.KEY, json, ProfileRules::fromJson);

        assertThat(rules.invalidReason()).hasValue("rule 2 in inbound_rules: unknown field 'log'");
        assertThat(ModelJson.write(rules)).isEqualTo(json);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"inbound_rules":[]} | field 'outbound_rules' is missing
            {"inbound_rules":null,"outbound_rules":[]} | field 'inbound_rules' is missing
            {"inbound_rules":[{}],"outbound_rules":[{},{"src_net":"10"}]} | element 2 of 'outbound_rules': field 'src_net': '10' is not a CIDR
            {"inbound_rules":[3],"outbound_rules":[]} | element 1 of 'inbound_rules': not a JSON object but 3
            {"inbound_rules":[{"protocol":0}],"outbound_rules":[]} | element 1 of 'inbound_rules': field 'protocol': protocol number 0 is not in 1-255
            {"inbound_rules":[{"ip_version":5}],"outbound_rules":[]} | element 1 of 'inbound_rules': field 'ip_version': IP version 5 is neither 4 nor 6
            """)
    void damagedRecordIsRefusedNamingFieldAndValue(String json, String reason) {
        assertThat(Records.reason(json, ProfileRules::fromJson)).isEqualTo(reason);
    }

    @Test
    void tagsAreAnArrayOfStringsInStoredOrder() {
        assertThat(ModelJson.readTags(Records.KEY, "[\"web\", \"x y!\", \"a\"]"))
                .containsExactly("web", "x y!", "a");
        assertThat(ModelJson.readTags(Records.KEY, "[]")).isEmpty();
        assertThat(ModelJson.writeTags(List.of("web", "a\"b"))).isEqualTo("[\"web\",\"a\\\"b\"]");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {} | not a JSON array but {}
            "web" | not a JSON array but "web"
            ["a",1] | element 2 is not a string but 1
            [null] | element 1 is not a string but null
            null | not a JSON array but null
            """)
    void damagedTagsAreRefused(String json, String reason) {
        assertThatThrownBy(() -> ModelJson.readTags(Records.KEY, json))
                .isInstanceOf(BadRecordException.class)
                .hasMessage("damaged record at " + Records.KEY + ": " + reason);
    }
}
