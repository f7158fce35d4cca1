package io.calico.model.json;

import org.jspecify.annotations.Nullable;

/** A record that is not what its key promises: not JSON, or JSON of another form. Nothing was changed by reading it. */
public final class BadRecordException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String key;
    private final String reason;

    /**
     * The record at {@code key} cannot be read.
     *
     * @param reason what is wrong, naming field and value
     * @param cause the parser's exception, or null
     */
    public BadRecordException(String key, String reason, @Nullable Throwable cause) {
        super("damaged record at " + key + ": " + reason, cause);
        this.key = key;
        this.reason = reason;
    }

    /** As the longer form, without a cause. */
    public BadRecordException(String key, String reason) {
        this(key, reason, null);
    }

    /** The key at which the record is stored. */
    public String key() {
        return key;
    }

    /** What is wrong with it: the message without the key. */
    public String reason() {
        return reason;
    }
}
