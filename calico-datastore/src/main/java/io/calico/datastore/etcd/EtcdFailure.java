package io.calico.datastore.etcd;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What the failure of one attempt at one member means.
 *
 * @param meaning for who must decide whether to try again
 * @param reason for people: a part of a line, without a full stop
 * @param cause as gRPC told it
 */
record EtcdFailure(Meaning meaning, String reason, StatusRuntimeException cause) {
    /** What may be done after an attempt. */
    enum Meaning {
        /** Nothing was done; another member, or this one a little later, may do it. */
        NOT_NOW,
        /** Nothing was done, and this member will not do it before a person has mended something. */
        NOT_THERE,
        /** Nothing was done; the token is no longer valid. */
        LOG_IN,
        /** Nothing was done: no right to. */
        FORBIDDEN,
        /** Nothing was done: the lease of the request has ended. */
        NO_LEASE,
        /** Nothing was done: the revision is compacted, or is not reached yet. */
        NO_REVISION,
        /** Nothing was done: the request is larger than this etcd takes. */
        TOO_LARGE,
        /** Nothing was done, and no member will before the database has room again. */
        FULL,
        /** Nothing was done; the members' data differ, or are damaged. */
        DAMAGED,
        /** The request was sent, and what became of it is not known. */
        UNKNOWN
    }

    private static final String REFUSED = "connection refused";

    /** Texts of etcd's own answers (api/v3rpc/rpctypes/error.go): the code alone does not tell. Nothing was done. */
    private record Answer(String text, Meaning meaning, String reason) {}

    private static final List<Answer> ANSWERS = List.of(
            new Answer("no leader", Meaning.NOT_NOW, "the cluster has no leader; a majority of its members must run"),
            new Answer("too many requests", Meaning.NOT_NOW, "it has too many requests"),
            new Answer("not capable", Meaning.NOT_THERE, "it does not know this call; etcd 3.4 or later is needed"),
            new Answer("invalid auth token", Meaning.LOG_IN, "it does not accept our token"),
            new Answer("revision in header is old", Meaning.LOG_IN, "users or roles have just been changed"),
            new Answer("revision of header is old", Meaning.LOG_IN, "users or roles have just been changed"),
            new Answer("user name is empty", Meaning.LOG_IN, "it asks for a user; set ETCD_USERNAME and ETCD_PASSWORD"),
            new Answer("invalid user ID or password", Meaning.FORBIDDEN, "wrong ETCD_USERNAME or ETCD_PASSWORD"),
            new Answer("permission denied", Meaning.FORBIDDEN, "the user has no right to these keys"),
            new Answer("lease not found", Meaning.NO_LEASE, "the lease has ended"),
            new Answer("revision has been compacted", Meaning.NO_REVISION, "the revision has been compacted"),
            new Answer("is a future revision", Meaning.NO_REVISION, "the store has not reached the revision"),
            new Answer("too many operations", Meaning.TOO_LARGE, "too many operations; see etcd's --max-txn-ops"),
            new Answer("request is too large", Meaning.TOO_LARGE, "too large; see etcd's --max-request-bytes"),
            new Answer("received message larger", Meaning.TOO_LARGE, "too large; see etcd's --max-request-bytes"),
            new Answer(
                    "database space exceeded",
                    Meaning.FULL,
                    "etcd's database is full (NOSPACE); run etcdctl compact, defrag and alarm disarm, or raise"
                            + " --quota-backend-bytes"),
            new Answer(
                    "corrupt cluster",
                    Meaning.DAMAGED,
                    "etcd's members hold different data (alarm CORRUPT); see etcd's page on data corruption"));

    /**
     * Judges.
     *
     * @param sent whether any of the request may have left this process
     */
    static EtcdFailure of(StatusRuntimeException failure, boolean sent) {
        String text = failure.getStatus().getDescription() == null
                ? ""
                : failure.getStatus().getDescription();
        for (Answer answer : ANSWERS) {
            if (text.contains(answer.text())) {
                return new EtcdFailure(answer.meaning(), answer.reason(), failure);
            }
        }
        if (sent) {
            return ofSent(failure, text);
        }
        @Nullable String mend = whatToMend(failure);
        return mend == null
                ? new EtcdFailure(Meaning.NOT_NOW, reasonOfNoConnection(failure, text), failure)
                : new EtcdFailure(Meaning.NOT_THERE, mend, failure);
    }

