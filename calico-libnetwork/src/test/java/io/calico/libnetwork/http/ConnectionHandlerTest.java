package io.calico.libnetwork.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.calico.model.json.RecordFields;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpResponseEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One connection without a socket: bytes in, bytes out, workers that run when the test says so. */
class ConnectionHandlerTest {
    private static final String ECHO = "/Test.Echo";

    private final Deque<Runnable> queue = new ArrayDeque<>();
    private final List<String> handled = new ArrayList<>();
    private Executor workers = Runnable::run;

    record Echo(String text) {
        static Echo fromJson(JsonNode json) {
            return new Echo(RecordFields.of(json).require("text", RecordFields::text));
        }
    }

    private final Routes routes = Routes.builder()
            .call(ECHO, Echo::fromJson, (echo, context) -> {
                handled.add(echo.text());
                return switch (echo.text()) {
                    case "refuse" -> throw CallException.failed("no \"room\"\nleft");
                    case "bug" -> throw new IllegalStateException("inside");
                    default -> JsonNodeFactory.instance.objectNode().put("text", echo.text());
                };
            })
            .callWithoutBody(
                    "/Test.Activate",
                    context -> JsonNodeFactory.instance.objectNode().put("body", context.body()))
            .build();

    private EmbeddedChannel channel = connect(PluginServerOptions.defaults());

    private EmbeddedChannel connect(PluginServerOptions options) {
        RequestDecoder decoder = new RequestDecoder();
        CallRunner runner = new CallRunner(
                task -> workers.execute(task),
                e -> CallException.failed("translated " + e.getMessage(), e),
                (path, status, time) -> {});
        return new EmbeddedChannel(
                decoder, new HttpResponseEncoder(), new ConnectionHandler(routes, runner, options, decoder, () -> 0L));
    }

    @AfterEach
    void everyBufferIsReleased() {
        channel.finishAndReleaseAll();
    }

    private void send(String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
    }

