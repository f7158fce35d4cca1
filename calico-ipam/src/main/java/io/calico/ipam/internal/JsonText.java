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
    private static final int MOST_DIGITS = 10;
    private static final int MOST_DIGITS_OF_SHORT = 5;
    private static final int MOST_DIGITS_OF_LONG = 20;
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};
    /** The two digits of 0 to 99, one after the other. */
    private static final byte[] PAIRS = pairs();

    /** UTF-8. */
    private byte[] out;

    private int length;
    private boolean first = true;
    private boolean ascii = true;
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

    private static byte[] pairs() {
        byte[] pairs = new byte[200];
        for (int i = 0; i < 100; i++) {
            pairs[2 * i] = (byte) ('0' + i / 10);
            pairs[2 * i + 1] = (byte) ('0' + i % 10);
        }
        return pairs;
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

    private void putPlain(String text) {
        room(text.length());
        length = plain(text, out, length);
    }

    /** Writes it from there on; returns where it ends. */
    @SuppressWarnings("deprecation") // drops the high bytes of characters; these are ASCII
    private static int plain(String text, byte[] to, int from) {
        int count = text.length();
        text.getBytes(0, count, to, from);
        return from + count;
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

    /** Fields as they were read. */
    JsonText fields(Map<String, JsonValue> fields) {
        if (!fields.isEmpty()) {
            fields.forEach((name, value) -> {
                string(name).put(':');
                put(value.text().getBytes(StandardCharsets.UTF_8));
            });
            ascii = false;
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
        ascii = false;
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
        room(MOST_DIGITS);
        length = digits(value, out, length);
        return this;
    }

    /**
     * An array of numbers of 0 or more.
     *
     * @param none stands for JSON null
     */
    JsonText numbers(short[] values, short none) {
        openArray();
        room(values.length * (MOST_DIGITS_OF_SHORT + 1) + 1);
        byte[] to = out;
        int at = length;
        for (short value : values) {
            if (value == none) {
                to[at++] = 'n';
                to[at++] = 'u';
                to[at++] = 'l';
                to[at++] = 'l';
            } else {
                at = digits(value, to, at);
            }
            to[at++] = ',';
        }
        length = values.length == 0 ? at : at - 1;
        return closeArray();
    }

    /** An unsigned number. */
    JsonText unsigned(long value) {
        separate();
        room(MOST_DIGITS_OF_LONG);
        length = unsigned(value, out, length);
        return this;
    }

    /** An object: the values that are not 0, unsigned and likely to be near each other, by their indices. */
    JsonText indexed(long[] values) {
        open();
        for (int i = 0; i < values.length; i++) {
            if (values[i] != 0) {
                separate();
                room(MOST_DIGITS + MOST_DIGITS_OF_LONG + 3);
                byte[] to = out;
                int at = length;
                to[at++] = '"';
                at = digits(i, to, at);
                to[at++] = '"';
                to[at++] = ':';
                length = unsigned(values[i], to, at);
            }
        }
        return close();
    }

    private int unsigned(long value, byte[] to, int from) {
        long lead = Long.divideUnsigned(value, LAST_DIGITS_POWER);
        if (lead == 0) {
            return digits((int) value, to, from);
        }
        if (lead != lastLead) {
            lastLead = lead;
            lastLeadDigits = Long.toString(lead).getBytes(StandardCharsets.US_ASCII);
        }
        byte[] leading = lastLeadDigits;
        System.arraycopy(leading, 0, to, from, leading.length);
        return digits((int) (value - lead * LAST_DIGITS_POWER), LAST_DIGITS, to, from + leading.length);
    }

    /** Writes them from there on; returns where they end. */
    private static int digits(int value, byte[] to, int from) {
        if (value < 10) {
            to[from] = (byte) ('0' + value);
            return from + 1;
        }
        int count = 2;
        for (int rest = value / 100; rest > 0; rest /= 10) {
            count++;
        }
        return digits(value, count, to, from);
    }

    private static int digits(int value, int count, byte[] to, int from) {
        int rest = value;
        int at = from + count;
        while (at - from >= 2) {
            int quotient = rest / 100;
            int pair = 2 * (rest - quotient * 100);
            to[--at] = PAIRS[pair + 1];
            to[--at] = PAIRS[pair];
            rest = quotient;
        }
        if (at > from) {
            to[from] = (byte) ('0' + rest);
        }
        return from + count;
    }

    /** An element that is an object, in three pieces of ASCII that are JSON together. */
    JsonText element(String before, String middle, String after) {
        separate();
        room(before.length() + middle.length() + after.length());
        length = plain(after, out, plain(middle, out, plain(before, out, length)));
        return this;
    }

    /** Text that is JSON already. */
    JsonText raw(String json) {
        ascii = false;
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
        // The same bytes, and one pass over them less.
        return new String(out, 0, length, ascii ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
    }
}
