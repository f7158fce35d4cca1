package io.calico.libnetwork.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the Prometheus text format 0.0.4 and refuses whatever a server would: written after the format's definition, and
 * stricter where servers are lenient.
 */
public final class ExpositionFormat {
    private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    private static final Pattern HELP = Pattern.compile("# HELP (" + NAME + ") (\\S.*)");
    private static final Pattern TYPE =
            Pattern.compile("# TYPE (" + NAME + ") (counter|gauge|histogram|summary|untyped)");
    private static final String LABEL = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\"";
    private static final Pattern SAMPLE = Pattern.compile("(" + NAME + ")(?:\\{(" + LABEL + "(?:," + LABEL
            + ")*)\\})? ([+-]?(?:[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|Inf)|NaN)");

    private ExpositionFormat() {}

    /** All samples, by name and labels. */
    public static Map<String, Double> parse(String text) {
        assertThat(text).endsWith("\n").doesNotContain("\n\n", "\r");
        Map<String, Double> samples = new LinkedHashMap<>();
        Map<String, String> types = new HashMap<>();
        Set<String> ended = new HashSet<>();
        String help = "";
        String current = "";
        for (String line : text.substring(0, text.length() - 1).split("\n", -1)) {
            Matcher m = HELP.matcher(line);
            if (m.matches()) {
                help = m.group(1);
                assertThat(ended.add(help))
                        .as("one group of lines for each metric: %s", line)
                        .isTrue();
                continue;
            }
            m = TYPE.matcher(line);
            if (m.matches()) {
                current = m.group(1);
                assertThat(current).as("HELP stands before TYPE: %s", line).isEqualTo(help);
                types.put(current, m.group(2));
                if (m.group(2).equals("counter")) {
                    assertThat(current).endsWith("_total");
                }
                continue;
            }
            m = SAMPLE.matcher(line);
            assertThat(m.matches()).as("line '%s'", line).isTrue();
            String base = types.get(current).equals("histogram")
                    ? m.group(1).replaceFirst("_(bucket|sum|count)$", "")
                    : m.group(1);
            assertThat(base).as("sample under its own metric: %s", line).isEqualTo(current);
            String key = m.group(1) + (m.group(2) == null ? "" : "{" + m.group(2) + "}");
            double value = m.group(3).endsWith("Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(m.group(3));
            assertThat(samples.put(key, value)).as("each sample once: %s", line).isNull();
        }
        types.forEach((name, type) -> {
            if (type.equals("histogram")) {
                checkHistogram(name, samples);
            }
        });
        return samples;
    }

    private static void checkHistogram(String name, Map<String, Double> samples) {
        Map<String, List<Double>> buckets = new HashMap<>();
        samples.forEach((key, value) -> {
            if (key.startsWith(name + "_bucket{")) {
                String labels = key.substring(key.indexOf('{') + 1, key.indexOf(",le="));
                buckets.computeIfAbsent(labels, k -> new ArrayList<>()).add(value);
            }
        });
        buckets.forEach((labels, counts) -> {
            assertThat(counts).as(name + labels).isSorted();
            assertThat(samples.get(name + "_count{" + labels + "}")).as(name).isEqualTo(counts.get(counts.size() - 1));
            assertThat(samples).containsKey(name + "_sum{" + labels + "}");
            assertThat(samples).containsKey(name + "_bucket{" + labels + ",le=\"+Inf\"}");
        });
    }
}
