package io.calico.ctl;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the user gave to one form of a command. Immutable.
 *
 * @param values by the name that the usage line gives them
 * @param literals the literal words given
 * @param options by name ({@code --at}); empty text for those without a value
 */
record Arguments(Map<String, List<String>> values, Set<String> literals, Map<String, String> options) {
    Arguments {
        values = Map.copyOf(values);
        literals = Set.copyOf(literals);
        options = Map.copyOf(options);
    }

    /**
     * A value that the form always has.
     *
     * @throws IllegalArgumentException if the form has no such value
     */
    String value(String name) {
        return values(name).get(0);
    }

    /**
     * All values given under a repeated name, in their order.
     *
     * @throws IllegalArgumentException if the form has no such value
     */
    List<String> values(String name) {
        List<String> given = values.get(name);
        if (given == null) {
            throw new IllegalArgumentException("this form has no " + name);
        }
        return given;
    }

    /** Whether this word was chosen where the form offers several. */
    boolean has(String literal) {
        return literals.contains(literal);
    }

    /** Whether the option was given, with or without a value. */
    boolean hasOption(String name) {
        return options.containsKey(name);
    }

    /** The option's value; empty if the option was not given. */
    Optional<String> option(String name) {
        return Optional.ofNullable(options.get(name));
    }
}
