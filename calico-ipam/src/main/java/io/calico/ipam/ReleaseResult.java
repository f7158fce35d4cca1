package io.calico.ipam;

import io.calico.model.net.IpAddress;
import java.util.List;

/**
 * What became of a release. Each address of the request is in one of the lists, once, in the order requested.
 *
 * @param released now free
 * @param notAllocated were not allocated (or are cooling down); nothing was written for them
 */
public record ReleaseResult(List<IpAddress> released, List<IpAddress> notAllocated) {
    public ReleaseResult {
        released = List.copyOf(released);
        notAllocated = List.copyOf(notAllocated);
    }
}
