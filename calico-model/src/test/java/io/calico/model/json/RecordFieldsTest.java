package io.calico.model.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordFieldsTest {
    @Test
    void namesInAnyCaseAreFoundIfAskedForAndTheLastOneCounts() {
        String json = "{\"NetworkID\":\"a\",\"networkid\":\"b\"}";

        assertThat(ModelJson.<String>read(
                        "k", json, node -> RecordFields.ofAnyCase(node).require("NetworkId", RecordFields::text)))
                .isEqualTo("b");
        assertThat(ModelJson.<Boolean>read(
                        "k", json, node -> RecordFields.of(node).has("NetworkId")))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', textBlock = """
            "x", x
            "",  ``
            12,  12
            1.50, 1.50
            true, true
            """)
    void scalarIsReadAsText(String json, String text) {
        assertThat(ModelJson.<String>read("k", json, RecordFields::scalar)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"null", "[]", "{}"})
    void whatIsNoScalarIsRefused(String json) {
        assertThatThrownBy(() -> ModelJson.read("k", json, RecordFields::scalar))
                .hasMessageEndingWith("not a string but " + json);
    }

    @Test
    void textsAreAnObjectOfStringsOnly() {
        assertThat(ModelJson.read("k", "{\"b\":\"1\",\"a\":\"\"}", RecordFields::texts))
                .hasToString("{a=, b=1}");
        assertThatThrownBy(() -> ModelJson.read("k", "{\"a\":null}", RecordFields::texts))
                .hasMessageEndingWith("not a string but null");
        assertThatThrownBy(() -> ModelJson.read("k", "[]", RecordFields::texts))
                .hasMessageEndingWith("not a JSON object but []");
    }
}
