package io.calico.dataplane.linux.nft;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A change of a small world of policies: four profiles that test each other's tags, six endpoints on two hosts, three
 * pools. Which change is read from the digits of a number, so that the same number is always the same change.
 */
record Step(int code) {
    private static final List<String> PROFILES = List.of("WEB", "APP", "DB.1", "x-y_z");
    private static final List<String> RULES = List.of(
            "in allow tcp to ports 80,443",
            "in deny udp",
            "in allow from tag WEB",
            "in allow tcp from tag APP to ports 1:9",
            "in deny from tag DB.1 to tag WEB",
            "in allow icmp type 8",
            "out allow",
            "out deny tcp to cidr 203.0.113.0/24",
            "out allow to tag x-y_z",
            "out allow icmpv6");
    private static final List<String> POOLS = List.of("10.65.0.0/16", "10.66.0.0/16", "fd80::/64");

    static Step random(Random random) {
        return new Step(random.nextInt(Integer.MAX_VALUE));
    }

    void applyTo(Policies policies) {
        Random random = new Random(code);
        String host = random.nextInt(4) == 0 ? "h2" : "h1";
        int number = 1 + random.nextInt(6);
        switch (random.nextInt(8)) {
            case 0 -> policies.withoutProfile(pick(PROFILES, random));
            case 1, 2 ->
                policies.profile(pick(PROFILES, random), some(RULES, random).toArray(new String[0]));
            case 3 -> policies.withoutEndpoint(host, number);
            case 4 -> policies.pool(pick(POOLS, random), random.nextBoolean());
            default -> {
                List<String> addresses = new ArrayList<>(List.of("10.65.0." + (1 + random.nextInt(8))));
                if (random.nextBoolean()) {
                    addresses.add("fd80::" + (1 + random.nextInt(8)));
                }
                List<String> profiles = some(PROFILES, random);
                policies.endpoint(host, number, String.join(" ", addresses), profiles.toArray(new String[0]));
            }
        }
    }

    private static <T> T pick(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    private static List<String> some(List<String> list, Random random) {
        List<String> picked = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            String next = pick(list, random);
            if (!picked.contains(next)) {
                picked.add(next);
            }
        }
        return picked;
    }
}
