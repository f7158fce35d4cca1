package io.calico.libnetwork.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.calico.libnetwork.RunningPlugin;
import io.calico.libnetwork.http.RawClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is no HTTP, or nearly none: the connection ends with a readable answer, and others do not notice. */
class HostileHttpIT {
    private static final int REQUESTS = Boolean.getBoolean("calico.test.long") ? 300_000 : 6_000;
    private static final Pattern ANSWER =
            Pattern.compile("HTTP/1\\.1 (\\d{3}) [^\\r\\n]*\\r\\n((?:[^\\r\\n]+\\r\\n)*)\\r\\n", Pattern.DOTALL);
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: (\\d+)");

    private static final String BODY = "{\"NetworkID\":\"" + "a".repeat(64) + "\"}";

    private static final List<String> REQUEST_LINES = List.of(
            "POST /NetworkDriver.DeleteNetwork HTTP/1.1",
            "GET /NetworkDriver.DeleteNetwork HTTP/1.1",
            "POST /NetworkDriver.DeleteNetwork HTTP/1.0",
            "POST /NetworkDriver.DeleteNetwork HTTP/2.0",
            "POST /NetworkDriver.DeleteNetwork HTTP/9.9999999999",
            "POST /NetworkDriver.DeleteNetwork",
            "POST",
            "",
            "PRI * HTTP/2.0",
            "POST http://evil/NetworkDriver.DeleteNetwork HTTP/1.1",
            "POST /../../etc/passwd HTTP/1.1",
            "POST /Plugin.Activate?x=" + "y".repeat(3000) + " HTTP/1.1",
            "POST /" + "z".repeat(5000) + " HTTP/1.1",
            "POST /%00%ff HTTP/1.1",
            "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
            "POST /Plugin.Activate HTTP/1.1");

    private static final List<String> HEADERS = List.of(
            "Content-Length: " + BODY.length(),
            "Content-Length: " + BODY.length(),
            "Content-Length: 0",
            "Content-Length: 5",
            "Content-Length: 500",
            "Content-Length: -1",
            "Content-Length: +7",
            "Content-Length: 99999999999999999999",
            "Content-Length: 2147483648",
            "Content-Length: 0x10",
            "Content-Length: 5, 6",
            "Content-Length:",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: identity",
            "Expect: 100-continue",
            "Connection: close",
            "Connection: upgrade\r\nUpgrade: h2c",
            "Host: " + "h".repeat(300),
            "X: " + "v".repeat(17_000),
            "NoColon",
            ": empty name",
            " folded",
            "Bad Name: x",
            "X: \u0000\u0001\u007f");

