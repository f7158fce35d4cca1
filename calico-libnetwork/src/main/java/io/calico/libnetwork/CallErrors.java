package io.calico.libnetwork;

import io.calico.dataplane.DataplaneException;
import io.calico.datastore.spi.DatastoreException;
import io.calico.ipam.IpamException;
import io.calico.libnetwork.http.CallException;
import io.calico.model.json.BadRecordException;

/**
 * What a user of Docker is told when a call fails: the one place where exceptions of our modules become texts. What only
 * an operator can mend keeps its cause for the log; what the user did does not.
 */
final class CallErrors {
    private CallErrors() {}

    static CallException translate(RuntimeException e) {
        if (e instanceof IpamException ipam) {
            return ofAllocator(ipam);
        }
        if (e instanceof DatastoreException || e instanceof BadRecordException || e instanceof DataplaneException) {
            return CallException.failed("calico: " + e.getMessage(), e);
        }
        return CallException.failed("calico failed inside (" + e + "); see its log", e);
    }

    private static CallException ofAllocator(IpamException e) {
        boolean usersOwn = e instanceof IpamException.AlreadyAssigned
                || e instanceof IpamException.PoolNotFound
                || e instanceof IpamException.NoHostAffinity
                || e instanceof IpamException.BlockLimit;
        return usersOwn
                ? CallException.failed("calico: " + e.getMessage())
                : CallException.failed("calico: " + e.getMessage(), e);
    }
}
