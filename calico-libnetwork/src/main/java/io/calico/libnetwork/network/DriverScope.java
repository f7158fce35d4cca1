package io.calico.libnetwork.network;

import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which scope we tell an engine: {@code global} for engines that spread networks to each other over a cluster store
 * (Docker 20.10 and before), {@code local} for all others. An engine asks once, maybe while its own API is still closed,
 * so an automatic answer comes from the engine's process: its command line and its configuration file. Immutable.
 */
public final class DriverScope {
    private static final Logger LOG = LoggerFactory.getLogger(DriverScope.class);
    private static final String LOCAL = "local";
    private static final String GLOBAL = "global";
    private static final String AUTO = "auto";
    private static final String CLUSTER_STORE = "cluster-store";

    private final String setting;
    private final Path proc;

    private DriverScope(String setting, Path proc) {
        this.setting = setting;
        this.proc = proc;
    }

    /**
     * The scope of a setting.
     *
     * @param setting {@code auto}, {@code local} or {@code global}
     * @throws IllegalArgumentException for any other
     */
    public static DriverScope of(String setting) {
        return of(setting, Path.of("/proc"));
    }

    static DriverScope of(String setting, Path proc) {
        if (!List.of(AUTO, LOCAL, GLOBAL).contains(setting)) {
            throw new IllegalArgumentException("scope '" + setting + "' is none of auto, local, global");
        }
        return new DriverScope(setting, proc);
    }

    /** {@code local} or {@code global}, for the engine with that process id. */
    String of(OptionalInt enginePid) {
        if (!setting.equals(AUTO)) {
            return setting;
        }
        boolean clusterStore = enginePid.isPresent() && hasClusterStore(enginePid.getAsInt());
        LOG.info("the engine has {} cluster store", clusterStore ? "a" : "no");
        return clusterStore ? GLOBAL : LOCAL;
    }

    private boolean hasClusterStore(int pid) {
        try {
            Path process = proc.resolve(Integer.toString(pid));
            List<String> arguments = List.of(Files.readString(process.resolve("cmdline"), StandardCharsets.UTF_8)
                    .split("\0", -1));
            if (value(arguments, "--" + CLUSTER_STORE).isPresent()) {
                return true;
            }
            String file = value(arguments, "--config-file").orElse("/etc/docker/daemon.json");
            // As the engine sees it: it may have another root directory than we.
            Path configuration = process.resolve("root").resolve(file.replaceFirst("^/+", ""));
            return Files.exists(configuration) && namesClusterStore(configuration);
        } catch (IOException e) {
            LOG.warn(
                    "cannot see whether the engine has a cluster store; scope is local unless --scope says so: {}",
                    e.toString());
            return false;
        }
    }

    private static boolean namesClusterStore(Path configuration) throws IOException {
        String text = Files.readString(configuration);
        return !text.isBlank()
                && !ModelJson.parse(text).path(CLUSTER_STORE).asText("").isEmpty();
    }

    private static Optional<String> value(List<String> arguments, String option) {
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.startsWith(option + "=")) {
                return Optional.of(argument.substring(option.length() + 1)).filter(value -> !value.isEmpty());
            }
            if (argument.equals(option) && i + 1 < arguments.size()) {
                return Optional.of(arguments.get(i + 1)).filter(value -> !value.isEmpty());
            }
        }
        return Optional.empty();
    }
}
