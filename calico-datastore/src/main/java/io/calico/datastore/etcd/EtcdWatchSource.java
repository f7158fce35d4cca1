package io.calico.datastore.etcd;

import io.calico.datastore.spi.DatastoreException;
import io.calico.datastore.spi.WatchEvent;
import io.calico.datastore.spi.WatchSource;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watch that survives its stream: when one is lost (the member died, lost its leader, does not answer) it goes on at
 * another member after the last revision seen, and ends only if none takes it within the time of a call.
 *
 * <p>Before each start the revision is read, with the consent of the majority. That tells, in one step, what etcd's watch
 * does not: a revision that the store has not reached (etcd would wait for it), and one whose next change was a delete
 * and was compacted (etcd before 3.4.34 and 3.5.16 leaves that delete out).
 *
 * <p>A stream that is silent is asked for progress; if it stays silent it is dead. That answer is a sign of life only:
 * etcd before 3.4.25 and 3.5.8 may send it ahead of changes that are still on their way. What moves the revision of a
 * quiet watch forward is the progress of that very watch, which etcd sends every ten minutes.
 *
 * <p>Confined to the watch's thread.
 */
final class EtcdWatchSource implements WatchSource {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdWatchSource.class);
    private static final Duration SILENCE = Duration.ofSeconds(5);
    private static final long REOPEN_PAUSE_MILLIS = 100;
    private static final long NO_WATCH = -1;

    private final EtcdCluster cluster;
    private final String prefix;
    private @Nullable EtcdWatchStream stream;
    private boolean asked;

    EtcdWatchSource(EtcdCluster cluster, String prefix) {
        this.cluster = cluster;
        this.prefix = prefix;
    }

    @Override
    public Batch next(long afterRevision) throws InterruptedException {
        while (true) {
            try {
                EtcdWatchStream current = stream;
                if (current == null) {
                    current = open(afterRevision);
                    stream = current;
                }
                Optional<Batch> batch = read(current, afterRevision);
                if (batch.isPresent()) {
                    return batch.get();
                }
            } catch (StatusRuntimeException e) {
                EtcdFailure failure = EtcdFailure.of(e, true);
                LOG.debug("Lost the watch of {} in {}: {}", prefix, cluster.uri(), failure.reason());
                close();
                cluster.requireOpen();
                TimeUnit.MILLISECONDS.sleep(REOPEN_PAUSE_MILLIS);
            }
        }
    }

    private EtcdWatchStream open(long afterRevision) throws InterruptedException {
        asked = false;
        try {
            return cluster.repeatable("watching " + prefix, (member, options) -> open(member, options, afterRevision));
        } catch (DatastoreException.Compacted e) {
            throw new DatastoreException.Compacted(
                    "the changes of " + prefix + " in " + cluster.uri() + " after revision " + afterRevision
                            + " are no longer there",
                    EtcdRevisions.oldest(cluster));
        } catch (DatastoreException.Unavailable e) {
            if (Thread.interrupted()) {
                throw (InterruptedException) new InterruptedException("the watch is being closed").initCause(e);
            }
            throw e;
        }
    }

    private EtcdWatchStream open(Channel member, CallOptions options, long afterRevision) throws InterruptedException {
        if (afterRevision > 0) {
            ClientCalls.blockingUnaryCall(
                    member, KVGrpc.getRangeMethod(), options, EtcdMessages.probe(prefix, afterRevision));
        }
        // Its deadline is that of the opening: the watch itself has none.
        EtcdWatchStream opened =
                EtcdWatchStream.open(member, options.withDeadline(null), EtcdMessages.watch(prefix, afterRevision));
        try {
            WatchResponse first =
                    opened.next(left(options)).orElseThrow(() -> Status.DEADLINE_EXCEEDED.asRuntimeException());
            refuseEnd(first);
            return opened;
        } catch (StatusRuntimeException | DatastoreException | InterruptedException e) {
            opened.close();
            throw e;
        }
    }

    private static Duration left(CallOptions options) {
        return options.getDeadline() == null
                ? EtcdCluster.CALL
                : Duration.ofNanos(options.getDeadline().timeRemaining(TimeUnit.NANOSECONDS));
    }

    /** A batch, or empty if there is nothing to tell yet. */
    private Optional<Batch> read(EtcdWatchStream from, long afterRevision) throws InterruptedException {
        Optional<WatchResponse> next = from.next(SILENCE);
        if (next.isEmpty()) {
            if (asked) {
                throw Status.DEADLINE_EXCEEDED.asRuntimeException();
            }
            from.askForProgress();
            asked = true;
            return Optional.empty();
        }
        asked = false;
        WatchResponse answer = next.get();
        if (answer.getCompactRevision() > 0) {
            throw new DatastoreException.Compacted(
                    "the changes of " + prefix + " after revision " + afterRevision + " are no longer there",
                    answer.getCompactRevision());
        }
        refuseEnd(answer);
        if (answer.getWatchId() == NO_WATCH || answer.getCreated()) {
            return Optional.empty();
        }
        return batch(answer, afterRevision);
    }

    /** All changes of a transaction come in one answer. One without any is the progress of this watch. */
    private static Optional<Batch> batch(WatchResponse answer, long afterRevision) {
        List<WatchEvent> events = new ArrayList<>();
        long last = answer.getEventsCount() == 0 ? answer.getHeader().getRevision() : afterRevision;
        for (Event event : answer.getEventsList()) {
            last = Math.max(last, event.getKv().getModRevision());
            if (event.getKv().getModRevision() > afterRevision
                    && EtcdMessages.isKey(event.getKv().getKey())) {
                events.add(EtcdMessages.event(event));
            }
        }
        return last > afterRevision ? Optional.of(new Batch(events, last)) : Optional.empty();
    }

    private static void refuseEnd(WatchResponse answer) {
        if (answer.getCompactRevision() > 0) {
            throw new DatastoreException.Compacted("compacted", answer.getCompactRevision());
        }
        if (answer.getCanceled()) {
            throw Status.UNAVAILABLE.withDescription(answer.getCancelReason()).asRuntimeException();
        }
    }

    @Override
    public void close() {
        @Nullable EtcdWatchStream last = stream;
        stream = null;
        if (last != null) {
            last.close();
        }
    }
}
