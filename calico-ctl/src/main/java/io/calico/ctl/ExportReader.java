package io.calico.ctl;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.calico.datastore.Keys;
import io.calico.datastore.spi.KeyOrder;
import io.calico.datastore.spi.TextRules;
import io.calico.datastore.spi.Transaction;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Reads a file in {@link ExportFormat} and checks all that can be wrong with it. Confined to one thread; used once. */
final class ExportReader {
    /** A record takes one transaction at most, together with what an import writes beside it. */
    static final int LARGEST_RECORD = Transaction.MAX_BYTES - 4096;

    private final String name;
    private final JsonParser json;
    private final NavigableMap<String, String> records = new TreeMap<>(KeyOrder.BY_UTF8_BYTES);
    private final ExportFormat.Digest digest = new ExportFormat.Digest();
    private String source = "unknown";
    private String time = "unknown";
    private boolean hasRecords;
    private OptionalLong count = OptionalLong.empty();
    private Optional<String> sha256 = Optional.empty();

    /** The file is not what it must be; the message names it and the place. */
    static final class BadFile extends Exception {
        private static final long serialVersionUID = 1L;

        BadFile(String message) {
            super(message);
        }
    }

    /**
     * What a file holds.
     *
     * @param records value by key, in the order of keys
     * @param digest identifies the records
     */
    record Content(String source, String time, NavigableMap<String, String> records, String digest) {}

    private ExportReader(InputStream in, String name) throws IOException {
        this.name = name;
        this.json = new JsonFactory().createParser(in);
    }

    /**
     * Reads all of it, to the end of the stream.
     *
     * @param name of the file, for messages
     * @throws BadFile if something is wrong
     * @throws IOException if it cannot be read
     */
    static Content read(InputStream in, String name) throws IOException, BadFile {
        ExportReader reader = new ExportReader(in, name);
        try {
            return reader.content();
        } catch (JsonProcessingException e) {
            throw reader.bad(e.getOriginalMessage().replaceAll("\\s*\\R.*", "") + "; the file is damaged or cut");
        }
    }

    private Content content() throws IOException, BadFile {
        requireFormat();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case ExportFormat.SOURCE_FIELD -> source = text(field);
                case ExportFormat.TIME_FIELD -> time = text(field);
                case ExportFormat.RECORDS_FIELD -> readRecords();
                case ExportFormat.COUNT_FIELD -> count = OptionalLong.of(number(field));
                case ExportFormat.DIGEST_FIELD -> sha256 = Optional.of(text(field));
                default -> json.skipChildren();
            }
        }
        if (json.nextToken() != null) {
            throw bad("there is more after the end of the export");
        }
        requireWhole();
        String found = digest.text();
        if (sha256.isPresent() && !sha256.get().equals(found)) {
            throw new BadFile(name + ": its records are not those that were exported (they have the SHA-256 " + found
                    + ", it should be " + sha256.get() + "); the file is damaged. If you changed it on purpose, take"
                    + " the field \"sha256\" out");
        }
        return new Content(source, time, records, found);
    }

    /** Format and version stand first, so that any other file is known at once, however large it is. */
    private void requireFormat() throws IOException, BadFile {
        boolean isOurs;
        try {
            isOurs = json.nextToken() == JsonToken.START_OBJECT
                    && ExportFormat.FORMAT_FIELD.equals(json.nextFieldName())
                    && ExportFormat.NAME.equals(json.nextTextValue());
        } catch (JsonProcessingException e) {
            isOurs = false;
        }
        if (!isOurs) {
            throw new BadFile(name + " is no export of a Calico datastore: those begin with {\""
                    + ExportFormat.FORMAT_FIELD + "\":\"" + ExportFormat.NAME + "\"");
        }
        if (!ExportFormat.VERSION_FIELD.equals(json.nextFieldName())) {
            throw bad("the second field must be \"" + ExportFormat.VERSION_FIELD + "\"");
        }
        json.nextToken();
        long version = number(ExportFormat.VERSION_FIELD);
        if (version != ExportFormat.VERSION) {
            throw bad("the file has version " + version + " of the format, this calicoctl reads version "
                    + ExportFormat.VERSION);
        }
    }

    private void readRecords() throws IOException, BadFile {
        if (hasRecords || json.currentToken() != JsonToken.START_ARRAY) {
            throw bad("\"" + ExportFormat.RECORDS_FIELD + "\" must be one list");
        }
        hasRecords = true;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            readRecord();
        }
    }

    private void readRecord() throws IOException, BadFile {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            throw bad("a record must be an object with \"key\" and \"value\"");
        }
        Optional<String> key = Optional.empty();
        Optional<String> value = Optional.empty();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case ExportFormat.KEY_FIELD -> key = Optional.of(text(field));
                case ExportFormat.VALUE_FIELD -> value = Optional.of(text(field));
                default -> throw bad("a record has the field \"" + field + "\"; allowed are \"key\" and \"value\"");
            }
        }
        if (key.isEmpty() || value.isEmpty()) {
            throw bad("a record lacks its " + (key.isEmpty() ? "\"key\"" : "\"value\""));
        }
        add(key.get(), value.get());
    }

    private void add(String key, String value) throws BadFile {
        try {
            TextRules.requireKey(key);
            TextRules.requireValue(key, value);
        } catch (IllegalArgumentException e) {
            throw bad(String.valueOf(e.getMessage()));
        }
        if (!key.startsWith(Keys.ROOT)) {
            throw bad("the key '" + key + "' is not below " + Keys.ROOT);
        }
        if (ExportFormat.isPassing(key)) {
            throw bad("the key '" + key + "' is never exported: what it holds passes by itself");
        }
        int size = key.getBytes(StandardCharsets.UTF_8).length + value.getBytes(StandardCharsets.UTF_8).length;
        if (size > LARGEST_RECORD) {
            throw bad("the record '" + key + "' has " + size + " bytes; a datastore takes up to " + LARGEST_RECORD);
        }
        if (records.put(key, value) != null) {
            throw bad("the key '" + key + "' is there twice");
        }
        digest.add(key, value);
    }

    private void requireWhole() throws BadFile {
        if (!hasRecords) {
            throw bad("there is no \"" + ExportFormat.RECORDS_FIELD + "\"");
        }
        if (count.isPresent() && count.getAsLong() != records.size()) {
            throw bad("it holds " + records.size() + " records, but says that they are " + count.getAsLong());
        }
    }

    private String text(String field) throws IOException, BadFile {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw bad("\"" + field + "\" must be a text");
        }
        return json.getText();
    }

    private long number(String field) throws IOException, BadFile {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw bad("\"" + field + "\" must be a whole number");
        }
        return json.getLongValue();
    }

    private BadFile bad(String what) {
        return new BadFile(name + ", line " + json.currentLocation().getLineNr() + ": " + what);
    }
}
