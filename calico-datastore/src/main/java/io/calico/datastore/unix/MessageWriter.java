package io.calico.datastore.unix;

import io.calico.datastore.spi.KeyValue;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Writes one payload. Confined to one thread. */
final class MessageWriter {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    private final DataOutputStream out = new DataOutputStream(bytes);

    MessageWriter(MessageKind kind) {
        this(kind.code());
    }

    private MessageWriter(int code) {
        bytes.write(code);
    }

    MessageWriter number(long value) {
        try {
            out.writeLong(value);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
    }

    MessageWriter flag(boolean value) {
        return number(value ? 1 : 0);
    }

    MessageWriter text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        count(utf8.length);
        bytes.writeBytes(utf8);
        return this;
    }

    MessageWriter optionalText(Optional<String> text) {
        flag(text.isPresent());
        text.ifPresent(this::text);
        return this;
    }

    <T> MessageWriter list(Collection<T> items, BiConsumer<MessageWriter, T> item) {
        count(items.size());
        items.forEach(one -> item.accept(this, one));
        return this;
    }

    MessageWriter keyValue(KeyValue record) {
        return text(record.key())
                .text(record.value())
                .number(record.createRevision())
                .number(record.modRevision());
    }

    MessageWriter optionalKeyValue(Optional<KeyValue> record) {
        flag(record.isPresent());
        record.ifPresent(this::keyValue);
        return this;
    }

    private void count(int value) {
        try {
            out.writeInt(value);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
    }

    byte[] payload() {
        return bytes.toByteArray();
    }
}
