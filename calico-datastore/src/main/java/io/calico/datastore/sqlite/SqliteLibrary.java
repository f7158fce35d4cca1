package io.calico.datastore.sqlite;

import io.calico.datastore.spi.DatastoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.util.OSInfo;

/**
 * SQLite's native library. Left alone, the driver unpacks it into the temporary folder at every start and deletes it at a
 * clean end, so each killed process leaves a megabyte behind. So:
 *
 * <ol>
 *   <li>{@code org.sqlite.lib.path} and {@code org.sqlite.lib.name} are set: the driver loads that file. This is what a
 *       bundle does, with the library beside its jar.
 *   <li>Else the library is unpacked once into a cache folder ({@code /var/cache/calico} for root, else {@code calico}
 *       in {@code $XDG_CACHE_HOME} or {@code ~/.cache}), named by its content, and the two properties are set.
 *   <li>Else, if that folder cannot be used, the driver's own way.
 * </ol>
 */
final class SqliteLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteLibrary.class);
    private static final String PATH = "org.sqlite.lib.path";
    private static final String NAME = "org.sqlite.lib.name";

    private SqliteLibrary() {}

    /** Sees to it that the driver finds its library. Idempotent; several processes may do it at once. */
    static void prepare() {
        try {
            prepareOnce();
        } catch (LinkageError e) {
            throw new DatastoreException.Unavailable(
                    "sqlite: needs org.xerial:sqlite-jdbc on the class path, and its library for this machine: " + e,
                    e);
        }
    }

    private static synchronized void prepareOnce() {
        if (System.getProperty(PATH) != null) {
            return;
        }
        String name = System.mapLibraryName("sqlitejdbc");
        String resource = "/org/sqlite/native/" + OSInfo.getNativeLibFolderPathForCurrentOS() + "/" + name;
        try {
            Path folder = unpack(resource, cache(), name);
            System.setProperty(PATH, folder.toString());
            System.setProperty(NAME, name);
        } catch (IOException e) {
            LOG.debug("Cannot keep {} in a cache folder; the driver unpacks it for this run", resource, e);
        }
    }

    private static Path cache() {
        if ("root".equals(System.getProperty("user.name"))) {
            return Path.of("/var/cache/calico");
        }
        String base = Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(folder -> folder.startsWith("/"))
                .orElse(System.getProperty("user.home") + "/.cache");
        return Path.of(base, "calico");
    }

    /** The folder with the library, named by its content, which is therefore never replaced while somebody runs it. */
    private static Path unpack(String resource, Path cache, String name) throws IOException {
        Path folder = cache.resolve("sqlite-" + digest(open(resource)).substring(0, 16));
        Path library = folder.resolve(name);
        if (Files.isRegularFile(library)
                && digest(Files.newInputStream(library)).equals(digest(open(resource)))) {
            return folder;
        }
        Files.createDirectories(folder, SqliteFile.permissions("rwx------"));
        Path temporary = Files.createTempFile(folder, name, ".new");
        try (InputStream content = open(resource)) {
            Files.copy(content, temporary, StandardCopyOption.REPLACE_EXISTING);
            Files.move(temporary, library, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
        return folder;
    }

    private static InputStream open(String resource) throws IOException {
        InputStream content = OSInfo.class.getResourceAsStream(resource);
        if (content == null) {
            throw new IOException("the driver has no " + resource);
        }
        return content;
    }

    private static String digest(InputStream content) throws IOException {
        try (DigestInputStream digested = new DigestInputStream(content, MessageDigest.getInstance("SHA-256"))) {
            digested.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digested.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