    private String received() {
        StringBuilder text = new StringBuilder();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            text.append(part.toString(StandardCharsets.UTF_8));
            part.release();
        }
        return text.toString().replace("\r\n", "\n");
    }

    private static String post(String path, String body) {
        return RawClient.request(path, body);
    }

    private static String echo(String text) {
        return post(ECHO, "{\"text\":\"" + text + "\"}\n");
    }

    @Test
    void anAnswerIsAJsonObjectWithItsLengthOnAConnectionThatStays() {
        send(echo("hello"));

        assertThat(received()).isEqualTo("""
                        HTTP/1.1 200 OK
                        content-type: application/vnd.docker.plugins.v1.1+json
                        content-length: 16

                        {"text":"hello"}""");
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void requestsCutIntoPiecesOfEverySizeGetTheSameAnswers() {
        String requests = echo("one")
                + post("/Test.Activate", "")
                + post("/Nope", "{}")
                + post(ECHO, "{")
                + echo("two with ünïcode")
                + post(ECHO, "");
        send(requests);
        String whole = received();
        assertThat(whole).contains("one", "no such call: /Nope", "two with ünïcode", "the body is empty");
        byte[] bytes = requests.getBytes(StandardCharsets.UTF_8);

        for (int size = 1; size <= bytes.length; size++) {
            for (int from = 0; from < bytes.length; from += size) {
                channel.writeInbound(Unpooled.copiedBuffer(bytes, from, Math.min(size, bytes.length - from)));
            }
            assertThat(received()).as("pieces of %d bytes", size).isEqualTo(whole);
        }
    }

    @Test
    void aChunkedBodyIsReadLikeAWholeOne() {
        send("POST " + ECHO + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "8\r\n{\"text\":\r\n5\r\n\"hi\"}\r\n0\r\n\r\n");

        assertThat(received()).startsWith("HTTP/1.1 200 OK").endsWith("{\"text\":\"hi\"}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /Test.Echo     | ''                   | 400 | {"Err":"/Test.Echo needs a JSON object as body, but the body is empty"}
            /Test.Echo     | ' '                  | 400 | {"Err":"/Test.Echo needs a JSON object as body, but the body is empty"}
            /Test.Echo     | null                 | 400 | {"Err":"/Test.Echo needs a JSON object as body, not null"}
            /Test.Echo     | {}                   | 400 | {"Err":"/Test.Echo: field 'text' is missing"}
            /Test.Echo     | []                   | 400 | {"Err":"/Test.Echo needs a JSON object as body, not []"}
            /Test.Echo     | {"text":"x"          | 400 | {"Err":"/Test.Echo: the body is not JSON: Unexpected end-of-input
            /Test.Echo     | {"text":"x"}{}       | 400 | {"Err":"/Test.Echo: the body is not JSON: there is more text after the first value (line 1, column 14)"}
            /Test.Echo     | {"text":"a\\ud83d"}   | 400 | {"Err":"/Test.Echo: a text in the body has half a surrogate pair: 'a?'"}
            /Test.Echo     | {"text":"","\\udc00":1} | 400 | {"Err":"/Test.Echo: the body is not JSON: Unexpected low surrogate
            /Test.Echo     | {"text":"\\ud83d\\ude00"} | 200 | {"text":"😀"}
            /Test.Echo     | {"text":{"a":1}}     | 400 | {"Err":"/Test.Echo: field 'text': not a string but {\\"a\\":1}"}
            /Test.Echo     | {"text":"x","new":1} | 200 | {"text":"x"}
            /Test.Activate | {"any":1}            | 200 | {"body":"{\\"any\\":1}"}
            /Test.Activate | ''                   | 200 | {"body":""}
            /Other         | {}                   | 404 | {"Err":"no such call: /Other"}
            /              | ''                   | 404 | {"Err":"no such call: /"}
            """)
    void aBodyIsAnsweredByWhatItIs(String path, String body, int status, String answer) {
        send(post(path, body));

        String received = received();
        assertThat(received).startsWith("HTTP/1.1 " + status + " ");
        assertThat(received.substring(received.indexOf("\n\n") + 2)).startsWith(answer);
        assertThat(channel.isOpen()).as("the connection stays").isTrue();
    }

    @Test
    void whatAHandlerRefusesIsAnErrorOnOneLine() {
        send(echo("refuse"));

        assertThat(received()).startsWith("HTTP/1.1 500 ").endsWith("{\"Err\":\"no \\\"room\\\" left\"}");
    }

    @Test
    void whatAHandlerThrowsIsTranslated() {
        send(echo("bug"));

        assertThat(received()).startsWith("HTTP/1.1 500 ").endsWith("{\"Err\":\"translated inside\"}");
        assertThat(channel.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"})
    void anotherMethodIsRefusedWithoutAHandler(String method) {
        send(method + " " + ECHO + " HTTP/1.1\r\nContent-Length: 12\r\n\r\n{\"text\":\"x\"}");

        assertThat(received()).startsWith("HTTP/1.1 405 Method Not Allowed").contains("allow: POST");
        assertThat(handled).isEmpty();
        assertThat(channel.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\0\0\0\0\r\n\r\n",
                "{\"text\":\"x\"}\r\n\r\n",
                "POST\r\n\r\n",
                "POST /Test.Echo HTTP/9\r\n\r\n",
                "POST /Test.Echo HTTP/2.0\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "POST /Test.Echo HTTP/1.1\r\nContent-Length: many\r\n\r\n",
                "POST /Test.Echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                "POST /Test.Echo HTTP/1.1\r\nno colon here\r\n\r\n",
                "POST /Test.Echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            })
    void whatIsNotHttpIsAnsweredOnceAndTheConnectionEnds(String garbage) {
        send(garbage);

        assertThat(received()).matches("(?s)HTTP/1.1 (400|505) .*connection: close.*\\{\"Err\":\".*");
        assertThat(channel.isOpen()).isFalse();
        assertThat(handled).isEmpty();
    }

    @Test
    void aRequestLineWithoutEndIsRefused() {
        send("POST /" + "x".repeat(5000) + " HTTP/1.1\r\n\r\n");

        assertThat(received()).startsWith("HTTP/1.1 414 ");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void headersWithoutEndAreRefused() {
        send("POST " + ECHO + " HTTP/1.1\r\n" + "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(1000));

        assertThat(received()).startsWith("HTTP/1.1 431 ");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aBodyOfTheLimitIsTakenAndOneByteMoreIsRefused() {
        String text = "x".repeat((1 << 20) - "{\"text\":\"\"}".length());
        send(post(ECHO, "{\"text\":\"" + text + "\"}"));
        assertThat(received()).startsWith("HTTP/1.1 200 OK");

        send(post(ECHO, "{\"text\":\"" + text + "x\"}"));
        assertThat(received()).startsWith("HTTP/1.1 413 ").contains("larger than 1048576 bytes", "connection: close");
        assertThat(handled).hasSize(1);
    }

    @Test
    void anAnnouncedSizeIsRefusedBeforeTheBodyComes() {
        send("POST " + ECHO + " HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n");

        assertThat(received()).startsWith("HTTP/1.1 413 ");
    }

    @Test
    void chunksThatGrowBeyondTheLimitAreRefused() {
        send("POST " + ECHO + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
        String chunk = "10000\r\n" + " ".repeat(0x10000) + "\r\n";
        for (int i = 0; i < 17; i++) {
            send(chunk);
        }

        assertThat(received()).startsWith("HTTP/1.1 413 ");
    }

    @Test
    void aClientThatWaitsForContinueIsToldToGoOn() {
        send("POST " + ECHO + " HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n");
        assertThat(received()).startsWith("HTTP/1.1 100 Continue");

        send("{\"text\":\"x\"}");
        assertThat(received()).startsWith("HTTP/1.1 200 OK");
    }

    @Test
    void aRequestThatIsNotCompleteInTimeIsAnsweredAndTheConnectionEnds() {
        send("POST " + ECHO + " HTTP/1.1\r\nContent-Len");
        channel.advanceTimeBy(9, TimeUnit.SECONDS);
        send("gth: 12\r\n");
        assertThat(channel.isOpen()).isTrue();

        channel.advanceTimeBy(1100, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();

        assertThat(received()).startsWith("HTTP/1.1 408 ");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aRequestThatFollowsItsPredecessorHalfIsTimedToo() {
        send(echo("one") + "POST /");
        assertThat(received()).startsWith("HTTP/1.1 200 ");

        channel.advanceTimeBy(11, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();

        assertThat(received()).startsWith("HTTP/1.1 408 ");
    }

    @Test
    void anIdleConnectionIsKeptForHours() {
        send(echo("one"));
        channel.advanceTimeBy(10, TimeUnit.HOURS);
        channel.runScheduledPendingTasks();
        received();

        send(echo("two"));

        assertThat(received()).contains("two");
    }

    @Test
    void aCallMayTakeLongerThanARequest() {
        workers = queue::add;
        send(echo("slow"));
        channel.advanceTimeBy(60, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();

        queue.remove().run();

        assertThat(received()).contains("slow");
    }

    @Test
    void pipelinedRequestsAreMadeOneAfterTheOtherAndAnsweredInOrder() {
        workers = queue::add;
        send(echo("one") + post("/Nope", "") + echo("two"));
        assertThat(queue).hasSize(1);
        assertThat(received()).isEmpty();

        queue.remove().run();
        assertThat(handled).containsExactly("one");
        assertThat(queue).hasSize(1);
        queue.remove().run();

        assertThat(received()).containsSubsequence("{\"text\":\"one\"}", "/Nope", "{\"text\":\"two\"}");
    }

    @Test
    void nothingIsReadWhileACallIsInFlight() {
        workers = queue::add;
        send(echo("one"));
        assertThat(channel.config().isAutoRead()).isFalse();

        queue.remove().run();

        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void garbageBehindARequestDoesNotReplaceItsAnswer() {
        workers = queue::add;
        send(echo("one") + "\0garbage\r\n\r\n");

        queue.remove().run();

        assertThat(received()).containsSubsequence("HTTP/1.1 200 OK", "{\"text\":\"one\"}", "HTTP/1.1 400 ");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void aClientThatGoesAwayDuringItsCallDisturbsNobody() {
        workers = queue::add;
        send(echo("one") + echo("two"));
        channel.close().syncUninterruptibly();

        queue.remove().run();

        assertThat(handled).containsExactly("one");
        assertThat(queue).as("the second was not begun").isEmpty();
    }

    @Test
    void moreCallsThanTheQueueTakesAreRefusedHonestly() {
        workers = task -> {
            throw new RejectedExecutionException("full");
        };
        send(echo("one"));

        assertThat(received()).startsWith("HTTP/1.1 503 ").contains("too many calls in flight");
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void aCallWhoseTimePassedInTheQueueIsNotBegun() {
        PluginServerOptions d = PluginServerOptions.defaults();
        channel = connect(new PluginServerOptions(
                d.maxBodyBytes(), d.requestTime(), Duration.ZERO, d.drainTime(), d.workers(), 1, 1));
        send(echo("late"));

        assertThat(received()).startsWith("HTTP/1.1 503 ").contains("too busy");
        assertThat(handled).isEmpty();
    }

    @Test
    void anOldClientIsAnsweredAndItsConnectionClosed() {
        send("POST " + ECHO + " HTTP/1.0\r\nContent-Length: 12\r\n\r\n{\"text\":\"x\"}");

        assertThat(received()).startsWith("HTTP/1.1 200 OK").contains("connection: close");
        assertThat(channel.isOpen()).isFalse();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomBytesAreAlwaysAnsweredOrWaitedForAndNeverReachAHandler(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            EmbeddedChannel victim = connect(PluginServerOptions.defaults());
            byte[] bytes = new byte[1 + random.nextInt(300)];
            random.nextBytes(bytes);
            victim.writeInbound(Unpooled.copiedBuffer(bytes));
            victim.finishAndReleaseAll();
        }

        assertThat(handled).isEmpty();
    }
}
