package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    @Test
    void paragraphIsBrokenBetweenWordsAtEightyColumns() {
        assertThat(
                        Console.wrapped(
                                "Current host has active endpoints so can't be stopped.  Force with --force, if you are sure about that."))
                .isEqualTo("""
                        Current host has active endpoints so can't be stopped.  Force with --force, if
                        you are sure about that.""");
    }

    @Test
    void lineOfExactlyEightyColumnsIsNotBroken() {
        String line = "x".repeat(39) + " " + "y".repeat(40);

        assertThat(Console.wrapped(line)).isEqualTo(line);
        assertThat(Console.wrapped(line + " z")).isEqualTo(line + "\nz");
        assertThat(Console.wrapped(line + "y")).isEqualTo("x".repeat(39) + "\n" + "y".repeat(41));
    }

    @Test
    void longWordHasALineOfItsOwn() {
        String word = "w".repeat(100);

        assertThat(Console.wrapped("a " + word + " b")).isEqualTo("a\n" + word + "\nb");
        assertThat(Console.wrapped(word + " b")).isEqualTo(word + "\nb");
        assertThat(Console.wrapped(word)).isEqualTo(word);
    }

    @Property
    void wrappingLosesNoWordAndKeepsLinesShort(@ForAll("texts") String text) {
        String wrapped = Console.wrapped(text);

        assertThat(wrapped.split("\\s+", -1)).isEqualTo(text.split("\\s+", -1));
        assertThat(wrapped.lines()).allMatch(line -> line.length() <= 80 || !line.contains(" "));
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.strings()
                .withCharRange('a', 'z')
                .ofMinLength(1)
                .ofMaxLength(95)
                .list()
                .ofMinSize(1)
                .ofMaxSize(30)
                .map(words -> words.stream().collect(Collectors.joining(" ")));
    }
}
