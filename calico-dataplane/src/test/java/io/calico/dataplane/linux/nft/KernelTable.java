package io.calico.dataplane.linux.nft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.calico.dataplane.testing.Tool;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The table as the kernel has it. */
final class KernelTable {
    private static final Pattern POLICY_OF = Pattern.compile("\"(cali\\d+)\" : (0x[0-9a-f]+)");
    private static final Pattern DISPATCH = Pattern.compile("(0x[0-9a-f]+) : goto (l-\\S+?)-(in|out)\\b");

    private KernelTable() {}

    /** In the words of {@code nft list}, without counter values. */
    static String list() {
        return Tool.run("nft list table inet calico")
                .replaceAll("counter packets \\d+ bytes \\d+", "counter")
                .replaceAll("(?m)[ \\t]+", " ");
    }

    /** Every object on a line of its own, in alphabetical order but rules; lists of profiles instead of their numbers. */
    static String listByMeaning() {
        Map<String, String> lists = new HashMap<>();
        DISPATCH.matcher(list()).results().forEach(r -> lists.put(r.group(1), r.group(2)));
        StringBuilder text = new StringBuilder();
        POLICY_OF
                .matcher(list())
                .results()
                .map(r -> r.group(1) + " has " + lists.get(r.group(2)) + "\n")
                .sorted()
                .forEach(text::append);
        Set<String> dispatched = new TreeSet<>();
        DISPATCH.matcher(list()).results().map(MatchResult::group).forEach(d -> dispatched.add(d.substring(11)));
        text.append(dispatched).append('\n');

        Map<String, StringBuilder> rules = new TreeMap<>();
        Set<String> others = new TreeSet<>();
        for (JsonNode node : Tool.json("nft -j list table inet calico").get("nftables")) {
            if (node.has("rule")) {
                ObjectNode rule = (ObjectNode) node.get("rule");
                rule.get("expr").forEach(KernelTable::withoutCounts);
                rules.computeIfAbsent(rule.get("chain").asText(), c -> new StringBuilder())
                        .append(rule.remove(List.of("handle")))
                        .append('\n');
            } else if (!node.has("metainfo") && !isDispatch(node)) {
                ((ObjectNode) node.elements().next()).remove("handle");
                others.add(sorted(node).toString());
            }
        }
        others.forEach(o -> text.append(o).append('\n'));
        rules.forEach((chain, lines) -> text.append(lines));
        return text.toString();
    }

    private static boolean isDispatch(JsonNode node) {
        return node.has("map")
                && List.of(Layout.POLICY_OF, Layout.FROM_POLICY, Layout.TO_POLICY)
                        .contains(node.get("map").get("name").asText());
    }

    private static void withoutCounts(JsonNode expression) {
        if (expression.has("counter")) {
            ((ObjectNode) expression).put("counter", "");
        }
    }

    private static JsonNode sorted(JsonNode node) {
        JsonNode elements = node.elements().next().get("elem");
        if (elements == null) {
            return node;
        }
        Set<String> texts = new TreeSet<>();
        elements.forEach(e -> texts.add(e.toString()));
        ((ObjectNode) node.elements().next()).put("elem", texts.toString());
        return node;
    }
}
