package io.calico.libnetwork.engine;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.ModelJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to the Docker engine's events about networks, and tells a {@link EngineListener}. Works on a thread of its own,
 * {@code calico-engine-1}; whatever the engine or the listener does, it tries again until it is closed.
 *
 * <p>It only connects when there is reason to think that an engine runs: under systemd, connecting to the socket of a
 * stopped engine would start it, against the operator's will. A reason is the engine's pid file beside the socket, a
 * socket that was made since we last looked, or {@link #engineCalled a call from an engine}.
 */
public final class EngineClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EngineClient.class);
    private static final Duration HEAD_TIMEOUT = Duration.ofSeconds(10);
    private static final Set<String> OF_NETWORKS = Set.of("create", "destroy", "remove");
    private static final Set<String> OF_CONTAINERS = Set.of("connect", "disconnect");
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final Path socket;
    private final String driver;
    private final Runnable engineFound;
    private final Semaphore calls = new Semaphore(0);
    private final Thread thread;
    private volatile boolean closed;
    private volatile boolean listening;

    /** Set before the thread starts, then not changed; until then nothing is heard. */
    private @Nullable EngineListener listener;

    /** Of the socket file when we last looked; set before the thread starts, then confined to it. */
    private @Nullable Object lastSocketFile;

    /** Whether the last attempt failed, so that only the first of a row is logged; written by the thread only. */
    private volatile boolean failing;

    /**
     * Does no I/O.
     *
     * @param socket the engine's, normally {@code /var/run/docker.sock}
     * @param driver name of our network driver, {@code calico}
     * @param engineFound run each time an engine begins to answer, before the listener hears of it; must not block
     */
    public EngineClient(Path socket, String driver, Runnable engineFound) {
        this.socket = socket;
        this.driver = driver;
        this.engineFound = engineFound;
        this.thread = new Thread(this::run, "calico-engine-1");
        this.thread.setDaemon(true);
    }

    /**
     * Begins to listen. Once.
     *
     * @param follower called on this client's thread; must not block
     */
    public void start(EngineListener follower) {
        listener = follower;
        // Here and not on the thread: an engine that starts right after this call is new.
        lastSocketFile = socketFile().orElse(null);
        thread.start();
    }

    /** Tells that an engine has called the plugin, so there is one. Does not block; any thread. */
    public void engineCalled() {
        if (calls.availablePermits() == 0) {
            calls.release();
        }
    }

    /** How an engine is seen from here. */
    public enum State {
        /** It answers, and we hear of its networks. */
        ANSWERS,
        /** It seems to run, but does not answer. */
        SILENT,
        /** It does not seem to run. */
        ABSENT
    }

    /** How the engine is. Does not block; any thread. */
    public State state() {
        if (listening) {
            return State.ANSWERS;
        }
        return failing && Files.exists(socket.resolveSibling("docker.pid")) ? State.SILENT : State.ABSENT;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Duration pause = FIRST_PAUSE;
        boolean called = false;
        while (!closed) {
            if (called || seemsToRun()) {
                pause = listen() ? FIRST_PAUSE : longer(pause);
            } else {
                pause = LONGEST_PAUSE;
            }
            called = waitForCall(pause);
        }
    }

    private boolean seemsToRun() {
        Optional<Object> now = socketFile();
        boolean isNew = now.isPresent() && !now.get().equals(lastSocketFile);
        return isNew || now.isPresent() && Files.exists(socket.resolveSibling("docker.pid"));
    }

    private Optional<Object> socketFile() {
        try {
            return Optional.ofNullable(
                    Files.readAttributes(socket, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Duration longer(Duration pause) {
        Duration doubled = pause.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }

    /** Whether an engine called before the pause was over. */
    private boolean waitForCall(Duration pause) {
        try {
            return calls.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            closed = true;
            return false;
        }
    }

    /** Follows one engine until it ends; whether it answered at all. */
    private boolean listen() {
        EngineListener told = Objects.requireNonNull(listener);
        boolean answered = false;
        try (EngineConnection events = EngineConnection.open(socket)) {
            // Events first, whatever the listener looks at after: what happens in between is in one of them.
            int status =
                    events.get("/events?filters=" + EngineRequests.encoded("{\"type\":[\"network\"]}"), HEAD_TIMEOUT);
            if (status != 200) {
                throw new IOException("the Docker engine answered " + status + " to a request for its events");
            }
            lastSocketFile = socketFile().orElse(null);
            engineFound.run();
            told.connected();
            answered = true;
            failing = false;
            listening = true;
            LOG.info("listening to the Docker engine at {}", socket);
            while (!closed) {
                tell(told, events.bodyLine());
            }
        } catch (IOException | RuntimeException e) {
            report(answered, e);
        } finally {
            listening = false;
            if (answered) {
                told.disconnected();
            }
        }
        return answered;
    }

    private void report(boolean answered, Exception e) {
        if (closed) {
            return;
        }
        if (answered) {
            LOG.info("lost the Docker engine: {}", e.toString());
        } else if (!failing) {
            failing = true;
            LOG.warn("cannot listen to the Docker engine at {}; trying again: {}", socket, e.toString());
        }
    }

    private void tell(EngineListener told, String event) throws IOException {
        JsonNode json = ModelJson.parse(event);
        String action = json.path("Action").asText("");
        if (OF_NETWORKS.contains(action)) {
            told.networksChanged();
        } else if (OF_CONTAINERS.contains(action)
                && json.path("Actor").path("Attributes").path("type").asText("").equals(driver)) {
            told.containersChanged();
        }
    }
}