    /** Whether it is only known that nothing came in time. */
    boolean isTimeOut() {
        return cause.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED;
    }

    private static EtcdFailure ofSent(StatusRuntimeException failure, String text) {
        return switch (failure.getStatus().getCode()) {
            case UNIMPLEMENTED ->
                new EtcdFailure(Meaning.NOT_THERE, "what answers there is not etcd's v3 API (" + text + ")", failure);
            case UNAUTHENTICATED -> new EtcdFailure(Meaning.LOG_IN, text, failure);
            case PERMISSION_DENIED -> new EtcdFailure(Meaning.FORBIDDEN, text, failure);
            // etcd checks the form of a request before it does anything.
            case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE, NOT_FOUND ->
                new EtcdFailure(Meaning.NOT_NOW, text, failure);
            default -> new EtcdFailure(Meaning.UNKNOWN, reason(failure, text), failure);
        };
    }

    /** A server of the other kind just ends the connection, as one that is being stopped does. */
    private static String reasonOfNoConnection(StatusRuntimeException failure, String text) {
        String reason = reason(failure, text);
        if (reason.equals(REFUSED)) {
            return reason;
        }
        // The second is gRPC's list of what handles the connection.
        if (text.contains("while performing TLS negotiation") || text.contains("SslHandler")) {
            return "the connection ended while TLS was begun; if it does not speak TLS, use etcd:// or ETCD_SCHEME=http";
        }
        // A server that ends a connection with bytes unread resets it.
        if (text.contains("Network closed for unknown reason") || reason.contains("Connection reset")) {
            return "the connection ended at once; if it speaks TLS, use etcds:// or ETCD_SCHEME=https";
        }
        return reason;
    }

    private static String reason(StatusRuntimeException failure, String text) {
        if (failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return "no answer in time";
        }
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof ConnectException && message(at).contains("refused")) {
                return REFUSED;
            }
            if (at instanceof ConnectException || at instanceof NoRouteToHostException) {
                return lowerCase(withoutAddress(message(at)));
            }
        }
        @Nullable Throwable cause = failure.getCause();
        String more = cause == null || cause.getMessage() == null ? "" : " (" + oneLine(cause.getMessage()) + ")";
        return text.isEmpty() ? failure.getStatus().getCode() + more : oneLine(text) + more;
    }

    /** What a person must mend before this member can be used; null: nothing that we know. */
    private static @Nullable String whatToMend(StatusRuntimeException failure) {
        @Nullable Throwable ssl = null;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof UnknownHostException) {
                return "unknown host";
            }
            if (at instanceof CertificateException) {
                return "its certificate is not accepted (" + oneLine(message(at))
                        + "); see ETCD_CA_CERT_FILE and the names in etcd's certificate";
            }
            if (at.getClass().getSimpleName().equals("NotSslRecordException")) {
                return "it does not speak TLS; use etcd:// or ETCD_SCHEME=http";
            }
            ssl = at instanceof SSLException ? at : ssl;
        }
        if (ssl != null) {
            return "TLS failed (" + oneLine(message(ssl))
                    + "); see ETCD_CERT_FILE, ETCD_KEY_FILE and ETCD_CA_CERT_FILE";
        }
        return null;
    }

    /** Netty adds the address: {@code Connection refused: /127.0.0.1:2379}. */
    private static String withoutAddress(String message) {
        String text = oneLine(message);
        int address = text.indexOf(": ");
        return address < 0 ? text : text.substring(0, address);
    }

    private static String message(Throwable failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    private static String lowerCase(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }

    private static String oneLine(String text) {
        int end = text.indexOf('\n');
        return (end < 0 ? text : text.substring(0, end)).strip();
    }
}
