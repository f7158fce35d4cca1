package io.calico.datastore.spi;

/**
 * What a key, a prefix and a value may be. Every provider checks the keys and prefixes it is given with this class;
 * {@link Transaction} and {@link ListRequest} have checked theirs when they were built.
 *
 * <pre>
 * key     /calico/v1/Ready     begins with '/', does not end with '/'
 * prefix  /calico/v1/          begins and ends with '/', so that …/node-1/ does not match …/node-10
 * value   any text
 * all     well-formed Unicode without the character NUL: what is stored is what is read, as UTF-8, everywhere
 * </pre>
 */
public final class TextRules {
    private TextRules() {}

    /**
     * Returns the key.
     *
     * @throws IllegalArgumentException if it is not a key
     */
    public static String requireKey(String key) {
        if (!key.startsWith("/") || key.endsWith("/")) {
            throw new IllegalArgumentException("key '" + key + "' must start with '/' and not end with '/'");
        }
        return requireText("key", key);
    }

    /**
     * Returns the prefix.
     *
     * @throws IllegalArgumentException if it is not a prefix
     */
    public static String requirePrefix(String prefix) {
        if (!prefix.startsWith("/") || !prefix.endsWith("/")) {
            throw new IllegalArgumentException("prefix '" + prefix + "' must start and end with '/'");
        }
        return requireText("prefix", prefix);
    }

    /**
     * Returns the value.
     *
     * @param key whose value it is, for the message
     * @throws IllegalArgumentException if it is not text
     */
    public static String requireValue(String key, String value) {
        return requireText("value of " + key, value);
    }

    private static String requireText(String what, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                throw new IllegalArgumentException(what + " has the character NUL at index " + i);
            }
            if (Character.isSurrogate(c)) {
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    throw new IllegalArgumentException(what + " has half a surrogate pair at index " + i);
                }
                i++;
            }
        }
        return text;
    }
}
