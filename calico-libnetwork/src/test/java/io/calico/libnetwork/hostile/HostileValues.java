package io.calico.libnetwork.hostile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Makes hostile JSON of good JSON. The same seed makes the same. */
final class HostileValues {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** As they stand in the text of a request. */
    private static final List<String> LITERALS = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1e999",
            "-0.0",
            "9223372036854775808",
            "9".repeat(5000),
            "1." + "0".repeat(3000) + "1",
            "[]",
            "{}",
            "\"\"",
            "\" \"",
            "[".repeat(5000),
            "[".repeat(900) + "]".repeat(900),
            "{\"a\":".repeat(900) + "1" + "}".repeat(900),
            "\"" + "A".repeat(70_000) + "\"",
            "\"../../../../etc/passwd\"",
            "\"/\"",
            "\"a/b\"",
            "\"..\"",
            "\"$(reboot)\"",
            "\"`id`; rm -rf / & | > /tmp/x\"",
            "\"a\\nb\\tc\\u001b[31m\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\u202e\\ufeff\\ufffe\"",
            "\"\ud83d\ude00é€\"",
            "\"} ; delete table inet calico; add chain x {\"",
            "\"' OR 1=1; DROP TABLE kv; --\"",
            "\"0.0.0.0/0\"",
            "\"0.0.0.0\"",
            "\"::/0\"",
            "\"255.255.255.255/32\"",
            "\"999.1.1.1/32\"",
            "\"10.0.0.0/33\"",
            "\"192.168.0.0/-1\"",
            "\"fe80::1%eth0/64\"",
            "\"::ffff:10.0.0.1/128\"",
            "\"127.0.0.1/32\"",
            "\"224.0.0.1/32\"",
            "\"169.254.1.1/32\"",
            "\"192.168.0.5/32\"",
            "\"ff:ff:ff:ff:ff:ff\"",
            "\"02:ca:11:c0:00:01\"",
            "\"00:00:00:00:00:00\"",
            "\"" + "a".repeat(64) + "\"",
            "\"" + "a".repeat(65) + "\"",
            "\"" + "-".repeat(64) + "\"",
            "\"..%2f..%2f\"",
            "\"Ａ" + "a".repeat(63) + "\"");

    private final Random random;

    HostileValues(Random random) {
        this.random = random;
    }

    /** A damaged form of the JSON, as bytes, which may be no UTF-8; sometimes the JSON itself. */
    byte[] damaged(JsonNode good) {
        return switch (random.nextInt(10)) {
            case 0 -> bytes(good.toString());
            case 1, 2 -> cut(bytes(good.toString()));
            case 3 -> bytes(literal());
            default -> bytes(withMarks(good));
        };
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private String literal() {
        return LITERALS.get(random.nextInt(LITERALS.size()));
    }

    /** One to three values of the tree replaced, removed, doubled or renamed. */
    private String withMarks(JsonNode good) {
        JsonNode tree = good.deepCopy();
        List<String> literals = new ArrayList<>();
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            List<JsonNode> containers = new ArrayList<>();
            collect(tree, containers);
            if (!containers.isEmpty()) {
                change(containers.get(random.nextInt(containers.size())), literals);
            }
        }
        String text = tree.toString();
        for (int i = 0; i < literals.size(); i++) {
            text = text.replace("\"@" + i + "@\"", literals.get(i));
        }
        return text;
    }

    private static void collect(JsonNode node, List<JsonNode> containers) {
        if (node.isContainerNode() && !node.isEmpty()) {
            containers.add(node);
            node.forEach(child -> collect(child, containers));
        }
    }

    private void change(JsonNode container, List<String> literals) {
        if (container instanceof ArrayNode array) {
            if (random.nextBoolean()) {
                array.remove(random.nextInt(array.size()));
            } else {
                array.set(random.nextInt(array.size()), mark(literals));
            }
            return;
        }
        ObjectNode object = (ObjectNode) container;
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        String name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(6)) {
            case 0 -> object.remove(name);
            case 1 -> object.set(name.toUpperCase(Locale.ROOT), mark(literals));
            case 2 -> object.set("Unknown" + random.nextInt(3), mark(literals));
            default -> object.set(name, mark(literals));
        }
    }

    /** A place for a literal, which the tree itself could not hold. */
    private JsonNode mark(List<String> literals) {
        literals.add(literal());
        return JSON.textNode("@" + (literals.size() - 1) + "@");
    }

    /** Bytes removed, changed, doubled or added. */
    byte[] cut(byte[] good) {
        if (good.length == 0) {
            return new byte[] {(byte) random.nextInt(256)};
        }
        int at = random.nextInt(good.length);
        int length = Math.min(1 + random.nextInt(16), good.length - at);
        switch (random.nextInt(4)) {
            case 0 -> {
                return Arrays.copyOf(good, at);
            }
            case 1 -> {
                byte[] changed = good.clone();
                for (int i = at; i < at + length; i++) {
                    changed[i] = (byte) random.nextInt(256);
                }
                return changed;
            }
            case 2 -> {
                return joined(Arrays.copyOf(good, at + length), Arrays.copyOfRange(good, at, good.length));
            }
            default -> {
                byte[] garbage = new byte[length];
                random.nextBytes(garbage);
                return joined(Arrays.copyOf(good, at), joined(garbage, Arrays.copyOfRange(good, at, good.length)));
            }
        }
    }

    static byte[] joined(byte[] first, byte[] second) {
        byte[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
