package io.calico.ipam.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.Cidr;
import io.calico.model.net.IpVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllocationHandleTest {
    private static final Cidr A = Cidr.parse("192.168.3.0/26");
    private static final Cidr B = Cidr.parse("fd80::/122");

    @Test
    void countsPerBlockAndForgetsABlockAtZero_T20() {
        AllocationHandle handle =
                AllocationHandle.empty("h1").increment(A, 2).increment(B, 1).increment(A, 1);

        assertThat(handle.blocks()).containsEntry(A, 3).containsEntry(B, 1);
        assertThat(handle.total(IpVersion.V4)).isEqualTo(3);
        assertThat(handle.total(IpVersion.V6)).isEqualTo(1);
        AllocationHandle lowered = handle.decrement(A, 3).orElseThrow();
        assertThat(lowered.blocks()).containsOnlyKeys(B);
        assertThat(lowered.decrement(B, 1).orElseThrow().isEmpty()).isTrue();
    }

    @Test
    void cannotCountBelowZeroNorInABlockItDoesNotHave_T20() {
        AllocationHandle handle = AllocationHandle.empty("h1").increment(A, 2);

        assertThat(handle.decrement(A, 3)).isEmpty();
        assertThat(handle.decrement(B, 1)).isEmpty();
        assertThat(handle.blocks()).containsEntry(A, 2);
    }

    @Test
    void isStoredWithIdAndBlocks_T20_R5() {
        String json =
                AllocationHandle.empty("h\"1").increment(A, 2).increment(B, 1).encode();

        assertThat(json).isEqualTo("{\"id\":\"h\\\"1\",\"block\":{\"192.168.3.0/26\":2,\"fd80::/122\":1}}");
        assertThat(AllocationHandle.decode("h\"1", json).orElseThrow().encode()).isEqualTo(json);
    }

    @Test
    void ofANewerWriterHasNoIdAndKeepsWhatWeDoNotKnow_R2_R5() {
        AllocationHandle handle = AllocationHandle.decode(
                        "h1", "{\"block\":{\"192.168.3.0/26\":2},\"deleted\":false,\"extra\":{ \"a\":1}}")
                .orElseThrow();

        assertThat(handle.increment(A, 1).encode())
                .isEqualTo("{\"id\":\"h1\",\"block\":{\"192.168.3.0/26\":3},\"extra\":{ \"a\":1}}");
    }

    @Test
    void thatSaysItIsDeletedIsAbsent() {
        assertThat(AllocationHandle.decode("h1", "{\"block\":{},\"deleted\":true}"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "5",
                "{\"block\":[]}",
                "{\"block\":{\"x\":1}}",
                "{\"block\":{\"10.0.0.0/26\":0}}",
                "{\"block\":{\"10.0.0.0/26\":\"1\"}}",
                "{\"deleted\":1}",
                "{\"block\":{\"10.0.0.0/26\":99999999999}}"
            })
    void thatIsDamagedIsATypedError(String json) {
        assertThatThrownBy(() -> AllocationHandle.decode("h1", json)).isInstanceOf(CorruptRecord.class);
    }

    @Test
    void idEndsAtTheFirstCarriageReturn_R6() {
        assertThat(AllocationHandle.sanitise("h1\r\nx")).isEqualTo("h1");
        assertThat(AllocationHandle.sanitise("h1\nx")).isEqualTo("h1\nx");
    }
}
