package io.calico.libnetwork.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.calico.model.json.RecordFields;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server on a real Unix socket, with real clients that behave badly. */
@Timeout(30)
class PluginServerTest {
    @TempDir
    Path directory;

    private final CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final ExecutorService clients = Executors.newCachedThreadPool();
    private Path socket;
    private PluginServer server;

    record Echo(String text) {
        static Echo fromJson(JsonNode json) {
            return new Echo(RecordFields.of(json).require("text", RecordFields::text));
        }
    }

    private final Routes routes = Routes.builder()
            .call(
                    "/Test.Echo",
                    Echo::fromJson,
                    (echo, context) -> JsonNodeFactory.instance.objectNode().put("text", echo.text()))
            .callWithoutBody(
                    "/Test.Pid",
                    context -> JsonNodeFactory.instance
                            .objectNode()
                            .put("pid", context.callerPid().orElse(0)))
            .callWithoutBody("/Test.Wait", context -> {
                waiting.incrementAndGet();
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                finished.incrementAndGet();
                return JsonNodeFactory.instance.objectNode();
            })
            .build();

    @BeforeEach
    void startServer() {
        socket = directory.resolve("plugins/calico.sock");
        server = start(limits(4, 4, 512));
    }

    @AfterEach
    void stopServer() {
        gate.countDown();
        server.close();
        clients.shutdownNow();
    }

    private static PluginServerOptions limits(int workers, int queued, int connections) {
        return new PluginServerOptions(
                1 << 20,
                Duration.ofMillis(300),
                Duration.ofSeconds(10),
                Duration.ofMillis(1000),
                workers,
                queued,
                connections);
    }

    private PluginServer start(PluginServerOptions options) {
        PluginServer started = new PluginServer(
                List.of(new PluginSocket(socket, routes)), options, e -> CallException.failed(String.valueOf(e)));
        started.start();
        return started;
    }

    private void restart(PluginServerOptions options) {
        server.close();
        server = start(options);
    }

    @Test
    void theSocketIsForItsOwnerOnlyAndGoneAfterTheStop() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        assertThat(socket.getParent().toFile().list()).containsExactly("calico.sock");

        server.close();

