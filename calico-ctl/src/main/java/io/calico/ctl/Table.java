package io.calico.ctl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A table drawn with {@code + - |}: rule, header, rule, rows, rule. Cells and headers are centred; where the free space
 * is odd, the extra blank stands to the right of a text of odd length and to the left of one of even length. A cell may
 * hold several lines, parted by {@code \n}; the other cells of its row are then padded with empty lines below.
 *
 * <p>Confined to one thread.
 */
final class Table {
    /** What stands in a cell that has no value. */
    static final String MISSING = "None";

    private final List<String> header;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... header) {
        this.header = List.of(header);
    }

    /**
     * Adds a row below those added before.
     *
     * @throws IllegalArgumentException if the number of cells is not that of the header
     */
    Table row(String... cells) {
        if (cells.length != header.size()) {
            throw new IllegalArgumentException(cells.length + " cells under " + header.size() + " headings");
        }
        rows.add(List.of(cells));
        return this;
    }

    /** Orders the rows by their first cell, ties by the next ones, as text by code point. */
    Table sorted() {
        rows.sort(Table::compare);
        return this;
    }

    private static int compare(List<String> row, List<String> other) {
        int order = 0;
        for (int column = 0; column < row.size() && order == 0; column++) {
            order = row.get(column).compareTo(other.get(column));
        }
        return order;
    }

    /** The value, or the word for a missing one. */
    static String cell(Optional<?> value) {
        return value.isPresent() ? value.get().toString() : MISSING;
    }

    /** The table; every line, the last too, ends in a newline. */
    String text() {
        int[] widths = widths();
        String rule = rule(widths);
        StringBuilder text = new StringBuilder(rule);
        append(text, header, widths);
        text.append(rule);
        for (List<String> row : rows) {
            append(text, row, widths);
        }
        return text.append(rule).toString();
    }

    private int[] widths() {
        int[] widths = new int[header.size()];
        for (int column = 0; column < widths.length; column++) {
            widths[column] = header.get(column).length();
            for (List<String> row : rows) {
                for (String line : row.get(column).split("\n", -1)) {
                    widths[column] = Math.max(widths[column], line.length());
                }
            }
        }
        return widths;
    }

    private static String rule(int[] widths) {
        StringBuilder rule = new StringBuilder("+");
        for (int width : widths) {
            rule.append("-".repeat(width + 2)).append('+');
        }
        return rule.append('\n').toString();
    }

    private static void append(StringBuilder text, List<String> row, int[] widths) {
        List<String[]> cells = new ArrayList<>();
        int height = 1;
        for (String cell : row) {
            String[] lines = cell.split("\n", -1);
            cells.add(lines);
            height = Math.max(height, lines.length);
        }
        for (int line = 0; line < height; line++) {
            text.append('|');
            for (int column = 0; column < widths.length; column++) {
                String[] lines = cells.get(column);
                text.append(' ')
                        .append(centred(line < lines.length ? lines[line] : "", widths[column]))
                        .append(" |");
            }
            text.append('\n');
        }
    }

    private static String centred(String text, int width) {
        int free = width - text.length();
        int extraLeft = free % 2 != 0 && text.length() % 2 == 0 ? 1 : 0;
        int left = free / 2 + extraLeft;
        return " ".repeat(left) + text + " ".repeat(free - left);
    }
}
