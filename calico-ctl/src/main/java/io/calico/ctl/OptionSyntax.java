package io.calico.ctl;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * The options of one command. The border to picocli, which tells options from words (anywhere, {@code --opt VALUE} or
 * {@code --opt=VALUE}) and lays out the help text. It is driven by its programmatic model: reading annotations would cost
 * more than the rest of a command. Confined to one thread.
 */
final class OptionSyntax {
    private static final String HELP = "--help";
    private static final String SHORT_HELP = "-h";

    private final CommandGroup group;

    OptionSyntax(CommandGroup group) {
        this.group = group;
    }

    /** Words in their order, and options by name; those without a value have an empty text. */
    record Given(List<String> words, Map<String, String> options) {}

    /**
     * Sorts words from options; empty if help is asked for.
     *
     * @throws IllegalArgumentException if an option is unknown, ambiguous, or lacks its value; the message says which
     */
    Optional<Given> parse(List<String> given) {
        if (asksForHelp(given)) {
            return Optional.empty();
        }
        CommandLine commandLine = commandLine();
        ParseResult parsed;
        try {
            Set<String> names = commandLine.getCommandSpec().optionsMap().keySet();
            parsed = commandLine.parseArgs(expanded(given, names).toArray(new String[0]));
        } catch (ParameterException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        if (parsed.isUsageHelpRequested()) {
            return Optional.empty();
        }
        Map<String, String> options = new LinkedHashMap<>();
        for (OptionSpec option : parsed.matchedOptions()) {
            options.put(option.longestName(), option.arity().max() == 0 ? "" : option.getValue());
        }
        return Optional.of(new Given(parsed.matchedPositionalValue(0, List.of()), options));
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
    private static List<String> expanded(List<String> given, Set<String> names) {
        List<String> result = new ArrayList<>(given);
        for (int i = 0; i < beforeEndOfOptions(given).size(); i++) {
            String argument = given.get(i);
            if (argument.startsWith("--")) {
                result.set(i, expanded(argument, names));
            } else if (argument.length() > 1 && argument.charAt(0) == '-' && Character.isDigit(argument.charAt(1))) {
                throw new IllegalArgumentException("Unknown option: '" + argument + "'");
            }
        }
        return result;
    }

    private static String expanded(String argument, Set<String> names) {
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
            throw new IllegalArgumentException("Option '" + given + "' is ambiguous: " + String.join(", ", candidates));
        }
        return candidates.isEmpty() ? argument : candidates.iterator().next() + argument.substring(given.length());
    }

    /** The help text; the synopsis is the command's usage lines. */
    String help(List<String> synopsis) {
        CommandSpec spec = spec();
        List<String> notes = new ArrayList<>(group.notes());
        if (!notes.isEmpty()) {
            notes.add(0, "");
        }
        spec.usageMessage()
                .header(group.summary(), "")
                .synopsisHeading("Usage:%n")
                .customSynopsis(synopsis.toArray(new String[0]))
                .optionListHeading("%nOptions:%n")
                .sortOptions(false)
                .width(CommandSyntax.WIDTH)
                .footer(notes.toArray(new String[0]));
        return new CommandLine(spec).getUsageMessage(CommandLine.Help.Ansi.OFF);
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
        spec.addOption(OptionSpec.builder(CommandSyntax.DATASTORE)
                .type(String.class)
                .arity("1")
                .paramLabel("URI")
                .description(
                        "Where the data is, as in sqlite:PATH or etcd://HOST:PORT (default: CALICO_DATASTORE, the store of the running node, or the embedded one)")
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
