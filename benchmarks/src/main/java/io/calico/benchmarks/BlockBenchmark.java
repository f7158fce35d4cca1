package io.calico.benchmarks;

import io.calico.ipam.internal.AllocationBlock;
import io.calico.ipam.internal.AttributeEntry;
import io.calico.ipam.internal.BlockCodec;
import io.calico.ipam.internal.BlockEditor;
import io.calico.model.net.Cidr;
import io.calico.model.net.IpAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What an assignment does to a block of 64 addresses in memory, with no store at all. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BlockBenchmark {
    private final Instant now = Instant.parse("2026-08-22T10:00:00Z");
    private final Cidr cidr = Cidr.parse("10.0.0.0/26");
    private final AttributeEntry last = AttributeEntry.of("container-with-a-name-of-some-length-63", null, null);
    private final AllocationBlock block;
    private final BlockEditor editor;
    private final String text;

    /** A block with 63 handles and one address free. */
    public BlockBenchmark() {
        editor = AllocationBlock.create(cidr, "node-1", now, 0).edit(now, Duration.ZERO);
        for (int i = 0; i < 63; i++) {
            editor.autoAssign(
                    1, AttributeEntry.of("container-with-a-name-of-some-length-" + i, null, null), null, a -> false);
        }
        block = editor.finish("0123456789abcdef");
        text = BlockCodec.encode(block);
    }

    /** All that one assignment costs: the copy, the allocation of the 64th address, the text that is stored. */
    @Benchmark
    public String assignAndEncode() {
        BlockEditor copy = block.edit(now, Duration.ZERO);
        copy.autoAssign(1, last, "node-1", a -> false);
        return BlockCodec.encode(copy.finish("0123456789abcdef"));
    }

    /** One allocation and its release in a block that is being edited: half of it is less than one allocation more. */
    @Benchmark
    public List<IpAddress> assignAndRelease() {
        List<IpAddress> taken = editor.autoAssign(1, last, "node-1", a -> false);
        editor.release(List.of(new BlockEditor.Release(taken.get(0), null, OptionalLong.empty())));
        return taken;
    }

    /** Only in a batch: one allocation more in the copy that is made anyway. */
    @Benchmark
    public BlockEditor copyAndAssign() {
        BlockEditor copy = block.edit(now, Duration.ZERO);
        copy.autoAssign(1, last, "node-1", a -> false);
        return copy;
    }

    /** The text alone, to subtract. */
    @Benchmark
    public String encode() {
        return BlockCodec.encode(block);
    }

    /** The copy alone, to subtract. */
    @Benchmark
    public BlockEditor copy() {
        return block.edit(now, Duration.ZERO);
    }

    /** What a conflict costs on top: the other writer's block is read. */
    @Benchmark
    public BlockCodec.Decoded decode() {
        return BlockCodec.decode(cidr, text);
    }
}
