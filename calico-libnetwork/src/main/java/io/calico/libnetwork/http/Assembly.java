package io.calico.libnetwork.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A request whose body is still coming. Confined to the event loop. */
final class Assembly {
    private final HttpRequest head;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream(512);

    Assembly(HttpRequest head) {
        this.head = head;
    }

    /** Adds a part of the body; false, and nothing is added, if it would then be larger than the limit. */
    boolean append(ByteBuf part, int maxBytes) {
        if (part.readableBytes() > maxBytes - body.size()) {
            return false;
        }
        try {
            part.readBytes(body, part.readableBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }

    Pending complete(Deadline deadline) {
        return Pending.request(head, body.toString(StandardCharsets.UTF_8), deadline);
    }
}
