package io.calico.datastore.spi;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Several compares and several writes, executed as one: if every compare holds, all writes happen at one new revision;
 * else none does. Immutable; build one with {@link #builder()}. A key may be written at most once.
 *
 * @param compares all must hold; a key may be compared more than once
 * @param writes at most one for each key
 * @param elseReads keys whose records are returned, from the same snapshot, if a compare fails
 */
public record Transaction(List<Compare> compares, List<Write> writes, List<String> elseReads) {
    /** Most operations of one kind (compares, writes, else-reads) that every provider must take; etcd's default limit. */
    public static final int MAX_OPERATIONS = 128;

    /** Most bytes of keys and values (as UTF-8) that every provider must take; etcd's default limit is 1.5 times that. */
    public static final int MAX_BYTES = 1 << 20;

    /** Copies the lists; refuses a key that is written twice. */
    public Transaction {
        compares = List.copyOf(compares);
        writes = List.copyOf(writes);
        elseReads = List.copyOf(elseReads);
        elseReads.forEach(TextRules::requireKey);
        Set<String> written = new HashSet<>();
        for (Write write : writes) {
            if (!written.add(write.key())) {
                throw new IllegalArgumentException("transaction writes " + write.key() + " twice");
            }
        }
    }

    /** The condition on one key: absent ({@code modRevision} 0), or last written at {@code modRevision}. */
    public record Compare(String key, long modRevision) {
        /** Checks the arguments. */
        public Compare {
            TextRules.requireKey(key);
            if (modRevision < 0) {
                throw new IllegalArgumentException("revision " + modRevision + " of " + key + " is negative");
            }
        }
    }

    /**
     * A put (value present) or a delete (value empty; deleting an absent key is not an error). A put without lease over
     * a record with one frees the record from it.
     */
    public record Write(String key, Optional<String> value, Optional<Lease> lease) {
        /** Checks the arguments. */
        public Write {
            TextRules.requireKey(key);
            if (value.isPresent()) {
                TextRules.requireValue(key, value.get());
            } else if (lease.isPresent()) {
                throw new IllegalArgumentException("the delete of " + key + " has a lease");
            }
        }
    }

    /** A builder without any operation. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects a transaction; confined to one thread. */
    public static final class Builder {
        private final List<Compare> compares = new ArrayList<>();
        private final List<Write> writes = new ArrayList<>();
        private final List<String> elseReads = new ArrayList<>();

        private Builder() {}

        /** Condition: the key does not exist. */
        public Builder ifAbsent(String key) {
            compares.add(new Compare(key, 0));
            return this;
        }

        /** Condition: the key exists and was last written at that revision. */
        public Builder ifUnchanged(String key, long modRevision) {
            if (modRevision == 0) {
                throw new IllegalArgumentException("revision 0 of " + key + " is that of no record; use ifAbsent");
            }
            compares.add(new Compare(key, modRevision));
            return this;
        }

        /** Condition: the key is as it was seen: unchanged since, or still absent. */
        public Builder ifAsSeen(String key, Optional<KeyValue> seen) {
            compares.add(new Compare(key, seen.map(KeyValue::modRevision).orElse(0L)));
            return this;
        }

        /** Puts a record, whether or not there is one. */
        public Builder put(String key, String value) {
            writes.add(new Write(key, Optional.of(value), Optional.empty()));
            return this;
        }

        /** Puts a record that vanishes when the lease ends. */
        public Builder put(String key, String value, Lease lease) {
            writes.add(new Write(key, Optional.of(value), Optional.of(lease)));
            return this;
        }

        /** Deletes a record; nothing happens if there is none. */
        public Builder delete(String key) {
            writes.add(new Write(key, Optional.empty(), Optional.empty()));
            return this;
        }

        /** Asks for this key's record in the result if a compare fails. */
        public Builder elseRead(String key) {
            elseReads.add(key);
            return this;
        }

        /**
         * The transaction.
         *
         * @throws IllegalArgumentException if a key is written twice
         */
        public Transaction build() {
            return new Transaction(compares, writes, elseReads);
        }
    }
}
