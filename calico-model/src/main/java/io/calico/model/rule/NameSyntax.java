package io.calico.model.rule;

/** What the name of a profile or tag may look like. */
public final class NameSyntax {
    /** What a user is told about a tag whose name is not valid. */
    public static final String TAG_MESSAGE = "Tag names may only hold numbers, letters, dots, dashes and underscores.";

    private NameSyntax() {}

    /** Whether the text is one or more of {@code A-Z a-z 0-9 _ . -}; any length. */
    public static boolean isValid(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean allowed = c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || c == '_'
                    || c == '.'
                    || c == '-';
            if (!allowed) {
                return false;
            }
        }
        return !name.isEmpty();
    }
}
