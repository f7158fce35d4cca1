package io.calico.dataplane.linux.netlink;

import io.calico.model.net.MacAddress;
import java.util.Optional;
import java.util.OptionalInt;
import org.immutables.value.Value;

/** What a new link is given, or what changes on an existing one; absent attributes stay as they are. Immutable. */
@Value.Immutable
public interface LinkSettings {
    /** 1 to 15 bytes, no {@code /}, {@code :} or blanks; needed for a new link. A link is renamed only while it is down. */
    Optional<String> name();

    /** The number of a new link, chosen by the caller; the kernel refuses one that is in use. Not for changes. */
    OptionalInt index();

    /** The link's Ethernet address. */
    Optional<MacAddress> mac();

    /** In bytes, without the Ethernet header; 68 or more where IPv4 is to run, 1280 or more for IPv6. */
    OptionalInt mtuBytes();

    /** Any number; 0 is the group of everything that was not given one. */
    OptionalInt group();

    /** Up or down. Not for the second end of a new pair: the kernel refuses it until the first exists. */
    Optional<Boolean> up();

    /** Where the link is moved to (or created): the network namespace of the process with this id. */
    OptionalInt namespaceOfProcess();

    /** Where the link is moved to (or created): an open {@link NetworkNamespace#descriptor()}. */
    OptionalInt namespaceDescriptor();

    /** Builds settings; nothing is set at first. */
    static Builder builder() {
        return new Builder();
    }

    /** Settings that only take a link up or down. */
    static LinkSettings up(boolean up) {
        return builder().up(up).build();
    }

    /** The builder. */
    final class Builder extends ImmutableLinkSettings.Builder {}
}
