package io.calico.ipam;

import java.util.List;

/**
 * What one call of the allocator does: together with others in one transaction if it can be decided by what is in the view,
 * else alone, with as many store calls as it takes. Used by one thread at a time, not always the same one.
 *
 * @param <T> the answer
 */
interface Work<T> {
    /**
     * Adds to a batch all that the call is to do. Called again, with another batch, if the former was refused; what the
     * work remembers of that one is worth nothing then.
     *
     * @return false if it cannot be done in this batch; then nothing was added
     */
    default boolean join(Batch batch) {
        return false;
    }

    /** The answer, after the batch that was joined last has been committed. */
    default T joined() {
        throw new AssertionError("never joins a batch");
    }

    /** Counts what the batch did that was joined last and has been committed. */
    default void count(Counters counters) {}

    /**
     * The batch that was joined last may have been carried out, but what it wrote has been overwritten since, so nobody
     * can tell. The call will be done again: in another batch, or alone.
     */
    default void lost() {}

    /** The caller went away while the batch was under way: what it was given and nobody will ever use. */
    default List<ReleaseRequest> unclaimed() {
        return List.of();
    }

    /** Does all of it, on the caller's thread. */
    T alone(Session session);
}
