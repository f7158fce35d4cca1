package io.calico.libnetwork.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.calico.libnetwork.RunningPlugin;
import io.calico.libnetwork.http.RawClient;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** One caller that damages what engines really sent, and expects a readable answer to everything in time. */
public final class HostileCalls {
    /** A call may take ten seconds; nobody waits longer than that and a little. */
    private static final long PATIENCE_SECONDS = 30;

    private final List<Recorded.Request> requests = Recorded.requests();
    private final Path socket;
    private final Random random;
    private final String title;

    /**
     * @param socket the plugin's
     * @param title how to make the same calls again, for messages
     */
    public HostileCalls(Path socket, Random random, String title) {
        this.socket = socket;
        this.random = random;
        this.title = title;
    }

    /**
     * Makes the calls one after the other.
     *
     * @return how many succeeded
     */
    public int makeAll(int count) {
        HostileValues hostile = new HostileValues(random);
        int succeeded = 0;
        RawClient client = new RawClient(socket);
        try {
            for (int i = 0; i < count; i++) {
                Recorded.Request request = requests.get(random.nextInt(requests.size()));
                byte[] body = hostile.damaged(Recorded.placed(request, random));
                String path = random.nextInt(50) == 0
                        ? requests.get(random.nextInt(requests.size())).path()
                        : request.path();
                String what = "%s, request %d: %s %s".formatted(title, i, path, shown(body));
                RawClient.Reply reply = call(client, path, body, what);
                check(reply, what);
                succeeded += reply.status() == 200 ? 1 : 0;
                if ("close".equalsIgnoreCase(reply.headers().get("connection"))) {
                    client.close();
                    client = new RawClient(socket);
                }
            }
        } finally {
            client.close();
        }
        return succeeded;
    }

    private static RawClient.Reply call(RawClient client, String path, byte[] body, String what) {
        long start = System.nanoTime();
        try {
            client.send(("POST " + path + " HTTP/1.1\r\nHost: \r\nContent-Length: " + body.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            client.send(body);
            return client.reply();
        } catch (UncheckedIOException e) {
            throw new AssertionError(what + " was not answered: " + e, e);
        } finally {
            assertThat(System.nanoTime() - start).as(what).isLessThan(PATIENCE_SECONDS * 1_000_000_000L);
        }
    }

    private static void check(RawClient.Reply reply, String what) {
        JsonNode answer = RunningPlugin.json(reply.body());
        assertThat(answer.isObject()).as(what).isTrue();
        assertThat(reply.status()).as("%s: %s", what, reply.body()).isIn(200, 400, 404, 500);
        if (reply.status() != 200) {
            String error = answer.path("Err").asText();
            assertThat(error).as(what).isNotBlank().doesNotContain("failed inside");
            assertThat(error.chars().noneMatch(Character::isISOControl))
                    .as("%s: %s", what, error)
                    .isTrue();
            assertThat(error.length()).as("%s: %s", what, error).isLessThan(2_000);
        }
    }

    private static String shown(byte[] body) {
        String text = new String(body, StandardCharsets.ISO_8859_1);
        return text.length() < 600 ? text : text.substring(0, 600) + "… (" + text.length() + ")";
    }
}
