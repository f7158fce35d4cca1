package io.calico.libnetwork.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/**
 * Netty's decoder, which in addition knows whether it is in the middle of a request, so that a client that sends one
 * byte now and then can be told from one that is idle. Confined to the event loop.
 *
 * <p>Limits: request line 4 KiB (414 beyond), all headers 16 KiB (431 beyond); the body's limit is that of {@link
 * ConnectionHandler}.
 */
final class RequestDecoder extends HttpRequestDecoder {
    private static final int MAX_LINE = 4 * 1024;
    private static final int MAX_HEADERS = 16 * 1024;

    private boolean insideRequest;

    RequestDecoder() {
        super(new HttpDecoderConfig().setMaxInitialLineLength(MAX_LINE).setMaxHeaderSize(MAX_HEADERS));
    }

    /** Whether bytes of a request have come whose end has not. */
    boolean isInsideRequest() {
        return insideRequest || actualReadableBytes() > 0;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out) throws Exception {
        int bytesBefore = buffer.readableBytes();
        super.decode(ctx, buffer, out);
        if (!out.isEmpty() && out.get(out.size() - 1) instanceof LastHttpContent) {
            insideRequest = false;
        } else if (buffer.readableBytes() < bytesBefore) {
            insideRequest = true;
        }
    }
}
