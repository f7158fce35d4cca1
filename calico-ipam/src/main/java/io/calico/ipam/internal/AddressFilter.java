package io.calico.ipam.internal;

import io.calico.model.net.IpAddress;

/** Says which addresses are kept from automatic assignment. */
@FunctionalInterface
public interface AddressFilter {
    /** Keeps none back. */
    AddressFilter NONE = address -> false;

    boolean reserves(IpAddress address);
}
