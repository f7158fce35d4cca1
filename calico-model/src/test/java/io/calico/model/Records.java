package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.model.json.BadRecordException;
import io.calico.model.json.JsonRecord;
import io.calico.model.json.ModelJson;
import java.util.function.Function;

/** What the tests of stored records share. */
final class Records {
    static final String KEY = "/calico/v1/some/key";

    private Records() {}

    /** The same value read from its own JSON, which is the same text again. */
    static <T extends JsonRecord> void assertRoundTrip(T value, Function<JsonNode, T> fromJson) {
        String json = ModelJson.write(value);

        T again = ModelJson.read(KEY, json, fromJson);

        assertThat(again).isEqualTo(value).hasSameHashCodeAs(value);
        assertThat(ModelJson.write(again)).isEqualTo(json).doesNotContain("\n");
        assertThat(ModelJson.read(KEY, ModelJson.writeIndented(value), fromJson))
                .isEqualTo(value);
    }

    /** Why the record is refused, which its exception must say together with the key. */
    static String reason(String json, Function<JsonNode, ?> fromJson) {
        Throwable thrown = catchThrowable(() -> ModelJson.read(KEY, json, fromJson));
        assertThat(thrown)
                .isInstanceOf(BadRecordException.class)
                .hasMessageStartingWith("damaged record at " + KEY + ": ");
        BadRecordException bad = (BadRecordException) thrown;
        assertThat(bad.key()).isEqualTo(KEY);
        assertThat(bad).hasMessage("damaged record at " + KEY + ": " + bad.reason());
        return bad.reason();
    }
}
