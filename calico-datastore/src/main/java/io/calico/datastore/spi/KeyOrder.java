package io.calico.datastore.spi;

import java.util.Comparator;

/**
 * The order of keys in every list: by their UTF-8 bytes, which is the order of code points. {@link String#compareTo}
 * differs from it: it puts U+10000 and above (stored as surrogates) before U+E000.
 */
public enum KeyOrder implements Comparator<String> {
    /** The only one. */
    BY_UTF8_BYTES;

    @Override
    public int compare(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean highX = Character.isSurrogate(x);
                boolean highY = Character.isSurrogate(y);
                if (highX != highY) {
                    return highX ? 1 : -1;
                }
                return Character.compare(x, y);
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
