package io.calico.ipam.internal.view;

import io.calico.model.net.Cidr;
import java.time.Instant;
import java.util.Optional;

/**
 * What is kept in memory about every block, whoever it belongs to.
 *
 * @param revision when its record was written
 * @param host whom it belongs to; empty: no host
 * @param free how many addresses can be assigned automatically; 0 for a damaged record
 * @param empty whether it could be taken from its owner; false for a damaged record
 * @param claimTime when the owner claimed it; empty: not known, long ago
 * @param sequence its sequence number (unsigned)
 * @param damaged whether its record cannot be read
 */
public record BlockSummary(
        Cidr cidr,
        long revision,
        Optional<String> host,
        int free,
        boolean empty,
        Optional<Instant> claimTime,
        long sequence,
        boolean damaged) {}
