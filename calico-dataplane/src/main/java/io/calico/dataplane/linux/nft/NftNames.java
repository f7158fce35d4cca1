package io.calico.dataplane.linux.nft;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Names of chains and sets. A name holds the profile's or tag's own name unshortened wherever nft allows that, so that
 * an operator finds it in {@code nft list table inet calico}.
 */
final class NftNames {
    /** Longer names of profiles and tags are hashed; nft's limit for a whole name is 255. */
    static final int LONGEST_ID = 200;

    private static final Pattern VALID = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,254}");
    private static final Pattern PLAIN_ID = Pattern.compile("[A-Za-z0-9_.-]{1," + LONGEST_ID + "}");
    private static final Pattern LOOKS_HASHED = Pattern.compile("_[0-9a-f]{32}");

    private NftNames() {}

    /** @throws IllegalArgumentException unless nft takes the name as one word */
    static String requireValid(String what, String name) {
        if (!VALID.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    what + " name '" + name + "' is not a letter and up to 254 of A-Z a-z 0-9 _ . -");
        }
        return name;
    }

    /**
     * The id itself, or {@code _} and 32 hex digits of its SHA-256 if it is longer than 200 characters, has one that nft
     * does not take, or looks like such a hash itself. Different ids give different results.
     */
    static String ofId(String id) {
        boolean plain =
                PLAIN_ID.matcher(id).matches() && !LOOKS_HASHED.matcher(id).matches();
        return plain ? id : hash(List.of(id));
    }

    /** One name for an ordered list of ids: of a single one its own, else a hash. */
    static String ofIds(List<String> ids) {
        return ids.size() == 1 ? ofId(ids.get(0)) : hash(ids);
    }

    private static String hash(List<String> ids) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            // The number of parts and a zero byte after each: no two lists are written alike.
            digest.update(Integer.toString(ids.size()).getBytes(StandardCharsets.UTF_8));
            for (String id : ids) {
                digest.update((byte) 0);
                digest.update(id.getBytes(StandardCharsets.UTF_8));
            }
            return "_" + HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
