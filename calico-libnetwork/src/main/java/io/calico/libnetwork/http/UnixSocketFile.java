package io.calico.libnetwork.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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

    /** Gives the bound socket its mode ({@code rw-------}) and its name. */
    void publish(String mode) throws IOException {
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString(mode));
        Object key = fileKey(temporary);
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        published = key;
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
