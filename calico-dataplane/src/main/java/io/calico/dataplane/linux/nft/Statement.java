package io.calico.dataplane.linux.nft;

import java.util.List;

/** One part of a rule. Parts are evaluated from left to right; the first comparison that fails ends the rule. Immutable. */
public sealed interface Statement {
    /** Asks the visitor about this kind of statement. */
    <R> R accept(Visitor<R> visitor);

    /**
     * A meaning of statements; no defaults, so that a new kind breaks every writer at compile time.
     *
     * @param <R> what the visitor makes of a statement
     */
    interface Visitor<R> {
        /** Comparison with values. */
        R compare(Compare compare);

        /** Look-up in a set. */
        R inSet(InSet inSet);

        /** Verdict from a map. */
        R verdictMap(VerdictMap map);

        /** New packet mark. */
        R setMark(SetMark setMark);

        /** Packet mark with bits cleared. */
        R keepMarkBits(KeepMarkBits keep);

        /** Packet mark from a map. */
        R markFromMap(MarkFromMap map);

        /** Counter. */
        R count();

        /** Source NAT. */
        R masquerade();

        /** No connection tracking. */
        R noTrack();

        /** End of the rule. */
        R verdict(NftVerdict verdict);
    }

    /**
     * The field is one of the values, or with {@code negated}, none of them.
     *
     * <p>Several values are written as a set of the rule's own. Such a set, if it holds ranges or networks, is filled by the kernel
     * (seen on 6.18) a moment after packets have begun to meet the new rule: one that comes in between finds nothing in it, and
     * is lost by an {@code allow} or gets past a {@code deny}. So only single values may be several.
     *
     * @param values at least one; not more, if one of them is a range, a network or a prefix of names
     */
    record Compare(Field field, boolean negated, List<Datum> values) implements Statement {
        public Compare {
            values = List.copyOf(values);
            if (values.isEmpty()) {
                throw new IllegalArgumentException(field.text() + " is compared with nothing");
            }
            if (values.size() > 1 && !values.stream().allMatch(Datum::isPoint)) {
                throw new IllegalArgumentException(field.text() + " is compared with several ranges: " + values);
            }
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.compare(this);
        }
    }

    /**
     * The fields together are an element of the set, or with {@code negated}, are not.
     *
     * @param fields at least one, as many as the set's key has parts
     */
    record InSet(List<Field> fields, boolean negated, String set) implements Statement {
        public InSet {
            fields = List.copyOf(fields);
            NftNames.requireValid("set", set);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.inSet(this);
        }
    }

    /** The verdict that the map has for the field's value; without an element evaluation goes on. */
    record VerdictMap(Field field, String map) implements Statement {
        public VerdictMap {
            NftNames.requireValid("map", map);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.verdictMap(this);
        }
    }

    /** The packet's mark becomes this number; all bits. */
    record SetMark(Datum.Scalar mark) implements Statement {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.setMark(this);
        }
    }

    /** The packet's mark keeps only these bits. */
    record KeepMarkBits(Datum.Scalar mask) implements Statement {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.keepMarkBits(this);
        }
    }

    /** The packet's mark becomes the map's number for the field; without an element the rule ends here. */
    record MarkFromMap(Field field, String map) implements Statement {
        public MarkFromMap {
            NftNames.requireValid("map", map);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.markFromMap(this);
        }
    }

    /** Counts packets and bytes that come so far. */
    record Count() implements Statement {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.count();
        }
    }

    /** Replaces the source by the address of the outgoing interface. */
    record Masquerade() implements Statement {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.masquerade();
        }
    }

    /** The kernel's connection tracking does not look at the packet; only before it does. */
    record NoTrack() implements Statement {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.noTrack();
        }
    }

    /** Ends the rule. */
    record Decide(NftVerdict verdict) implements Statement {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.verdict(verdict);
        }
    }
}
