package io.calico.libnetwork.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection. Confined to its event loop.
 *
 * <pre>
 *   bytes → RequestDecoder → assembly (one request growing) → waiting (whole requests) → one call at a time → answer
 * </pre>
 *
 * <p>Invariant: at most one request of the connection is with the workers, and the next one starts only when the answer
 * of the one before has been written; so answers keep the order of requests, and a client that does not read stops being
 * read. Reading stops while a call is in flight.
 *
 * <p>What goes wrong in the field, and what happens then:
 *
 * <ul>
 *   <li>an unreadable request, or one too large: an answer with {@code Err}, after which what the client still sends is
 *       thrown away for a moment before the connection is closed (a close with unread bytes would destroy the answer);
 *   <li>a request that comes too slowly, or an answer that is not read: 408 or nothing, and the connection is closed;
 *   <li>the client closes its sending side: what it asked is answered, then the connection is closed;
 *   <li>the client goes away: its call in flight is completed (the engine goes on without its client), the rest dropped;
 *   <li>the plugin stops: calls in flight are answered; an idle connection is shut for reading first, and bytes that
 *       were already there are served, so that no request is read and then left without an answer.
 * </ul>
 */
@SuppressWarnings("FutureReturnValueIgnored") // a close or shutdown that fails has nobody who could do more about it
final class ConnectionHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionHandler.class);
    private static final String CONTENT_TYPE = "application/vnd.docker.plugins.v1.1+json";
    private static final Duration LINGER = Duration.ofSeconds(1);

    private final Routes routes;
    private final CallRunner runner;
    private final PluginServerOptions options;
    private final RequestDecoder decoder;
    private final LongSupplier nanoTime;
    private final Deque<Pending> waiting = new ArrayDeque<>();

    private @Nullable Assembly assembly;
    private @Nullable ScheduledFuture<?> timer;
    /** A call is being made, or its answer written. */
    private boolean busy;
    /** The client will send no more, or we will read no more. */
    private boolean inputEnded;
    /** A closing answer is waiting or written: what comes now is thrown away. */
    private boolean discarding;
    /** The last answer is written; we wait for the client to close. */
    private boolean lingering;
    /** The server stops. */
    private boolean draining;

    private long idleSince;

    /** @param decoder the one in front of this handler in the same pipeline */
    ConnectionHandler(
            Routes routes,
            CallRunner runner,
            PluginServerOptions options,
            RequestDecoder decoder,
            LongSupplier nanoTime) {
        this.routes = routes;
        this.runner = runner;
        this.options = options;
        this.decoder = decoder;
        this.nanoTime = nanoTime;
        this.idleSince = nanoTime.getAsLong();
    }

    /** Whether the client has nothing open with us: closing now loses nothing. */
    boolean isIdle() {
        return !busy && waiting.isEmpty() && !decoder.isInsideRequest();
    }

    /** When it became idle, on the clock of the constructor. */
    long idleSince() {
        return idleSince;
    }

    /** The next answer is the connection's last. */
    void closeAfterNextAnswer() {
        draining = true;
    }

    /** Answers what is in flight or already sent, then closes. */
    void drain(Channel channel) {
        draining = true;
        if (channel instanceof DuplexChannel duplex) {
            duplex.shutdownInput();
        } else if (isIdle()) {
            channel.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (!discarding && message instanceof HttpObject part) {
                onPart(ctx, part);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void onPart(ChannelHandlerContext ctx, HttpObject part) {
        if (part.decoderResult().isFailure()) {
            refuseUnreadable(ctx, part.decoderResult());
            return;
        }
        if (part instanceof HttpRequest head) {
            begin(ctx, head);
        }
        Assembly growing = assembly;
        if (growing != null && part instanceof HttpContent content) {
            if (!growing.append(content.content(), options.maxBodyBytes())) {
                refuseTooLarge(ctx);
            } else if (part instanceof LastHttpContent) {
                assembly = null;
                enqueue(ctx, growing.complete(deadline()));
            }
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest head) {
        if (head.protocolVersion().majorVersion() != 1) {
            refuse(ctx, 505, "calico speaks HTTP/1.1, not " + head.protocolVersion());
        } else if (HttpUtil.getContentLength(head, 0L) > options.maxBodyBytes()) {
            refuseTooLarge(ctx);
        } else {
            assembly = new Assembly(head);
            if (HttpUtil.is100ContinueExpected(head) && !busy) {
                ctx.writeAndFlush(new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
            }
        }
    }

    private void refuseUnreadable(ChannelHandlerContext ctx, DecoderResult result) {
        Throwable cause = result.cause();
        if (cause instanceof TooLongHttpLineException) {
            refuse(ctx, 414, "the request line is too long");
        } else if (cause instanceof TooLongHttpHeaderException) {
            refuse(ctx, 431, "the request's headers are too long");
        } else {
            refuse(ctx, 400, "the request is not HTTP: " + cause.getMessage());
        }
    }

    private void refuseTooLarge(ChannelHandlerContext ctx) {
        refuse(ctx, 413, "the request's body is larger than " + options.maxBodyBytes() + " bytes");
    }

    /** Takes nothing more from this connection; the refusal is sent when the answers before it are. */
    private void refuse(ChannelHandlerContext ctx, int status, String text) {
        assembly = null;
        discarding = true;
        enqueue(ctx, Pending.refusal(status, text, deadline()));
    }

    private Deadline deadline() {
        return Deadline.after(options.callTime(), nanoTime);
    }

    private void enqueue(ChannelHandlerContext ctx, Pending pending) {
        waiting.add(pending);
        next(ctx);
    }

    private void next(ChannelHandlerContext ctx) {
        if (busy) {
            return;
        }
        Pending pending = waiting.poll();
        if (pending == null) {
            if (inputEnded) {
                ctx.close();
            } else {
                ctx.channel().config().setAutoRead(true);
            }
            return;
        }
        busy = true;
        stopTimer();
        ctx.channel().config().setAutoRead(false);
        make(ctx, pending);
    }

    private void make(ChannelHandlerContext ctx, Pending pending) {
        if (pending.refusal().isPresent()) {
            refuse(ctx, pending, pending.refusal().get());
        } else if (routes.knows(pending.path()) && !pending.method().equals(HttpMethod.POST)) {
            write(ctx, pending, Answer.error(405, pending.path() + " takes POST, not " + pending.method()));
        } else {
            try {
                CallContext context = new CallContext(pending.body(), pending.deadline(), callerPid(ctx.channel()));
                Routes.Call call = routes.prepare(pending.path(), context);
                runner.run(pending.path(), call, pending.deadline(), answer -> onLoop(ctx, pending, answer));
            } catch (CallException e) {
                LOG.warn("request refused: {}", Answer.shortened(String.valueOf(e.getMessage())));
                refuse(ctx, pending, Answer.error(e.status(), String.valueOf(e.getMessage())));
            }
        }
    }

    /** Answers without a call. */
    private void refuse(ChannelHandlerContext ctx, Pending pending, Answer answer) {
        runner.refused(routes.knows(pending.path()) ? pending.path() : CallObserver.UNKNOWN, answer.status());
        write(ctx, pending, answer);
    }

    private void onLoop(ChannelHandlerContext ctx, Pending pending, Answer answer) {
        if (ctx.executor().inEventLoop()) {
            write(ctx, pending, answer);
        } else if (!ctx.executor().isShuttingDown()) {
            ctx.executor().execute(() -> write(ctx, pending, answer));
        }
    }

    private static OptionalInt callerPid(Channel channel) {
        if (channel instanceof EpollDomainSocketChannel unix) {
            try {
                int pid = unix.peerCredentials().pid();
                return pid > 0 ? OptionalInt.of(pid) : OptionalInt.empty();
            } catch (IOException e) {
                LOG.debug("no credentials of the peer", e);
            }
        }
        return OptionalInt.empty();
    }

    private void write(ChannelHandlerContext ctx, Pending pending, Answer answer) {
        boolean closing = answer.close() || !pending.keepAlive() || (draining || inputEnded) && waiting.isEmpty();
        startTimer(ctx, options.requestTime(), () -> {
            LOG.warn("a client does not read its answer; its connection is closed");
            ctx.close();
        });
        ChannelFuture written = ctx.writeAndFlush(response(pending, answer, closing));
        written.addListener(result -> {
            stopTimer();
            if (!result.isSuccess()) {
                ctx.close();
            } else if (closing) {
                finish(ctx, answer.close());
            } else {
                busy = false;
                idleSince = nanoTime.getAsLong();
                next(ctx);
                watchArrival(ctx);
            }
        });
    }

    private static FullHttpResponse response(Pending pending, Answer answer, boolean closing) {
        String json = pending.method().equals(HttpMethod.HEAD) ? "" : answer.json();
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()), Unpooled.wrappedBuffer(body));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, CONTENT_TYPE);
        response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
        if (answer.status() == 405) {
            response.headers().set(HttpHeaderNames.ALLOW, "POST");
        }
        if (closing) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else if (pending.http10()) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
        }
        return response;
    }

    /** The last answer is written. Unread bytes at a close would reset the connection and with it the answer. */
    private void finish(ChannelHandlerContext ctx, boolean moreMayCome) {
        boolean unread = moreMayCome || !waiting.isEmpty() || decoder.isInsideRequest();
        if (!unread || inputEnded || !(ctx.channel() instanceof DuplexChannel duplex)) {
            ctx.close();
            return;
        }
        discarding = true;
        lingering = true;
        duplex.shutdownOutput();
        startTimer(ctx, LINGER, ctx::close);
        ctx.channel().config().setAutoRead(true);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        watchArrival(ctx);
        ctx.fireChannelReadComplete();
    }

    /** A request that has begun must arrive in time; no clock runs while the connection is idle or has a call. */
    private void watchArrival(ChannelHandlerContext ctx) {
        if (busy || discarding) {
            return;
        }
        if (!decoder.isInsideRequest()) {
            stopTimer();
        } else if (timer == null) {
            startTimer(
                    ctx,
                    options.requestTime(),
                    () -> refuse(ctx, 408, "the request did not arrive within " + options.requestTime()));
        }
    }

    private void startTimer(ChannelHandlerContext ctx, Duration time, Runnable action) {
        stopTimer();
        timer = ctx.executor().schedule(action, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent || event instanceof ChannelInputShutdownReadComplete) {
            inputEnded = true;
            if (lingering || !busy && waiting.isEmpty()) {
                ctx.close();
            }
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        stopTimer();
        waiting.clear();
        assembly = null;
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("connection broke", cause);
        } else {
            LOG.error("a connection failed inside calico", cause);
        }
        ctx.close();
    }
}
