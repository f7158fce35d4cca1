package io.calico.libnetwork.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * The name of a listening Unix socket in the file system. A socket is bound under a temporary name beside its real one,
 * gets its mode there, and is then renamed: whoever finds the real name can connect, and nobody else ever could. A stale
 * file of a daemon that was killed is replaced by the rename. Confined to one thread.
 */
final class UnixSocketFile {
    /** {@code sun_path} of unix(7), without the closing NUL. */
    private static final int MAX_PATH_BYTES = 107;

    private static final String TEMPORARY_SUFFIX = ".new";

    private final Path path;
    private final Path temporary;
    private @Nullable Object published;

    /**
     * @throws IllegalArgumentException if the path is too long for a Unix socket
     */
    UnixSocketFile(Path path) {
        this.path = path.toAbsolutePath();
        this.temporary = this.path.resolveSibling(this.path.getFileName() + TEMPORARY_SUFFIX);
        int length = temporary.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_PATH_BYTES) {
            throw new IllegalArgumentException("socket path " + path + " is too long: at most "
                    + (MAX_PATH_BYTES - TEMPORARY_SUFFIX.length()) + " bytes");
        }
    }

    /** Where to bind: the directory exists, the name is free. */
    Path prepare() throws IOException {
        Path directory = path.getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        Files.deleteIfExists(temporary);
        return temporary;
    }

    /**
     * Gives the bound socket its mode ({@code rw-------}). To be called right after the bind: whatever the process's umask
     * is, nobody else shall connect while it waits for its name.
     */
    void protect(String mode) throws IOException {
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString(mode));
    }

    /**
     * Gives the bound socket its name.
     *
     * @throws IOException also if there is something of that name that is not a socket: it is not ours to delete
     */
    void publish() throws IOException {
        requireSocketOrNothing();
        Object key = fileKey(temporary);
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        published = key;
    }

    private void requireSocketOrNothing() throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        BasicFileAttributes there = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!there.isOther()) {
            throw new IOException("there is "
                    + (there.isDirectory() ? "a directory" : there.isSymbolicLink() ? "a symbolic link" : "a file")
                    + " of that name, and not a socket; remove it, or give another --plugin-socket");
        }
    }

    /** Removes its names, unless another daemon has put its own socket there since. Idempotent. */
    void remove() throws IOException {
        Object mine = published;
        published = null;
        if (mine == null) {
            Files.deleteIfExists(temporary);
            return;
        }
        if (Files.exists(path) && mine.equals(fileKey(path))) {
            Files.deleteIfExists(path);
        }
    }

    Path path() {
        return path;
    }

    /** Device and inode. */
    private static Object fileKey(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }
}
