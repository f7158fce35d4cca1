package io.calico.datastore.unix;

import io.calico.datastore.spi.KeyValue;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads one payload; whatever the bytes, it answers or throws {@link IOException}. Confined to one thread. */
final class MessageReader {
    /** Reads one item of a list. */
    interface Item<T> {
        T read(MessageReader from) throws IOException;
    }

    private final ByteBuffer bytes;
    private final MessageKind kind;

    MessageReader(byte[] payload) throws IOException {
        bytes = ByteBuffer.wrap(payload);
        kind = MessageKind.of(bytes.get());
    }

    MessageKind kind() {
        return kind;
    }

    long number() throws IOException {
        try {
            return bytes.getLong();
        } catch (BufferUnderflowException e) {
            throw new IOException("the message ends within a number", e);
        }
    }

    boolean flag() throws IOException {
        return number() != 0;
    }

    String text() throws IOException {
        ByteBuffer utf8 = bytes.slice(bytes.position() + Integer.BYTES, count(1));
        bytes.position(bytes.position() + Integer.BYTES + utf8.remaining());
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new IOException("a text is not UTF-8", e);
        }
    }

    Optional<String> optionalText() throws IOException {
        return flag() ? Optional.of(text()) : Optional.empty();
    }

    <T> List<T> list(Item<T> item) throws IOException {
        int count = count(1);
        bytes.position(bytes.position() + Integer.BYTES);
        List<T> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(item.read(this));
        }
        return items;
    }

    KeyValue keyValue() throws IOException {
        return new KeyValue(text(), text(), number(), number());
    }

    Optional<KeyValue> optionalKeyValue() throws IOException {
        return flag() ? Optional.of(keyValue()) : Optional.empty();
    }

    /** The count at the present position (which does not move); as many bytes at least must follow it. */
    private int count(int bytesEach) throws IOException {
        if (bytes.remaining() < Integer.BYTES) {
            throw new IOException("the message ends within a count");
        }
        int count = bytes.getInt(bytes.position());
        if (count < 0 || count > (bytes.remaining() - Integer.BYTES) / bytesEach) {
            throw new IOException("a count of " + count + " in a message with " + bytes.remaining() + " bytes left");
        }
        return count;
    }

    void end() throws IOException {
        if (bytes.hasRemaining()) {
            throw new IOException(bytes.remaining() + " bytes too many in a message of kind " + kind);
        }
    }
}
