package io.calico.policy;

import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * A profile that a local endpoint uses. When no rule of a direction matches, the next profile of the endpoint's list is
 * asked; when a missing profile is reached, the packet is dropped, whatever comes after it in the list.
 *
 * @param missing the profile has no rules that can be used (none stored, or invalid ones); both lists are empty then.
 *     Not the same as a profile with empty lists, which is passed over
 * @param inbound rules for packets towards the workload, in the order in which they are tried
 * @param outbound rules for packets from the workload, in the order in which they are tried
 */
public record CompiledProfile(String name, boolean missing, List<CompiledRule> inbound, List<CompiledRule> outbound) {
    public CompiledProfile {
        inbound = List.copyOf(inbound);
        outbound = List.copyOf(outbound);
        if (missing && !(inbound.isEmpty() && outbound.isEmpty())) {
            throw new IllegalArgumentException("profile " + name + " is missing and has rules");
        }
    }

    /** The profile of that name as it is while it has no usable rules. */
    public static CompiledProfile missing(String name) {
        return new CompiledProfile(name, true, List.of(), List.of());
    }

    /** The tag sets which its rules test; a new set each time. */
    public NavigableSet<TagSet> tagSets() {
        NavigableSet<TagSet> tagSets = new TreeSet<>();
        for (Direction direction : Direction.values()) {
            for (CompiledRule rule : rules(direction)) {
                rule.matches().forEach(match -> match.accept(TagSetOf.INSTANCE).ifPresent(tagSets::add));
            }
        }
        return tagSets;
    }

    /** The rules of one direction. */
    public List<CompiledRule> rules(Direction direction) {
        return switch (direction) {
            case INBOUND -> inbound;
            case OUTBOUND -> outbound;
        };
    }

    /** This profile, made of the other one's parts where they are equal. */
    CompiledProfile sharing(CompiledProfile previous) {
        if (equals(previous)) {
            return previous;
        }
        return new CompiledProfile(
                name,
                missing,
                Shared.previousIfEqual(previous.inbound, inbound),
                Shared.previousIfEqual(previous.outbound, outbound));
    }
}
