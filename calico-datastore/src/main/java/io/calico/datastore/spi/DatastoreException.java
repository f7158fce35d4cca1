package io.calico.datastore.spi;

import org.jspecify.annotations.Nullable;

/**
 * A datastore call failed. One subtype for each decision that a caller can take; the message says what was attempted,
 * on what, what was found and, where a person must act, how.
 */
public abstract sealed class DatastoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private DatastoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** A named object (a lease, a profile) does not exist. Nothing was done. */
    public static final class NotFound extends DatastoreException {
        private static final long serialVersionUID = 1L;

        /** Creates one that names what is missing. */
        public NotFound(String message) {
            super(message, null);
        }
    }

    /** The record changed between read and write, or is not what the write needs. Read again and decide anew. */
    public static final class Conflict extends DatastoreException {
        private static final long serialVersionUID = 1L;
        private final String key;

        /** Creates one about the record at that key. */
        public Conflict(String key, String message) {
            super(message, null);
            this.key = key;
        }

        /** The key of the record that was not as expected. */
        public String key() {
            return key;
        }
    }

    /** The store cannot be reached or used now; nothing was done. Trying again later may help. */
    public static final class Unavailable extends DatastoreException {
        private static final long serialVersionUID = 1L;

        /** Creates one; the cause stays attached. */
        public Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** The caller has no right to open the store; nothing was done. Trying again does not help, other rights do. */
    public static final class NotPermitted extends DatastoreException {
        private static final long serialVersionUID = 1L;

        /** Creates one; the message says which right is missing. */
        public NotPermitted(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** A write was sent and its answer lost: it may or may not have happened, or may yet happen. Read back first. */
    public static final class UnknownResult extends DatastoreException {
        private static final long serialVersionUID = 1L;

        /** Creates one; the cause stays attached. */
        public UnknownResult(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** The store is damaged or was written by a newer version. Nothing was changed in it. */
    public static final class Corrupt extends DatastoreException {
        private static final long serialVersionUID = 1L;
        private final String key;

        /**
         * Creates one.
         *
         * @param key the damaged record's key, or the store's URI if the store itself is damaged
         */
        public Corrupt(String key, String message, @Nullable Throwable cause) {
            super(message, cause);
            this.key = key;
        }

        /** The damaged record's key, or the store's URI if the store itself is damaged. */
        public String key() {
            return key;
        }
    }

    /** The revision asked for has been compacted away, or is not (or no longer) one of this store's. */
    public static final class Compacted extends DatastoreException {
        private static final long serialVersionUID = 1L;
        private final long oldestRevision;

        /** Creates one that names the oldest revision still there. */
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

        /** Creates one that names the store. */
        public Closed(String message) {
            super(message, null);
        }
    }
}
