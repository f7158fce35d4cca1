package io.calico.libnetwork.metrics;

/** Writes metrics in the Prometheus text format, version 0.0.4. Confined to one thread. */
final class Exposition {
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final StringBuilder text = new StringBuilder(8192);

    /** Begins a metric; its samples follow. */
    Exposition metric(String name, String type, String help) {
        text.append("# HELP ")
                .append(name)
                .append(' ')
                .append(help.replace("\\", "\\\\").replace("\n", "\\n"));
        text.append("\n# TYPE ").append(name).append(' ').append(type).append('\n');
        return this;
    }

    /**
     * Adds a sample.
     *
     * @param labels names and values in turn
     */
    Exposition sample(String name, double value, String... labels) {
        return sample(name, number(value), labels);
    }

    /** Adds a sample that is a count. */
    Exposition sample(String name, long value, String... labels) {
        return sample(name, Long.toString(value), labels);
    }

    private Exposition sample(String name, String value, String[] labels) {
        text.append(name);
        for (int i = 0; i < labels.length; i += 2) {
            text.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"");
            text.append(escaped(labels[i + 1])).append('"');
        }
        text.append(labels.length == 0 ? " " : "} ").append(value).append('\n');
        return this;
    }

    /** A metric with one sample. */
    Exposition single(String name, String type, String help, double value) {
        return metric(name, type, help).sample(name, value);
    }

    /** A metric with one sample, which is a count. */
    Exposition single(String name, String type, String help, long value) {
        return metric(name, type, help).sample(name, value);
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    /** Whole numbers without a point, as people expect them of counts. */
    static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
