package io.calico.model;

import io.calico.model.rule.NameSyntax;

/** The checks on names of profiles and tags. */
public final class Names {
    private Names() {}

    /** Whether the text may name a profile or tag: one or more of {@code A-Z a-z 0-9 _ . -}, any length. */
    public static boolean isValidName(String name) {
        return NameSyntax.isValid(name);
    }
}
