package io.calico.dataplane.linux.nft;

import io.calico.dataplane.linux.netlink.NftTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what the kernel tells about the table. What this program would never write has no place in a listing, so the whole
 * table has none then, and the log says why. Stateless.
 */
final class KernelListing {
    /** {@code NFT_CHAIN_BASE}, which says no more than that there is a hook. */
    private static final int BASE_CHAIN = 1;
    /** {@code NFT_SET_MAP}. */
    private static final int MAP = 8;
    /** {@code NFT_SET_CONCAT}, which says no more than that a key has several parts. */
    private static final int CONCATENATION = 0x80;

    /** Bits of each type's number in that of a key of several parts. */
    private static final int TYPE_BITS = 6;

    private static final Logger LOG = LoggerFactory.getLogger(KernelListing.class);

    private KernelListing() {}

    /** Something of somebody else. */
    private static final class Foreign extends Exception {
        private static final long serialVersionUID = 1;

        Foreign(String what) {
            super(what);
        }
    }

    /** The table; empty if it is not in force, or something in it is beyond what this package writes. */
    static Optional<TableListing> of(NftTable table) {
        try {
            if (table.flags() != 0) {
                throw new Foreign("the table has flags");
            }
            if (table.others() > 0) {
                throw new Foreign("it holds objects or flow tables");
            }
            SortedMap<String, Optional<Hook>> chains = new TreeMap<>();
            for (NftTable.Chain chain : table.chains()) {
                chains.put(NftNames.requireValid("chain", chain.name()), hook(chain));
            }
            SortedMap<String, TableListing.NamedSet> sets = new TreeMap<>();
            for (NftTable.NamedSet set : table.sets()) {
                sets.put(NftNames.requireValid("set", set.name()), set(set));
            }
            return Optional.of(new TableListing(chains, sets));
        } catch (Foreign | IllegalArgumentException e) {
            LOG.info("table inet calico has what only others write: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<Hook> hook(NftTable.Chain chain) throws Foreign {
        if ((chain.flags() & ~BASE_CHAIN) != 0) {
            throw new Foreign("chain " + chain.name() + " has flags");
        }
        if (chain.hook().isEmpty()) {
            return Optional.empty();
        }
        NftTable.ChainHook there = chain.hook().get();
        Hook.Point[] points = Hook.Point.values();
        if (there.number() < 0 || there.number() >= points.length || !there.accepts()) {
            throw new Foreign("chain " + chain.name() + " has another hook or policy");
        }
        Hook hook = new Hook(points[there.number()], there.priority());
        if (!hook.type().equals(there.type())) {
            throw new Foreign("chain " + chain.name() + " has another type");
        }
        return Optional.of(hook);
    }

    private static TableListing.NamedSet set(NftTable.NamedSet set) throws Foreign {
        SetType type = new SetType(partsOf(set.keyType()), valueType(set));
        if (!set.isPlain() || (set.flags() & ~CONCATENATION) != (type.isMap() ? MAP : 0)) {
            throw new Foreign("set " + set.name() + " has flags, a limit or expressions");
        }
        Set<Element> elements = new HashSet<>();
        for (NftTable.SetElement element : set.elements()) {
            if (!element.isPlain()) {
                throw new Foreign("an element of set " + set.name() + " is not one key for ever");
            }
            elements.add(element(element, type));
        }
        return new TableListing.NamedSet(type, elements);
    }

    private static List<SetType.Part> partsOf(int number) throws Foreign {
        List<SetType.Part> parts = new ArrayList<>();
        for (int left = number; left != 0; left >>>= TYPE_BITS) {
            parts.add(0, part(left & (1 << TYPE_BITS) - 1));
        }
        return parts;
    }

    private static Optional<SetType.Part> valueType(NftTable.NamedSet set) throws Foreign {
        return set.valueType() == 0 ? Optional.empty() : Optional.of(part(set.valueType()));
    }

    private static SetType.Part part(int number) throws Foreign {
        for (SetType.Part part : SetType.Part.values()) {
            if (part.number() == number) {
                return part;
            }
        }
        throw new Foreign("a set has type " + Integer.toUnsignedString(number));
    }

    private static Element element(NftTable.SetElement element, SetType type) throws Foreign {
        List<Datum> key = new ArrayList<>();
        int at = 0;
        for (SetType.Part part : type.key()) {
            key.add(ElementBytes.read(part, slice(element.key(), at, part.length())));
            at += part.length() + 3 & ~3;
        }
        // What is between and behind the parts counts when the kernel compares.
        requireSame(ElementBytes.ofKey(key), element.key());
        return new Element(key, value(element, type.value().orElse(null)));
    }

    private static Optional<Datum> value(NftTable.SetElement element, SetType.@Nullable Part type) throws Foreign {
        if (type == null) {
            return Optional.empty();
        }
        if (type != SetType.Part.VERDICT) {
            Datum value = ElementBytes.read(type, slice(element.value(), 0, type.length()));
            requireSame(ElementBytes.of(value), element.value());
            return Optional.of(value);
        }
        if (element.verdict() != NftTable.SetElement.GOTO) {
            throw new Foreign("an element has verdict " + element.verdict());
        }
        return Optional.of(NftVerdict.goTo(element.chain()));
    }

    private static byte[] slice(byte[] bytes, int from, int length) throws Foreign {
        if (bytes.length < from + length) {
            throw new Foreign("a value has " + bytes.length + " bytes");
        }
        return Arrays.copyOfRange(bytes, from, from + length);
    }

    private static void requireSame(byte[] ours, byte[] theirs) throws Foreign {
        if (!Arrays.equals(ours, theirs)) {
            throw new Foreign("a value is written otherwise than by us");
        }
    }
}
