package io.calico.libnetwork;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Tells this machine from others with the same host name: a random text in the run directory, made at the first start after
 * a boot. Machine ids do not do: machines that were copied share them, as they share their name. Stateless.
 */
final class Machine {
    private static final String FILE = "machine";

    private Machine() {}

    /** The text; empty if no daemon has run since the boot. */
    static String find(Path runDirectory) {
        try {
            return Files.readString(runDirectory.resolve(FILE)).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** The text; makes it if it is not there. */
    static String findOrMake(Path runDirectory) {
        String found = find(runDirectory);
        if (!found.isEmpty()) {
            return found;
        }
        String made = UUID.randomUUID().toString();
        Path file = runDirectory.resolve(FILE);
        try {
            Files.writeString(file, made + "\n");
            OwnDirectory.makeReadable(file);
        } catch (IOException e) {
            throw new UncheckedIOException(runDirectory + " cannot be written to: " + e.getMessage(), e);
        }
        return made;
    }
}
