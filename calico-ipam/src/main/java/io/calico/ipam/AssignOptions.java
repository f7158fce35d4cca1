package io.calico.ipam;

import io.calico.model.json.CalicoStyle;
import java.util.Map;
import java.util.Optional;
import org.immutables.value.Value;

/** What is stored with an address assigned by {@link BlockAllocator#assign}. Immutable. */
@Value.Immutable
@CalicoStyle
public interface AssignOptions {
    /** The handle under which the address can be found and released again; as {@link AssignRequest#handle}. */
    Optional<String> handle();

    /** Attributes stored with the address. Absent and empty are different things, as in the datastore. */
    Optional<Map<String, String>> attributes();

    /** Whom the address is for. */
    Optional<Owner> owner();

    @Value.Check
    default void check() {
        handle().ifPresent(HandleIds::check);
    }

    /** Nothing but the address. */
    static AssignOptions none() {
        return builder().build();
    }

    static Builder builder() {
        return new Builder();
    }

    /** Collects options; confined to one thread. */
    final class Builder extends ImmutableAssignOptions.Builder {
        Builder() {}
    }
}
