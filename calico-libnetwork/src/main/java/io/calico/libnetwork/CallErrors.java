package io.calico.libnetwork;

import io.calico.dataplane.DataplaneException;
import io.calico.datastore.spi.DatastoreException;
import io.calico.ipam.IpamException;
import io.calico.libnetwork.http.CallException;
import io.calico.model.json.BadRecordException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a user of Docker is told when a call fails: the one place where exceptions of our modules become texts. What
 * nobody foresaw keeps its cause, and with it a stack trace in the log; all else is told by its message alone.
 */
final class CallErrors {
    private static final Logger LOG = LoggerFactory.getLogger(CallErrors.class);

    private CallErrors() {}

    static CallException translate(RuntimeException e) {
        if (e instanceof IpamException
                || e instanceof DatastoreException
                || e instanceof BadRecordException
                || e instanceof DataplaneException) {
            // The message says what was attempted, on what, and what was found; the trace is for developers.
            LOG.debug("a call failed", e);
            return CallException.failed("calico: " + e.getMessage());
        }
        return CallException.failed("calico failed inside (" + e + "); see its log", e);
    }
}
