package io.calico.ctl;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.Stack;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The syntax of one command: tells options from words, finds the form that the arguments fit, prints help. The border
 * to picocli, which sorts out options (anywhere, {@code --opt VALUE} or {@code --opt=VALUE}, unambiguous prefixes) and
 * lays out the help text. It is driven by its programmatic model: reading annotations would cost more than the rest of
 * a command. Confined to one thread.
 */
final class CommandSyntax {
    /** The option that names the datastore; every command takes it. */
    static final String DATASTORE = "--datastore";

    /** Columns of help and usage texts. */
    private static final int WIDTH = 100;

    private static final String HELP = "--help";
    private static final String SHORT_HELP = "-h";
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
        if (asksForHelp(given)) {
            return Optional.empty();
        }
        if (!hasOptions(given)) {
            return Optional.of(fitting(given, Map.of()));
        }
        CommandLine commandLine = commandLine();
        ParseResult parsed;
        try {
            Set<String> names = commandLine.getCommandSpec().optionsMap().keySet();
            parsed = commandLine.parseArgs(expanded(given, names).toArray(new String[0]));
        } catch (ParameterException e) {
            throw usageError(Objects.requireNonNullElse(e.getMessage(), ""));
        }
        if (parsed.isUsageHelpRequested()) {
            return Optional.empty();
        }
        Map<String, String> options = new LinkedHashMap<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            options.put(option.longestName(), option.arity().max() == 0 ? "" : option.getValue());
        }
        return Optional.of(fitting(parsed.matchedPositionalValue(0, List.of()), options));
    }

    /** Whether there is anything for picocli to sort out; loading it takes longer than most commands. */
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

    /** The arguments up to {@code --}, behind which nothing is an option. */
    private static List<String> beforeEndOfOptions(List<String> given) {
        int end = given.indexOf("--");
        return end < 0 ? given : given.subList(0, end);
    }

    private static boolean asksForHelp(List<String> given) {
        return beforeEndOfOptions(given).contains(HELP)
                || beforeEndOfOptions(given).contains(SHORT_HELP);
    }

    /**
     * The arguments with full option names for unambiguous prefixes. (picocli's own matching of abbreviations trips over
     * the arguments {@code ""} and {@code "-"}.) Also refuses negative numbers, which picocli takes for values: here
     * whatever begins with a dash is an option.
     */
    private List<String> expanded(List<String> given, Set<String> names) {
        List<String> result = new ArrayList<>(given);
        for (int i = 0; i < beforeEndOfOptions(given).size(); i++) {
            String argument = given.get(i);
            if (argument.startsWith("--")) {
                result.set(i, expanded(argument, names));
            } else if (argument.length() > 1 && argument.charAt(0) == '-' && Character.isDigit(argument.charAt(1))) {
                throw usageError("Unknown option: '" + argument + "'");
            }
        }
        return result;
    }

    private String expanded(String argument, Set<String> names) {
        int equals = argument.indexOf('=');
        String given = equals < 0 ? argument : argument.substring(0, equals);
        if (names.contains(given)) {
            return argument;
        }
        Set<String> candidates = new TreeSet<>();
        for (String name : names) {
            if (name.startsWith(given)) {
                candidates.add(name);
            }
        }
        if (candidates.size() > 1) {
            throw usageError("Option '" + given + "' is ambiguous: " + String.join(", ", candidates));
        }
        return candidates.isEmpty() ? argument : candidates.iterator().next() + argument.substring(given.length());
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
        CommandSpec spec = spec();
        List<String> notes = new ArrayList<>(group.notes());
        if (!notes.isEmpty()) {
            notes.add(0, "");
        }
        spec.usageMessage()
                .header(group.summary(), "")
                .synopsisHeading("Usage:%n")
                .customSynopsis(synopsis().toArray(new String[0]))
                .optionListHeading("%nOptions:%n")
                .sortOptions(false)
                .width(WIDTH)
                .footer(notes.toArray(new String[0]));
        out.print(new CommandLine(spec).getUsageMessage(CommandLine.Help.Ansi.OFF));
    }

    private CommandLine commandLine() {
        return new CommandLine(spec())
                // '--at -1' is an error, '--at=-1' is not; a word that looks like an option never is a value.
                .setAllowOptionsAsOptionParameters(false)
                .setUnmatchedOptionsAllowedAsOptionParameters(false)
                .setUnmatchedOptionsArePositionalParams(false)
                .setPosixClusteredShortOptionsAllowed(false)
                .setInterpolateVariables(false)
                .setExpandAtFiles(false);
    }

    private CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("calicoctl " + group.name());
        for (UsageLine.Option option : options()) {
            spec.addOption(optionSpec(option));
        }
        spec.addOption(OptionSpec.builder(DATASTORE)
                .type(String.class)
                .arity("1")
                .paramLabel("URI")
                .description(
                        "Where the data is: sqlite:PATH, etcd://HOST:PORT, ... (default: CALICO_DATASTORE, the store of the running node, or the embedded one)")
                .build());
        spec.addOption(OptionSpec.builder(SHORT_HELP, HELP)
                .type(boolean.class)
                .arity("0")
                .usageHelp(true)
                .description("Show this help.")
                .build());
        spec.addPositional(PositionalParamSpec.builder()
                .index("0..*")
                .arity("1")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .hidden(true)
                .build());
        return spec;
    }

    /** The options of all forms, each once. */
    private Collection<UsageLine.Option> options() {
        Map<String, UsageLine.Option> options = new LinkedHashMap<>();
        for (Form form : group.forms()) {
            for (UsageLine.Option option : form.usage().options()) {
                options.put(option.name(), option);
            }
        }
        return options.values();
    }

    private OptionSpec optionSpec(UsageLine.Option option) {
        OptionSpec.Builder builder = OptionSpec.builder(option.name())
                .description(group.optionDescriptions().getOrDefault(option.name(), ""));
        if (!option.takesValue()) {
            return builder.type(boolean.class).arity("0").build();
        }
        builder.type(String.class).paramLabel(option.value());
        return option.valueIsOptional()
                ? builder.arity("0..1")
                        .fallbackValue("")
                        .preprocessor(new OnlyAttachedValue())
                        .build()
                : builder.arity("1").build();
    }

    /** Keeps an option with an optional value from taking the word after it: only {@code --opt=VALUE} is a value. */
    private static final class OnlyAttachedValue implements IParameterPreprocessor {
        @Override
        public boolean preprocess(
                Stack<String> args, CommandSpec commandSpec, ArgSpec argSpec, Map<String, Object> info) {
            if (" ".equals(info.get("separator"))) {
                args.push("");
            }
            return false;
        }
    }
}
