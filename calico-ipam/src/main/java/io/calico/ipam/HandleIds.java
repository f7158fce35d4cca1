package io.calico.ipam;

/** The rules for handle ids: cut at the first carriage return, not empty, no {@code /}. */
final class HandleIds {
    private HandleIds() {}

    /**
     * The id as it is compared and looked up.
     *
     * @throws IllegalArgumentException if nothing is left or it holds a {@code /}
     */
    static String check(String handle) {
        int end = handle.indexOf('\r');
        String id = end < 0 ? handle : handle.substring(0, end);
        if (id.isEmpty() || id.indexOf('/') >= 0) {
            throw new IllegalArgumentException("handle '" + handle + "' must be neither empty nor hold a '/'");
        }
        return id;
    }
}
