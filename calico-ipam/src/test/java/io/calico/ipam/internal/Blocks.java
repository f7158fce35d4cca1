package io.calico.ipam.internal;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A block that is edited in place, with addresses by ordinal: what most tests of blocks want. */
final class Blocks {
    static final Instant NOW = Instant.parse("2026-08-22T10:00:00Z");

    private AllocationBlock block;
    private Instant now = NOW;
    private Duration coolDown = Duration.ZERO;

    private Blocks(AllocationBlock block) {
        this.block = block;
    }

    static Blocks of(String cidr) {
        return of(AllocationBlock.create(Cidr.parse(cidr), "test_host", NOW, 0));
    }

    static Blocks of(AllocationBlock block) {
        return new Blocks(block);
    }

    Blocks at(Instant time) {
        now = time;
        return this;
    }

    Blocks coolDown(Duration time) {
        coolDown = time;
        return this;
    }

    AllocationBlock block() {
        return block;
    }

    BlockEditor edit() {
        return block.edit(now, coolDown);
    }

    static AttributeEntry entry(@Nullable String handle, String... keysAndValues) {
        return AttributeEntry.of(
                handle, keysAndValues.length == 0 ? null : JsonValue.of(attributes(keysAndValues)), null);
    }

    private static Map<String, String> attributes(String... keysAndValues) {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            attributes.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return attributes;
    }

    /** Assigns automatically for the block's host; returns ordinals. */
    List<Integer> auto(int count, AttributeEntry entry) {
        return auto(count, entry, AddressFilter.NONE);
    }

    List<Integer> auto(int count, AttributeEntry entry, AddressFilter filter) {
        BlockEditor editor = edit();
        List<IpAddress> taken = editor.autoAssign(count, entry, "test_host", filter);
        store(editor);
        return taken.stream().map(block::ordinal).toList();
    }

    void assign(int ordinal, AttributeEntry entry) {
        BlockEditor editor = edit();
        editor.assign(block.address(ordinal), entry, "test_host");
        store(editor);
    }

    /** Releases ordinals; returns those that were not allocated. */
    List<Integer> release(Integer... ordinals) {
        BlockEditor editor = edit();
        BlockEditor.Released result = editor.release(Arrays.stream(ordinals)
                .map(o -> new BlockEditor.Release(block.address(o), null, OptionalLong.empty()))
                .toList());
        store(editor);
        return result.notAllocated().stream().map(block::ordinal).toList();
    }

    int releaseByHandle(String handle) {
        BlockEditor editor = edit();
        int count = editor.releaseByHandle(handle, OptionalLong.empty()).size();
        store(editor);
        return count;
    }

    void store(BlockEditor editor) {
        block = editor.isChanged() ? editor.finish("0123456789abcdef") : block;
    }

    /** The index of the entry of each allocated ordinal. */
    short allocation(int ordinal) {
        return block.parts().allocations()[ordinal];
    }

    List<Integer> queue() {
        FreeQueue free = block.parts().free();
        List<Integer> queue = new ArrayList<>();
        for (int ordinal = free.front(); ordinal >= 0; ordinal = free.after(ordinal)) {
            queue.add(ordinal);
        }
        return queue;
    }

    static List<Integer> ordinals(int from, int to) {
        return IntStream.rangeClosed(from, to).boxed().toList();
    }
}
