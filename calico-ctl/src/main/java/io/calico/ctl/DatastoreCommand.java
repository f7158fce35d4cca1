package io.calico.ctl;

import io.calico.datastore.spi.Datastore;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code calicoctl datastore}: writes all data into a file, and reads it back into the same or another datastore. */
final class DatastoreCommand implements CommandGroup {
    private static final String FORCE = "--force";
    private static final String FILE = "FILE";

    /** Instead of a file's name: standard input or output. */
    private static final String STANDARD = "-";

    @Override
    public String name() {
        return "datastore";
    }

    @Override
    public String summary() {
        return "Write all data into a file, or read it back into this or another datastore.";
    }

    @Override
    public List<Form> forms() {
        return List.of(
                Form.of("export [FILE]", DatastoreCommand::exportTo),
                Form.of("import FILE [--force]", DatastoreCommand::importFrom));
    }

    @Override
    public Map<String, String> optionDescriptions() {
        return Map.of(
                FORCE,
                "Import into a datastore that holds data: all of it is replaced, what is not in the file is DELETED.");
    }

    @Override
    public List<String> notes() {
        return List.of(
                "'export' reads everything at one moment, whatever is going on, and writes it as JSON that only",
                "you may read; without FILE, or with '-', to standard output. Which hosts are alive is left out.",
                "",
                "'import' checks the whole file before it writes anything ('-' is standard input) and compares",
                "datastore and file at the end. If it is broken off, nodes refuse to start on the datastore and",
                "the same command, without --force, does the rest. Stop the nodes that use the datastore before,",
                "and start them afterwards; containers keep their network and their policy meanwhile.",
                "",
                "To move from one datastore to another, with the node stopped:",
                "  calicoctl datastore export calico.json",
                "  CALICO_DATASTORE=etcd://HOST:PORT calicoctl datastore import calico.json");
    }

    private static ExitStatus exportTo(Arguments arguments, Session session) {
        String file = arguments.values(FILE).stream().findFirst().orElse(STANDARD);
        StoreExport export = StoreExport.of(session);
        boolean toStandard = file.equals(STANDARD);
        try {
            if (toStandard) {
                export.writeTo(session.console().out());
                if (session.console().out().checkError()) {
                    throw CommandFailure.error("cannot write all to standard output");
                }
            } else {
                export.writeTo(path(file));
            }
        } catch (IOException e) {
            throw CommandFailure.error("cannot write " + file + ": " + reason(e));
        }
        String done = "Exported " + counted(export.records().size()) + " of " + export.source() + " at revision "
                + export.revision();
        if (toStandard) {
            session.console().errorLine(done);
        } else {
            session.console().line(done + " to " + file);
        }
        return ExitStatus.DONE;
    }

    private static ExitStatus importFrom(Arguments arguments, Session session) {
        String file = arguments.value(FILE);
        ExportReader.Content content = read(file, session);
        Datastore store = session.store().datastore();
        StoreImport.Target target = StoreImport.Target.of(store);
        String uri = session.storeUri();
        if (target.marker().isPresent()) {
            session.console()
                    .errorLine("An import into " + uri + " was broken off (from "
                            + target.marker().get().value() + "); what it has written is replaced.");
        } else if (!target.isEmpty() && !arguments.hasOption(FORCE)) {
            throw CommandFailure.error("the datastore " + uri + " holds "
                    + counted(target.records().size())
                    + "; nothing was imported. With --force they are replaced: what is not in the file is deleted");
        }
        warnAboutLivingNodes(session);
        new StoreImport(store, content).run(target);
        session.console()
                .line("Imported " + counted(content.records().size()) + " of " + content.source() + " into " + uri);
        return ExitStatus.DONE;
    }

    private static ExportReader.Content read(String file, Session session) {
        try {
            if (file.equals(STANDARD)) {
                return ExportReader.read(session.in(), "standard input");
            }
            try (InputStream in = new BufferedInputStream(Files.newInputStream(path(file)))) {
                return ExportReader.read(in, file);
            }
        } catch (ExportReader.BadFile e) {
            throw CommandFailure.error(e.getMessage() + "; nothing was imported");
        } catch (IOException e) {
            throw CommandFailure.error("cannot read " + file + ": " + reason(e));
        }
    }

    private static void warnAboutLivingNodes(Session session) {
        Set<String> alive = session.store().nodes().alive();
        if (!alive.isEmpty()) {
            session.console()
                    .errorLine("Warning: these nodes are running on this datastore and follow each step: "
                            + String.join(", ", alive));
        }
    }

    private static Path path(String file) {
        try {
            return Path.of(file);
        } catch (InvalidPathException e) {
            throw CommandFailure.error("'" + file + "' is no file name: " + e.getReason());
        }
    }

    private static String counted(int records) {
        return records == 1 ? "1 record" : records + " records";
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        return String.valueOf(e.getMessage());
    }
}
