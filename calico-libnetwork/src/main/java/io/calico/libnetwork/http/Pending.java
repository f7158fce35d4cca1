package io.calico.libnetwork.http;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Optional;

/**
 * A request that has arrived whole, or a refusal of one that never will, waiting for its turn on its connection.
 *
 * @param path without query
 * @param refusal the answer, if it is settled already
 */
record Pending(
        HttpMethod method,
        String path,
        String body,
        boolean keepAlive,
        boolean http10,
        Deadline deadline,
        Optional<Answer> refusal) {

    static Pending request(HttpRequest head, String body, Deadline deadline) {
        return new Pending(
                head.method(),
                withoutQuery(head.uri()),
                body,
                HttpUtil.isKeepAlive(head),
                head.protocolVersion().equals(HttpVersion.HTTP_1_0),
                deadline,
                Optional.empty());
    }

    /** An answer after which the connection ends, because what follows cannot be understood. */
    static Pending refusal(int status, String text, Deadline deadline) {
        Answer answer = Answer.error(status, text).closing();
        return new Pending(HttpMethod.POST, "", "", false, false, deadline, Optional.of(answer));
    }

    private static String withoutQuery(String uri) {
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }
}
