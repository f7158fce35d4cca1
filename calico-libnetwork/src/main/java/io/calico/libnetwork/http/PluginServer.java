package io.calico.libnetwork.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.HttpResponseEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves plugin sockets. Thread-safe; starts once, stops once.
 *
 * <p>A socket's name appears when it can be connected to, not before, and vanishes first when the server stops: an
 * engine that finds no name looks again for some seconds, while one that finds a dead socket tells its user.
 */
public final class PluginServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PluginServer.class);
    private static final String MODE = "rw-------";
    /** Time for connections that were made before the name vanished to be accepted. */
    private static final Duration LAST_ACCEPTS = Duration.ofMillis(20);

    private final List<PluginSocket> sockets;
    private final PluginServerOptions options;
    private final Function<RuntimeException, CallException> translation;
    private final CallObserver observer;
    private final Connections connections;
    private final Object lock = new Object();

    /** Set by start, under the lock; null before it and after close. */
    private @Nullable Running running;

    private boolean bound;

    private record Running(
            EventLoopGroup loop, ThreadPoolExecutor workers, List<UnixSocketFile> files, List<Channel> listeners) {}

    /**
     * Does no I/O.
     *
     * @param translation from an exception that a handler threw to what the engine is told; not asked for a {@link
     *     CallException}
     */
    public PluginServer(
            List<PluginSocket> sockets,
            PluginServerOptions options,
            Function<RuntimeException, CallException> translation) {
        this(sockets, options, translation, (path, status, time) -> {});
    }

    /** As the other, and tells an observer of every answer. */
    public PluginServer(
            List<PluginSocket> sockets,
            PluginServerOptions options,
            Function<RuntimeException, CallException> translation,
            CallObserver observer) {
        this.sockets = List.copyOf(sockets);
        this.options = options;
        this.translation = translation;
        this.observer = observer;
        this.connections = new Connections(options.maxConnections());
    }

    /** {@link #bind} and {@link #publish}. */
    public void start() {
        bind();
        publish();
    }

    /**
     * Binds every socket, under names that engines do not look for.
     *
     * @throws UncheckedIOException if one cannot be bound; names it; none is bound then
     * @throws IllegalStateException if it was bound before
     */
    public void bind() {
        synchronized (lock) {
            if (bound) {
                throw new IllegalStateException("the plugin server was bound before");
            }
            bound = true;
            Running now = new Running(
                    new MultiThreadIoEventLoopGroup(1, named("calico-plugin-io"), EpollIoHandler.newFactory()),
                    newWorkers(),
                    new ArrayList<>(),
                    new ArrayList<>());
            running = now;
            try {
                for (PluginSocket socket : sockets) {
                    bind(now, socket);
                }
            } catch (IOException e) {
                close();
                throw new UncheckedIOException(e.getMessage(), e);
            }
        }
    }

    /**
     * Gives the sockets their names; when this returns, engines can connect. Nothing happens if the server was closed.
     *
     * @throws UncheckedIOException if that fails; the server is closed then
     */
    public void publish() {
        synchronized (lock) {
            if (running == null) {
                return;
            }
            for (UnixSocketFile file : running.files()) {
                try {
                    file.publish();
                    LOG.info("plugin socket {} is open", file.path());
                } catch (IOException e) {
                    close();
                    throw new UncheckedIOException(
                            "plugin socket " + file.path() + " cannot be opened: " + e.getMessage(), e);
                }
            }
        }
    }

    /** Calls that are being made now. */
    public int activeCalls() {
        Running now = now();
        return now == null ? 0 : now.workers().getActiveCount();
    }

    /** Calls that wait for a worker. */
    public int queuedCalls() {
        Running now = now();
        return now == null ? 0 : now.workers().getQueue().size();
    }

    private @Nullable Running now() {
        synchronized (lock) {
            return running;
        }
    }

    private ThreadPoolExecutor newWorkers() {
        ThreadPoolExecutor workers = new ThreadPoolExecutor(
                options.workers(),
                options.workers(),
                30,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(options.queuedCalls()),
                named("calico-plugin"));
        workers.allowCoreThreadTimeOut(true);
        return workers;
    }

    private static ThreadFactory named(String role) {
        AtomicInteger number = new AtomicInteger();
        return task -> new Thread(task, role + "-" + number.incrementAndGet());
    }

    private void bind(Running now, PluginSocket socket) throws IOException {
        UnixSocketFile file = new UnixSocketFile(socket.path());
        try {
            Path temporary = file.prepare();
            CallRunner runner = new CallRunner(now.workers(), translation, observer);
            var listener = new ServerBootstrap()
                    .group(now.loop())
                    .channel(EpollServerDomainSocketChannel.class)
                    .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .childOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT)
                    .childHandler(new Initializer(socket.routes(), runner))
                    .bind(new DomainSocketAddress(temporary.toFile()))
                    .awaitUninterruptibly();
            if (!listener.isSuccess()) {
                throw new IOException(listener.cause());
            }
            now.listeners().add(listener.channel());
            now.files().add(file);
            file.protect(MODE);
        } catch (IOException e) {
            throw new IOException("plugin socket " + socket.path() + " cannot be opened: " + e.getMessage(), e);
        }
    }

    private final class Initializer extends ChannelInitializer<Channel> {
        private final Routes routes;
        private final CallRunner runner;

        Initializer(Routes routes, CallRunner runner) {
            this.routes = routes;
            this.runner = runner;
        }

        @Override
        protected void initChannel(Channel channel) {
            RequestDecoder decoder = new RequestDecoder();
            ConnectionHandler handler = new ConnectionHandler(routes, runner, options, decoder, System::nanoTime);
            channel.pipeline().addLast(decoder, new HttpResponseEncoder(), handler);
            connections.add(channel, handler);
        }
    }

    /**
     * Removes the sockets' names, answers the calls in flight for at most the options' drain time, then closes every
     * connection. Idempotent.
     */
    @Override
    public void close() {
        Running last;
        synchronized (lock) {
            last = running;
            running = null;
        }
        if (last == null) {
            return;
        }
        long deadline = System.nanoTime() + options.drainTime().toNanos();
        removeNames(last.files());
        drain(last, deadline);
        last.workers().shutdown();
        last.loop().shutdownGracefully(0, 100, TimeUnit.MILLISECONDS).awaitUninterruptibly(500, TimeUnit.MILLISECONDS);
        LOG.info("plugin sockets are closed");
    }

    private static void removeNames(List<UnixSocketFile> files) {
        for (UnixSocketFile file : files) {
            try {
                file.remove();
            } catch (IOException e) {
                LOG.warn("socket {} cannot be removed; remove it by hand: {}", file.path(), e.toString());
            }
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what these tasks do ends in the latch that is awaited
    private void drain(Running last, long deadline) {
        EventLoopGroup loop = last.loop();
        loop.execute(connections::drain);
        loop.schedule(() -> last.listeners().forEach(Channel::close), LAST_ACCEPTS.toMillis(), TimeUnit.MILLISECONDS);
        loop.schedule(connections::endIfEmpty, LAST_ACCEPTS.toMillis() + 1, TimeUnit.MILLISECONDS);
        if (!connections.awaitEnd(deadline)) {
            LOG.warn("calls were still in flight after {}; their connections are closed", options.drainTime());
        }
    }
}
