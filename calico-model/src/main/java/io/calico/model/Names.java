package io.calico.model;

import io.calico.model.rule.NameSyntax;

/** The checks on names of profiles and tags. */
public final class Names {
    /** What a user is told about a profile whose name is not valid. */
    public static final String PROFILE_MESSAGE =
            "Profile names may only hold numbers, letters, dots, dashes and underscores.";

    /** What a user is told about a tag whose name is not valid. */
    public static final String TAG_MESSAGE = NameSyntax.TAG_MESSAGE;

    private Names() {}

    /** Whether the text may name a profile or tag: one or more of {@code A-Z a-z 0-9 _ . -}, any length. */
    public static boolean isValidName(String name) {
        return NameSyntax.isValid(name);
    }
}
