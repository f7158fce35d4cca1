package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and AS numbers. */
class NamesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "Z",
                "0",
                "_",
                ".",
                "-",
                "web.front_1-A",
                "--",
                "9f0c2a71d5b84e6f9f0c2a71d5b84e6f9f0c2a71d5b84e6f9f0c2a71d5b84e6f"
            })
    void nameMayHoldLettersDigitsDotsDashesAndUnderscores(String name) {
        assertThat(Names.isValidName(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a/b", "a,b", "x y!", "ä", "a\n", "\n", "a:b", "٣", "a@b"})
    void nameMayHoldNothingElse(String name) {
        assertThat(Names.isValidName(name)).isFalse();
    }

    @Property
    void nameIsJudgedAsItsExpressionSays(@ForAll String name) {
        assertThat(Names.isValidName(name)).isEqualTo(name.matches("[a-zA-Z0-9_.-]+") && !name.endsWith("\n"));
    }

    @Test
    void nameHasNoLengthLimit() {
        assertThat(Names.isValidName("a".repeat(10_000))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "64511, 64511",
        "4294967295, 4294967295",
        "4294.566, 281412150",
        "1.1, 65537",
        "0.0, 0",
        "65535.65535, 4294967295",
        "007, 7"
    })
    void asNumberIsPlainOrInTwoParts(String text, long number) {
        assertThat(AsNumbers.tryParse(text)).isEqualTo(OptionalLong.of(number));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "4294967296",
                "65536.0",
                "0.65536",
                "65535.65536",
                "65535.",
                ".1",
                "1.2.3",
                "nine",
                "abcde",
                "-1",
                "+1",
                " 1",
                "99999999999999999999999",
                "1e3",
                "0x10",
                "٣"
            })
    void textThatIsNoAsNumberIsRefused(String text) {
        assertThat(AsNumbers.tryParse(text)).isEmpty();
    }

    @Property
    void everyPlainAsNumberIsRead(@ForAll @LongRange(max = 0xffff_ffffL) long number) {
        assertThat(AsNumbers.tryParse(Long.toString(number))).hasValue(number);
        assertThat(AsNumbers.tryParse((number >> 16) + "." + (number & 0xffff))).hasValue(number);
    }

    @Property
    void eachPartHas16Bits(@ForAll @IntRange(min = 65536) int tooHigh) {
        assertThat(AsNumbers.tryParse(tooHigh + ".1")).isEmpty();
        assertThat(AsNumbers.tryParse("1." + tooHigh)).isEmpty();
    }
}
