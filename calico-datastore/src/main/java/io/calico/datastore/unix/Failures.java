package io.calico.datastore.unix;

import io.calico.datastore.spi.DatastoreException;
import java.io.IOException;

/** Errors on their way from the server's store to the client's caller: each arrives as the type that it was. */
final class Failures {
    private static final String ARGUMENT = "argument";

    private Failures() {}

    static byte[] write(MessageKind kind, RuntimeException failure) {
        MessageWriter out = new MessageWriter(kind)
                .text(type(failure))
                .text(failure.getMessage() == null ? failure.toString() : failure.getMessage());
        if (failure instanceof DatastoreException.Conflict conflict) {
            out.text(conflict.key()).number(0);
        } else if (failure instanceof DatastoreException.Corrupt corrupt) {
            out.text(corrupt.key()).number(0);
        } else if (failure instanceof DatastoreException.Compacted compacted) {
            out.text("").number(compacted.oldestRevision());
        } else {
            out.text("").number(0);
        }
        return out.payload();
    }

    private static String type(RuntimeException failure) {
        if (failure instanceof IllegalArgumentException) {
            return ARGUMENT;
        }
        // A store that the daemon has closed is, to a client, one that is away for now.
        return failure instanceof DatastoreException && !(failure instanceof DatastoreException.Closed)
                ? failure.getClass().getSimpleName()
                : "Unavailable";
    }

    static RuntimeException read(MessageReader in) throws IOException {
        String type = in.text();
        String message = in.text();
        String key = in.text();
        long revision = in.number();
        in.end();
        return switch (type) {
            case ARGUMENT -> new IllegalArgumentException(message);
            case "NotFound" -> new DatastoreException.NotFound(message);
            case "Conflict" -> new DatastoreException.Conflict(key, message);
            case "NotPermitted" -> new DatastoreException.NotPermitted(message, null);
            case "UnknownResult" -> new DatastoreException.UnknownResult(message, null);
            case "Corrupt" -> new DatastoreException.Corrupt(key, message, null);
            case "Compacted" -> new DatastoreException.Compacted(message, revision);
            default -> new DatastoreException.Unavailable(message, null);
        };
    }
}
