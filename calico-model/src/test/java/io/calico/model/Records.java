package io.calico.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.calico.model.json.BadRecordException;
import io.calico.model.json.ModelJson;

/** What the tests of stored records share. */
final class Records {
    static final String KEY = "/calico/v1/some/key";

    private Records() {}

    /** The same value read from its own JSON, which is the same text again. */
    static <T> void assertRoundTrip(T value, Class<T> type) {
        String json = ModelJson.write(value);

        T again = ModelJson.read(KEY, json, type);

        assertThat(again).isEqualTo(value).hasSameHashCodeAs(value);
        assertThat(ModelJson.write(again)).isEqualTo(json).doesNotContain("\n");
        assertThat(ModelJson.read(KEY, ModelJson.writeIndented(value), type)).isEqualTo(value);
    }

    static String reason(String json, Class<?> type) {
        Throwable thrown = catchThrowable(() -> ModelJson.read(KEY, json, type));
        assertThat(thrown)
                .isInstanceOf(BadRecordException.class)
                .hasMessageStartingWith("damaged record at " + KEY + ": ");
        BadRecordException bad = (BadRecordException) thrown;
        assertThat(bad.key()).isEqualTo(KEY);
        assertThat(bad).hasMessage("damaged record at " + KEY + ": " + bad.reason());
        return bad.reason();
    }
}
