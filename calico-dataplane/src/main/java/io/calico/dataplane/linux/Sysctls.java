package io.calico.dataplane.linux;

import io.calico.dataplane.DataplaneException;
import io.calico.model.net.IpVersion;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The kernel's settings as files below {@code /proc/sys}: {@code net/ipv4/conf/INTERFACE/KEY} and so on. What is below
 * {@code net} belongs to the network namespace of the thread that reads or writes. Thread-safe, without state.
 */
final class Sysctls {
    /** What may stand in a path without leading elsewhere; the kernel allows more. */
    private static final Pattern LINK_NAME = Pattern.compile("[A-Za-z0-9_@:-][A-Za-z0-9_.@:-]{0,14}");

    private static final Pattern KEY = Pattern.compile("[a-z0-9_]+(/[a-z0-9_]+)*");

    private final Path root;

    /** The settings below a directory, {@code /proc/sys} but for tests. */
    Sysctls(Path root) {
        this.root = root;
    }

    /** This host's. */
    static Sysctls ofHost() {
        return new Sysctls(Path.of("/proc/sys"));
    }

    /**
     * Sets what belongs to one interface, {@code net/VERSION/conf/INTERFACE/KEY}. Written only if it is something else.
     *
     * @return false if the interface is not there (any more) or knows nothing of this IP version
     * @throws IllegalArgumentException if the name is none of an interface
     * @throws DataplaneException.Refused if the kernel refuses the value
     */
    boolean setForLink(IpVersion version, String link, String key, String value) {
        return set("net/" + family(version) + "/conf/" + requireName(link) + "/" + requireKey(key), value);
    }

    /** What {@link #setForLink} sets; empty if the interface is not there or knows nothing of this IP version. */
    Optional<String> findForLink(IpVersion version, String link, String key) {
        return find("net/" + family(version) + "/conf/" + requireName(link) + "/" + requireKey(key));
    }

    /**
     * Sets what belongs to the host, for example {@code net/ipv4/ip_forward}. Written only if it is something else: a
     * write alone makes the kernel reset other settings.
     *
     * @return false if this kernel has no such setting
     * @throws DataplaneException.Refused if the kernel refuses the value
     */
    boolean setForHost(String key, String value) {
        return set(requireKey(key), value);
    }

    /** What {@link #setForHost} sets; empty if this kernel has no such setting. */
    Optional<String> findForHost(String key) {
        return find(requireKey(key));
    }

    private static String family(IpVersion version) {
        return version == IpVersion.V4 ? "ipv4" : "ipv6";
    }

    private static String requireName(String link) {
        if (!LINK_NAME.matcher(link).matches()) {
            throw new IllegalArgumentException(
                    "interface '" + link + "' is not 1 to 15 of A-Z a-z 0-9 _ . @ : - without a dot at the beginning");
        }
        return link;
    }

    private static String requireKey(String key) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException("setting '" + key + "' is not a path of a-z 0-9 _");
        }
        return key;
    }

    private Optional<String> find(String name) {
        try {
            return Optional.of(Files.readString(root.resolve(name), StandardCharsets.US_ASCII)
                    .strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            if (!Files.exists(root.resolve(name))) {
                return Optional.empty(); // the interface went while its file was read
            }
            throw refused("read setting", name, e);
        }
    }

    private boolean set(String name, String value) {
        Optional<String> current = find(name);
        if (current.isEmpty() || current.get().equals(value)) {
            return current.isPresent();
        }
        // Not Files.write: creating what is missing and renaming are the wrong ideas here.
        try (FileOutputStream file = new FileOutputStream(root.resolve(name).toFile())) {
            file.write((value + "\n").getBytes(StandardCharsets.US_ASCII));
            return true;
        } catch (IOException e) {
            if (!Files.exists(root.resolve(name))) {
                return false;
            }
            throw refused("set", name + "=" + value, e);
        }
    }

    private static DataplaneException refused(String operation, String object, IOException cause) {
        return new DataplaneException.Refused(operation, object, 0, String.valueOf(cause.getMessage()), cause);
    }
}
