package io.calico.libnetwork.http;

/**
 * An answer ready to be written.
 *
 * @param json the body
 * @param close whether the connection can no longer be understood and ends with this answer
 */
record Answer(int status, String json, boolean close) {
    /** Of a longer text, which quotes what a client sent, the beginning says enough. */
    private static final int LONGEST_ERROR = 1000;

    /** An error as engines read it for both kinds of driver: {@code {"Err": text}}, the text on one line and not long. */
    static Answer error(int status, String text) {
        return new Answer(status, "{\"Err\":" + quoted(shortened(text)) + "}", false);
    }

    /** The text, or its beginning. */
    static String shortened(String text) {
        return text.length() <= LONGEST_ERROR ? text : text.substring(0, LONGEST_ERROR) + "…";
    }

    Answer closing() {
        return new Answer(status, json, true);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 16).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (Character.isISOControl(c)) {
                // A user's terminal gets this text: one line, no escape sequences.
                quoted.append(' ');
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
