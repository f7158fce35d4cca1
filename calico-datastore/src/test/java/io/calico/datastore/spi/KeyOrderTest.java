package io.calico.datastore.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyOrderTest {
    @Property
    void theOrderIsThatOfTheUtf8Bytes(@ForAll("texts") String a, @ForAll("texts") String b) {
        int bytes = Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

        assertThat(Integer.signum(KeyOrder.BY_UTF8_BYTES.compare(a, b))).isEqualTo(Integer.signum(bytes));
    }

    @Provide
    Arbitrary<String> texts() {
        // Few characters, so that prefixes are shared; from all sides of the surrogates.
        return Arbitraries.of("/", "a", "é", "\uD7FF", "\uE000", "\uFFFF", "\uD800\uDC00", "\uDBFF\uDFFF")
                .list()
                .ofMaxSize(6)
                .map(parts -> String.join("", parts));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "a", "a/b", "/a/", "/a\0", "/\uD800", "/\uDC00", "/\uDC00\uD800", "/a\uD83D/b"})
    void whatIsNoKeyIsRefused(String text) {
        assertThatThrownBy(() -> TextRules.requireKey(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a", "/a/b", "/a b", "//", "/\uD83D\uDE00", "/a/%"})
    void whatIsAKeyIsReturned(String text) {
        if (text.endsWith("/")) {
            assertThat(TextRules.requirePrefix(text)).isSameAs(text);
        } else {
            assertThat(TextRules.requireKey(text)).isSameAs(text);
        }
    }

    @Test
    void aTransactionRefusesWhatNoStoreCouldDo() {
        assertThatThrownBy(
                        () -> Transaction.builder().put("/a", "1").delete("/a").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("transaction writes /a twice");
        assertThatThrownBy(() -> Transaction.builder().ifUnchanged("/a", 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("use ifAbsent");
        assertThatThrownBy(() -> Transaction.builder().put("a", "1")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Transaction.builder().elseRead("/a/").build())
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Transaction.builder().put("/a", "\0")).isInstanceOf(IllegalArgumentException.class);
    }
}
