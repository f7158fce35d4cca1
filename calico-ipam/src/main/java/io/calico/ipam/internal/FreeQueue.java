package io.calico.ipam.internal;

import java.util.NoSuchElementException;

/**
 * The free ordinals of a block in the order in which they became free: first in, first out, so that an address just
 * released is the last to be used again (I-13). Taking from the front, returning to the back, removing any ordinal and
 * asking for membership cost O(1).
 *
 * <p>A ring of two arrays; index {@code size} is the ring's anchor. For size 4 with 2 → 0 → 3 free and 1 taken:
 *
 * <pre>
 * index     0  1  2  3 | 4 (anchor)
 * next      3  -  0  4 | 2           the anchor's next is the front
 * previous  2  -  4  0 | 3           the anchor's previous is the back
 * </pre>
 *
 * Confined to its block or editor.
 */
final class FreeQueue {
    private final short[] next;
    private final short[] previous;
    private final long[] members;
    private int count;

    /** An empty queue of ordinals 0 to {@code size - 1}; at most 4096 of them. */
    FreeQueue(int size) {
        next = new short[size + 1];
        previous = new short[size + 1];
        members = new long[(size + 63) >>> 6];
        next[size] = (short) size;
        previous[size] = (short) size;
    }

    private FreeQueue(FreeQueue from) {
        next = from.next.clone();
        previous = from.previous.clone();
        members = from.members.clone();
        count = from.count;
    }

    FreeQueue copy() {
        return new FreeQueue(this);
    }

    private int anchor() {
        return next.length - 1;
    }

    int count() {
        return count;
    }

    boolean contains(int ordinal) {
        return (members[ordinal >>> 6] & 1L << ordinal) != 0;
    }

    /** The ordinal at the front, or -1 if the queue is empty. */
    int front() {
        return after(anchor());
    }

    /** The ordinal behind this one, or -1 if it is the last. */
    int after(int ordinal) {
        int following = next[ordinal];
        return following == anchor() ? -1 : following;
    }

    /** Adds an ordinal that is not in the queue at the back. */
    void append(int ordinal) {
        if (contains(ordinal)) {
            throw new AssertionError("ordinal " + ordinal + " is free already");
        }
        int anchor = anchor();
        short last = previous[anchor];
        next[last] = (short) ordinal;
        previous[ordinal] = last;
        next[ordinal] = (short) anchor;
        previous[anchor] = (short) ordinal;
        members[ordinal >>> 6] |= 1L << ordinal;
        count++;
    }

    /** Takes an ordinal out, wherever it stands. */
    void remove(int ordinal) {
        if (!contains(ordinal)) {
            throw new NoSuchElementException("ordinal " + ordinal + " is not free");
        }
        next[previous[ordinal]] = next[ordinal];
        previous[next[ordinal]] = previous[ordinal];
        members[ordinal >>> 6] &= ~(1L << ordinal);
        count--;
    }
}