        assertThat(socket.getParent().toFile().list()).isEmpty();
    }

    @Test
    void aStaleSocketIsReplaced() throws Exception {
        server.close();
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();

        server = start(limits(4, 4, 512));

        try (RawClient client = new RawClient(socket)) {
            assertThat(client.call("/Test.Pid", "").status()).isEqualTo(200);
        }
    }

    @Test
    void theStopLeavesTheSocketOfASuccessorAlone() {
        PluginServer successor = start(limits(4, 4, 512));

        server.close();

        try (RawClient client = new RawClient(socket)) {
            assertThat(client.call("/Test.Pid", "").status()).isEqualTo(200);
        } finally {
            successor.close();
        }
    }

    @Test
    void aSocketThatCannotBeMadeIsNamedAndNothingStaysBehind() throws Exception {
        Path file = Files.createFile(directory.resolve("file"));
        Path good = directory.resolve("good.sock");
        PluginServer broken = new PluginServer(
                List.of(new PluginSocket(good, routes), new PluginSocket(file.resolve("calico.sock"), routes)),
                limits(1, 1, 1),
                e -> CallException.failed(String.valueOf(e)));

        assertThatThrownBy(broken::start)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file.resolve("calico.sock").toString());
        assertThat(good).doesNotExist();
    }

    @Test
    void theCallerIsKnownByItsProcess() {
        try (RawClient client = new RawClient(socket)) {
            assertThat(client.call("/Test.Pid", "").body())
                    .isEqualTo("{\"pid\":" + ProcessHandle.current().pid() + "}");
        }
    }

    @Test
    void clientsThatSendNothingOrHalfHoldNoWorkerAndAreEnded() throws Exception {
        List<RawClient> bad = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            RawClient client = new RawClient(socket);
            client.send(i % 2 == 0 ? "POST /Test.Wait HTT" : "POST /Test.Wait HTTP/1.1\r\nContent-Length: 5\r\n\r\n{");
            bad.add(client);
        }

        try (RawClient good = new RawClient(socket)) {
            assertThat(good.call("/Test.Echo", "{\"text\":\"hi\"}").body()).isEqualTo("{\"text\":\"hi\"}");
        }
        for (RawClient client : bad) {
            assertThat(client.reply().status()).isEqualTo(408);
            assertThat(client.isClosedByServer()).isTrue();
            client.close();
        }
        assertThat(waiting).hasValue(0);
    }

    @Test
    void aClientThatDripsBytesIsEnded() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            long start = System.nanoTime();
            Future<?> drip = clients.submit(() -> {
                String request = RawClient.request("/Test.Echo", "{\"text\":\"" + "x".repeat(5000) + "\"}");
                for (int i = 0; i < request.length(); i++) {
                    client.send(request.substring(i, i + 1));
                    Thread.sleep(5);
                }
                return null;
            });

            assertThat(client.reply().status()).isEqualTo(408);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
            drip.cancel(true);
        }
    }

    @Test
    void aClientThatClosesItsSendingSideGetsItsAnswer() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send(RawClient.request("/Test.Wait", ""));
            client.endOutput();
            await().untilAtomic(waiting, equalTo(1));
            gate.countDown();

            assertThat(client.reply().status()).isEqualTo(200);
            assertThat(client.isClosedByServer()).isTrue();
        }
    }

    @Test
    void aClientThatSendsTooMuchReadsWhyBeforeTheConnectionEnds() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            Future<?> flood = clients.submit(() -> {
                client.send("POST /Test.Echo HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n");
                client.send("x".repeat(8_000_000));
            });

            RawClient.Reply reply = client.reply();

            assertThat(reply.status()).isEqualTo(413);
            assertThat(reply.body()).contains("larger than 1048576 bytes");
            assertThat(client.isClosedByServer()).isTrue();
            flood.cancel(true);
        }
    }

    @Test
    void aClientThatNeverReadsIsEnded() throws Exception {
        String request = RawClient.request("/Test.Echo", "{\"text\":\"" + "x".repeat(500_000) + "\"}");
        try (RawClient client = new RawClient(socket)) {
            Future<?> sender = clients.submit(() -> {
                while (true) {
                    client.send(request);
                }
            });

            await().atMost(Duration.ofSeconds(5)).until(sender::isDone);
            assertThatThrownBy(sender::get).hasRootCauseInstanceOf(java.io.IOException.class);
        }
    }

    @Test
    void aFullQueueIsAnsweredAtOnce() throws Exception {
        List<RawClient> busy = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            RawClient client = new RawClient(socket);
            client.send(RawClient.request("/Test.Wait", ""));
            busy.add(client);
        }
        await().untilAtomic(waiting, equalTo(4));

        try (RawClient client = new RawClient(socket)) {
            await().untilAsserted(() -> assertThat(
                            client.call("/Test.Echo", "{\"text\":\"x\"}").status())
                    .isEqualTo(503));
            assertThat(client.call("/Test.Echo", "{").status())
                    .as("what needs no worker is still answered")
                    .isEqualTo(400);
        }
        gate.countDown();
        for (RawClient client : busy) {
            assertThat(client.reply().status()).isEqualTo(200);
            client.close();
        }
    }

    @Test
    void ofManyCallersOfABlockedDriverThoseBeyondTheUsualLimitsHearSoAtOnce() throws Exception {
        PluginServerOptions usual = PluginServerOptions.defaults();
        restart(usual);
        int room = usual.workers() + usual.queuedCalls();
        List<RawClient> callers = new ArrayList<>();
        for (int i = 0; i < room; i++) {
            RawClient client = new RawClient(socket);
            client.send(RawClient.request("/Test.Wait", ""));
            callers.add(client);
        }
        await().until(() -> server.activeCalls() == usual.workers() && server.queuedCalls() == usual.queuedCalls());
        for (int i = 0; i < 64; i++) {
            try (RawClient late = new RawClient(socket)) {
                long start = System.nanoTime();
                RawClient.Reply reply = late.call("/Test.Echo", "{\"text\":\"x\"}");
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
                assertThat(reply.status()).isEqualTo(503);
                assertThat(reply.body()).contains("{\"Err\":\"calico has too many calls in flight");
            }
        }

        gate.countDown();
        for (RawClient client : callers) {
            assertThat(client.reply().status()).isEqualTo(200);
            client.close();
        }
    }

    @Test
    void theObserverHearsOfEveryAnswerAndKnowsNoPathThatIsNoCall() {
        server.close();
        List<String> heard = new CopyOnWriteArrayList<>();
        server = new PluginServer(
                List.of(new PluginSocket(socket, routes)),
                limits(4, 4, 512),
                e -> CallException.failed(String.valueOf(e)),
                (path, status, time) -> heard.add(path + " " + status));
        server.start();
        try (RawClient client = new RawClient(socket)) {
            client.call("/Test.Echo", "{\"text\":\"x\"}");
            client.call("/Test.Echo", "{");
            client.call("/" + "evil".repeat(100), "");
            client.send("nonsense\r\n\r\n");
            client.reply();
        }

        assertThat(heard).containsExactly("/Test.Echo 200", "/Test.Echo 400", " 404", " 400");
    }

    @Test
    void theSocketIsItsOwnersAloneBeforeItHasItsName() throws Exception {
        server.close();
        server = new PluginServer(
                List.of(new PluginSocket(socket, routes)), limits(4, 4, 512), e -> CallException.failed("" + e));
        server.bind();

        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(socket.resolveSibling("calico.sock.new"))))
                .isEqualTo("rw-------");
    }

    @Test
    void whatIsNoSocketIsNotReplaced() throws Exception {
        server.close();
        Path precious = Files.writeString(directory.resolve("precious"), "data");
        Files.copy(precious, socket);
        assertThatThrownBy(() -> start(limits(4, 4, 512))).hasMessageContaining("there is a file of that name");
        assertThat(socket).hasContent("data");

        Files.delete(socket);
        Files.createSymbolicLink(socket, precious);
        assertThatThrownBy(() -> start(limits(4, 4, 512)))
                .hasMessageContaining("there is a symbolic link of that name");
        assertThat(precious).hasContent("data");

        Files.delete(socket);
        Files.createDirectory(socket);
        assertThatThrownBy(() -> start(limits(4, 4, 512))).hasMessageContaining("there is a directory of that name");
        assertThat(socket.getParent().toFile().list()).containsExactly("calico.sock");
    }

    @Test
    void sixtyFourClientsWithManyCallsEachAllGetTheirOwnAnswers() throws Exception {
        restart(limits(8, 64, 512));
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int c = 0; c < 64; c++) {
            int number = c;
            tasks.add(() -> {
                int right = 0;
                try (RawClient client = new RawClient(socket)) {
                    for (int i = 0; i < 50; i++) {
                        String text = "{\"text\":\"" + number + "-" + i + "\"}";
                        right += client.call("/Test.Echo", text).body().equals(text) ? 1 : 0;
                    }
                }
                return right;
            });
        }

        for (Future<Integer> result : clients.invokeAll(tasks)) {
            assertThat(result.get()).isEqualTo(50);
        }
    }

    @Test
    void beyondTheLimitTheLongestIdleConnectionMakesRoom() {
        restart(limits(4, 4, 2));
        try (RawClient first = new RawClient(socket);
                RawClient second = new RawClient(socket)) {
            assertThat(first.call("/Test.Pid", "").status()).isEqualTo(200);
            assertThat(second.call("/Test.Pid", "").status()).isEqualTo(200);

            try (RawClient third = new RawClient(socket)) {
                assertThat(third.call("/Test.Pid", "").status()).isEqualTo(200);
                assertThat(first.isClosedByServer()).isTrue();
                assertThat(second.call("/Test.Pid", "").status()).isEqualTo(200);
            }
        }
    }

    @Test
    void theStopAnswersCallsInFlightAndTakesNoNewOnes() throws Exception {
        try (RawClient busy = new RawClient(socket);
                RawClient idle = new RawClient(socket)) {
            idle.call("/Test.Pid", "");
            busy.send(RawClient.request("/Test.Wait", ""));
            await().untilAtomic(waiting, equalTo(1));
            Future<?> stop = clients.submit(server::close);
            await().until(() -> !Files.exists(socket));
            assertThat(idle.isClosedByServer()).isTrue();
            gate.countDown();

            RawClient.Reply reply = busy.reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.headers()).containsEntry("connection", "close");
            stop.get();
            assertThat(finished).hasValue(1);
        }
    }

    @Test
    void theStopAnswersARequestThatWasSentButNotReadYet() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send(RawClient.request("/Test.Wait", ""));
            await().untilAtomic(waiting, equalTo(1));
            client.send(RawClient.request("/Test.Echo", "{\"text\":\"second\"}"));
            Future<?> stop = clients.submit(server::close);
            await().until(() -> !Files.exists(socket));
            gate.countDown();

            assertThat(client.reply().status()).isEqualTo(200);
            assertThat(client.reply().body()).isEqualTo("{\"text\":\"second\"}");
            assertThat(client.isClosedByServer()).isTrue();
            stop.get();
        }
    }

    @Test
    void theStopDoesNotWaitLongerThanItMay() {
        try (RawClient client = new RawClient(socket)) {
            client.send(RawClient.request("/Test.Wait", ""));
            await().untilAtomic(waiting, equalTo(1));
            long start = System.nanoTime();

            server.close();

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(1900));
        }
    }
}
