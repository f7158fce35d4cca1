package io.calico.ctl;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import io.calico.datastore.ImportMarker;
import io.calico.datastore.Keys;
import io.calico.datastore.spi.KeyValue;
import io.calico.datastore.spi.Page;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * What a datastore holds at one revision, to be written in {@link ExportFormat}.
 *
 * @param source URI of the store, without secrets
 * @param records without those that pass by themselves
 */
record StoreExport(String source, long revision, Instant time, List<KeyValue> records) {
    /** Reads the session's store. */
    static StoreExport of(Session session) {
        ImportMarker.requireNone(session.store().datastore());
        Page snapshot = session.store().datastore().listAll(Keys.ROOT);
        return new StoreExport(
                session.storeUri(),
                snapshot.revision(),
                session.machine().now().truncatedTo(ChronoUnit.SECONDS),
                snapshot.records().stream()
                        .filter(record -> !ExportFormat.isPassing(record.key()))
                        .toList());
    }

    /**
     * Writes it as a file that only its owner may read, since it tells all about the cluster: whole, or not at all. A file
     * of that name is replaced.
     */
    void writeTo(Path file) throws IOException {
        Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        if (Files.exists(target) && !Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("is no regular file");
        }
        Path directory = target.getParent();
        if (directory == null) {
            throw new IOException("is no regular file");
        }
        Path beside = Files.createTempFile(
                directory,
                "." + target.getFileName() + ".",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
                writeTo(Channels.newOutputStream(channel));
                channel.force(true);
            }
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Writes it and leaves the stream open. */
    void writeTo(OutputStream out) throws IOException {
        try (JsonGenerator json = JsonFactory.builder()
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                .build()
                .createGenerator(out, JsonEncoding.UTF8)) {
            json.setPrettyPrinter(new RecordPerLine());
            json.writeStartObject();
            json.writeStringField(ExportFormat.FORMAT_FIELD, ExportFormat.NAME);
            json.writeNumberField(ExportFormat.VERSION_FIELD, ExportFormat.VERSION);
            json.writeStringField(ExportFormat.SOURCE_FIELD, source);
            json.writeNumberField(ExportFormat.REVISION_FIELD, revision);
            json.writeStringField(ExportFormat.TIME_FIELD, time.toString());
            json.writeArrayFieldStart(ExportFormat.RECORDS_FIELD);
            ExportFormat.Digest digest = new ExportFormat.Digest();
            for (KeyValue record : records) {
                json.writeStartObject();
                json.writeStringField(ExportFormat.KEY_FIELD, record.key());
                json.writeStringField(ExportFormat.VALUE_FIELD, record.value());
                json.writeEndObject();
                digest.add(record.key(), record.value());
            }
            json.writeEndArray();
            json.writeNumberField(ExportFormat.COUNT_FIELD, records.size());
            json.writeStringField(ExportFormat.DIGEST_FIELD, digest.text());
            json.writeEndObject();
            json.writeRaw('\n');
        }
    }

    /** Line ends between the records, so that files can be compared and looked through line by line. */
    private static final class RecordPerLine extends MinimalPrettyPrinter {
        private static final long serialVersionUID = 1L;

        @Override
        public void beforeArrayValues(JsonGenerator json) throws IOException {
            json.writeRaw('\n');
        }

        @Override
        public void writeArrayValueSeparator(JsonGenerator json) throws IOException {
            json.writeRaw(",\n");
        }

        @Override
        public void writeEndArray(JsonGenerator json, int values) throws IOException {
            json.writeRaw("\n]");
        }
    }
}
