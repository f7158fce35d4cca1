package io.calico.ipam.internal;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON without blanks. By hand and into bytes, because a block has hundreds of small numbers and is written with
 * every assignment. Confined to one thread.
 */
final class JsonText {
    /** Digits that an {@link #unsigned} number has after those that it is likely to share with the one before. */
    private static final int LAST_DIGITS = 5;

    private static final long LAST_DIGITS_POWER = 100_000;
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    /** UTF-8. */
    private byte[] out;

    private int length;
    private boolean first = true;
    /** The leading part of the number written last, and its digits: a block's sequence numbers differ in the last few. */
    private long lastLead;

    private byte[] lastLeadDigits = {};

    /**
     * An empty text.
     *
     * @param expectedLength in bytes
     */
    JsonText(int expectedLength) {
        out = new byte[expectedLength];
    }

    private void room(int more) {
        if (out.length - length < more) {
            out = Arrays.copyOf(out, Math.max(2 * out.length, length + more));
        }
    }

    private void put(char ascii) {
        room(1);
        out[length++] = (byte) ascii;
    }

    private void put(byte[] bytes) {
        room(bytes.length);
        System.arraycopy(bytes, 0, out, length, bytes.length);
        length += bytes.length;
    }

    @SuppressWarnings("deprecation") // drops the high bytes of characters; these are ASCII
    private void putPlain(String ascii) {
        int count = ascii.length();
        room(count);
        ascii.getBytes(0, count, out, length);
        length += count;
    }

    /** Begins an object, as an element where one goes before. */
    JsonText open() {
        return open('{');
    }

    JsonText openArray() {
        return open('[');
    }

    private JsonText open(char bracket) {
        separate();
        put(bracket);
        first = true;
        return this;
    }

    JsonText close() {
        return close('}');
    }

    JsonText closeArray() {
        return close(']');
    }

    private JsonText close(char bracket) {
        put(bracket);
        first = false;
        return this;
    }

    private void separate() {
        if (!first) {
            put(',');
        }
        first = false;
    }

    /**
     * Begins a field; its value follows.
     *
     * @param name {@linkplain #isPlain plain}
     */
    JsonText field(String name) {
        plain(name);
        put(':');
        first = true;
        return this;
    }

    /** Begins a field whose name is a number of 0 or more. */
    JsonText field(int name) {
        separate();
        put('"');
        digits(name);
        put('"');
        put(':');
        first = true;
        return this;
    }

    /** Fields as they were read. */
    JsonText fields(Map<String, JsonValue> fields) {
        if (!fields.isEmpty()) {
            fields.forEach((name, value) -> {
                string(name).put(':');
                put(value.text().getBytes(StandardCharsets.UTF_8));
            });
        }
        return this;
    }

    JsonText string(@Nullable String value) {
        if (value == null) {
            return none();
        }
        if (isPlain(value)) {
            return plain(value);
        }
        separate();
        put('"');
        put(JsonStringEncoder.getInstance().quoteAsUTF8(value));
        put('"');
        return this;
    }

    /** A {@linkplain #isPlain plain} string. */
    JsonText plain(String value) {
        separate();
        put('"');
        putPlain(value);
        put('"');
        return this;
    }

    /** JSON null. */
    JsonText none() {
        separate();
        put(NULL);
        return this;
    }

    /** A number of 0 or more. */
    JsonText number(int value) {
        separate();
        digits(value);
        return this;
    }

    /** A number that is likely to be near the one before. */
    JsonText unsigned(long value) {
        separate();
        long lead = Long.divideUnsigned(value, LAST_DIGITS_POWER);
        if (lead == 0) {
            digits((int) value);
            return this;
        }
        if (lead != lastLead) {
            lastLead = lead;
            lastLeadDigits = Long.toString(lead).getBytes(StandardCharsets.US_ASCII);
        }
        put(lastLeadDigits);
        digits((int) (value - lead * LAST_DIGITS_POWER), LAST_DIGITS);
        return this;
    }

    private void digits(int value) {
        int count = 1;
        for (int rest = value / 10; rest > 0; rest /= 10) {
            count++;
        }
        digits(value, count);
    }

    private void digits(int value, int count) {
        room(count);
        int rest = value;
        for (int at = length + count - 1; at >= length; at--) {
            int quotient = rest / 10;
            out[at] = (byte) ('0' + rest - quotient * 10);
            rest = quotient;
        }
        length += count;
    }

    /** An element that is an object, in three pieces of ASCII that are JSON together. */
    JsonText element(String before, String middle, String after) {
        separate();
        putPlain(before);
        putPlain(middle);
        putPlain(after);
        return this;
    }

    /** Text that is JSON already. */
    JsonText raw(String json) {
        separate();
        put(json.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Whether a text is ASCII and needs no escape: nearly every one is, and the encoder costs more than the copy. */
    static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return new String(out, 0, length, StandardCharsets.UTF_8);
    }
}
