package io.calico.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the kernel of a host holds of its workloads, read by other programs than ours.
 *
 * @param links group of every {@code cali} interface, by name; those that are up only
 * @param linksDown the others
 * @param gateways the address that each interface answers for
 * @param routes {@code ADDRESS dev INTERFACE} for each route of protocol 80 to a {@code cali} interface
 * @param neighbours {@code ADDRESS dev INTERFACE lladdr MAC}, permanent ones of {@code cali} interfaces
 * @param sets the elements of each set of our table; those of concatenations with a space between
 * @param maps the elements of each map of our table; the chain is the value of a verdict
 * @param policyChains the chains of lists and profiles
 */
record KernelView(
        Map<String, Long> links,
        Map<String, Long> linksDown,
        Map<String, String> gateways,
        Set<String> routes,
        Set<String> neighbours,
        Map<String, Set<String>> sets,
        Map<String, Map<String, String>> maps,
        Set<String> policyChains) {
    static final long LIVE_GROUP = 0xca11c0;
    static final long DEAD_GROUP = 0xca11c1;
    private static final String OURS = "cali";

    static KernelView of(VirtualHost host) {
        KernelView view = new KernelView(
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeSet<>(),
                new TreeSet<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeSet<>());
        view.readLinks(EngineView.read(host.run("ip", "-j", "-4", "addr", "show")), host);
        for (JsonNode route : EngineView.read(host.run("ip", "-j", "route", "show", "table", "all", "proto", "80"))) {
            if (text(route, "dev").startsWith(OURS)) {
                view.routes.add(text(route, "dst") + " dev " + text(route, "dev"));
            }
        }
        for (JsonNode neighbour : EngineView.read(host.run("ip", "-j", "neigh", "show", "nud", "permanent"))) {
            if (text(neighbour, "dev").startsWith(OURS)) {
                view.neighbours.add(text(neighbour, "dst") + " dev " + text(neighbour, "dev") + " lladdr "
                        + text(neighbour, "lladdr"));
            }
        }
        view.readTable(EngineView.read(host.run("nft", "-j", "list", "table", "inet", "calico")));
        return view;
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).asText();
    }

    private void readLinks(JsonNode addresses, VirtualHost host) {
        for (JsonNode link : EngineView.read(host.run("ip", "-j", "link", "show"))) {
            String name = text(link, "ifname");
            if (name.startsWith(OURS)) {
                Set<String> flags = new HashSet<>();
                link.get("flags").forEach(flag -> flags.add(flag.asText()));
                (flags.contains("UP") ? links : linksDown).put(name, groupOf(link));
            }
        }
        for (JsonNode link : addresses) {
            if (text(link, "ifname").startsWith(OURS)) {
                link.path("addr_info")
                        .forEach(a -> gateways.merge(
                                text(link, "ifname"),
                                text(a, "local") + "/" + text(a, "prefixlen"),
                                (x, y) -> x + " " + y));
            }
        }
    }

    private static long groupOf(JsonNode link) {
        String group = text(link, "group");
        return group.equals("default") ? 0 : Long.parseLong(group);
    }

    private void readTable(JsonNode table) {
        for (JsonNode object : table.get("nftables")) {
            if (object.has("set")) {
                JsonNode set = object.get("set");
                Set<String> elements = new TreeSet<>();
                set.path("elem").forEach(element -> elements.add(elementText(element)));
                sets.put(text(set, "name"), elements);
            } else if (object.has("map")) {
                JsonNode map = object.get("map");
                Map<String, String> elements = new HashMap<>();
                map.path("elem").forEach(pair -> elements.put(elementText(pair.get(0)), valueText(pair.get(1))));
                maps.put(text(map, "name"), elements);
            } else if (object.has("chain")) {
                String name = text(object.get("chain"), "name");
                if (name.startsWith("l-") || name.startsWith("p-")) {
                    policyChains.add(name);
                }
            }
        }
    }

    private static String elementText(JsonNode element) {
        if (!element.has("concat")) {
            return element.asText();
        }
        StringBuilder words = new StringBuilder();
        element.get("concat")
                .forEach(part -> words.append(words.isEmpty() ? "" : " ").append(part.asText()));
        return words.toString();
    }

    private static String valueText(JsonNode value) {
        JsonNode target = value.path("goto").path("target");
        return target.isMissingNode() ? value.asText() : target.asText();
    }
}
