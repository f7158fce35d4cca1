package io.calico.dataplane.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.stream.Collectors;

/**
 * Messages as text: bytes in hexadecimal, little-endian numbers, on each line a comment behind a {@code #}.
 */
final class Bytes {
    private Bytes() {}

    /** The bytes of the lines, without comments, as one line of hexadecimal digits, four bytes to a word. */
    static String hex(String lines) {
        return words(parse(lines));
    }

    /** The message that a request makes, as {@link #hex} writes it. */
    static String of(Request request) {
        MessageWriter out = new MessageWriter(ByteOrder.LITTLE_ENDIAN);
        request.write(out, 7);
        ByteBuffer message = out.finish();
        byte[] bytes = new byte[message.remaining()];
        message.get(bytes);
        return words(bytes);
    }

    /** A reader that stands before the first message of the lines. */
    static MessageReader reader(String lines) {
        byte[] bytes = parse(lines);
        return new MessageReader(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), bytes.length);
    }

    static byte[] parse(String lines) {
        String digits =
                lines.lines().map(line -> line.replaceAll("#.*|\\s", "")).collect(Collectors.joining());
        return HexFormat.of().parseHex(digits);
    }

    private static String words(byte[] bytes) {
        return HexFormat.of().formatHex(bytes).replaceAll("(.{8})(?=.)", "$1 ");
    }
}
