package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UsageLineTest {
    private static Optional<Arguments> match(String line, List<String> words, Map<String, String> options) {
        return UsageLine.of(line).match(words, options, Set.of("--datastore"));
    }

    private static Optional<Arguments> match(String line, String... words) {
        return match(line, List.of(words), Map.of());
    }

    @Test
    void lowerCaseWordsAreLiteralsAndUpperCaseWordsAreValues() {
        assertThat(match("PROFILE tag show", "show", "tag", "show")
                        .orElseThrow()
                        .value("PROFILE"))
                .isEqualTo("show");
        assertThat(match("PROFILE tag show", "web", "rule", "show")).isEmpty();
        assertThat(match("PROFILE tag show", "web", "tag")).isEmpty();
        assertThat(match("PROFILE tag show", "web", "tag", "show", "more")).isEmpty();
    }

    @Test
    void choiceTellsWhichWordWasGiven() {
        Arguments arguments = match("PROFILE tag (add|remove) TAG", "add", "tag", "remove", "add")
                .orElseThrow();

        assertThat(arguments.has("remove")).isTrue();
        assertThat(arguments.has("add")).isFalse();
        assertThat(arguments.value("TAG")).isEqualTo("add");
        assertThat(match("PROFILE tag (add|remove) TAG", "web", "tag", "show", "x"))
                .isEmpty();
    }

    @Test
    void repeatedValueTakesOneOrMore() {
        assertThat(match("add CIDR...", "add", "a", "b").orElseThrow().values("CIDR"))
                .containsExactly("a", "b");
        assertThat(match("add CIDR...", "add")).isEmpty();
    }

    @Test
    void repeatedOptionalValueTakesNoneToo() {
        assertThat(match("set [PROFILE...]", "set").orElseThrow().values("PROFILE"))
                .isEmpty();
        assertThat(match("set [PROFILE...]", "set", "a", "b").orElseThrow().values("PROFILE"))
                .containsExactly("a", "b");
    }

    @Test
    void optionsThatTheLineDoesNotShowDoNotFit() {
        assertThat(match("show [--ipv4|--ipv6]", List.of("show"), Map.of("--ipip", "")))
                .isEmpty();
        assertThat(match("show", List.of("show"), Map.of("--datastore", "memory:")))
                .isPresent();
    }

    @Test
    void alternativesExcludeEachOther() {
        String line = "show [--ipv4|--ipv6]";

        assertThat(match(line, List.of("show"), Map.of())).isPresent();
        assertThat(match(line, List.of("show"), Map.of("--ipv6", ""))).isPresent();
        assertThat(match(line, List.of("show"), Map.of("--ipv4", "", "--ipv6", "")))
                .isEmpty();
    }

    @Test
    void optionWithoutBracketsIsRequired() {
        assertThat(match("remove --at=POSITION", List.of("remove"), Map.of())).isEmpty();
        assertThat(match("remove --at=POSITION", List.of("remove"), Map.of("--at", "3"))
                        .orElseThrow()
                        .option("--at"))
                .contains("3");
    }

    @Test
    void emptyLineTakesNothing() {
        assertThat(match("")).isPresent();
        assertThat(match("", "x")).isEmpty();
    }

    @Test
    void optionsAreKnownByNameValueAndWhetherTheValueMayBeLeftOut() {
        assertThat(UsageLine.of("add CIDR... [--ipip|--vxlan[=MODE]] [--block-size=LENGTH]")
                        .options())
                .containsExactly(
                        new UsageLine.Option("--ipip", "", false),
                        new UsageLine.Option("--vxlan", "MODE", true),
                        new UsageLine.Option("--block-size", "LENGTH", false));
    }
}
