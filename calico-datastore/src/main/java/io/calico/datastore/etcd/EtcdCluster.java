package io.calico.datastore.etcd;

import com.google.protobuf.ByteString;
import io.calico.datastore.etcd.EtcdFailure.Meaning;
import io.calico.datastore.spi.DatastoreException;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.RangeRequest;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ClientStreamTracer;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Calls to a cluster: each to one member, and to the next when that one fails, until the call's time is over.
 *
 * <pre>
 * what the attempt came to                   a call that may be repeated     a commit
 * answer                                     returned                        returned
 * not sent, no leader, too busy              next member                     next member
 * certificate, unknown host, no etcd         next member; at once told if it is so with all
 * token not valid                            log in, again
 * forbidden, full, too large, …              told                            told
 * sent, then nothing (died, deadline)        next member                     UnknownResult
 * </pre>
 *
 * A commit is sent only over a connection that has just been seen to work, so that a dead member is found before, not
 * after. Thread-safe.
 */
final class EtcdCluster implements AutoCloseable {
    /** A call's whole time: three elections, with etcd's defaults. */
    static final Duration CALL = Duration.ofSeconds(5);

    /** Members refuse what needs a leader at once if they have none, instead of waiting for one. */
    private static final Metadata.Key<String> HAS_LEADER =
            Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

    private static final long SHORTEST_PAUSE_MILLIS = 20;
    private static final long LONGEST_PAUSE_MILLIS = 250;

    private final Duration patience;
    private final String uri;
    private final List<EtcdMember> members;
    private final EtcdLogin login;
    private final AtomicInteger current;
    private volatile boolean closed;

    /** Begins with any member, so that a thousand hosts do not all use the same one. */
    EtcdCluster(EtcdSettings settings) {
        this(settings, CALL);
    }

    /** {@code patience}: the whole time of a call. */
    EtcdCluster(EtcdSettings settings, Duration patience) {
        this.patience = patience;
        this.uri = settings.uri();
        this.members = settings.endpoints().stream()
                .map(endpoint -> new EtcdMember(endpoint, settings.tls()))
                .toList();
        this.login = new EtcdLogin(settings.login());
        this.current = new AtomicInteger(ThreadLocalRandom.current().nextInt(members.size()));
    }

    /** What is tried at one member. */
    interface Attempt<T> {
        /** May throw the exceptions of the SPI, too: they end the call. */
        T at(Channel member, CallOptions options) throws StatusRuntimeException, InterruptedException;
    }

    /** Whether any of a request may have left this process. */
    private static final class Sent extends ClientStreamTracer.Factory {
        private volatile boolean maybe;

