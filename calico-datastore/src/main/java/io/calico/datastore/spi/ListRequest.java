package io.calico.datastore.spi;

import java.util.Optional;

/**
 * What to list: all records whose key starts with the prefix, in pages, at one revision.
 *
 * @param prefix starts and ends with {@code /} (so that {@code …/node-1/} does not match {@code …/node-10})
 * @param fromKey first key of this page, as the page before said; empty: from the beginning
 * @param revision revision to read at, as the first page said; 0: the newest
 * @param limit most records in the page, 1 or more
 */
public record ListRequest(String prefix, Optional<String> fromKey, long revision, int limit) {
    /** Checks the arguments. */
    public ListRequest {
        TextRules.requirePrefix(prefix);
        if (fromKey.isPresent()) {
            TextRules.requireKey(fromKey.get());
            if (!fromKey.get().startsWith(prefix)) {
                throw new IllegalArgumentException("key '" + fromKey.get() + "' is not under the prefix " + prefix);
            }
        }
        if (limit < 1) {
            throw new IllegalArgumentException("limit " + limit + " of a page is below 1");
        }
        if (revision < 0) {
            throw new IllegalArgumentException("revision " + revision + " is negative");
        }
    }

    /** The first page, at the newest revision. */
    public static ListRequest first(String prefix, int limit) {
        return new ListRequest(prefix, Optional.empty(), 0, limit);
    }

    /** The first page, at that revision. */
    public static ListRequest firstAt(String prefix, long revision, int limit) {
        return new ListRequest(prefix, Optional.empty(), revision, limit);
    }

    /** The page after that one; its {@code nextKey} must be present. */
    public ListRequest after(Page page) {
        return new ListRequest(prefix, Optional.of(page.nextKey().orElseThrow()), page.revision(), limit);
    }
}
