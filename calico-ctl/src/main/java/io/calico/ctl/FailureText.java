package io.calico.ctl;

import io.calico.datastore.spi.DatastoreException;

/** Turns what went wrong into one line for people. */
final class FailureText {
    private FailureText() {}

    static CommandFailure of(RuntimeException e) {
        String message = e.getMessage();
        String text = message == null || message.isEmpty() ? e.toString() : message;
        String line = text.replaceAll("\\s*\\R\\s*", " ");
        if (e instanceof DatastoreException.NotPermitted) {
            return CommandFailure.notRoot("Error: " + line);
        }
        return CommandFailure.error(line);
    }
}
