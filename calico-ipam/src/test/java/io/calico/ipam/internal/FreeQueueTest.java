package io.calico.ipam.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FreeQueueTest {
    private static List<Integer> content(FreeQueue queue) {
        List<Integer> content = new ArrayList<>();
        for (int ordinal = queue.front(); ordinal >= 0; ordinal = queue.after(ordinal)) {
            content.add(ordinal);
        }
        return content;
    }

    /** Each number toggles an ordinal: out of the queue wherever it stands, or to its back. */
    @Property
    void behavesAsAListThatIsAppendedToAndRemovedFrom_R10(
            @ForAll @Size(max = 60) List<@IntRange(max = 15) Integer> toggles) {
        FreeQueue queue = new FreeQueue(16);
        List<Integer> reference = new ArrayList<>();

        for (int ordinal : toggles) {
            assertThat(queue.contains(ordinal)).isEqualTo(reference.contains(ordinal));
            if (queue.contains(ordinal)) {
                queue.remove(ordinal);
                reference.remove((Integer) ordinal);
            } else {
                queue.append(ordinal);
                reference.add(ordinal);
            }
            assertThat(content(queue)).isEqualTo(reference);
            assertThat(queue.count()).isEqualTo(reference.size());
        }
    }

    @Test
    void takesAsManyOrdinalsAsTheLargestBlockHas() {
        FreeQueue queue = new FreeQueue(4096);
        for (int ordinal = 4095; ordinal >= 0; ordinal--) {
            queue.append(ordinal);
        }

        assertThat(queue.front()).isEqualTo(4095);
        assertThat(content(queue)).hasSize(4096).endsWith(1, 0);
    }

    @Test
    void refusesWhatWouldBreakIt() {
        FreeQueue queue = new FreeQueue(4);
        queue.append(2);

        assertThatThrownBy(() -> queue.append(2)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> queue.remove(1)).isInstanceOf(NoSuchElementException.class);
        assertThat(content(queue)).containsExactly(2);
    }

    @Test
    void aCopyIsIndependent() {
        FreeQueue queue = new FreeQueue(4);
        queue.append(2);
        FreeQueue copy = queue.copy();

        queue.remove(2);

        assertThat(content(copy)).containsExactly(2);
    }
}
