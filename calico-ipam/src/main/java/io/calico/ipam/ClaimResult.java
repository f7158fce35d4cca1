package io.calico.ipam;

import io.calico.model.net.Cidr;
import java.util.List;

/**
 * What became of a claim of all blocks in a range; each is in one of the lists, by address ascending. Immutable.
 *
 * @param claimed belong to the host now
 * @param ofOthers belong to another host, or to nobody while they hold addresses
 */
public record ClaimResult(List<Cidr> claimed, List<Cidr> ofOthers) {
    public ClaimResult {
        claimed = List.copyOf(claimed);
        ofOthers = List.copyOf(ofOthers);
    }
}
