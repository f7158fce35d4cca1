package io.calico.libnetwork;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A directory in which nobody else may make files: else they could put links there that lead our writes elsewhere. Modes do
 * not depend on the process's umask. Stateless.
 */
final class OwnDirectory {
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");

    private OwnDirectory() {}

    /**
     * Makes the directory, with mode 0755, or checks the one that is there.
     *
     * @throws IOException if it belongs to another user, or others may have put something into it
     */
    static void prepare(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, DIRECTORY);
            return;
        }
        Object owner = Files.getAttribute(directory, "unix:uid");
        if (!owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new IOException("it belongs to user " + owner + ", who could replace its files");
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
        if (mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            if (!isEmpty(directory)) {
                throw new IOException("every user may write to it (mode " + PosixFilePermissions.toString(mode)
                        + "); remove it, or empty it and set its mode to 0755");
            }
            Files.setPosixFilePermissions(directory, DIRECTORY);
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    /** Lets everybody read the file, and only its owner write it. */
    static void makeReadable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, READABLE);
    }
}
