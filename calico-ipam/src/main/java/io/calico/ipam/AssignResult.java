package io.calico.ipam;

import io.calico.model.net.IpAddress;
import io.calico.model.net.IpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What {@link BlockAllocator#autoAssign} assigned. A family may have got fewer addresses than requested; that is no
 * error. Immutable.
 */
public record AssignResult(Family ipv4, Family ipv6) {
    /** All addresses, IPv4 first, each version in the order taken. */
    public List<IpAddress> addresses() {
        return Stream.of(ipv4, ipv6).flatMap(f -> f.addresses().stream()).toList();
    }

    /** Whether each family got what was requested. */
    public boolean isComplete() {
        return ipv4.isComplete() && ipv6.isComplete();
    }

    /**
     * The part of one IP version.
     *
     * @param requested how many addresses were asked for
     * @param addresses what was assigned, in the order taken; at most {@code requested}
     * @param messages for people: why there are fewer; empty if there are not
     */
    public record Family(IpVersion version, int requested, List<IpAddress> addresses, List<String> messages) {
        public Family {
            addresses = List.copyOf(addresses);
            messages = List.copyOf(messages);
        }

        public boolean isComplete() {
            return addresses.size() >= requested;
        }

        /** The sentence for people if there are fewer addresses than requested; else empty. */
        public Optional<String> shortfall() {
            if (isComplete()) {
                return Optional.empty();
            }
            List<String> parts = new ArrayList<>();
            parts.add("Assigned %d out of %d requested IPv%d addresses"
                    .formatted(addresses.size(), requested, version.number()));
            parts.addAll(messages);
            return Optional.of(String.join("; ", parts));
        }
    }
}
