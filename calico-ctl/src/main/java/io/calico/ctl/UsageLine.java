package io.calico.ctl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One form of a command, written as its usage line; the line is both what people read and what arguments are matched
 * against. Parts are parted by blanks:
 *
 * <pre>
 * show              a literal word
 * (add|remove)      one of several literal words
 * PROFILE           a value
 * CIDR...           one value or more; only as the last word
 * [PROFILE...]      any number of values; only as the last word
 * --at=POSITION     an option that must be given
 * [--ipip]          an option that may be given; likewise [--at=POSITION], [--vxlan[=MODE]]
 * [--ipv4|--ipv6]   at most one of these
 * </pre>
 *
 * Words must stand in this order; options may stand anywhere. Immutable.
 */
final class UsageLine {
    private final String text;
    private final List<Word> words = new ArrayList<>();
    private final List<Choice> choices = new ArrayList<>();

    /** A word by position: the literals that it may be, or the name of the value that it is. */
    private record Word(List<String> literals, String value, int least, boolean repeats) {}

    /** Options of which at most one may be given, or exactly one. */
    private record Choice(List<Option> options, boolean required) {}

    /** An option as the line shows it: {@code --at}, with {@code POSITION} or with nothing. */
    record Option(String name, String value, boolean valueIsOptional) {
        boolean takesValue() {
            return !value.isEmpty();
        }
    }

    private UsageLine(String text) {
        this.text = text;
    }

    /** The form that this line shows; the line holds what follows the command's name. */
    static UsageLine of(String text) {
        UsageLine line = new UsageLine(text);
        for (String part : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
            if (part.startsWith("[--")) {
                line.choices.add(choice(part.substring(1, part.length() - 1), false));
            } else if (part.startsWith("--")) {
                line.choices.add(choice(part, true));
            } else {
                line.words.add(word(part));
            }
        }
        return line;
    }

    private static Choice choice(String part, boolean required) {
        List<Option> options = new ArrayList<>();
        for (String option : part.split("\\|", -1)) {
            boolean valueIsOptional = option.endsWith("]");
            String plain =
                    valueIsOptional ? option.substring(0, option.length() - 1).replace("[", "") : option;
            int equals = plain.indexOf('=');
            options.add(
                    equals < 0
                            ? new Option(plain, "", false)
                            : new Option(plain.substring(0, equals), plain.substring(equals + 1), valueIsOptional));
        }
        return new Choice(List.copyOf(options), required);
    }

    private static Word word(String part) {
        if (part.startsWith("(")) {
            return new Word(List.of(part.substring(1, part.length() - 1).split("\\|", -1)), "", 1, false);
        }
        boolean optional = part.startsWith("[");
        String plain = optional ? part.substring(1, part.length() - 1) : part;
        boolean repeats = plain.endsWith("...");
        String name = repeats ? plain.substring(0, plain.length() - 3) : plain;
        return Character.isUpperCase(name.charAt(0))
                ? new Word(List.of(), name, optional ? 0 : 1, repeats)
                : new Word(List.of(name), "", 1, false);
    }

    /** The options that this form knows, in the order in which it shows them. */
    List<Option> options() {
        List<Option> options = new ArrayList<>();
        for (Choice choice : choices) {
            options.addAll(choice.options());
        }
        return options;
    }

    /**
     * The values that the arguments give to this form.
     *
     * @param given words in their order
     * @param givenOptions options with their values; those without value have an empty text
     * @param always options that every form takes
     * @return empty if the arguments do not fit
     */
    Optional<Arguments> match(List<String> given, Map<String, String> givenOptions, Set<String> always) {
        Map<String, List<String>> values = new HashMap<>();
        Set<String> literals = new LinkedHashSet<>();
        int next = 0;
        for (Word word : words) {
            int end = word.repeats() ? given.size() : Math.min(next + 1, given.size());
            if (end - next < word.least()) {
                return Optional.empty();
            }
            if (word.literals().isEmpty()) {
                values.put(word.value(), List.copyOf(given.subList(next, end)));
            } else if (word.literals().contains(given.get(next))) {
                literals.add(given.get(next));
            } else {
                return Optional.empty();
            }
            next = end;
        }
        if (next < given.size() || !optionsFit(givenOptions.keySet(), always)) {
            return Optional.empty();
        }
        return Optional.of(new Arguments(values, literals, givenOptions));
    }

    private boolean optionsFit(Set<String> given, Set<String> always) {
        int known = 0;
        for (String name : given) {
            known += always.contains(name) ? 1 : 0;
        }
        for (Choice choice : choices) {
            int chosen = 0;
            for (Option option : choice.options()) {
                chosen += given.contains(option.name()) ? 1 : 0;
            }
            if (chosen > 1 || choice.required() && chosen == 0) {
                return false;
            }
            known += chosen;
        }
        return known == given.size();
    }

    /** The line, without the command's name. */
    @Override
    public String toString() {
        return text;
    }
}
