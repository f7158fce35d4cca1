package io.calico.datastore;

import org.jspecify.annotations.Nullable;

/** A datastore call failed. One subtype for each decision that a caller can take. */
public abstract sealed class DatastoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private DatastoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** A named object does not exist. */
    public static final class NotFound extends DatastoreException {
        private static final long serialVersionUID = 1L;

        public NotFound(String message) {
            super(message, null);
        }
    }

    /** The record changed between read and write; read again and decide anew. */
    public static final class Conflict extends DatastoreException {
        private static final long serialVersionUID = 1L;
        private final String key;

        public Conflict(String key, String message) {
            super(message, null);
            this.key = key;
        }

        public String key() {
            return key;
        }
    }

    /** The store cannot be reached or used now; nothing was done. */
    public static final class Unavailable extends DatastoreException {
        private static final long serialVersionUID = 1L;

        public Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** A write was sent and its answer lost: it may or may not have happened, or may yet happen. */
    public static final class UnknownResult extends DatastoreException {
        private static final long serialVersionUID = 1L;

        public UnknownResult(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** The store's file, or one record, is damaged or was written by a newer version. */
    public static final class Corrupt extends DatastoreException {
        private static final long serialVersionUID = 1L;
        private final String key;

        /**
         * @param key the damaged record's key, or the store's URI if the store itself is damaged
         */
        public Corrupt(String key, String message, @Nullable Throwable cause) {
            super(message, cause);
            this.key = key;
        }

        public String key() {
            return key;
        }
    }

    /** The revision asked for has been compacted away. */
    public static final class Compacted extends DatastoreException {
        private static final long serialVersionUID = 1L;
        private final long oldestRevision;

        public Compacted(String message, long oldestRevision) {
            super(message, null);
            this.oldestRevision = oldestRevision;
        }

        /** The oldest revision that can still be read or watched from. */
        public long oldestRevision() {
            return oldestRevision;
        }
    }

    /** The store was closed by this program. */
    public static final class Closed extends DatastoreException {
        private static final long serialVersionUID = 1L;

        public Closed(String message) {
            super(message, null);
        }
    }
}
