package io.calico.dataplane.linux.iptables;

import java.util.ArrayList;
import java.util.List;

/** Reads what {@code nft list chains} prints: names and hooks of all chains, and no rules. */
final class ForeignChains {
    private ForeignChains() {}

    /** Base chains of the forward hook whose policy is to drop, each as a sentence for an operator. */
    static List<String> droppingForwarded(String listing) {
        List<String> found = new ArrayList<>();
        String table = "";
        String chain = "";
        for (String raw : listing.split("\n", -1)) {
            String line = raw.strip();
            if (line.startsWith("table ")) {
                table = name(line);
            } else if (line.startsWith("chain ")) {
                chain = name(line);
            } else if (line.contains(" hook forward ") && line.contains("policy drop")) {
                found.add("blocked by FORWARD policy: " + chain + " of " + table
                        + " drops what it does not know, and there is no program 'iptables' here to add a rule;"
                        + " install the package iptables");
            }
        }
        return List.copyOf(found);
    }

    /** The words before the brace: kind, family or nothing, and name. */
    private static String name(String line) {
        int brace = line.indexOf('{');
        return (brace < 0 ? line : line.substring(0, brace)).strip();
    }
}
