package io.calico.libnetwork.network;

/**
 * Checks the ids in requests. They become parts of keys and of interface names, so only letters and digits pass; an engine
 * sends 64 hexadecimal digits, or 25 letters and digits for a network of a swarm.
 */
final class DockerIds {
    private static final int MAX_LENGTH = 64;

    private DockerIds() {}

    /**
     * The id.
     *
     * @param field for the message
     * @throws IllegalArgumentException if it is missing or no id
     */
    static String require(String field, String id) {
        if (id.isEmpty()) {
            throw new IllegalArgumentException(field + " is missing");
        }
        if (id.length() > MAX_LENGTH || !id.chars().allMatch(DockerIds::isLetterOrDigit)) {
            throw new IllegalArgumentException(
                    field + " '" + id + "' is not an id: 1 to " + MAX_LENGTH + " of A-Z a-z 0-9");
        }
        return id;
    }

    private static boolean isLetterOrDigit(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }
}
