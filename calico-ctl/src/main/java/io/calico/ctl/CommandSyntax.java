package io.calico.ctl;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The syntax of one command: finds the form that the arguments fit, words usage errors, prints help. Options are sorted
 * out by {@link OptionSyntax}. Confined to one thread.
 */
final class CommandSyntax {
    /** The option that names the datastore; every command takes it. */
    static final String DATASTORE = "--datastore";

    /** Columns of help and usage texts. */
    static final int WIDTH = 100;

    private static final Set<String> ALWAYS = Set.of(DATASTORE);

    private final CommandGroup group;

    CommandSyntax(CommandGroup group) {
        this.group = group;
    }

    /** A form with what was given to it. */
    record Match(Form form, Arguments arguments) {}

    /**
     * The form that the arguments fit, or empty if they ask for help.
     *
     * @param given everything after the command's name
     * @throws CommandFailure a usage error, with the command's usage lines
     */
    Optional<Match> match(List<String> given) {
        if (!hasOptions(given)) {
            return Optional.of(fitting(given, Map.of()));
        }
        Optional<OptionSyntax.Given> parsed;
        try {
            parsed = new OptionSyntax(group).parse(given);
        } catch (IllegalArgumentException e) {
            throw usageError(String.valueOf(e.getMessage()));
        }
        return parsed.map(sorted -> fitting(sorted.words(), sorted.options()));
    }

    /** Whether there is anything to sort out; loading what does that takes longer than most commands. */
    private static boolean hasOptions(List<String> given) {
        for (String argument : given) {
            if (argument.startsWith("-")) {
                return true;
            }
        }
        return false;
    }

    private Match fitting(List<String> words, Map<String, String> options) {
        for (Form form : group.forms()) {
            Optional<Arguments> arguments = form.usage().match(words, options, ALWAYS);
            if (arguments.isPresent()) {
                return new Match(form, arguments.get());
            }
        }
        throw usageError("");
    }

    /** A usage error: why, if there is more to say than that nothing fits, and the command's usage lines. */
    CommandFailure usageError(String reason) {
        StringBuilder text = new StringBuilder();
        if (!reason.isEmpty()) {
            text.append(reason).append('\n');
        }
        text.append("Usage:");
        for (String line : synopsis()) {
            text.append('\n').append(line);
        }
        return CommandFailure.usage(text.toString());
    }

    /** The forms, each on one line or, if that would be too long, on several, those after the first indented. */
    private List<String> synopsis() {
        List<String> lines = new ArrayList<>();
        for (Form form : group.forms()) {
            StringBuilder line = new StringBuilder("  calicoctl ").append(group.name());
            String usage = form.usage().toString();
            for (String part : usage.isEmpty() ? new String[0] : usage.split(" ", -1)) {
                if (line.length() + 1 + part.length() > WIDTH) {
                    lines.add(line.toString());
                    line.setLength(0);
                    line.append("     ");
                }
                line.append(' ').append(part);
            }
            lines.add(line.toString());
        }
        return lines;
    }

    /** Prints the command's help. */
    void printHelp(PrintStream out) {
        out.print(new OptionSyntax(group).help(synopsis()));
    }
}
