package io.calico.model;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** What is left of a stored record after accidents: cut off, pieces replaced, doubled or lost, or anything at all. */
final class Mangled {
    private static final String[] PIECES = {
        "",
        "null",
        "true",
        "-1",
        "1e400",
        "99999999999999999999",
        "0.5",
        "\"\"",
        "\"x\"",
        "[]",
        "{}",
        "[null]",
        "{\"a\":1}",
        "[[[[",
        "}",
        ",",
        ":",
        "\"",
        "\\u0000",
        "\\ud800",
        "\u0000",
        "é",
        "// x",
        "NaN",
        "tcp",
        "10.0.0.0/8",
        "::",
        "300"
    };

    private Mangled() {}

    static Arbitrary<String> textsLike(Arbitrary<String> records) {
        Arbitrary<String> value = Arbitraries.of(PIECES);
        // The place is given as a part of the length, so that it falls anywhere in records of any length.
        Arbitrary<Double> place = Arbitraries.doubles().between(0, 1);
        Arbitrary<String> spliced = Combinators.combine(
                        records, place, Arbitraries.integers().between(0, 12), value)
                .as((text, at, dropped, piece) -> {
                    int from = (int) (at * text.length());
                    return text.substring(0, from) + piece + text.substring(Math.min(from + dropped, text.length()));
                });
        Arbitrary<String> retyped = Combinators.combine(records, place, value).as(Mangled::replaceValue);
        Arbitrary<String> cut =
                Combinators.combine(records, place).as((text, at) -> text.substring(0, (int) (at * text.length())));
        return Arbitraries.frequencyOf(
                Tuple.of(5, retyped),
                Tuple.of(4, spliced),
                Tuple.of(1, cut),
                Tuple.of(1, value),
                Tuple.of(1, Arbitraries.strings().ofMaxLength(50)));
    }

    /** Puts another value after one of the colons: JSON all the same, mostly, but of another form. */
    private static String replaceValue(String text, double at, String piece) {
        int colon = text.indexOf(':', (int) (at * text.length()));
        if (colon < 0) {
            return text + piece;
        }
        int end = colon + 1;
        int depth = 0;
        while (end < text.length() && (depth > 0 || ",}]".indexOf(text.charAt(end)) < 0)) {
            depth += switch (text.charAt(end)) {
                case '[', '{' -> 1;
                case ']', '}' -> -1;
                default -> 0;
            };
            end++;
        }
        return text.substring(0, colon + 1) + piece + text.substring(end);
    }
}
