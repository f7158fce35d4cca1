package io.calico.dataplane.testing;

import com.sun.jna.Native;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A new, empty network namespace and a thread that lives in it. Sockets that the thread opens and programs that it starts
 * belong to the namespace; it goes with them.
 */
public final class FreshNetwork implements AutoCloseable {
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "calico-test-network-1"));

    /** The system call; JNA maps it for the class that declares it. */
    private static final class SystemCall {
        static final int CLONE_NEWNET = 0x40000000;

        static {
            Native.register(SystemCall.class, "c");
        }

        private SystemCall() {}

        static native int unshare(int flags);
    }

    private FreshNetwork() {}

    /**
     * Makes one.
     *
     * @throws IllegalStateException if this process may not
     */
    public static FreshNetwork open() {
        FreshNetwork network = new FreshNetwork();
        if (network.call(() -> SystemCall.unshare(SystemCall.CLONE_NEWNET)) != 0) {
            network.close();
            throw new IllegalStateException("a network namespace cannot be made; root is needed");
        }
        return network;
    }

    /** The number of its thread, by which programs such as {@code ip link set … netns} find it. */
    public String threadId() {
        return call(() -> Files.readSymbolicLink(Path.of("/proc/thread-self"))
                .getFileName()
                .toString());
    }

    /** Runs the task in the namespace; what it throws comes out unchanged if it is unchecked. */
    public <T> T call(Callable<T> task) {
        try {
            return thread.submit(task).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** As {@link #call}, without a result. */
    public void run(Runnable task) {
        call(() -> {
            task.run();
            return "";
        });
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
