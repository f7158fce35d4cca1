package io.calico.ctl;

import java.io.PrintStream;
import java.util.List;
import java.util.Optional;

/** The commands that exist. */
final class Commands {
    private Commands() {}

    /** Every command, in the order of the help text. */
    static List<CommandGroup> all() {
        return List.of(
                new StatusCommand(),
                new NodeCommand(),
                new ProfileCommand(),
                new EndpointCommand(),
                new PoolCommand(),
                new IpamCommand(),
                new DatastoreCommand(),
                new DiagsCommand(),
                new VersionCommand());
    }

    /** The command of that name. Makes no other: starting must be cheap. */
    static Optional<CommandGroup> find(String name) {
        return Optional.ofNullable(
                switch (name) {
                    case "status" -> new StatusCommand();
                    case "node" -> new NodeCommand();
                    case "profile" -> new ProfileCommand();
                    case "endpoint" -> new EndpointCommand();
                    case "pool" -> new PoolCommand();
                    case "ipam" -> new IpamCommand();
                    case "datastore" -> new DatastoreCommand();
                    case "diags" -> new DiagsCommand();
                    case "version" -> new VersionCommand();
                    default -> null;
                });
    }

    /** Prints what there is. */
    static void printHelp(PrintStream out) {
        StringBuilder text = new StringBuilder("Usage: calicoctl COMMAND [ARG...]\n\nCommands:\n");
        for (CommandGroup group : all()) {
            text.append(String.format("  %-10s%s%n", group.name(), group.summary()));
        }
        text.append("""

                'calicoctl COMMAND --help' shows the forms of a command.

                The data is kept where --datastore=URI or CALICO_DATASTORE says (sqlite:PATH, unix:PATH,
                memory:, etcd://HOST:PORT); else in the etcd at ETCD_ENDPOINTS or ETCD_AUTHORITY (default
                127.0.0.1:2379), if an etcd variable is set; else where the running node keeps it; else in
                the embedded store of this machine.
                """);
        out.print(text);
    }
}
