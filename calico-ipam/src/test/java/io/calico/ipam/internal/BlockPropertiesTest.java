package io.calico.ipam.internal;

import static io.calico.ipam.internal.Blocks.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** Any sequence of operations on a block does what it would do to a list of free ordinals and a map of taken ones. */
class BlockPropertiesTest {
    private static final List<AttributeEntry> ENTRIES = List.of(
            AttributeEntry.of(null, null, null),
            AttributeEntry.of("h1", null, null),
            AttributeEntry.of("h1", JsonValue.of(Map.of("a", "1")), null),
            AttributeEntry.of("h2", null, JsonValue.of(Map.of("node", "n"))));

    /** What is done to block and reference alike. */
    sealed interface Step {
        void run(BlockEditor editor, Reference reference);
    }

    record Auto(int count, int entry, int reservedBits) implements Step {
        @Override
        public void run(BlockEditor editor, Reference reference) {
            AddressFilter filter = address -> (reservedBits >>> (address.low() & 7) & 1) == 1;
            List<Integer> taken = editor.autoAssign(count, ENTRIES.get(entry), null, filter).stream()
                    .map(reference::ordinal)
                    .toList();
            assertThat(taken).isEqualTo(reference.auto(count, ENTRIES.get(entry), reservedBits));
        }
    }

    record Assign(int ordinal, int entry) implements Step {
        @Override
        public void run(BlockEditor editor, Reference reference) {
            boolean free = reference.free.remove((Integer) ordinal);
            try {
                editor.assign(reference.address(ordinal), ENTRIES.get(entry), null);
                assertThat(free).isTrue();
                reference.taken.put(ordinal, ENTRIES.get(entry));
            } catch (BlockRefusal.AlreadyAssigned e) {
                assertThat(free).isFalse();
            }
        }
    }

    record Release(List<Integer> ordinals) implements Step {
        @Override
        public void run(BlockEditor editor, Reference reference) {
            List<BlockEditor.Release> requests = ordinals.stream()
                    .map(o -> new BlockEditor.Release(reference.address(o), null, OptionalLong.empty()))
                    .toList();
            BlockEditor.Released result = editor.release(requests);
            assertThat(result.released()).hasSize(reference.release(new HashSet<>(ordinals)));
            assertThat(editor.release(requests).released()).as("I-17").isEmpty();
        }
    }

    record ReleaseHandle(String handle) implements Step {
        @Override
        public void run(BlockEditor editor, Reference reference) {
            HashSet<Integer> held = new HashSet<>();
            reference.taken.forEach((ordinal, entry) -> {
                if (entry.hasHandle(handle)) {
                    held.add(ordinal);
                }
            });
            assertThat(editor.releaseByHandle(handle, OptionalLong.empty())).hasSize(held.size());
            reference.release(held);
        }
    }

    record Bind(int ordinal, String node) implements Step {
        @Override
        public void run(BlockEditor editor, Reference reference) {
            JsonValue owner = JsonValue.of(Map.of("node", node));
            boolean bound = editor.bindOwner(reference.address(ordinal), owner);
            assertThat(bound).isEqualTo(reference.taken.containsKey(ordinal));
            reference.taken.computeIfPresent(ordinal, (o, entry) -> entry.withOwner(owner));
        }
    }

    /** The plainest thing that can be called a block. */
    static final class Reference {
        final List<Integer> free = new ArrayList<>();
        final TreeMap<Integer, AttributeEntry> taken = new TreeMap<>();
        private final Cidr cidr;

        Reference(Cidr cidr, int size) {
            this.cidr = cidr;
            free.addAll(Blocks.ordinals(0, size - 1));
        }

        IpAddress address(int ordinal) {
            return cidr.first().plus(ordinal);
        }

        int ordinal(IpAddress address) {
            return (int) address.minus(cidr.first());
        }

        List<Integer> auto(int count, AttributeEntry entry, int reservedBits) {
            List<Integer> chosen = free.stream()
                    .filter(o -> (reservedBits >>> (o & 7) & 1) == 0)
                    .limit(count)
                    .toList();
            free.removeAll(chosen);
            chosen.forEach(o -> taken.put(o, entry));
            return chosen;
        }

