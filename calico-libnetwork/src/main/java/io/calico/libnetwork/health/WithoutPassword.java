package io.calico.libnetwork.health;

import java.util.regex.Pattern;

/** Takes what is secret from texts that are logged or shown. Stateless. */
public final class WithoutPassword {
    private static final Pattern USER_INFO = Pattern.compile("//[^/@\\s]*@");

    private WithoutPassword() {}

    /** The URI, or text with URIs in it, with {@code ***} for a user and password. */
    public static String uri(String text) {
        return USER_INFO.matcher(text).replaceAll("//***@");
    }
}
