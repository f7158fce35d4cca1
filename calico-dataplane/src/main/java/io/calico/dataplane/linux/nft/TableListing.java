package io.calico.dataplane.linux.nft;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is in the table, all but the rules, by whomever it was written. Immutable.
 *
 * @param chains where the kernel enters each, if it does
 * @param sets sets and maps
 */
public record TableListing(SortedMap<String, Optional<Hook>> chains, SortedMap<String, NamedSet> sets) {
    public TableListing {
        chains = Collections.unmodifiableSortedMap(new TreeMap<>(chains));
        sets = Collections.unmodifiableSortedMap(new TreeMap<>(sets));
    }

    /** A set or map and what is in it. */
    public record NamedSet(SetType type, Set<Element> elements) {
        public NamedSet {
            elements = Set.copyOf(elements);
        }
    }

    /** What the keys of a map are mapped to; empty if there is no such map. */
    Map<Datum, Datum> valuesOf(String map) {
        Map<Datum, Datum> values = new HashMap<>();
        NamedSet set = sets.get(map);
        if (set != null) {
            set.elements()
                    .forEach(e ->
                            e.value().ifPresent(value -> values.put(e.key().get(0), value)));
        }
        return values;
    }

    /**
     * How this table becomes one that a transaction writes from nothing, without a moment in which a packet on its way finds
     * less than it should: what is in both is not touched, but for rules, which are all written anew.
     *
     * <p>A table must not be deleted while packets are in it. When the kernel goes over to what a transaction has made, a
     * packet in the midst of the old rules goes on with these, but looks into the old maps as they are now: deleted, thus
     * empty. Rules have no such gap: a chain that is flushed and filled in one transaction is left as it was to whoever is
     * in it.
     *
     * @param whole creates the table and all in it
     * @return empty if something has the name of what is wanted, and is something else: only a new table helps then
     */
    Optional<NftTransaction> changesTo(NftTransaction whole) {
        Wanted wanted = Wanted.of(whole);
        boolean isOurs = wanted.chains.entrySet().stream()
                        .allMatch(e ->
                                chains.getOrDefault(e.getKey(), e.getValue()).equals(e.getValue()))
                && wanted.types.entrySet().stream()
                        .allMatch(e -> !sets.containsKey(e.getKey())
                                || sets.get(e.getKey()).type().equals(e.getValue()));
        if (!isOurs) {
            return Optional.empty();
        }
        NftTransaction.Builder tx = NftTransaction.builder();
        whole.commands().stream().filter(this::createsWhatIsMissing).forEach(tx::add);
        chains.keySet().forEach(tx::flushChain);
        sets.forEach((name, set) ->
                tx.deleteElements(name, keys(without(set.elements(), wanted.elements.getOrDefault(name, Set.of())))));
        for (NftCommand command : whole.commands()) {
            if (command instanceof NftCommand.AddElements add) {
                tx.addElements(add.set(), without(add.elements(), elementsOf(add.set())));
            } else if (command instanceof NftCommand.AddRule) {
                tx.add(command);
            }
        }
        without(sets.keySet(), wanted.types.keySet()).forEach(tx::deleteSet);
        without(chains.keySet(), wanted.chains.keySet()).forEach(tx::deleteChain);
        return Optional.of(tx.build());
    }

    private Set<Element> elementsOf(String name) {
        NamedSet set = sets.get(name);
        return set == null ? Set.of() : set.elements();
    }

    private static <T> Set<T> without(Collection<T> all, Set<T> what) {
        Set<T> rest = new LinkedHashSet<>(all);
        rest.removeAll(what);
        return rest;
    }

    private static List<Element> keys(Set<Element> elements) {
        return elements.stream()
                .map(e -> new Element(e.key(), Optional.empty()))
                .toList();
    }

    private boolean createsWhatIsMissing(NftCommand command) {
        return command instanceof NftCommand.AddSet set && !sets.containsKey(set.name())
                || command instanceof NftCommand.AddChain chain && !chains.containsKey(chain.name());
    }

    /** What a transaction that begins with nothing leaves. */
    private static final class Wanted {
        final Map<String, Optional<Hook>> chains = new HashMap<>();
        final Map<String, SetType> types = new HashMap<>();
        /** Of every set, also of one that is empty. */
        final SortedMap<String, Set<Element>> elements = new TreeMap<>();

        static Wanted of(NftTransaction whole) {
            Wanted wanted = new Wanted();
            for (NftCommand command : whole.commands()) {
                if (command instanceof NftCommand.AddChain chain) {
                    wanted.chains.put(chain.name(), chain.hook());
                } else if (command instanceof NftCommand.AddSet set) {
                    wanted.types.put(set.name(), set.type());
                    wanted.elements.put(set.name(), new HashSet<>());
                } else if (command instanceof NftCommand.AddElements add) {
                    Objects.requireNonNull(wanted.elements.get(add.set())).addAll(add.elements());
                }
            }
            return wanted;
        }
    }
}