        int release(Set<Integer> ordinals) {
            int count = 0;
            for (int ordinal : ordinals.stream().sorted().toList()) {
                if (taken.remove(ordinal) != null) {
                    free.add(ordinal);
                    count++;
                }
            }
            return count;
        }
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> ordinal = Arbitraries.integers().between(0, 15);
        Arbitrary<Integer> entry = Arbitraries.integers().between(0, ENTRIES.size() - 1);
        Arbitrary<Step> auto = Combinators.combine(
                        Arbitraries.integers().between(0, 6),
                        entry,
                        Arbitraries.frequencyOf(
                                Tuple.of(3, Arbitraries.just(0)),
                                Tuple.of(1, Arbitraries.integers().between(0, 255))))
                .as(Auto::new);
        Arbitrary<Step> assign = Combinators.combine(ordinal, entry).as(Assign::new);
        Arbitrary<Step> release = ordinal.list().ofMaxSize(6).map(Release::new);
        Arbitrary<Step> byHandle = Arbitraries.of("h1", "h2", "h3").map(ReleaseHandle::new);
        Arbitrary<Step> bind =
                Combinators.combine(ordinal, Arbitraries.of("n", "m")).as(Bind::new);
        return Arbitraries.oneOf(auto, auto, assign, release, release, byHandle, bind)
                .list()
                .ofMaxSize(30);
    }

    @Property
    void isEquivalentToTheReference_I2_I3_I13_I15_I17_I18_I25_I26(@ForAll("steps") List<Step> steps) {
        Cidr cidr = Cidr.parse("10.0.0.16/28");
        Reference reference = new Reference(cidr, 16);
        AllocationBlock block = AllocationBlock.create(cidr, "h", NOW, 0);
        for (Step step : steps) {
            BlockEditor editor = block.edit(NOW, Duration.ZERO);
            step.run(editor, reference);
            AllocationBlock next = editor.isChanged() ? editor.finish("1") : block;
            boolean rose = Long.compareUnsigned(next.sequence(), block.sequence()) > 0;
            require(rose == editor.isChanged(), "I-25", next);
            block = next;
            assertEqual(block, reference);
        }
        assertStoredFormIsExact(block);
    }

    /** Thirty thousand times: plain comparisons. */
    private static void assertEqual(AllocationBlock block, Reference reference) {
        require(Blocks.of(block).queue().equals(reference.free), "the order of the free ones", block);
        Map<Integer, AttributeEntry> taken = new TreeMap<>();
        block.allocated().forEach((address, entry) -> taken.put(block.ordinal(address), entry));
        require(taken.equals(reference.taken), "what is taken", block);
        Set<AttributeEntry> entries = new HashSet<>(block.entries());
        require(entries.size() == block.entries().size(), "I-3: no two entries are equal", block);
        require(entries.equals(new HashSet<>(taken.values())), "I-3: every entry is used", block);
        require(block.freeCount() == reference.free.size(), "free count", block);
        require(block.isEmpty() == reference.taken.isEmpty(), "emptiness", block);
    }

    private static void require(boolean holds, String what, AllocationBlock block) {
        if (!holds) {
            throw new AssertionError(what + ": " + BlockCodec.encode(block));
        }
    }

    private static void assertStoredFormIsExact(AllocationBlock block) {
        String json = BlockCodec.encode(block);
        assertThat(BlockCodec.check(block.cidr(), json, NOW)).as("I-2").isEmpty();
        assertThat(BlockCodec.encode(
                        BlockCodec.decode(block.cidr(), json).block().orElseThrow()))
                .as("I-26")
                .isEqualTo(json);
    }

    /** Whatever a foreign writer put there, in whatever order and with whatever spaces. */
    @Property
    void unknownFieldsOfAnyKindSurvive_I26(@ForAll("json") String value, @ForAll("json") String inEntry) {
        String json = "{\"cidr\":\"10.0.0.0/32\",\"affinity\":null,\"allocations\":[0],\"unallocated\":[],"
                + "\"attributes\":[{\"handle_id\":null,\"secondary\":null,\"x\":" + inEntry + "}],\"later\":" + value
                + ",\"last\":0}";

        AllocationBlock block =
                BlockCodec.decode(Cidr.parse("10.0.0.0/32"), json).block().orElseThrow();

        assertThat(BlockCodec.encode(block)).isEqualTo(json);
    }

    @Provide
    Arbitrary<String> json() {
        Arbitrary<String> scalar = Arbitraries.oneOf(
                Arbitraries.of(
                        "null", "true", "false", "1.50", "-0", "1E+400", "18446744073709551615", "\"\"", "\"\\u0000\""),
                Arbitraries.strings().alpha().ofMaxLength(5).map(s -> "\"" + s + "é\\n\""),
                Arbitraries.longs().map(String::valueOf));
        Arbitrary<String> array = scalar.list().ofMaxSize(3).map(l -> "[ " + String.join(" , ", l) + "]");
        Arbitrary<String> object =
                Combinators.combine(scalar, array).as((a, b) -> "{\"b\": " + a + ",\"a\":" + b + " }");
        return Arbitraries.oneOf(scalar, array, object);
    }
}
