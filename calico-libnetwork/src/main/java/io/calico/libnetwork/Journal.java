package io.calico.libnetwork;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Whether systemd reads what this process prints: then its journal is the log. Stateless. */
final class Journal {
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    private Journal() {}

    /**
     * Whether standard error goes to the journal, by systemd's convention: {@code JOURNAL_STREAM} names its device and inode.
     * The variable alone says nothing: a process that the service started has it, too, wherever its output goes.
     */
    static boolean isStandardError(Map<String, String> environment) {
        String stream = environment.getOrDefault("JOURNAL_STREAM", "");
        try {
            return !stream.isEmpty() && stream.equals(identity(STANDARD_ERROR));
        } catch (IOException e) {
            return false;
        }
    }

    /** {@code DEVICE:INODE} of the open file. */
    static String identity(Path file) throws IOException {
        return Files.getAttribute(file, "unix:dev") + ":" + Files.getAttribute(file, "unix:ino");
    }
}
