package io.calico.ctl;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code calicoctl} command.
 *
 * <p>Exit codes: 0 things are now as asked; 1 they are not; 2 usage or environment error; 3 the command needs root.
 * Answers and refusals go to standard output, errors to standard error, one line each; a stack trace is shown only if
 * {@code CALICO_DEBUG} is set and not empty.
 */
public final class Calicoctl {
    private static final String DEBUG = "CALICO_DEBUG";

    private Calicoctl() {}

    /** Runs the command of the arguments and ends the process with its exit code. */
    public static void main(String[] args) {
        silenceLogs();
        // Buffered, and in UTF-8 whatever the locale: names may hold any letter.
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8);
        int code = run(List.of(args), System.getenv(), System.in, out, err);
        out.flush();
        err.flush();
        System.exit(code);
    }

    /**
     * Keeps the logging of the modules underneath quiet, and spares the search for a log system. What a user must know
     * is printed, not logged.
     */
    static void silenceLogs() {
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
    }

    /**
     * Runs one command on this machine.
     *
     * @param args the command and its arguments, without the program's name
     * @param environment environment variables
     * @param in standard input, read only by commands that say so
     * @return the exit code, 0 to 3
     */
    public static int run(
            List<String> args, Map<String, String> environment, InputStream in, PrintStream out, PrintStream err) {
        Machine machine = new LocalMachine(environment);
        StoreOpener opener = (uri, variables) -> StoreOpener.open(uri, variables, machine.datastoreSocket());
        return run(args, new Session.Invocation(environment, in, new Console(out, err), machine, opener));
    }

    /** Runs one command with the surroundings given. */
    static int run(List<String> args, Session.Invocation invocation) {
        Console console = invocation.console();
        try {
            return dispatch(withCommandFirst(args), invocation).code();
        } catch (CommandFailure failure) {
            return report(failure, console).code();
        } catch (RuntimeException e) {
            if (!invocation.environment().getOrDefault(DEBUG, "").isEmpty()) {
                e.printStackTrace(console.err());
            }
            return report(FailureText.of(e), console).code();
        }
    }

    /** {@code --datastore} may stand before the command, too; it is moved behind it. */
    private static List<String> withCommandFirst(List<String> args) {
        int options = 0;
        while (options < args.size() && args.get(options).startsWith(CommandSyntax.DATASTORE)) {
            options += args.get(options).equals(CommandSyntax.DATASTORE) ? 2 : 1;
        }
        if (options == 0 || options >= args.size()) {
            return args;
        }
        List<String> moved = new ArrayList<>(args.subList(options, args.size()));
        moved.addAll(1, args.subList(0, options));
        return moved;
    }

    private static ExitStatus dispatch(List<String> args, Session.Invocation invocation) {
        Console console = invocation.console();
        if (args.isEmpty() || args.get(0).equals("--help") || args.get(0).equals("-h")) {
            Commands.printHelp(console.out());
            return ExitStatus.DONE;
        }
        List<String> wrong = new EnvironmentCheck(invocation.environment()).messages();
        if (!wrong.isEmpty()) {
            wrong.forEach(console::paragraph);
            return ExitStatus.USAGE;
        }
        Optional<CommandGroup> group = Commands.find(args.get(0));
        if (group.isEmpty()) {
            console.errorLine("'" + args.get(0) + "' is not a calicoctl command.");
            Commands.printHelp(console.err());
            return ExitStatus.USAGE;
        }
        CommandSyntax syntax = new CommandSyntax(group.get());
        Optional<CommandSyntax.Match> match = syntax.match(args.subList(1, args.size()));
        if (match.isEmpty()) {
            syntax.printHelp(console.out());
            return ExitStatus.DONE;
        }
        Arguments arguments = match.get().arguments();
        try (Session session = new Session(invocation, arguments, syntax)) {
            return match.get().form().action().run(arguments, session);
        }
    }

    private static ExitStatus report(CommandFailure failure, Console console) {
        if (!failure.text().isEmpty()) {
            if (failure.isOnStandardError()) {
                console.errorLine(failure.text());
            } else {
                console.line(failure.text());
            }
        }
        return failure.status();
    }
}