    private static final List<String> BODIES = List.of(
            BODY,
            BODY,
            "",
            "5\r\nhello\r\n0\r\n\r\n",
            "zz\r\nhello\r\n0\r\n\r\n",
            "ffffffff\r\nhello",
            "-5\r\nhello\r\n0\r\n\r\n",
            "0\r\nTrailer: x\r\n\r\n",
            "5;ext=" + "e".repeat(9000) + "\r\nhello\r\n0\r\n\r\n",
            "x".repeat(100_000));

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS)
    void everyConnectionEndsWithReadableAnswersAndNothingIsLeftOver() throws Exception {
        long seed = Long.getLong("calico.test.seed", System.nanoTime());
        System.out.println("HostileHttpIT: seed " + seed + " (repeat it with -Dcalico.test.seed=" + seed + ")");
        Random random = new Random(seed);
        try (RunningPlugin plugin = RunningPlugin.start();
                RawClient engine = new RawClient(plugin.socket())) {
            PluginAudit audit = PluginAudit.begin(plugin);
            int answered = 0;
            List<SocketChannel> silent = new ArrayList<>();
            for (int i = 0; i < REQUESTS; i++) {
                byte[] bytes = bytes(random);
                String what = "seed %d, request %d: %s".formatted(seed, i, shown(bytes));
                answered += check(exchange(plugin.socket(), bytes, random), what);
                if (random.nextInt(40) == 0) {
                    silent.add(silentClient(plugin.socket(), bytes, random));
                }
                if (silent.size() > 600 || i == REQUESTS - 1) {
                    for (SocketChannel client : silent) {
                        client.close();
                    }
                    silent.clear();
                }
                if (i % 100 == 0) {
                    assertThat(engine.call("/Plugin.Activate", "").status())
                            .as(what)
                            .isEqualTo(200);
                }
            }

            assertThat(answered).isGreaterThan(REQUESTS / 4);
            audit.checkEnd();
        }
    }

    private static byte[] bytes(Random random) {
        StringBuilder text = new StringBuilder();
        for (int requests = random.nextInt(8) == 0 ? 1 + random.nextInt(10) : 1; requests > 0; requests--) {
            String end = random.nextInt(20) == 0 ? "\n" : "\r\n";
            text.append(any(REQUEST_LINES, random)).append(end);
            int headers = random.nextInt(100) == 0 ? 2000 : random.nextInt(4);
            for (int i = 0; i < headers; i++) {
                text.append(any(HEADERS, random)).append(end);
            }
            text.append(random.nextInt(20) == 0 ? "" : end).append(any(BODIES, random));
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        return random.nextInt(5) == 0 ? new HostileValues(random).cut(bytes) : bytes;
    }

    private static <T> T any(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    /** Sends all in one or several writes, ends the sending side, and reads until the other side ends. */
    private static byte[] exchange(Path socket, byte[] bytes, Random random) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            Thread writer = new Thread(() -> send(channel, bytes, random.nextInt(4) == 0 ? 7 : bytes.length));
            writer.start();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
            try {
                while (channel.read(buffer) >= 0) {
                    answer.write(buffer.array(), 0, buffer.position());
                    buffer.clear();
                }
            } catch (IOException reset) {
                // A server may end a connection whose client sends on and on; what it said before counts.
            }
            return answer.toByteArray();
        }
    }

    private static void send(SocketChannel channel, byte[] bytes, int step) {
        try {
            for (int at = 0; at < bytes.length; at += step) {
                ByteBuffer part = ByteBuffer.wrap(bytes, at, Math.min(step, bytes.length - at));
                while (part.hasRemaining()) {
                    channel.write(part);
                }
                if (at > 2000) {
                    step = bytes.length;
                }
            }
            channel.shutdownOutput();
        } catch (IOException e) {
            // The server has had enough.
        }
    }

    /** Begins a request and never ends it. */
    private static SocketChannel silentClient(Path socket, byte[] bytes, Random random) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        channel.configureBlocking(false);
        channel.write(ByteBuffer.wrap(bytes, 0, random.nextInt(bytes.length + 1)));
        return channel;
    }

    /** How many answers there are; every byte belongs to one. */
    private static int check(byte[] bytes, String what) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        byte[] rest = bytes;
        int answers = 0;
        while (rest.length > 0) {
            Matcher head = ANSWER.matcher(new String(rest, StandardCharsets.ISO_8859_1));
            assertThat(head.lookingAt()).as("%s answered %s", what, text).isTrue();
            int status = Integer.parseInt(head.group(1));
            Matcher length = LENGTH.matcher(head.group(2));
            int count = length.find() ? Integer.parseInt(length.group(1)) : 0;
            String body = new String(rest, head.end(), count, StandardCharsets.UTF_8);
            if (status != 100) {
                answers++;
                assertThat(status).as("%s answered %s", what, text).isIn(200, 400, 404, 405, 413, 414, 431, 500, 505);
                assertThat(RunningPlugin.json(body).isObject())
                        .as("%s answered %s", what, text)
                        .isTrue();
            }
            rest = Arrays.copyOfRange(rest, head.end() + count, rest.length);
        }
        return answers;
    }

    private static String shown(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        return text.length() < 800 ? text : text.substring(0, 800) + "… (" + text.length() + ")";
    }
}
