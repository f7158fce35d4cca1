package io.calico.libnetwork.http;

/**
 * An answer ready to be written.
 *
 * @param json the body
 * @param close whether the connection can no longer be understood and ends with this answer
 */
record Answer(int status, String json, boolean close) {
    /** An error as engines read it for both kinds of driver: {@code {"Err": text}}, the text on one line. */
    static Answer error(int status, String text) {
        return new Answer(status, "{\"Err\":" + quoted(text) + "}", false);
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