        @Override
        public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
            return new ClientStreamTracer() {
                @Override
                public void streamCreated(Attributes transport, Metadata metadata) {
                    maybe = true;
                }
            };
        }
    }

    /** One request, one answer; sent again if the answer is lost. */
    <Q, A> A repeatable(String attempt, MethodDescriptor<Q, A> method, Q request) {
        return call(
                attempt, true, (member, options) -> ClientCalls.blockingUnaryCall(member, method, options, request));
    }

    /** As above, for what is more than one request. */
    <T> T repeatable(String attempt, Attempt<T> action) {
        return call(attempt, true, action);
    }

    /**
     * One request, one answer; sent once.
     *
     * @throws DatastoreException.UnknownResult if it was sent and not answered within one member's share of the time: a
     *     request that was on its way to a leader that died is never answered, and the caller may ask another member
     */
    <Q, A> A once(String attempt, MethodDescriptor<Q, A> method, Q request) {
        return call(
                attempt, false, (member, options) -> ClientCalls.blockingUnaryCall(member, method, options, request));
    }

    private <T> T call(String attempt, boolean repeatable, Attempt<T> action) {
        Deadline deadline = Deadline.after(patience.toNanos(), TimeUnit.NANOSECONDS);
        Failures failures = new Failures(attempt);
        while (true) {
            requireOpen();
            EtcdMember member = member();
            Sent sent = new Sent();
            try {
                Channel channel = member.channel();
                if (!repeatable && !member.isConnected()) {
                    greet(channel, share(deadline));
                }
                Metadata headers = new Metadata();
                headers.put(HAS_LEADER, "true");
                login.token(channel, options(share(deadline), sent)).ifPresent(token -> headers.put(TOKEN, token));
                sent.maybe = false;
                Channel authorized =
                        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
                return action.at(authorized, options(share(deadline), sent));
            } catch (StatusRuntimeException e) {
                requireOpen();
                EtcdFailure failure = EtcdFailure.of(e, sent.maybe);
                if (Thread.currentThread().isInterrupted()) {
                    throw failures.interrupted(failure, repeatable);
                }
                failures.add(member, failure, repeatable);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DatastoreException.Unavailable(attempt + " in " + uri + ": interrupted", e);
            }
            moveOn(member);
            failures.pause(deadline);
        }
    }

    private static CallOptions options(Deadline deadline, Sent sent) {
        return CallOptions.DEFAULT.withDeadline(deadline).withStreamTracerFactory(sent);
    }

    /** The time of one attempt: some must be left for two other members. */
    private Deadline share(Deadline whole) {
        Deadline share = Deadline.after(patience.toNanos() / Math.min(3, members.size()), TimeUnit.NANOSECONDS);
        return share.minimum(whole);
    }

    /** Makes sure that the member answers at all; what it answers does not matter. */
    private static void greet(Channel channel, Deadline deadline) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("/calico/v1/Ready"))
                .setSerializable(true)
                .setCountOnly(true)
                .build();
        Sent sent = new Sent();
        try {
            ClientCalls.blockingUnaryCall(channel, KVGrpc.getRangeMethod(), options(deadline, sent), request);
        } catch (StatusRuntimeException e) {
            Meaning meaning = EtcdFailure.of(e, sent.maybe).meaning();
            if (meaning != Meaning.LOG_IN && meaning != Meaning.FORBIDDEN) {
                throw e;
            }
        }
    }

    private EtcdMember member() {
        return members.get(Math.floorMod(current.get(), members.size()));
    }

    /** The next call goes to another member, if there is one and no other thread has moved on already. */
    private void moveOn(EtcdMember from) {
        int index = current.get();
        if (members.get(Math.floorMod(index, members.size())) == from) {
            current.compareAndSet(index, index + 1);
        }
    }

    String uri() {
        return uri;
    }

    void requireOpen() {
        if (closed) {
            throw new DatastoreException.Closed("the store " + uri + " was closed");
        }
    }

    /** Ends all calls, with {@code Closed}. Idempotent. */
    @Override
    public void close() {
        closed = true;
        members.forEach(EtcdMember::close);
    }

    /** What went wrong in the attempts of one call. */
    private final class Failures {
        private final String attempt;
        private final Map<String, EtcdFailure> byMember = new TreeMap<>();
        private int inARow;
        private int logins;
        private @Nullable EtcdFailure last;

        private Failures(String attempt) {
            this.attempt = attempt;
        }

        /** Takes note, or throws if the call is over. */
        private void add(EtcdMember member, EtcdFailure failure, boolean repeatable) {
            // The last attempt is cut short by the end of the call: what was found before tells more.
            if (!failure.isTimeOut() || !byMember.containsKey(member.toString())) {
                byMember.put(member.toString(), failure);
                last = failure;
            }
            inARow++;
            switch (failure.meaning()) {
                case NOT_NOW -> {}
                case UNKNOWN -> {
                    if (!repeatable) {
                        // For the caller who sends the same again.
                        moveOn(member);
                        throw new DatastoreException.UnknownResult(
                                attempt + " in " + uri + ": it was sent to " + member + ", but not answered: "
                                        + failure.reason(),
                                failure.cause());
                    }
                }
                case NOT_THERE -> {
                    if (!member.isConnected()) {
                        member.forgetChannel();
                    }
                    if (byMember.size() == members.size()
                            && byMember.values().stream().allMatch(each -> each.meaning() == Meaning.NOT_THERE)) {
                        throw unavailable();
                    }
                }
                case LOG_IN -> {
                    if (!login.isPossible() || ++logins > members.size() + 2) {
                        throw new DatastoreException.NotPermitted(message(), failure.cause());
                    }
                    login.forget();
                }
                default -> throw definite(failure);
            }
        }

        private RuntimeException definite(EtcdFailure failure) {
            return switch (failure.meaning()) {
                case FORBIDDEN -> new DatastoreException.NotPermitted(message(), failure.cause());
                case NO_LEASE -> new DatastoreException.NotFound(message());
                case NO_REVISION -> new DatastoreException.Compacted(message(), 0);
                case TOO_LARGE -> new IllegalArgumentException(message(), failure.cause());
                case DAMAGED -> new DatastoreException.Corrupt(uri, message(), failure.cause());
                default -> unavailable();
            };
        }

        private DatastoreException interrupted(EtcdFailure failure, boolean repeatable) {
            String text = attempt + " in " + uri + ": interrupted while waiting for the answer";
            return !repeatable && failure.meaning() == Meaning.UNKNOWN
                    ? new DatastoreException.UnknownResult(text, failure.cause())
                    : new DatastoreException.Unavailable(text, failure.cause());
        }

        /** Between rounds over the members, so that nobody spins; throws if the time is over. */
        private void pause(Deadline deadline) {
            if (deadline.isExpired()) {
                throw unavailable();
            }
            if (inARow % members.size() != 0) {
                return;
            }
            int round = inARow / members.size();
            long longest = Math.min(LONGEST_PAUSE_MILLIS, SHORTEST_PAUSE_MILLIS << Math.min(round, 10));
            long millis = Math.min(
                    ThreadLocalRandom.current().nextLong(longest / 2, longest + 1),
                    Math.max(1, deadline.timeRemaining(TimeUnit.MILLISECONDS)));
            try {
                TimeUnit.MILLISECONDS.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DatastoreException.Unavailable(message(), e);
            }
        }

        private DatastoreException unavailable() {
            return new DatastoreException.Unavailable(message(), last == null ? null : last.cause());
        }

        /** One line: of each member the last reason, or the reason alone if it is the same for all. */
        private String message() {
            List<String> reasons = new ArrayList<>();
            byMember.forEach((member, failure) -> reasons.add(member + ": " + failure.reason()));
            long different = byMember.values().stream()
                    .map(EtcdFailure::reason)
                    .distinct()
                    .count();
            String all = different == 1 && last != null ? last.reason() : String.join("; ", reasons);
            return attempt + " in " + uri + ": " + all;
        }
    }
}
