package io.calico.libnetwork.ipam;

import io.calico.model.net.IpAddress;

/** Knows which addresses the endpoints of this host use. Thread-safe. */
public interface AddressUse {
    /**
     * Prepares the release of an address: an endpoint that still has it, but no interface, is given up.
     *
     * @return false if a container has an interface with it, and it must not be given to another
     */
    boolean giveUp(IpAddress address);

    /** Whether this host has an endpoint with that id; asks the datastore. */
    boolean isEndpoint(String endpointId);
}
