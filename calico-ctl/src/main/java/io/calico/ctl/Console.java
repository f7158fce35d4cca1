package io.calico.ctl;

import java.io.PrintStream;

/** Where a command prints: results and answers on one stream, errors on the other. Confined to one thread. */
final class Console {
    private static final int COLUMNS = 80;

    private final PrintStream out;
    private final PrintStream err;

    Console(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    PrintStream out() {
        return out;
    }

    PrintStream err() {
        return err;
    }

    /** One line on standard output. */
    void line(String text) {
        print(out, text + "\n");
    }

    /** One line on standard error. */
    void errorLine(String text) {
        print(err, text + "\n");
    }

    /** A text wrapped at 80 columns, then an empty line, on standard output. */
    void paragraph(String text) {
        print(out, wrapped(text) + "\n\n");
    }

    /** The table, without an empty line after it. */
    void table(Table table) {
        print(out, table.text());
    }

    /** A newline is always {@code \n}, so that output does not depend on the platform. */
    private static void print(PrintStream stream, String text) {
        stream.print(text);
    }

    /** The text broken at blanks into lines of at most 80 columns; a longer word has a line of its own. */
    static String wrapped(String text) {
        StringBuilder lines = new StringBuilder();
        int start = 0;
        while (text.length() - start > COLUMNS) {
            int end = text.lastIndexOf(' ', start + COLUMNS);
            if (end <= start) {
                end = text.indexOf(' ', start + COLUMNS);
            }
            if (end < 0) {
                break;
            }
            lines.append(text.substring(start, end).stripTrailing()).append('\n');
            start = end;
            while (start < text.length() && text.charAt(start) == ' ') {
                start++;
            }
        }
        return lines.append(text.substring(start).stripTrailing()).toString();
    }
}
