package io.calico.ipam.internal;

import java.time.Duration;

/**
 * The allocator's configuration, one record for all hosts: {@code
 * {"strict_affinity":false,"auto_allocate_blocks":true,"maxBlocksPerHost":0,"ipCooldownSeconds":0}}. Immutable.
 *
 * @param strictAffinity a host may use its own blocks only
 * @param autoAllocateBlocks hosts claim blocks when they need them
 * @param maxBlocksPerHost most blocks of one IP version that a host may own; 0: no limit
 * @param coolDown how long a released address stays unused
 */
public record IpamConfig(boolean strictAffinity, boolean autoAllocateBlocks, int maxBlocksPerHost, Duration coolDown) {
    /** What counts if nothing is stored; never written. */
    public static final IpamConfig DEFAULT = new IpamConfig(false, true, 0, Duration.ZERO);

    /**
     * Reads a stored configuration; absent fields have their defaults.
     *
     * @throws CorruptRecord if it is none
     */
    public static IpamConfig decode(String json) {
        boolean[] flags = {DEFAULT.strictAffinity, DEFAULT.autoAllocateBlocks};
        int[] numbers = {0, 0};
        JsonFields.read(json, (field, parser) -> {
            switch (field) {
                case "strict_affinity" -> flags[0] = JsonFields.flag(field, parser);
                case "auto_allocate_blocks" -> flags[1] = JsonFields.flag(field, parser);
                case "maxBlocksPerHost" -> numbers[0] = JsonFields.number(field, parser, 0, Integer.MAX_VALUE);
                case "ipCooldownSeconds" -> numbers[1] = JsonFields.number(field, parser, 0, 1200);
                default -> parser.skipChildren();
            }
        });
        return new IpamConfig(flags[0], flags[1], numbers[0], Duration.ofSeconds(numbers[1]));
    }
}
